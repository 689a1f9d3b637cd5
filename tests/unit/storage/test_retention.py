"""Old rows are forgotten, and only those that nothing open may still need."""

from datetime import timedelta

from sqlalchemy import func, select

from storage.commitments import close_commitment, open_commitment
from storage.events import DRIFT_EVENT, add_event, list_events
from storage.instances import add_instance
from storage.ledger import Ledger
from storage.queue import bury, cancel_job, complete, enqueue, list_jobs, settle
from storage.retention import forget_events, forget_jobs
from storage.tables import commitment, commitment_member
from storage.values import Claim, JobKind, JobState, NewJob, Role
from tests.support.ledgers import MINUTE, add, claim_jobs, file_of, queue_jobs, received
from tests.unit.storage.conftest import HandClock

PACS = "PACS"


def keys(ledger: Ledger) -> list[str]:
    with ledger.read() as connection:
        return sorted(job.key for job in list_jobs(connection, limit=10_000))


def finish(ledger: Ledger, *claims: Claim) -> None:
    with ledger.begin() as connection:
        for claim in claims:
            complete(connection, claim)


def deliver(ledger: Ledger, number: int = 1) -> Claim:
    """Deliver an object and claim its COMMIT job."""
    with ledger.begin() as connection:
        instance_id = add(connection, number).instance_id
        enqueue(connection, [NewJob(JobKind.DELIVER, f"object {number}", instance_id, PACS)])
    finish(ledger, *claim_jobs(ledger, kind=JobKind.DELIVER, destination=PACS))
    with ledger.begin() as connection:
        enqueue(connection, [NewJob(JobKind.COMMIT, f"object {number}", instance_id, PACS)])
    (claim,) = claim_jobs(ledger, kind=JobKind.COMMIT, destination=PACS)
    return claim


def test_only_what_ended_before_the_moment_is_forgotten(ledger: Ledger, clock: HandClock) -> None:
    queue_jobs(ledger, "old", "dead", "cancelled", "open")
    old, dead, cancelled, _ = claim_jobs(ledger, 4)
    finish(ledger, old)
    with ledger.begin() as connection:
        bury(connection, dead, "hopeless")
        cancel_job(connection, cancelled.job_id)
    clock.advance(MINUTE)
    cutoff = clock()
    queue_jobs(ledger, "new")
    finish(ledger, *[claim for claim in claim_jobs(ledger) if claim.key == "new"])

    assert forget_jobs(ledger, cutoff) == 2
    assert keys(ledger) == ["dead", "new", "open"]
    assert forget_jobs(ledger, cutoff) == 0


def test_a_film_whose_job_was_forgotten_is_still_known(ledger: Ledger, clock: HandClock) -> None:
    queue_jobs(ledger, "a")
    finish(ledger, *claim_jobs(ledger))
    clock.advance(MINUTE)
    forget_jobs(ledger, clock())

    with ledger.begin() as connection:
        again = add_instance(connection, received(), file_of(received()), Role.SOURCE)
    assert not again.is_new


def test_a_delivery_is_kept_while_its_commitment_is_open(ledger: Ledger, clock: HandClock) -> None:
    claim = deliver(ledger)
    with ledger.begin() as connection:
        open_commitment(connection, claim.token, [claim])
    clock.advance(MINUTE)

    assert forget_jobs(ledger, clock()) == 0
    with ledger.begin() as connection:
        closed = close_commitment(connection, claim.token, set(), {"1.2.3.1.1.1": 0x0110})
    assert closed.sent_again == ("1.2.3.1.1.1",)


def test_a_delivery_is_kept_while_its_commitment_is_a_dead_letter(ledger: Ledger, clock: HandClock) -> None:
    claim = deliver(ledger)
    with ledger.begin() as connection:
        bury(connection, claim, "no report came")
    clock.advance(MINUTE)

    assert forget_jobs(ledger, clock()) == 0


def test_transactions_go_with_their_jobs(ledger: Ledger, clock: HandClock) -> None:
    one, other = deliver(ledger, 1), deliver(ledger, 2)
    for claim in (one, other):
        with ledger.begin() as connection:
            open_commitment(connection, claim.token, [claim])
    with ledger.begin() as connection:
        close_commitment(connection, one.token, {"1.2.3.1.1.1"}, {})
    clock.advance(MINUTE)

    assert forget_jobs(ledger, clock()) == 2
    with ledger.read() as connection:
        assert connection.scalars(select(commitment.c.transaction_uid)).all() == [other.token]
        assert connection.scalar(select(func.count()).select_from(commitment_member)) == 1


def test_what_was_stored_and_not_committed_is_forgotten(ledger: Ledger, clock: HandClock) -> None:
    claim = deliver(ledger)
    with ledger.begin() as connection:
        settle(connection, claim, "stored, not committed")
    with ledger.read() as connection:
        (job,) = list_jobs(connection, kind=JobKind.COMMIT)
    assert (job.state, job.error, job.running) == (JobState.UNCOMMITTED, "stored, not committed", False)
    clock.advance(MINUTE)

    assert forget_jobs(ledger, clock()) == 2


def test_rows_are_forgotten_in_portions_the_oldest_first(ledger: Ledger, clock: HandClock) -> None:
    queue_jobs(ledger, *"abc")
    finish(ledger, *claim_jobs(ledger))
    for number in range(3):
        with ledger.begin() as connection:
            add_event(connection, "received", subject=str(number))
    clock.advance(MINUTE)

    assert [forget_jobs(ledger, clock(), 2), keys(ledger)] == [2, ["c"]]
    assert [forget_jobs(ledger, clock(), 2) for _ in range(2)] == [1, 0]
    assert [forget_events(ledger, clock(), 2) for _ in range(3)] == [2, 1, 0]


def test_the_moment_itself_is_kept(ledger: Ledger, clock: HandClock) -> None:
    with ledger.begin() as connection:
        add_event(connection, "received", subject="1.2.3")

    assert forget_events(ledger, clock()) == 0
    assert forget_events(ledger, clock() + timedelta(microseconds=1)) == 1


def test_drift_that_was_told_is_never_forgotten(ledger: Ledger, clock: HandClock) -> None:
    with ledger.begin() as connection:
        for what in (DRIFT_EVENT, "received"):
            add_event(connection, what, subject="2026-01-05 to 2026-01-11")
    clock.advance(timedelta(days=1000))

    assert [forget_events(ledger, clock()) for _ in range(2)] == [1, 0]
    with ledger.read() as connection:
        assert [each.what for each in list_events(connection)] == [DRIFT_EVENT]
