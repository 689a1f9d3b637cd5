"""Admits a received film to the queue, with all that is kept of its receipt."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta

from sqlalchemy import Connection

from storage.analyses import latest_analysis
from storage.films import add_exposure
from storage.instances import Added
from storage.queue import enqueue
from storage.routing import Stage, add_routing, latest_routing
from storage.values import JobKind, NewJob


@dataclass(frozen=True, slots=True)
class Admission:
    """What becomes of a received film.

    Attributes
    ----------
    is_queued
        False: it is kept, and nothing else.
    delay
        How long its job is not yet due.
    exposure
        Facts that are kept of its exposure.
    route, decision
        Which route won, and why; a decision of None is not kept.
    """

    is_queued: bool
    priority: int
    max_attempts: int
    delay: timedelta
    exposure: Mapping[str, object]
    route: str
    decision: Mapping[str, object] | None


def admit(connection: Connection, added: Added, admission: Admission) -> None:
    """Queue a film that is new, or that was kept back before and now is not; leave any other alone."""
    film = added.instance
    if added.is_new:
        add_exposure(connection, film.instance_id, admission.exposure)
    elif not (admission.is_queued and _was_kept_back(connection, film.instance_id)):
        return
    if admission.decision is not None:
        add_routing(connection, film.instance_id, Stage.RECEIPT, admission.route, admission.decision)
    if admission.is_queued:
        job = NewJob(
            kind=JobKind.ANALYSE,
            key=film.sop_instance_uid,
            instance_id=film.instance_id,
            priority=admission.priority,
            max_attempts=admission.max_attempts,
            delay=admission.delay,
        )
        enqueue(connection, [job])


def _was_kept_back(connection: Connection, instance_id: int) -> bool:
    record = latest_routing(connection, instance_id, Stage.RECEIPT)
    is_kept_back = record is not None and record.decision.get("process") is False
    return is_kept_back and latest_analysis(connection, instance_id) is None
