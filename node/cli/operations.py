"""Commands for the operator: status, studies, jobs."""

from dataclasses import asdict
from datetime import UTC, datetime, timedelta
from typing import Annotated

import typer

from node.cli.options import ConfigOption, JsonOption, LimitOption

jobs = typer.Typer(
    help="The queue: list, show, retry, cancel.",
    no_args_is_help=True,
    rich_markup_mode=None,
    add_completion=False,
)
LARGEST_NUMBER = 2**63 - 1
"""Of a job: what the databases count up to."""
JobNumber = Annotated[
    int,
    typer.Argument(metavar="JOB", help="Number of the job.", min=1, max=LARGEST_NUMBER, show_default=False),
]
JobNumbers = typer.Argument(metavar="JOB...", min=1, max=LARGEST_NUMBER, show_default=False)


def add_to(app: typer.Typer) -> None:
    """Register this module's commands."""
    app.command(epilog="Example: neolung status --json")(status)
    app.command(epilog="Example: neolung studies --limit 20")(studies)
    app.add_typer(jobs, name="jobs")


def status(config: ConfigOption = None, json: JsonOption = False) -> None:
    """Show what waits, runs and failed, and which destinations are down."""
    from node.config.loading import load_config
    from node.overview import look
    from node.printing import duration_text, show_json, show_table

    overview = look(load_config(config))
    if json:
        show_json(overview.to_json())
        return
    columns = ("work", "waiting", "running", "done", "dead", "oldest waits")
    rows = [
        (
            line.work,
            line.waiting,
            line.running,
            line.done,
            line.dead,
            duration_text(timedelta(seconds=line.oldest_waiting_s)) if line.oldest_waiting_s else None,
        )
        for line in overview.queue
    ]
    show_table("Queue", columns, rows)
    for name, until in overview.destinations_down.items():
        typer.echo(f"Destination {name} does not answer; it is tried again at {until:%H:%M:%S} UTC.")
    typer.echo(f"Receiver {overview.receiver} {'listens' if overview.is_listening else 'DOES NOT LISTEN'}.")


def studies(
    limit: LimitOption = 50,
    config: ConfigOption = None,
    json: JsonOption = False,
) -> None:
    """List the latest analyses: outcome, probability, lung area. UIDs only, no names."""
    from node.config.loading import load_config
    from node.overview import open_ledger
    from node.printing import age_of, show_json, show_table
    from storage.analyses import list_analyses
    from storage.instances import get_instance

    with open_ledger(load_config(config)) as ledger, ledger.read() as connection:
        found = [
            (record, get_instance(connection, record.source_instance_id))
            for record in list_analyses(connection, limit)
        ]
    if json:
        show_json([asdict(record) | {"sop_instance_uid": film.sop_instance_uid} for record, film in found])
        return
    now = datetime.now(UTC)
    columns = ("film (SOP Instance UID)", "outcome", "probability", "threshold", "lungs mm2", "analysed")
    rows = [
        (
            film.sop_instance_uid,
            record.outcome,
            _rounded(record.probability, 3),
            _rounded(record.threshold, 3),
            _rounded(record.area_mm2, 0),
            f"{age_of(record.analysed_at, now)} ago",
        )
        for record, film in found
    ]
    show_table(f"{len(rows)} analyses", columns, rows)


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
    from node.printing import show_json, show_table
    from storage.jobs import list_jobs
    from storage.values import JobState

    with open_ledger(load_config(config)) as ledger, ledger.read() as connection:
        found = list_jobs(connection, state=JobState.DEAD if dead else None, limit=limit)
    if json:
        show_json([asdict(job) for job in found])
        return
    columns = ("job", "kind", "destination", "state", "attempts", "key", "error")
    rows = [
        (
            job.job_id,
            job.kind,
            job.destination,
            "running" if job.running else job.state,
            f"{job.attempts}/{job.max_attempts}",
            job.key,
            job.error,
        )
        for job in found
    ]
    show_table(f"{len(rows)} jobs", columns, rows)


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


@jobs.command(epilog="Example: neolung jobs retry 17, or neolung jobs retry --all-dead")
def retry(
    numbers: Annotated[list[int] | None, JobNumbers] = None,
    all_dead: Annotated[bool, typer.Option("--all-dead", help="Every dead letter.")] = False,
    config: ConfigOption = None,
) -> None:
    """Put dead or cancelled jobs back into the queue."""
    from node.config.loading import load_config
    from node.overview import open_ledger
    from storage.jobs import retry_dead_jobs, retry_job

    if not numbers and not all_dead:
        raise typer.BadParameter("name the jobs, or give --all-dead")
    with open_ledger(load_config(config)) as ledger, ledger.begin() as connection:
        for number in numbers or ():
            retry_job(connection, number)
        revived = retry_dead_jobs(connection) if all_dead else len(numbers or ())
    typer.echo(f"In the queue again: {revived}.")


@jobs.command(epilog="Example: neolung jobs cancel 17")
def cancel(
    numbers: Annotated[list[int], JobNumbers],
    config: ConfigOption = None,
) -> None:
    """Cancel jobs that have not been done."""
    from node.config.loading import load_config
    from node.overview import open_ledger
    from storage.jobs import cancel_job

    with open_ledger(load_config(config)) as ledger, ledger.begin() as connection:
        for number in numbers:
            cancel_job(connection, number)
    typer.echo(f"Cancelled: {len(numbers)}.")


def _rounded(value: float | None, digits: int) -> str | None:
    return None if value is None else f"{value:.{digits}f}"
