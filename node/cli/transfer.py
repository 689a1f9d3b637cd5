"""Commands that speak DICOM to the node or a destination: send, query."""

from collections.abc import Iterator, MutableSequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from node.cli.options import ConfigOption, JsonOption

if TYPE_CHECKING:
    from node.config.destinations import DestinationConfig

LEVELS = ("PATIENT", "STUDY", "SERIES", "IMAGE")
SHOWN = {
    "PATIENT": ("PatientID", "PatientName", "PatientBirthDate", "PatientSex"),
    "STUDY": (
        "PatientID",
        "PatientName",
        "StudyDate",
        "AccessionNumber",
        "ModalitiesInStudy",
        "StudyInstanceUID",
    ),
    "SERIES": (
        "Modality",
        "SeriesNumber",
        "SeriesDescription",
        "NumberOfSeriesRelatedInstances",
        "SeriesInstanceUID",
    ),
    "IMAGE": ("InstanceNumber", "SOPClassUID", "SOPInstanceUID"),
}


def add_to(app: typer.Typer) -> None:
    """Register this module's commands."""
    app.command(epilog="Example: neolung send /films --to pacs")(send)
    app.command(epilog="Example: neolung query PatientID='DEMO*' StudyDate=20260101-")(query)


def send(
    paths: Annotated[list[Path], typer.Argument(metavar="PATH...", show_default=False)],
    to: Annotated[str | None, typer.Option("--to", help="Destination by name; else this node.")] = None,
    config: ConfigOption = None,
    json: JsonOption = False,
) -> None:
    """Send DICOM files by C-STORE, each in the transfer syntax it has."""
    from node.cli.films import find_dicom_files
    from node.config.addressee import addressee
    from node.config.loading import load_config
    from node.network.sending import send_files
    from node.printing import progress, show_json, show_table

    settings = load_config(config)
    files = find_dicom_files(paths)
    peer = addressee(settings, to)
    results = send_files(peer, settings.node.ae_title, files)
    with _reaching(peer, is_node=to is None):
        answers = list(progress(results, "Sending", len(files)))
    refused = [answer for answer in answers if not answer.stored]
    if json:
        show_json([{"file": str(a.path), "stored": a.stored, "detail": a.detail} for a in answers])
    else:
        if refused:
            show_table("Not stored", ("file", "why"), [(answer.path, answer.detail) for answer in refused])
        typer.echo(f"{len(answers) - len(refused)} of {len(answers)} files stored.")
    if refused:
        raise typer.Exit(1)


def query(
    keys: Annotated[list[str] | None, typer.Argument(metavar="KEY=VALUE...", show_default=False)] = None,
    level: Annotated[str, typer.Option(help="PATIENT, STUDY, SERIES or IMAGE.")] = "STUDY",
    at: Annotated[str | None, typer.Option("--from", help="Destination by name; else this node.")] = None,
    config: ConfigOption = None,
    json: JsonOption = False,
) -> None:
    """Query by C-FIND; keys are DICOM keywords, values may hold wildcards and ranges."""
    from node.config.addressee import addressee
    from node.config.loading import load_config
    from node.errors import IdentifierNotMade
    from node.network.find_scu import find, make_identifier
    from node.printing import show_json, show_table

    level = level.upper()
    if level not in LEVELS:
        raise typer.BadParameter(f"level is one of {', '.join(LEVELS)}")
    settings = load_config(config)
    wanted = dict.fromkeys(SHOWN[level], "") | dict(parse_key(key) for key in keys or ())
    try:
        identifier = make_identifier(level, wanted)
    except IdentifierNotMade as error:
        raise typer.BadParameter(str(error)) from error
    peer = addressee(settings, at)
    found = find(peer, settings.node.ae_title, identifier)
    with _reaching(peer, is_node=at is None):
        matches = [{keyword: _text(match.get(keyword)) for keyword in wanted} for match in found]
    if json:
        show_json(matches)
    else:
        show_table(f"{len(matches)} found", list(wanted), [list(match.values()) for match in matches])


@contextmanager
def _reaching(peer: "DestinationConfig", *, is_node: bool) -> Iterator[None]:
    """Add to the error that nobody is there what to do when that is the node itself."""
    from node.errors import AssociationRefused
    from node.reach import listens

    try:
        yield
    except AssociationRefused as error:
        if not is_node or listens(peer.host, peer.port):
            raise
        raise AssociationRefused(f"{error}. The node does not run; start it with: neolung run") from error


def _text(value: object) -> str:
    """Write several values as DICOM does (PS3.5 6.4)."""
    if value is None:
        return ""
    return "\\".join(map(str, value)) if isinstance(value, MutableSequence) else str(value)


def parse_key(key: str) -> tuple[str, str]:
    """Split KEY=VALUE, or say how it is written."""
    keyword, equals, value = key.partition("=")
    if not equals:
        raise typer.BadParameter(f"{key!r} is not KEY=VALUE; to ask without matching write {key}=")
    return keyword.strip(), value
