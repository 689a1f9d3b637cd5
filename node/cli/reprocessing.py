"""Judging stored films once more by the active model: reprocess start, stop, status."""

from datetime import date
from typing import Annotated

import typer

from node.cli.options import ConfigOption, JsonOption, parse_day

reprocess = typer.Typer(
    help="Judge stored films once more by the active model: start, stop, status.",
    no_args_is_help=True,
    rich_markup_mode=None,
    add_completion=False,
)
Since = Annotated[
    date | None, typer.Option(parser=parse_day, metavar="DATE", help="Received on this day or later.")
]
Until = Annotated[
    date | None, typer.Option(parser=parse_day, metavar="DATE", help="Received on this day or earlier.")
]


def add_to(app: typer.Typer) -> None:
    """Register this module's commands."""
    app.add_typer(reprocess, name="reprocess")


@reprocess.command(epilog="Example: neolung reprocess start --since 2026-01-01")
def start(
    since: Since = None,
    until: Until = None,
    limit: Annotated[int, typer.Option(min=1, help="Most films, the newest first.")] = 1_000_000,
    config: ConfigOption = None,
) -> None:
    """Put stored films into the queue once more, behind all other work.

    Films that the active model judged last are left alone, so the command can be repeated. New results name
    the reports that they replace; the old ones stay.
    """
    from contextlib import closing

    from node.composition.stores import open_stores
    from node.config.loading import load_config
    from node.printing import counted
    from node.reprocessing import Reprocessing
    from node.work.doorbell import ring

    settings = load_config(config)
    with closing(open_stores(settings)[0]) as ledger:
        campaign = Reprocessing(settings, ledger, since, until)
        asked, standing = campaign.start(limit), campaign.standing()
    ring(settings.node.data_dir, "analyse")
    typer.echo(
        f"{counted(asked, 'film')} will be judged once more by {standing.model}; {standing.waiting} wait"
    )


@reprocess.command(epilog="Example: neolung reprocess stop")
def stop(config: ConfigOption = None) -> None:
    """Take the films that still wait to be judged once more out of the queue."""
    from contextlib import closing

    from node.composition.stores import open_stores
    from node.config.loading import load_config
    from node.printing import counted
    from node.reprocessing import Reprocessing

    settings = load_config(config)
    with closing(open_stores(settings)[0]) as ledger:
        stopped = Reprocessing(settings, ledger).stop()
    typer.echo(f"{counted(stopped, 'film')} taken out of the queue")


@reprocess.command(epilog="Example: neolung reprocess status --since 2026-01-01")
def status(
    since: Since = None, until: Until = None, config: ConfigOption = None, json: JsonOption = False
) -> None:
    """Say how many films another model judged last, and how many wait."""
    from dataclasses import asdict

    from node.config.loading import load_config
    from node.overview import open_ledger
    from node.printing import counted, show_json
    from node.reprocessing import Reprocessing

    settings = load_config(config)
    with open_ledger(settings) as ledger:
        standing = Reprocessing(settings, ledger, since, until).standing()
    if json:
        show_json(asdict(standing))
    else:
        typer.echo(
            f"{counted(standing.outdated, 'film')} judged last by another model than {standing.model}; "
            f"{standing.waiting} wait"
        )
