"""What people said of films: labels import, labels list."""

from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from node.cli.options import ConfigOption, JsonOption, LimitOption

labels = typer.Typer(
    help="What people said of films: import, list.",
    no_args_is_help=True,
    rich_markup_mode=None,
    add_completion=False,
)


def add_to(app: typer.Typer) -> None:
    """Register this module's commands."""
    app.add_typer(labels, name="labels")


@labels.command(name="import", epilog="Example: neolung labels import readings.csv")
def import_(
    file: Annotated[
        Path, typer.Argument(help="CSV: sop_instance_uid or accession, rds, grade, author, date.")
    ],
    config: ConfigOption = None,
) -> None:
    """Take in a table of labels. Nothing is kept of a table with an error."""
    from contextlib import closing

    from node.annotations.labels import import_labels
    from node.composition.stores import open_stores
    from node.config.loading import load_config
    from node.operators import operator_name
    from node.printing import counted

    with closing(open_stores(load_config(config))[0]) as ledger:
        done = import_labels(ledger, file, operator_name())
    typer.echo(
        f"{counted(done.rows, 'row')}, {counted(done.films, 'film')}, {counted(done.added, 'new label')}"
    )
    _warn(done.unknown, "kept until the film comes: line")
    _warn(done.lost, "NOT KEPT, no film has this accession yet; import it again later: line")


def _warn(lines: tuple[int, ...], what: str) -> None:
    if lines:
        more = f" and {len(lines) - 10} more" if len(lines) > 10 else ""
        typer.echo(f"{what} {', '.join(map(str, lines[:10]))}{more}", err=True)


@labels.command(name="list", epilog="Example: neolung labels list --limit 20")
def list_(limit: LimitOption = 50, config: ConfigOption = None, json: JsonOption = False) -> None:
    """List what people said of films, the newest first: labels, and outlines that were drawn."""
    from node.annotations.words import in_words
    from node.config.loading import load_config
    from node.overview import open_ledger
    from node.printing import counted, show_json, show_table
    from storage.annotations import list_annotations

    with open_ledger(load_config(config)) as ledger, ledger.read() as connection:
        found = list_annotations(connection, limit)
    if json:
        show_json([asdict(one) for one in found])
        return
    rows = [(one.film_uid, in_words([one]), one.author, one.said_at, one.channel) for one in found]
    columns = ("film (SOP Instance UID)", "said", "by", "when", "came as")
    show_table(counted(len(rows), "annotation"), columns, rows)
