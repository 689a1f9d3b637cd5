"""The command that gives films out to learn from: export."""

from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from node.cli.options import ConfigOption, JsonOption

if TYPE_CHECKING:
    from node.export.report import Report

IDENTIFIED = """
WARNING: --identified removes NOTHING. Names, IDs, birth dates and whatever else the films hold are in every
file of this folder. It is patient data like the archive itself: keep it in the house. The export is recorded
in the audit trail.
"""
_DAY: Any = {"formats": ["%Y-%m-%d"], "metavar": "DATE", "show_default": False}


def add_to(app: typer.Typer) -> None:
    """Register this module's command."""
    app.command(epilog="Example: neolung export training --since 2026-01-01 --judged")(export)


def export(
    folder: Annotated[
        Path, typer.Argument(metavar="DIR", help="New folder, or one of an earlier run.", show_default=False)
    ],
    since: Annotated[datetime | None, typer.Option(help="First day of receipt.", **_DAY)] = None,
    until: Annotated[datetime | None, typer.Option(help="Last day of receipt.", **_DAY)] = None,
    judged: Annotated[bool, typer.Option("--judged", help="Only films with a finding.")] = False,
    annotated: Annotated[
        bool, typer.Option("--annotated", help="Only films of which a person said or drew something.")
    ] = False,
    black_borders: Annotated[
        str,
        typer.Option(metavar="T,R,B,L", help="Black out borders that may show text, percent: 5,0,5,0."),
    ] = "",
    key: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE",
            help="Secret of the site; else export.key in data_dir, made once.",
            show_default=False,
        ),
    ] = None,
    identified: Annotated[
        bool, typer.Option("--identified", help="Remove nothing. For use in the house only.")
    ] = False,
    config: ConfigOption = None,
    json: JsonOption = False,
) -> None:
    """Write a training set of this node's own films, outlines and labels, de-identified (PS3.15 Annex E).

    neolung-train retrain and prepare read it. The same command again goes on where it stopped.
    """
    from node.config.loading import load_config
    from node.export.command import Wish, export
    from node.printing import show_json

    if identified:
        typer.secho(IDENTIFIED, err=True, fg=typer.colors.RED, bold=True)
    wish = Wish(
        since.date() if since else None,
        until.date() if until else None,
        judged,
        annotated,
        black_borders,
        key,
        identified,
    )
    report = export(load_config(config), folder, wish)
    if json:
        show_json(report.to_json() | {"folder": str(folder)})
    else:
        _show(report, folder)


def _show(report: "Report", folder: Path) -> None:
    from node.printing import counted, show_table

    rows = [
        *(("outlines", who, number) for who, number in report.outlines.items()),
        *(("labels", what, number) for what, number in report.labels.items()),
        *(("left out", reason, number) for reason, number in report.excluded.items()),
    ]
    title = f"{counted(report.films, 'film')} of {counted(report.patients, 'patient')} in {folder}"
    show_table(title, ("what", "which", "films"), rows)
    removed = sum(count for actions in report.attributes.values() for count in actions.values())
    if removed:
        typer.echo(
            f"{removed} values of {counted(len(report.attributes), 'attribute')} were removed or replaced "
            f"(report.json). The check searched the export for {report.identifiers_searched} words and UIDs "
            "of the films as they came, and found none."
        )
    if report.burned_in_text_not_stated:
        doubtful = counted(report.burned_in_text_not_stated, "film")
        typer.echo(
            f"{doubtful} did not say whether text is burned in. Look at their pixels before you "
            "give the folder away, or use --black-borders."
        )
    typer.echo(f"Next: neolung-train retrain --data {folder} --out candidate/")
