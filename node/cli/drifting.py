"""The command that holds the films of each week against a frozen reference: drift."""

from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from node.cli.options import ConfigOption, JsonOption, parse_day

if TYPE_CHECKING:
    from node.drift.watch import Course


def add_to(app: typer.Typer) -> None:
    """Register this module's commands."""
    app.command(epilog="Example: neolung drift --freeze --from 2026-01-01 --to 2026-03-31")(drift)


def drift(
    freeze: Annotated[bool, typer.Option("--freeze", help="Make films of some days the reference.")] = False,
    first: Annotated[
        date | None,
        typer.Option("--from", parser=parse_day, metavar="DATE", help="First day, as the films name it."),
    ] = None,
    last: Annotated[
        date | None,
        typer.Option("--to", parser=parse_day, metavar="DATE", help="Last day, as the films name it."),
    ] = None,
    out: Annotated[Path | None, typer.Option(help="Folder for a page with a chart of each feature.")] = None,
    config: ConfigOption = None,
    json: JsonOption = False,
) -> None:
    """Hold the films of each week against the frozen reference window.

    Exit code 0: the last week with enough films is like the reference, or no week has enough; 1: it is unlike
    the reference, or none is frozen.
    """
    from node.config.loading import load_config
    from node.drift.page import write_page
    from node.drift.reference import freeze as freeze_window
    from node.drift.reference import window_before
    from node.drift.watch import look_for_drift, watch_drift
    from node.overview import open_ledger
    from node.printing import show_json

    settings = load_config(config)
    with open_ledger(settings) as ledger:
        if freeze:
            before = window_before(settings)
            reference = freeze_window(settings, ledger, first, last)
            instead = f", in place of {before}" if before else ""
            typer.echo(f"reference frozen: {reference.window.name}, {reference.window.films} films{instead}")
            return
        course = look_for_drift(settings, ledger)
        watch_drift(settings, ledger)
    if json:
        show_json(_plain(course))
    else:
        _show(course)
    if out is not None:
        typer.echo(f"page: {write_page(course, out)}", err=json)
    tested = [looked for looked in course.windows if looked.changes]
    if not tested:
        typer.echo(f"no week since the reference has {settings.drift.least_films} films yet", err=True)
    if tested and tested[-1].alarms:
        raise typer.Exit(1)


def _show(course: "Course") -> None:
    from node.printing import show_table

    rows: list[tuple[object, ...]] = []
    for looked in course.windows:
        alarms = looked.alarms
        rows.append(
            (looked.window.name, looked.window.films, len(looked.changes), "" if not alarms else "ALARM", "")
        )
        rows += [
            ("", change.films, "", change.feature, f"{change.before} -> {change.now}, p {change.p:.2g}")
            for change in alarms
        ]
    reference = course.reference.window
    title = f"Films against the reference {reference.name} ({reference.films} films)"
    show_table(title, ("window", "films", "features tested", "unlike", "before -> now"), rows)


def _plain(course: "Course") -> dict[str, object]:
    from dataclasses import asdict

    return {
        "reference": {"window": course.reference.window.name, "films": course.reference.window.films},
        "windows": [
            {
                "window": looked.window.name,
                "films": looked.window.films,
                "is_alarm": bool(looked.alarms),
                "changes": [asdict(change) for change in looked.changes],
            }
            for looked in course.windows
        ],
    }
