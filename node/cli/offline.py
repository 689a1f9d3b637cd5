"""Commands that need no network and no running node: analyse, explain."""

from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from node.cli.options import ConfigOption, JsonOption

if TYPE_CHECKING:
    from node.offline import OfflineAnalyser, OfflineResult


def add_to(app: typer.Typer) -> None:
    """Register this module's commands."""
    app.command(epilog="Example: neolung analyse film.dcm --out results")(analyse)
    app.command(epilog="Example: neolung explain film.dcm")(explain)


def analyse(
    films: Annotated[
        list[Path],
        typer.Argument(metavar="FILE...", help="DICOM files, or folders that hold them.", show_default=False),
    ],
    out: Annotated[Path, typer.Option("--out", "-o", help="Folder for the results.")] = Path("results"),
    config: ConfigOption = None,
    json: JsonOption = False,
) -> None:
    """Analyse films offline: SEG, Structured Report and picture of each, no network, no ledger."""
    from node.cli.films import find_dicom_files
    from node.config.loading import load_config
    from node.offline import OfflineAnalyser
    from node.printing import counted, progress, show_json, show_table

    analyser = OfflineAnalyser(load_config(config))
    files = find_dicom_files(films)
    results = list(progress(_analyse(analyser, files, out), "Analysing", len(files)))
    if json:
        show_json([_to_json(result) for result in results])
    else:
        columns = ("film", "outcome", "probability", "threshold", "lungs mm2", "why", "results")
        show_table(counted(len(results), "film"), columns, [_cells(r) for r in results])
        typer.echo(analyser.disclaimer)
    if any(result.outcome in {"failed", "unsupported"} for result in results):
        raise typer.Exit(1)


def explain(
    film: Annotated[Path, typer.Argument(metavar="FILE", help="A DICOM file.", show_default=False)],
    config: ConfigOption = None,
    json: JsonOption = False,
) -> None:
    """Say what the gate decides about a film, rule by rule, and where its results would go."""
    from node.cli.films import read_film
    from node.config.loading import load_config
    from node.offline import OfflineAnalyser
    from node.printing import show_json, show_table

    settings = load_config(config)
    analyser = OfflineAnalyser(settings)
    analysis = analyser.analyse(read_film(film))
    destinations = [destination.name for destination in settings.destinations]
    if json:
        rules = [{"rule": v.rule, "verdict": v.verdict, "detail": v.detail} for v in analysis.verdicts]
        answer = {"outcome": analysis.outcome, "explanation": analysis.explanation, "rules": rules}
        show_json(answer | {"destinations": destinations})
        return
    rows = [(verdict.rule, verdict.verdict, verdict.detail) for verdict in analysis.verdicts]
    show_table(f"Rules of the gate for {film.name}", ("rule", "verdict", "what was seen"), rows)
    typer.echo(f"Outcome: {analysis.outcome}. {analysis.explanation}".rstrip())
    typer.echo(
        f"Results go to: {', '.join(destinations) or 'nowhere (no destinations); they stay on the node'}."
    )
    typer.echo(analyser.disclaimer)


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
