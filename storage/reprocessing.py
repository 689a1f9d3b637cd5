"""Stored films that are judged once more by the bundle that is active now."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, Connection, Select, and_, exists, false, func, or_, select, update

from storage.databases import database_now, insert_new
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
    chosen_at
        When that was chosen; films that a route has kept back since are left alone. None: long ago.
    since, until
        Bounds of the moment of receipt; until does not belong to it.
    other_routes
        Routes that have a bundle of their own: their films are none of the active one's.
    """

    digest: str
    chosen_at: datetime | None = None
    since: datetime | None = None
    until: datetime | None = None
    other_routes: tuple[str, ...] = ()


def count_outdated(connection: Connection, selection: Selection) -> int:
    """Count the films that would be asked for."""
    return connection.scalar(select(func.count()).select_from(_outdated(selection).subquery())) or 0


def find_outdated(
    connection: Connection, selection: Selection, *, before: int | None, limit: int
) -> Sequence[int]:
    """Give the films that would be asked for, the newest first, by their instance numbers.

    Parameters
    ----------
    before
        Only films with smaller numbers; None: all.
    """
    wanted = _outdated(selection).with_only_columns(instance.c.instance_id)
    if before is not None:
        wanted = wanted.where(instance.c.instance_id < before)
    return connection.scalars(wanted.order_by(instance.c.instance_id.desc()).limit(limit)).all()


def count_waiting(connection: Connection) -> int:
    """Count the films that wait to be judged once more."""
    return connection.scalar(select(func.count()).select_from(job).where(_waits_again())) or 0


def ask_again(
    connection: Connection, selection: Selection, films: Sequence[int], *, max_attempts: int
) -> int:
    """Put films back into the queue behind all others; give the number of those that are asked for now.

    Each begins a new generation, so that its results are other instances than all before, dated from now.

    Parameters
    ----------
    films
        As `find_outdated` gave them, perhaps a while ago.
    """
    now = database_now(connection)
    rows = connection.execute(_outdated(selection).where(instance.c.instance_id.in_(films))).all()
    asked = 0
    for film in rows:
        again = {"generation": film.generation + 1, "enqueued_at": now, "run_at": now, **_DUE_LAST}
        mine = and_(job.c.instance_id == film.instance_id, job.c.kind == JobKind.ANALYSE)
        changed = connection.execute(update(job).where(mine, job.c.state.in_(_HAS_ENDED)).values(again))
        asked += changed.rowcount or _ask_anew(
            connection,
            again
            | {
                "kind": JobKind.ANALYSE,
                "destination": "",
                "key": film.sop_instance_uid,
                "instance_id": film.instance_id,
                "max_attempts": max_attempts,
            },
        )
    return asked


_DUE_LAST: Mapping[str, object] = {
    "state": JobState.READY,
    "priority": AGAIN,
    "attempts": 0,
    "finished_at": None,
    "token": None,
    "owner": "",
    "error": "",
}


def _ask_anew(connection: Connection, row: Mapping[str, object]) -> int:
    """Ask for a film whose job was forgotten, unless somebody else did just now."""
    return len(connection.execute(insert_new(connection, job, job.c.job_id), [dict(row)]).all())


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
    of_film = analysis.alias("of_film")
    newest = (
        select(func.max(of_film.c.analysis_id))
        .where(of_film.c.source_instance_id == instance.c.instance_id)
        .correlate(instance)
        .scalar_subquery()
    )
    is_open = exists().where(
        job.c.instance_id == instance.c.instance_id,
        job.c.kind == JobKind.ANALYSE,
        job.c.state == JobState.READY,
    )
    wanted = (
        select(instance.c.instance_id, instance.c.sop_instance_uid, analysis.c.generation)
        .select_from(instance.join(analysis, analysis.c.analysis_id == newest))
        .where(
            instance.c.role == Role.SOURCE,
            instance.c.variant == 0,
            analysis.c.bundle_digest != selection.digest,
            ~is_open,
            ~_went_elsewhere(selection),
        )
    )
    if selection.since is not None:
        wanted = wanted.where(instance.c.received_at >= selection.since)
    if selection.until is not None:
        wanted = wanted.where(instance.c.received_at < selection.until)
    return wanted


def _went_elsewhere(selection: Selection) -> ColumnElement[bool]:
    """Whether the last decision about a film was for a route with its own bundle, or to keep it back."""
    decided = routing.alias("decided")
    newest = (
        select(func.max(decided.c.routing_id))
        .where(decided.c.instance_id == instance.c.instance_id, decided.c.stage == Stage.ANALYSIS)
        .correlate(instance)
        .scalar_subquery()
    )
    was_kept_back = routing.c.decision["process"].as_boolean() == false()
    if selection.chosen_at is not None:
        was_kept_back = and_(was_kept_back, routing.c.decided_at > selection.chosen_at)
    to_others = or_(routing.c.route.in_(selection.other_routes), was_kept_back)
    return exists().where(routing.c.routing_id == newest, to_others)
