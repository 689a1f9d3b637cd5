"""Commands for the operator: status, studies, jobs."""

from dataclasses import asdict
from datetime import UTC, date, datetime, timedelta
from typing import Annotated

import typer

from node.cli.options import ConfigOption, JsonOption, LimitOption, parse_day

jobs = typer.Typer(
    help="The queue: list, show, retry, cancel, send.",
    no_args_is_help=True,
    rich_markup_mode=None,
    add_completion=False,
)
LARGEST_NUMBER = 2**63 - 1
"""Of a job: what the databases count up to."""


def _job_number(text: str) -> int:
    """Read the number of a job, or say what is allowed instead."""
    if not (text.isascii() and text.isdecimal() and 1 <= int(text) <= LARGEST_NUMBER):
        raise typer.BadParameter(f"{text!r} is no job number; 'neolung jobs list' shows the numbers")
    return int(text)


JobNumber = Annotated[
    int, typer.Argument(metavar="JOB", help="Number of the job.", parser=_job_number, show_default=False)
]
JobNumbers = typer.Argument(metavar="JOB...", parser=_job_number, show_default=False)


def add_to(app: typer.Typer) -> None:
    """Register this module's commands."""
    app.command(epilog="Example: neolung status --json")(status)
    app.command(epilog="Example: neolung studies --limit 20")(studies)
    app.add_typer(jobs, name="jobs")


def status(config: ConfigOption = None, json: JsonOption = False) -> None:
    """Show what waits, runs and failed, and which destinations are down.

    Exit code 0: all is well; 1: the receiver does not listen, a destination is down, or a job is dead.
    """
    from node.config.loading import load_config
    from node.overview import look
    from node.printing import duration_text, show_json, show_table

    overview = look(load_config(config))
    if json:
        show_json(overview.to_json())
    else:
        columns = ("work", "waiting", "running", "done", "dead", "cancelled", "oldest waits")
        rows = [
            (
                *(line.work, line.waiting, line.running, line.done, line.dead, line.cancelled),
                duration_text(timedelta(seconds=line.oldest_waiting_s)) if line.oldest_waiting_s else None,
            )
            for line in overview.queue
        ]
        show_table("Queue", columns, rows)
        listening = (f"Receiver {overview.receiver} listens.",) if overview.is_listening else ()
        for sentence in (*listening, *overview.remarks, *overview.troubles):
            typer.echo(sentence)
    if overview.troubles:
        raise typer.Exit(1)


def studies(
    limit: LimitOption = 50,
    config: ConfigOption = None,
    json: JsonOption = False,
) -> None:
    """List the latest analyses: outcome, probability, lung area, reason. UIDs only, no names."""
    from node.annotations.words import in_words
    from node.config.loading import load_config
    from node.overview import open_ledger
    from node.printing import age_of, counted, show_json, show_table
    from storage.analyses import list_analyses
    from storage.annotations import annotations_of
    from storage.instances import get_instance

    with open_ledger(load_config(config)) as ledger, ledger.read() as connection:
        found = [
            (record, get_instance(connection, record.source_instance_id))
            for record in list_analyses(connection, limit)
        ]
        said = annotations_of(connection, [film.sop_instance_uid for _, film in found])
    people = {uid: in_words(words) for uid, words in said.items()}
    if json:
        show_json(
            [
                asdict(record)
                | {"sop_instance_uid": film.sop_instance_uid, "people": people.get(film.sop_instance_uid, "")}
                for record, film in found
            ]
        )
        return
    now = datetime.now(UTC)
    columns = (
        "film (SOP Instance UID)",
        "outcome",
        "probability",
        "threshold",
        "lungs mm2",
        "people say",
        "analysed",
    )
    rows = [
        (
            film.sop_instance_uid,
            record.outcome,
            _rounded(record.probability, 3),
            _rounded(record.threshold, 3),
            _rounded(record.area_mm2, 0),
            people.get(film.sop_instance_uid),
            f"{age_of(record.analysed_at, now)} ago",
            record.explanation or None,
        )
        for record, film in found
    ]
    show_table(counted(len(rows), "analysis", "analyses"), (*columns, "remark"), rows)


@jobs.command("list", epilog="Example: neolung jobs list --dead")
def list_(
    dead: Annotated[bool, typer.Option("--dead", help="Only dead letters.")] = False,
    limit: LimitOption = 100,
    config: ConfigOption = None,
    json: JsonOption = False,
) -> None:
    """List jobs."""
    from node.config.loading import load_config
    from node.overview import open_ledger
    from node.printing import counted, show_json, show_table
    from storage.jobs import list_jobs
    from storage.values import JobState

    with open_ledger(load_config(config)) as ledger, ledger.read() as connection:
        found = list_jobs(connection, state=JobState.DEAD if dead else None, limit=limit)
    if json:
        show_json([asdict(job) for job in found])
        return
    columns = ("job", "kind", "destination", "state", "attempts", "key", "remark")
    rows = [
        (
            job.job_id,
            job.kind,
            job.destination,
            job.standing,
            f"{job.attempts}/{job.max_attempts}",
            job.key,
            job.error,
        )
        for job in found
    ]
    show_table(counted(len(rows), "job"), columns, rows)


@jobs.command(epilog="Example: neolung jobs show 17")
def show(job: JobNumber, config: ConfigOption = None, json: JsonOption = False) -> None:
    """Show all that is known of one job, the events of its object included."""
    from node.config.loading import load_config
    from node.overview import open_ledger
    from node.printing import show_json, show_table
    from storage.events import list_events
    from storage.jobs import get_job

    with open_ledger(load_config(config)) as ledger, ledger.read() as connection:
        found = get_job(connection, job)
        events = list_events(connection, subject=found.key)
    if json:
        show_json(asdict(found) | {"events": [asdict(event) for event in events]})
        return
    show_table(f"Job {job}", ("field", "value"), asdict(found).items())
    show_table("Events", ("at", "what", "detail"), [(event.at, event.what, event.detail) for event in events])


@jobs.command(epilog="Example: neolung jobs retry 17, or neolung jobs retry --all-dead --destination pacs")
def retry(
    numbers: Annotated[list[int] | None, JobNumbers] = None,
    all_dead: Annotated[bool, typer.Option("--all-dead", help="Every dead letter.")] = False,
    destination: Annotated[
        str | None, typer.Option(help="Try this destination at once, with all that waits for it.")
    ] = None,
    again: Annotated[bool, typer.Option("--again", help="Also jobs that are done.")] = False,
    config: ConfigOption = None,
) -> None:
    """Put dead or cancelled jobs back into the queue, and try their destinations at once."""
    from node import intervention
    from node.config.loading import load_config

    if not numbers and not all_dead and destination is None:
        raise typer.BadParameter("name the jobs, or give --all-dead or --destination")
    revived = intervention.retry(
        load_config(config), numbers or (), all_dead=all_dead, destination=destination, again=again
    )
    typer.echo(f"In the queue again: {len(revived.jobs)}.")
    if destination is not None:
        typer.echo(f"Destination {destination} is tried at once; hurried: {revived.hurried}.")


@jobs.command(epilog="Example: neolung jobs cancel 17")
def cancel(
    numbers: Annotated[list[int], JobNumbers],
    config: ConfigOption = None,
) -> None:
    """Cancel jobs that have not been done."""
    from node import intervention
    from node.config.loading import load_config

    intervention.cancel(load_config(config), numbers)
    typer.echo(f"Cancelled: {len(numbers)}.")


@jobs.command(epilog="Example: neolung jobs send --to archive --since 2026-01-31")
def send(
    to: Annotated[str, typer.Option(metavar="NAME", help="The destination.", show_default=False)],
    study: Annotated[
        str | None, typer.Option(metavar="UID", help="Results of one study.", show_default=False)
    ] = None,
    since: Annotated[
        date | None,
        typer.Option(
            parser=parse_day, metavar="DATE", help="Results made on this day or later.", show_default=False
        ),
    ] = None,
    against_routes: Annotated[
        bool,
        typer.Option("--against-routes", help="Also of films that were routed elsewhere, or in shadow."),
    ] = False,
    config: ConfigOption = None,
) -> None:
    """Send stored results to a destination that did not get them: a new one, or one that was in shadow."""
    from node.config.loading import load_config
    from node.days import local_midnight
    from node.printing import counted
    from node.sending_again import send_stored

    if study is None and since is None:
        raise typer.BadParameter("name the study, or give --since")
    moment = local_midnight(since)
    settings = load_config(config)
    sent = send_stored(settings, to, study_instance_uid=study, since=moment, against_routes=against_routes)
    typer.echo(
        f"{counted(sent.films, 'film')}: {counted(sent.queued, 'result')} queued for {to}, low priority."
    )
    if sent.known:
        typer.echo(f"{counted(sent.known, 'result')} queued there before: neolung jobs list")
    for reason, films in sent.left_out.items():
        typer.echo(f"{counted(films, 'film')} left out: {reason}")
    if sent.never_made:
        typer.echo(
            f"Of {counted(len(sent.never_made), 'film')} something was never made. To make and send it, run"
        )
        typer.echo("its analyse job once more: neolung jobs retry --again JOB")


def _rounded(value: float | None, digits: int) -> str | None:
    return None if value is None else f"{value:.{digits}f}"
