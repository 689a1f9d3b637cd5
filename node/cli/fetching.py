"""Commands that fetch studies from a PACS: fetch start, resume, repeat, list, show, pause, cancel."""

from dataclasses import asdict
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from typer.core import TyperGroup

from node.cli.fetch_options import CampaignName, read_day, read_days, read_keys, read_name, today
from node.cli.options import ConfigOption, JsonOption, LimitOption

if TYPE_CHECKING:
    from node.fetch.desk import FoundStudy


class _StartByDefault(TyperGroup):
    """``neolung fetch --from pacs`` means ``neolung fetch start --from pacs``."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Put the command in where only its options are given."""
        if args and args[0] not in self.commands and args[0] not in self.get_help_option_names(ctx):
            args = ["start", *args]
        return super().parse_args(ctx, args)


fetch = typer.Typer(
    cls=_StartByDefault,
    help="Fetch studies from a PACS into the queue, as campaigns that can be paused, resumed and repeated.",
    epilog="Example: neolung fetch --from pacs --since 30d --max-age 28d --dry-run",
    no_args_is_help=True,
    rich_markup_mode=None,
    add_completion=False,
)


def add_to(app: typer.Typer) -> None:
    """Register this module's commands."""
    app.add_typer(fetch, name="fetch")


@fetch.command(epilog="Example: neolung fetch start --from pacs --from-date 2026-01-01 --body-part CHEST")
def start(  # noqa: PLR0913 - every option of a command is an argument
    source: Annotated[str, typer.Option("--from", help="Destination by name.", show_default=False)],
    keys: Annotated[list[str] | None, typer.Argument(metavar="KEY=VALUE...", show_default=False)] = None,
    from_date: Annotated[
        date | None,
        typer.Option(parser=read_day, metavar="DAY", help="First study date.", show_default=False),
    ] = None,
    to_date: Annotated[
        date | None,
        typer.Option(parser=read_day, metavar="DAY", help="Last study date; else today.", show_default=False),
    ] = None,
    since: Annotated[
        int | None,
        typer.Option(
            parser=read_days,
            metavar="TIME",
            help="Instead of --from-date: 30d, 4w, 6m or 1y back.",
            show_default=False,
        ),
    ] = None,
    modality: Annotated[
        list[str] | None,
        typer.Option(help="Of the series; may be repeated; '' is any. CR and DX unless given."),
    ] = None,
    body_part: Annotated[
        list[str] | None,
        typer.Option(help="Of the series; may be repeated. Series without one are fetched too."),
    ] = None,
    max_age: Annotated[
        int | None,
        typer.Option(
            parser=read_days,
            metavar="TIME",
            help="Oldest patient: 28d. Unknown ages are fetched too.",
            show_default=False,
        ),
    ] = None,
    name: Annotated[
        str | None,
        typer.Option(
            parser=read_name, metavar="NAME", help="Name of the campaign; else made.", show_default=False
        ),
    ] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only show what would be fetched.")] = False,
    config: ConfigOption = None,
    json: JsonOption = False,
) -> None:
    """Search a PACS and fetch what is not held yet, at low priority. Ctrl-C interrupts."""
    from node.config.loading import load_config
    from node.fetch import desk
    from node.fetch.criteria import RADIOGRAPHY, Criteria
    from node.printing import progress

    now = today()
    if (from_date is None) == (since is None):
        raise typer.BadParameter("give either --from-date or --since")
    first = from_date or now - timedelta(days=since or 0)
    if first > (to_date or now):
        raise typer.BadParameter("the first day is after the last")
    modalities = RADIOGRAPHY if modality is None else _filled(modality)
    criteria = Criteria(first, to_date, modalities, _filled(body_part), max_age, read_keys(keys or []))
    settings = load_config(config)
    if dry_run:
        found = list(progress(desk.preview(settings, source, criteria, now), "Searching"))
        _preview(found, json=json)
        return
    name = name or f"{source}-{datetime.now(UTC):%Y%m%d-%H%M%S}"
    desk.start(settings, name, source, criteria, now)
    _work(config, name, json=json)


@fetch.command(epilog="Example: neolung fetch resume pacs-20260301-101500")
def resume(name: CampaignName, config: ConfigOption = None, json: JsonOption = False) -> None:
    """Go on with a campaign that was paused or interrupted, however that happened."""
    from node.config.loading import load_config
    from node.fetch import desk

    desk.resume(load_config(config), name)
    _work(config, name, json=json)


@fetch.command(epilog="Example: neolung fetch repeat pacs-20260301-101500")
def repeat(name: CampaignName, config: ConfigOption = None, json: JsonOption = False) -> None:
    """Search once more and fetch what is new, or failed before. Without --to-date, up to today."""
    from node.config.loading import load_config
    from node.fetch import desk

    desk.repeat(load_config(config), name, today())
    _work(config, name, json=json)


@fetch.command(epilog="Example: neolung fetch pause pacs-20260301-101500")
def pause(name: CampaignName, config: ConfigOption = None) -> None:
    """Let a campaign rest; what is being retrieved just now is finished."""
    _end(config, name, "paused")


@fetch.command(epilog="Example: neolung fetch cancel pacs-20260301-101500")
def cancel(name: CampaignName, config: ConfigOption = None) -> None:
    """End a campaign; what it has fetched stays."""
    _end(config, name, "cancelled")


@fetch.command("list", epilog="Example: neolung fetch list --json")
def list_(limit: LimitOption = 50, config: ConfigOption = None, json: JsonOption = False) -> None:
    """List campaigns, the newest first."""
    from node.cli.fetch_rows import standing
    from node.config.loading import load_config
    from node.fetch import desk
    from node.overview import open_ledger
    from node.printing import counted, show_json, show_table
    from storage.campaign_studies import count_studies
    from storage.campaigns import list_campaigns

    settings = load_config(config)
    with open_ledger(settings) as ledger, ledger.read() as connection:
        found = [
            (each, count_studies(connection, each.campaign_id), desk.is_worked_on(settings, each.name))
            for each in list_campaigns(connection, limit)
        ]
    if json:
        show_json(
            [asdict(each) | {"is_running": runs, "studies": asdict(count)} for each, count, runs in found]
        )
        return
    columns = ("campaign", "from", "state", "round", "searched to")
    numbers = ("studies", "to fetch", "failed", "objects", "remark")
    rows = [
        (
            *(each.name, each.destination, standing(each, runs), each.round),
            min(each.search_next, each.search_to),
            *(count.studies, count.found, count.failed, count.instances_fetched, each.error),
        )
        for each, count, runs in found
    ]
    show_table(counted(len(rows), "campaign"), (*columns, *numbers), rows)


@fetch.command(epilog="Example: neolung fetch show pacs-20260301-101500")
def show(
    name: CampaignName,
    failed: Annotated[bool, typer.Option("--failed", help="Only studies that failed.")] = False,
    limit: LimitOption = 100,
    config: ConfigOption = None,
    json: JsonOption = False,
) -> None:
    """Show a campaign and its studies. UIDs only, no names."""
    from node.cli.fetch_rows import campaign_rows
    from node.config.loading import load_config
    from node.fetch import desk
    from node.overview import open_ledger
    from node.printing import show_json, show_table
    from storage.campaign_studies import StudyState, count_studies, list_studies
    from storage.campaigns import get_campaign

    settings = load_config(config)
    state = StudyState.FAILED if failed else None
    with open_ledger(settings) as ledger, ledger.read() as connection:
        campaign = get_campaign(connection, name)
        count = count_studies(connection, campaign.campaign_id)
        studies = list_studies(connection, campaign.campaign_id, state=state, limit=limit)
    if json:
        show_json(
            asdict(campaign) | {"count": asdict(count), "studies": [asdict(study) for study in studies]}
        )
        return
    rows = campaign_rows(campaign, count, desk.is_worked_on(settings, name))
    show_table(f"Campaign {name}", ("", ""), rows)
    columns = (
        "study (Study Instance UID)",
        "state",
        "attempts",
        "wanted",
        "held before",
        "fetched",
        "remark",
    )
    rows = [
        (each.study_instance_uid, each.state, each.attempts, each.wanted, each.held, each.fetched, each.error)
        for each in studies
    ]
    show_table("Studies", columns, rows)


def _filled(values: list[str] | None) -> tuple[str, ...]:
    return tuple(value for value in values or () if value.strip())


def _preview(found: "list[FoundStudy]", *, json: bool) -> None:
    from node.printing import counted, show_json, show_table

    rows = [
        (
            each.listing.study_instance_uid,
            each.study_date,
            len(each.listing.wanted),
            each.listing.held,
            len(each.listing.missing_uids),
        )
        for each in found
    ]
    if json:
        names = ("study_instance_uid", "study_date", "wanted", "held", "to_fetch")
        show_json([dict(zip(names, row, strict=True)) for row in rows])
        return
    show_table(
        f"{counted(len(rows), 'study', 'studies')} found, nothing fetched",
        ("study (Study Instance UID)", "date", "objects", "held", "to fetch"),
        rows,
    )
    typer.echo(f"Objects to fetch: {sum(row[-1] for row in rows)}.")


def _work(config: Path | None, name: str, *, json: bool) -> None:
    """Work on a campaign with a progress display, and say how it ended."""
    from node.config.loading import load_config
    from node.fetch import desk
    from node.fetch.display import Display, summary
    from node.log import configure_logging
    from node.printing import show_json
    from node.processes.lifetime import Drain, install_signals

    settings = load_config(config)
    configure_logging("warning", settings.log.format)
    drain = Drain()
    install_signals(drain)
    with Display() as display:
        campaign, count = desk.work_on(settings, name, drain, display.show)
    if json:
        show_json(asdict(campaign) | {"studies": asdict(count)})
    else:
        typer.echo(summary(campaign, count))
    if campaign.state != "done" or count.failed:
        raise typer.Exit(1)


def _end(config: Path | None, name: str, state: str) -> None:
    from node.config.loading import load_config
    from node.fetch import desk
    from storage.campaigns import CampaignState

    desk.end(load_config(config), name, CampaignState(state))
    typer.echo(f"Campaign {name}: {state}.")
