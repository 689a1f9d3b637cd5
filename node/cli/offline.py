"""The command that analyses films without network and without a running node."""

from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from node.cli.options import ConfigOption, JsonOption

if TYPE_CHECKING:
    from node.offline import OfflineAnalyser, OfflineResult


def add_to(app: typer.Typer) -> None:
    """Register this module's command."""
    app.command(epilog="Example: neolung analyse film.dcm --out results")(analyse)


def analyse(
    films: Annotated[
        list[Path],
        typer.Argument(metavar="FILE...", help="DICOM files, or folders that hold them.", show_default=False),
    ],
    out: Annotated[Path, typer.Option("--out", "-o", help="Folder for the results.")] = Path("results"),
    every_kind: Annotated[
        bool, typer.Option("--all", help="Also presentation state, Secondary Capture and PDF.")
    ] = False,
    config: ConfigOption = None,
    json: JsonOption = False,
) -> None:
    """Analyse films offline: SEG, Structured Report and picture of each, no network, no ledger."""
    from node.cli.films import find_dicom_files
    from node.config.loading import load_config
    from node.offline import OfflineAnalyser
    from node.printing import counted, progress, show_json, show_table

    analyser = OfflineAnalyser(load_config(config), every_kind=every_kind)
    files = find_dicom_files(films)
    results = list(progress(_analyse(analyser, files, out), "Analysing", len(files)))
    if json:
        show_json([_to_json(result) for result in results])
    else:
        columns = ("film", "outcome", "probability", "threshold", "lungs mm2", "why", "results")
        show_table(counted(len(results), "film"), columns, [_cells(r) for r in results])
        typer.echo(analyser.disclaimer())
    if any(result.outcome in {"failed", "unsupported"} for result in results):
        raise typer.Exit(1)


def _analyse(analyser: "OfflineAnalyser", files: Iterable[Path], out: Path) -> "Iterator[OfflineResult]":
    from node.cli.films import read_film
    from node.errors import NoSuchFilm
    from node.offline import OfflineResult

    names: set[str] = set()
    for path in files:
        name = _unused(path.stem, names)
        try:
            film = read_film(path)
        except NoSuchFilm as error:
            yield OfflineResult(name, "unsupported", str(error))
            continue
        made_at = datetime.fromtimestamp(path.stat().st_mtime, UTC)
        yield analyser.write_results(film, name, made_at, out / name)


def _unused(stem: str, names: set[str]) -> str:
    """Give a folder name that no other film of this run has."""
    name, number = stem, 2
    while name in names:
        name, number = f"{stem}-{number}", number + 1
    names.add(name)
    return name


def _to_json(result: "OfflineResult") -> dict[str, object]:
    from dataclasses import asdict

    return asdict(result)


def _cells(result: "OfflineResult") -> tuple[object, ...]:
    folder = Path(result.files[0]).parent if result.files else None
    return (
        result.film,
        result.outcome,
        result.probability,
        result.threshold,
        result.area_mm2,
        result.explanation,
        folder,
    )
