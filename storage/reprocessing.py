"""Stored films that are judged once more by the bundle that is active now."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, Connection, Select, and_, exists, func, insert, select, update

from storage.databases import database_now
from storage.jobs import AGAIN
from storage.routing import Stage
from storage.tables import analysis, instance, job, routing
from storage.values import JobKind, JobState, Role

_HAS_ENDED = (JobState.DONE, JobState.DEAD, JobState.CANCELLED)


@dataclass(frozen=True, slots=True)
class Selection:
    """Which films are judged once more.

    Attributes
    ----------
    digest
        Of the active bundle; films whose newest judgement is by it are left alone.
    since, until
        Bounds of the moment of receipt; until does not belong to it.
    other_routes
        Routes that have a bundle of their own: their films are none of the active one's.
    """

    digest: str
    since: datetime | None = None
    until: datetime | None = None
    other_routes: tuple[str, ...] = ()


def count_outdated(connection: Connection, selection: Selection) -> int:
    """Count the films that would be asked for."""
    return connection.scalar(select(func.count()).select_from(_outdated(selection).subquery())) or 0


def count_waiting(connection: Connection) -> int:
    """Count the films that wait to be judged once more."""
    return connection.scalar(select(func.count()).select_from(job).where(_waits_again())) or 0


def ask_again(connection: Connection, selection: Selection, *, limit: int, max_attempts: int) -> int:
    """Put films back into the queue behind all others, the newest first; give their number.

    Each begins a new generation, so that its results are other instances than all before, dated from now.
    """
    now = database_now(connection)
    films = connection.execute(
        _outdated(selection).order_by(instance.c.instance_id.desc()).limit(limit)
    ).all()
    for film in films:
        again = {
            "state": JobState.READY,
            "priority": AGAIN,
            "attempts": 0,
            "run_at": now,
            "finished_at": None,
            "token": None,
            "owner": "",
            "error": "",
            "enqueued_at": now,
            "generation": film.generation + 1,
        }
        mine = and_(job.c.instance_id == film.instance_id, job.c.kind == JobKind.ANALYSE)
        if connection.execute(update(job).where(mine, job.c.state.in_(_HAS_ENDED)).values(again)).rowcount:
            continue
        connection.execute(
            insert(job).values(
                **again,
                kind=JobKind.ANALYSE,
                destination="",
                key=film.sop_instance_uid,
                instance_id=film.instance_id,
                max_attempts=max_attempts,
            )
        )
    return len(films)


def stop_asking(connection: Connection) -> int:
    """Take films that wait to be judged once more out of the queue; their judgement, and its job, stay."""
    ended = {"state": JobState.DONE, "finished_at": database_now(connection)}
    return connection.execute(update(job).where(_waits_again()).values(ended)).rowcount


def _waits_again() -> ColumnElement[bool]:
    is_judged = exists().where(analysis.c.source_instance_id == job.c.instance_id)
    is_waiting = and_(job.c.state == JobState.READY, job.c.token.is_(None), job.c.priority == AGAIN)
    return and_(job.c.kind == JobKind.ANALYSE, is_waiting, is_judged)


def _outdated(selection: Selection) -> Select[tuple[int, str, int]]:
    """Films that were judged, last by another bundle, and that do not wait already."""
    newest = (
        select(func.max(analysis.c.analysis_id).label("analysis_id"))
        .group_by(analysis.c.source_instance_id)
        .subquery()
    )
    is_open = exists().where(
        job.c.instance_id == instance.c.instance_id,
        job.c.kind == JobKind.ANALYSE,
        job.c.state == JobState.READY,
    )
    wanted = (
        select(instance.c.instance_id, instance.c.sop_instance_uid, analysis.c.generation)
        .select_from(
            instance.join(analysis, analysis.c.source_instance_id == instance.c.instance_id).join(
                newest, newest.c.analysis_id == analysis.c.analysis_id
            )
        )
        .where(
            instance.c.role == Role.SOURCE,
            instance.c.variant == 0,
            analysis.c.bundle_digest != selection.digest,
            ~is_open,
        )
    )
    if selection.other_routes:
        wanted = wanted.where(~_went(selection.other_routes))
    if selection.since is not None:
        wanted = wanted.where(instance.c.received_at >= selection.since)
    if selection.until is not None:
        wanted = wanted.where(instance.c.received_at < selection.until)
    return wanted


def _went(routes: tuple[str, ...]) -> ColumnElement[bool]:
    """Whether a film was analysed last by one of these routes."""
    newest = (
        select(func.max(routing.c.routing_id))
        .where(routing.c.instance_id == instance.c.instance_id, routing.c.stage == Stage.ANALYSIS)
        .correlate(instance)
        .scalar_subquery()
    )
    return exists().where(routing.c.routing_id == newest, routing.c.route.in_(routes))
