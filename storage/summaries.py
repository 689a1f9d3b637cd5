"""Study summaries: when one is due, what it is made of, and which one it replaces."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Connection, select, update

from storage.analyses import latest_analysis
from storage.databases import database_now
from storage.films import StoredFilm, films_of_study
from storage.instances import get_instance, get_instances, results_of
from storage.queue import enqueue, get_job
from storage.routing import Stage, latest_routing
from storage.tables import instance, job, series, study
from storage.values import JUDGED, AnalysisRecord, Claim, JobKind, JobState, NewJob, Role, StoredInstance


@dataclass(frozen=True, slots=True)
class Pause:
    """How long a study must be quiet, and how long its summary waits at most."""

    quiet: timedelta
    longest: timedelta


@dataclass(frozen=True, slots=True)
class JudgedFilm:
    """A film that was judged.

    Attributes
    ----------
    record
        Of its newest analysis.
    reports
        All its Structured Reports, oldest first.
    destinations
        Names of those that get its results; None when that was not kept, and so of all.
    """

    film: StoredFilm
    record: AnalysisRecord
    reports: tuple[StoredInstance, ...]
    destinations: frozenset[str] | None


def ask_for_summary(connection: Connection, instance_id: int, pause: Pause, max_attempts: int) -> None:
    """Let the study of a film be summarised when it has been quiet for a while.

    A summary that is waited for waits anew, but never longer than ``pause.longest`` in all; one that is being
    made at this moment is dropped for the later one, by taking away its claim.
    """
    uid = get_instance(connection, instance_id).study_instance_uid
    now = database_now(connection)
    wanted = NewJob(
        kind=JobKind.SUMMARISE, key=uid, instance_id=instance_id, max_attempts=max_attempts, delay=pause.quiet
    )
    if enqueue(connection, [wanted]):
        return
    this = (job.c.kind == JobKind.SUMMARISE, job.c.destination == "", job.c.key == uid)
    known = connection.execute(select(job.c.state, job.c.enqueued_at).where(*this).with_for_update()).one()
    since = known.enqueued_at if known.state == JobState.READY else now
    values = {
        "state": JobState.READY,
        "instance_id": instance_id,
        "attempts": 0,
        "run_at": _due(now, since, pause),
        "token": None,
        "owner": "",
        "error": "",
        "enqueued_at": since,
        "finished_at": None,
    }
    connection.execute(update(job).where(*this).values(values))


def _due(now: datetime, since: datetime, pause: Pause) -> datetime:
    return max(now, min(now + pause.quiet, since + pause.longest))


def must_wait(connection: Connection, held: Claim, pause: Pause) -> bool:
    """Whether films of the study are still to be analysed, and their summary has time to wait for them."""
    if not any(film.is_waiting for film in films_of_study(connection, held.key)):
        return False
    return database_now(connection) < get_job(connection, held.job_id).enqueued_at + pause.longest


def judged_films(connection: Connection, study_instance_uid: str) -> list[JudgedFilm]:
    """Give the films of a study that were judged, oldest received first."""
    films = films_of_study(connection, study_instance_uid)
    return [_judged(connection, film) for film in films if film.outcome in JUDGED]


def _judged(connection: Connection, film: StoredFilm) -> JudgedFilm:
    record = latest_analysis(connection, film.instance_id)
    assert record is not None, "a film with an outcome has an analysis"
    decided = latest_routing(connection, film.instance_id, Stage.ANALYSIS)
    names = None if decided is None else decided.decision.get("destinations")
    results = results_of(connection, film.instance_id)
    return JudgedFilm(
        film=film,
        record=record,
        reports=tuple(result for result in results if result.role is Role.REPORT),
        destinations=frozenset(map(str, names)) if isinstance(names, list) else None,
    )


def summaries_of(connection: Connection, study_instance_uid: str) -> list[StoredInstance]:
    """Give the summaries that were made of a study, the newest first."""
    wanted = (
        select(instance.c.instance_id)
        .select_from(instance.join(series).join(study))
        .where(study.c.study_instance_uid == study_instance_uid, instance.c.role == Role.SUMMARY)
        .order_by(instance.c.instance_id.desc())
    )
    return get_instances(connection, connection.scalars(wanted).all())
