"""``neolung-train prepare``: its options, and what it prints."""

from __future__ import annotations

import re
import warnings
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from train.data.labels import Vocabulary

_PROFILES, _DEALINGS = ("recommended", "paper"), ("auto", "given", "patient", "paper", "none")


def _one_of(words: tuple[str, ...], value: str) -> str:
    if value not in words:
        raise typer.BadParameter(f"{value!r} is none of {', '.join(words)}")
    return value


def prepare_films(
    out: Annotated[Path, typer.Option(help="Folder that is written.", file_okay=False)],
    films: Annotated[
        Path | None,
        typer.Option(help="Folder of DICOM, PNG or JPEG films.", exists=True, file_okay=False),
    ] = None,
    table: Annotated[
        Path | None,
        typer.Option(help="CSV that lists films, instead of a folder.", exists=True, dir_okay=False),
    ] = None,
    masks: Annotated[
        Path | None,
        typer.Option(
            help="Folder of outlines, unless they lie beside the films.", exists=True, file_okay=False
        ),
    ] = None,
    labels: Annotated[
        Path | None,
        typer.Option(help="CSV: SOP Instance UID, accession number or file; rds; grade.", exists=True),
    ] = None,
    profile: Annotated[
        str, typer.Option(help="recommended, or paper: 8-bit PNG.", callback=lambda v: _one_of(_PROFILES, v))
    ] = "recommended",
    split: Annotated[
        str,
        typer.Option(help="auto, given, patient, paper or none.", callback=lambda v: _one_of(_DEALINGS, v)),
    ] = "auto",
    column: Annotated[
        list[str] | None, typer.Option(help="What a column is called: rds=diagnosis. May be repeated.")
    ] = None,
    keep: Annotated[str, typer.Option(help="Further columns of the table to keep: view,vendor.")] = "",
    positive: Annotated[str, typer.Option(help="Values of rds that mean yes: rds,hmd.")] = "",
    negative: Annotated[str, typer.Option(help="Values of rds that mean no: normal,ttn.")] = "",
    unlabelled: Annotated[str, typer.Option(help="Values of rds that leave a film unlabelled.")] = "",
    labels_are_rds: Annotated[
        bool, typer.Option(help="--positive means RDS; else what is learnt from it is marked STAND-IN.")
    ] = False,
    patient_pattern: Annotated[
        str, typer.Option(help="Regular expression; its first group in a film's path is the patient.")
    ] = "",
    provenance: Annotated[str, typer.Option(help="Where the films come from, for the index.")] = "",
    need_masks: Annotated[bool, typer.Option(help="Turn films without an outline away.")] = False,
    need_labels: Annotated[bool, typer.Option(help="Turn films without a label away.")] = False,
) -> None:
    """List films, outlines and labels in one index. Example: neolung-train prepare --films dicom --out d."""
    from rich.console import Console

    from train.data.candidates import Source
    from train.data.prepare import Dealing, PrepareSettings, Profile, prepare
    from train.data.summary import show

    if films is None and table is None:
        raise typer.BadParameter("give --films FOLDER or --table FILE.csv")
    if table is not None and (labels is not None or masks is not None):
        raise typer.BadParameter("a table holds labels and outlines itself: leave --labels and --masks out")
    source = Source(
        folder=films,
        table=table,
        masks=masks,
        labels=labels,
        columns=_renamed(column or []),
        keep=_words(keep),
        vocabulary=_vocabulary(positive, negative, unlabelled),
        patient_pattern=_pattern(patient_pattern),
        provenance=provenance,
        stand_in=bool(positive) and not labels_are_rds,
    )
    settings = PrepareSettings(
        profile=Profile(profile), dealing=Dealing(split), need_masks=need_masks, need_labels=need_labels
    )
    console = Console()
    with warnings.catch_warnings():
        # Odd values in files are no news to whoever prepares films; what matters is in the table.
        for library in ("pydicom", "highdicom", "PIL"):
            warnings.filterwarnings("ignore", module=library)
        prepared = prepare(source, out, settings, console)
    show(prepared, out, console)


def _words(text: str) -> tuple[str, ...]:
    return tuple(word.strip() for word in text.split(",") if word.strip())


def _renamed(pairs: list[str]) -> dict[str, str]:
    renamed = {}
    for pair in pairs:
        name, equals, column = pair.partition("=")
        if not equals or not name or not column:
            raise typer.BadParameter(f"--column {pair!r} is not NAME=COLUMN, such as rds=diagnosis")
        renamed[name] = column
    return renamed


def _vocabulary(positive: str, negative: str, unlabelled: str) -> Vocabulary:
    from train.data.labels import NO, YES, Vocabulary

    yes, no, neither = (
        frozenset(word.lower() for word in _words(text)) for text in (positive, negative, unlabelled)
    )
    if both := (yes & no) | (yes & neither) | (no & neither):
        raise typer.BadParameter(f"{', '.join(sorted(both))} is given two meanings")
    return Vocabulary(yes or YES, no or NO, neither)


def _pattern(text: str) -> re.Pattern[str] | None:
    try:
        pattern = re.compile(text)
    except re.error as error:
        raise typer.BadParameter(f"--patient-pattern {text!r}: {error}") from error
    if text and pattern.groups < 1:
        raise typer.BadParameter(f"--patient-pattern {text!r} has no group; put the patient into brackets")
    return pattern if text else None
