"""What an operator does to the queue, and the lines of the history that say who did it."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from node.config.addressee import addressee
from node.config.schema import Config
from node.operators import operator_name
from node.overview import open_ledger
from node.work.doorbell import ring
from storage.breaker import note_success
from storage.events import add_event
from storage.jobs import cancel_job, hurry_jobs, retry_dead_jobs, retry_job
from storage.values import Job, JobKind


@dataclass(frozen=True, slots=True)
class Revived:
    """What a retry brought back.

    Attributes
    ----------
    jobs
        Those that were named, and the dead letters.
    hurried
        Number of further jobs that waited for a destination and are due now.
    """

    jobs: tuple[Job, ...]
    hurried: int


def retry(
    config: Config,
    numbers: Sequence[int],
    *,
    all_dead: bool = False,
    destination: str | None = None,
    again: bool = False,
) -> Revived:
    """Put jobs back into the queue, and let their destinations be tried at once; all of it or nothing.

    Parameters
    ----------
    all_dead
        Every dead letter, too; of one destination if that is given.
    destination
        Everything that waits for it is due now.
    again
        Whether jobs that are done may run once more.

    Raises
    ------
    UnknownDestination, NoLedger, StorageError
        If there is no such destination, ledger or job, or a job's state does not allow it.
    """
    wanted = set() if destination is None else {addressee(config, destination).name}
    with open_ledger(config) as ledger, ledger.begin() as connection:
        found = [retry_job(connection, number, again=again) for number in numbers]
        found += retry_dead_jobs(connection, destination=destination) if all_dead else []
        hurried = sum(hurry_jobs(connection, name) for name in wanted)
        names = wanted | {job.destination for job in found if job.destination}
        for name in names:
            note_success(connection, name)
            add_event(connection, "tried at once", subject=name, detail=f"by {operator_name()}")
        for job in found:
            add_event(connection, "retried by operator", subject=job.key, detail=_which(job))
    _wake(config, found, names)
    return Revived(tuple(found), hurried)


def cancel(config: Config, numbers: Sequence[int]) -> None:
    """End jobs that must not run any more; all of them or none.

    Raises
    ------
    NoLedger, StorageError
        If there is no ledger or no such job, or one has ended already.
    """
    with open_ledger(config) as ledger, ledger.begin() as connection:
        for number in numbers:
            job = cancel_job(connection, number)
            add_event(connection, "cancelled by operator", subject=job.key, detail=_which(job))


def _which(job: Job) -> str:
    work = f"{job.kind} {job.destination}".strip()
    return f"job {job.job_id} ({work}) by {operator_name()}"


def _wake(config: Config, jobs: Collection[Job], destinations: Collection[str]) -> None:
    """Let those who wait look at the queue at once."""
    bells = {f"{kind}.{name}" for kind in (JobKind.DELIVER, JobKind.COMMIT) for name in destinations}
    bells |= {str(job.kind) for job in jobs if job.kind in (JobKind.ANALYSE, JobKind.SUMMARISE)}
    for name in bells:
        ring(config.node.data_dir, name)
