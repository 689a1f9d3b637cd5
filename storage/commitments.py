"""Storage commitment (PS3.4 Annex J): which objects a destination was asked to keep, and what it answered.

A COMMIT job is claimed; its transaction is opened and the job postponed, with its token kept, until the
report must have come; then the N-ACTION is sent. The report may reach another process. It ends the jobs of
the objects it names; without it they are due again when the time has passed, and are asked for in a new
transaction.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, Row, func, insert, select, update

from storage.databases import database_now
from storage.instances import get_instances
from storage.jobs import NO_LEASE
from storage.tables import commitment, commitment_member, delivery, job
from storage.values import Claim, JobKind, JobState

_COMMITTED = 0
_PROCESSING_FAILURE = 0x0110
_AT_ONCE = timedelta(0)
_LONGEST_DELAY = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class ClosedCommitment:
    """What a report changed, by SOP Instance UID.

    Attributes
    ----------
    is_known
        False when this node never asked for the transaction; nothing was changed then.
    committed
        The destination keeps these.
    sent_again
        The destination does not keep these; they wait to be delivered anew.
    given_up
        The destination does not keep these, and they were delivered too often already; their COMMIT jobs are
        dead.
    """

    is_known: bool
    committed: tuple[str, ...] = ()
    sent_again: tuple[str, ...] = ()
    given_up: tuple[str, ...] = ()


def open_commitment(connection: Connection, transaction_uid: str, claims: Sequence[Claim]) -> None:
    """Note that the objects of claimed COMMIT jobs are asked for in one transaction.

    Call it in the transaction that postpones the claims, before the N-ACTION is sent: the report may be
    quick.

    Parameters
    ----------
    transaction_uid
        Never used before; the token of the claims will do where they share one.
    claims
        At least one; all of one destination.
    """
    opened = {
        "transaction_uid": transaction_uid,
        "destination": claims[0].destination,
        "opened_at": database_now(connection),
    }
    connection.execute(insert(commitment).values(opened))
    instances = get_instances(connection, [claim.instance_id for claim in claims])
    members = [
        {
            "transaction_uid": transaction_uid,
            "job_id": claim.job_id,
            "instance_id": claim.instance_id,
            "sop_instance_uid": instance.sop_instance_uid,
            "token": claim.token,
        }
        for claim, instance in zip(claims, instances, strict=True)
    ]
    connection.execute(insert(commitment_member), members)


def close_commitment(
    connection: Connection,
    transaction_uid: str,
    committed: Collection[str],
    failed: Mapping[str, int],
    *,
    retry_delay: timedelta = _AT_ONCE,
) -> ClosedCommitment:
    """Take in a storage commitment report (N-EVENT-REPORT).

    A positive answer counts however late it comes, even when the object has been asked for again since. A
    negative one counts only in the newest transaction of its object: the object is then delivered again, and
    its attempts go on counting, so that it cannot go round for ever. A report that comes twice changes
    nothing the second time.

    Parameters
    ----------
    committed, failed
        SOP Instance UIDs; those that failed with their Failure Reason (0008,1197).
    retry_delay
        How long an object waits before it is delivered again after its first failure; the wait doubles with
        each further delivery, up to an hour.
    """
    this = commitment.c.transaction_uid == transaction_uid
    name = connection.scalar(select(commitment.c.destination).where(this).with_for_update())
    if name is None:
        return ClosedCommitment(is_known=False)
    now = database_now(connection)
    connection.execute(update(commitment).where(this).values(reported_at=now))
    outcomes: dict[str, list[str]] = {"committed": [], "sent_again": [], "given_up": []}
    for member in _unreported(connection, transaction_uid):
        if member.sop_instance_uid in failed:
            outcome = _fail(connection, member, failed[member.sop_instance_uid], now, retry_delay)
        elif member.sop_instance_uid in committed:
            outcome = _commit(connection, member, now)
        else:
            continue
        if outcome:
            outcomes[outcome].append(member.sop_instance_uid)
    return ClosedCommitment(is_known=True, **{name: tuple(uids) for name, uids in outcomes.items()})


def _unreported(connection: Connection, transaction_uid: str) -> Sequence[Row[*tuple[Any, ...]]]:
    return connection.execute(
        select(*commitment_member.c, commitment.c.destination)
        .join_from(commitment_member, commitment)
        .where(
            commitment_member.c.transaction_uid == transaction_uid,
            commitment_member.c.failure_reason.is_(None),
        )
    ).all()


def _commit(connection: Connection, member: Row[*tuple[Any, ...]], now: datetime) -> str | None:
    _note_report(connection, member, _COMMITTED)
    done = {"state": JobState.DONE, "finished_at": now, "error": "", **NO_LEASE}
    asked = (job.c.job_id == member.job_id) & job.c.state.in_((JobState.READY, JobState.DEAD))
    if not connection.execute(update(job).where(asked).values(done)).rowcount:
        return None
    delivered = (delivery.c.instance_id == member.instance_id, delivery.c.destination == member.destination)
    latest = select(func.max(delivery.c.delivery_id)).where(*delivered).scalar_subquery()
    connection.execute(update(delivery).where(delivery.c.delivery_id == latest).values(committed_at=now))
    return "committed"


def _fail(
    connection: Connection,
    member: Row[*tuple[Any, ...]],
    reason: int,
    now: datetime,
    retry_delay: timedelta,
) -> str | None:
    _note_report(connection, member, reason or _PROCESSING_FAILURE)
    error = f"the destination did not commit to the object (failure reason 0x{reason:04X})"
    newest = (job.c.job_id == member.job_id) & (job.c.state == JobState.READY) & (job.c.token == member.token)
    key = connection.scalar(select(job.c.key).where(newest).with_for_update())
    if key is None:
        return None
    outcome = _deliver_again(connection, (member.destination, key), error, now, retry_delay)
    state = JobState.CANCELLED if outcome == "sent_again" else JobState.DEAD
    ended = {"state": state, "finished_at": now, "error": error, **NO_LEASE}
    connection.execute(update(job).where(newest).values(ended))
    return outcome


def _deliver_again(
    connection: Connection, which: tuple[str, str], error: str, now: datetime, retry_delay: timedelta
) -> str:
    """Open the DELIVER job of a destination and key again, unless it is open; its attempts stay counted.

    The key, not the object, tells the job: what was sent may have stood in for another object.
    """
    found = connection.execute(
        select(job.c.job_id, job.c.state, job.c.attempts, job.c.max_attempts)
        .where(job.c.kind == JobKind.DELIVER, job.c.destination == which[0], job.c.key == which[1])
        .with_for_update()
    ).one_or_none()
    if found is None or (found.state != JobState.READY and found.attempts >= found.max_attempts):
        return "given_up"
    if found.state != JobState.READY:
        delay = min(_LONGEST_DELAY, retry_delay * 2 ** min(max(found.attempts, 1) - 1, 16))
        values = {"run_at": now + delay, "finished_at": None, "error": error, **NO_LEASE}
        again = update(job).where(job.c.job_id == found.job_id).values(state=JobState.READY, **values)
        connection.execute(again)
    return "sent_again"


def _note_report(connection: Connection, member: Row[*tuple[Any, ...]], failure_reason: int) -> None:
    this = (
        commitment_member.c.transaction_uid == member.transaction_uid,
        commitment_member.c.job_id == member.job_id,
    )
    connection.execute(update(commitment_member).where(*this).values(failure_reason=failure_reason))
