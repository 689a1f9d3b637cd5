"""A delivered object is asked to be kept, until the destination says that it keeps it."""

from datetime import timedelta

from storage.commitments import ClosedCommitment, close_commitment, open_commitment
from storage.deliveries import deliveries_of, record_delivery
from storage.ledger import Ledger
from storage.queue import cancel_job, complete, enqueue, list_jobs, postpone, retry_job, retry_later
from storage.values import Claim, Job, JobKind, JobState, NewJob
from tests.support.ledgers import MINUTE, add, claim_jobs
from tests.unit.storage.conftest import HandClock

PACS = "PACS"
TIMEOUT = 60 * MINUTE
NO_SUCH_INSTANCE = 0x0112


def uid(number: int) -> str:
    return f"1.2.3.{number}.1.1"


def deliver(ledger: Ledger, *numbers: int, max_attempts: int = 3) -> None:
    """Queue objects for delivery and deliver what is due, as the deliverer does."""
    with ledger.begin() as connection:
        for number in numbers:
            instance_id = add(connection, number).instance_id
            enqueue(connection, [NewJob(JobKind.DELIVER, uid(number), instance_id, PACS, 0, max_attempts)])
    while claims := claim_jobs(ledger, kind=JobKind.DELIVER, destination=PACS):
        with ledger.begin() as connection:
            for claim in claims:
                record_delivery(connection, claim.instance_id, PACS, 0x0000)
                complete(connection, claim)
                job = NewJob(JobKind.COMMIT, claim.key, claim.instance_id, PACS, 0, max_attempts)
                assert enqueue(connection, [job]) == 1


def ask(ledger: Ledger) -> tuple[str, list[Claim]]:
    """Ask for the commitment of what is due, as the committer does."""
    claims = claim_jobs(ledger, kind=JobKind.COMMIT, destination=PACS)
    with ledger.begin() as connection:
        open_commitment(connection, claims[0].token, claims)
        for claim in claims:
            postpone(connection, claim, TIMEOUT, error="no report came")
    return claims[0].token, claims


def report(
    ledger: Ledger, transaction_uid: str, committed: set[str], failed: dict[str, int] | None = None
) -> ClosedCommitment:
    with ledger.begin() as connection:
        return close_commitment(connection, transaction_uid, committed, failed or {})


def jobs(ledger: Ledger, kind: JobKind) -> dict[str, Job]:
    with ledger.read() as connection:
        return {job.key: job for job in list_jobs(connection, kind=kind)}


def is_committed(ledger: Ledger, number: int) -> bool:
    job = jobs(ledger, JobKind.COMMIT)[uid(number)]
    with ledger.read() as connection:
        latest = deliveries_of(connection, job.instance_id)[-1]
    assert (job.state is JobState.DONE) is (latest.committed_at is not None)
    return latest.committed_at is not None


def test_a_positive_report_ends_the_jobs(ledger: Ledger, clock: HandClock) -> None:
    deliver(ledger, 1, 2)
    transaction_uid, claims = ask(ledger)
    clock.advance(30 * MINUTE)

    assert len(claims) == 2
    assert report(ledger, transaction_uid, {uid(1), uid(2)}) == ClosedCommitment(
        is_known=True, committed=(uid(1), uid(2))
    )
    assert is_committed(ledger, 1)
    assert is_committed(ledger, 2)
    with ledger.read() as connection:
        assert deliveries_of(connection, claims[0].instance_id)[0].committed_at == clock()


def test_an_unknown_transaction_changes_nothing(ledger: Ledger) -> None:
    deliver(ledger, 1)
    ask(ledger)

    assert report(ledger, "2.25.1", {uid(1)}) == ClosedCommitment(is_known=False)
    assert not is_committed(ledger, 1)


def test_a_report_that_comes_twice_counts_once(ledger: Ledger) -> None:
    deliver(ledger, 1)
    transaction_uid, _ = ask(ledger)
    report(ledger, transaction_uid, {uid(1)})

    assert report(ledger, transaction_uid, {uid(1)}) == ClosedCommitment(is_known=True)
    assert report(ledger, transaction_uid, set(), {uid(1): 0x0110}) == ClosedCommitment(is_known=True)
    assert is_committed(ledger, 1)


def test_an_object_that_the_destination_lacks_is_delivered_again(ledger: Ledger) -> None:
    deliver(ledger, 1, 2)
    transaction_uid, _ = ask(ledger)

    assert report(ledger, transaction_uid, {uid(1)}, {uid(2): NO_SUCH_INSTANCE}) == ClosedCommitment(
        is_known=True, committed=(uid(1),), sent_again=(uid(2),)
    )
    delivering = jobs(ledger, JobKind.DELIVER)[uid(2)]
    assert (delivering.state, delivering.attempts) == (JobState.READY, 1)
    assert "0x0112" in delivering.error
    assert jobs(ledger, JobKind.COMMIT)[uid(2)].state is JobState.CANCELLED
    assert jobs(ledger, JobKind.DELIVER)[uid(1)].state is JobState.DONE


def test_what_was_delivered_again_is_asked_for_again(ledger: Ledger) -> None:
    deliver(ledger, 1)
    first, _ = ask(ledger)
    report(ledger, first, set(), {uid(1): NO_SUCH_INSTANCE})
    deliver(ledger)
    second, _ = ask(ledger)

    assert second != first
    assert report(ledger, second, {uid(1)}).committed == (uid(1),)
    assert is_committed(ledger, 1)


def test_an_object_that_is_never_kept_does_not_go_round_for_ever(ledger: Ledger) -> None:
    deliver(ledger, 1, max_attempts=3)
    outcomes = []
    while jobs(ledger, JobKind.COMMIT)[uid(1)].state is JobState.READY:
        transaction_uid, _ = ask(ledger)
        outcomes.append(report(ledger, transaction_uid, set(), {uid(1): NO_SUCH_INSTANCE}))
        deliver(ledger)

    assert [bool(outcome.sent_again) for outcome in outcomes] == [True, True, False]
    assert outcomes[-1].given_up == (uid(1),)
    dead = jobs(ledger, JobKind.COMMIT)[uid(1)]
    assert dead.state is JobState.DEAD
    assert "0x0112" in dead.error


def test_without_a_report_the_object_is_asked_for_in_a_new_transaction(
    ledger: Ledger, clock: HandClock
) -> None:
    deliver(ledger, 1)
    first, _ = ask(ledger)
    clock.advance(TIMEOUT - timedelta(seconds=1))
    assert claim_jobs(ledger, kind=JobKind.COMMIT, destination=PACS) == []
    clock.advance(timedelta(seconds=1))
    second, (claim,) = ask(ledger)

    assert second != first
    assert claim.attempt == 2
    assert report(ledger, second, {uid(1)}).committed == (uid(1),)


def test_what_no_report_named_is_asked_for_again_together(ledger: Ledger, clock: HandClock) -> None:
    deliver(ledger, 1, 2, 3)
    ask(ledger)
    clock.advance(TIMEOUT)

    _, claims = ask(ledger)
    assert [claim.attempt for claim in claims] == [2, 2, 2]


def test_an_operator_may_ask_before_the_report_is_due(ledger: Ledger) -> None:
    deliver(ledger, 1)
    first, (claim,) = ask(ledger)
    with ledger.begin() as connection:
        assert jobs(ledger, JobKind.COMMIT)[uid(1)].standing == "awaits report"
        retry_job(connection, claim.job_id)
    second, _ = ask(ledger)

    assert second != first
    assert report(ledger, first, {uid(1)}).committed == (uid(1),)


def test_a_destination_that_never_reports_leaves_a_dead_job_with_the_reason(
    ledger: Ledger, clock: HandClock
) -> None:
    deliver(ledger, 1, max_attempts=2)
    for _ in range(2):
        ask(ledger)
        clock.advance(TIMEOUT)

    assert claim_jobs(ledger, kind=JobKind.COMMIT, destination=PACS) == []
    job = jobs(ledger, JobKind.COMMIT)[uid(1)]
    assert (job.state, job.error) == (JobState.DEAD, "no report came")


def test_a_late_positive_report_still_counts(ledger: Ledger, clock: HandClock) -> None:
    deliver(ledger, 1)
    first, _ = ask(ledger)
    clock.advance(TIMEOUT)
    second, _ = ask(ledger)

    assert report(ledger, first, {uid(1)}).committed == (uid(1),)
    assert is_committed(ledger, 1)
    assert report(ledger, second, set(), {uid(1): 0x0110}) == ClosedCommitment(is_known=True)
    assert is_committed(ledger, 1)


def test_a_positive_report_revives_a_dead_job(ledger: Ledger, clock: HandClock) -> None:
    deliver(ledger, 1, max_attempts=1)
    transaction_uid, _ = ask(ledger)
    clock.advance(TIMEOUT)
    assert claim_jobs(ledger, kind=JobKind.COMMIT, destination=PACS) == []

    assert report(ledger, transaction_uid, {uid(1)}).committed == (uid(1),)
    assert is_committed(ledger, 1)


def test_a_late_negative_report_does_not_disturb_a_newer_transaction(
    ledger: Ledger, clock: HandClock
) -> None:
    deliver(ledger, 1)
    first, _ = ask(ledger)
    clock.advance(TIMEOUT)
    second, _ = ask(ledger)

    assert report(ledger, first, set(), {uid(1): 0x0110}) == ClosedCommitment(is_known=True)
    assert jobs(ledger, JobKind.COMMIT)[uid(1)].running
    assert report(ledger, second, {uid(1)}).committed == (uid(1),)


def test_a_cancelled_job_stays_cancelled(ledger: Ledger) -> None:
    deliver(ledger, 1)
    transaction_uid, (claim,) = ask(ledger)
    with ledger.begin() as connection:
        cancel_job(connection, claim.job_id)

    assert report(ledger, transaction_uid, {uid(1)}) == ClosedCommitment(is_known=True)
    assert jobs(ledger, JobKind.COMMIT)[uid(1)].state is JobState.CANCELLED


def test_an_object_that_the_report_leaves_out_waits_on(ledger: Ledger) -> None:
    deliver(ledger, 1, 2)
    transaction_uid, _ = ask(ledger)
    report(ledger, transaction_uid, {uid(1)})

    assert jobs(ledger, JobKind.COMMIT)[uid(2)].running
    assert report(ledger, transaction_uid, {uid(2)}).committed == (uid(2),)


def test_an_object_reported_both_ways_is_not_kept(ledger: Ledger) -> None:
    deliver(ledger, 1)
    transaction_uid, _ = ask(ledger)

    assert report(ledger, transaction_uid, {uid(1)}, {uid(1): 0}).sent_again == (uid(1),)
    assert not is_committed(ledger, 1)


def test_a_request_that_could_not_be_sent_is_repeated_later(ledger: Ledger) -> None:
    deliver(ledger, 1)
    first, (claim,) = ask(ledger)
    with ledger.begin() as connection:
        retry_later(connection, claim, "association refused", timedelta(0))
    second, _ = ask(ledger)

    assert second != first


def test_a_failed_object_is_delivered_again_only_after_the_delay(ledger: Ledger, clock: HandClock) -> None:
    deliver(ledger, 1)
    transaction_uid, _ = ask(ledger)
    with ledger.begin() as connection:
        close_commitment(connection, transaction_uid, set(), {uid(1): 0x0213}, retry_delay=MINUTE)

    assert claim_jobs(ledger, kind=JobKind.DELIVER, destination=PACS) == []
    clock.advance(MINUTE)
    assert len(claim_jobs(ledger, kind=JobKind.DELIVER, destination=PACS)) == 1


def test_the_delay_grows_with_each_delivery_that_is_not_kept(ledger: Ledger, clock: HandClock) -> None:
    deliver(ledger, 1)
    delays = []
    for _ in range(2):
        transaction_uid, _ = ask(ledger)
        with ledger.begin() as connection:
            close_commitment(connection, transaction_uid, set(), {uid(1): 0x0213}, retry_delay=MINUTE)
        delays.append(jobs(ledger, JobKind.DELIVER)[uid(1)].run_at - clock())
        assert jobs(ledger, JobKind.COMMIT)[uid(1)].finished_at == clock()
        clock.advance(delays[-1])
        deliver(ledger)

    assert delays == [MINUTE, 2 * MINUTE]


def test_a_stand_in_that_is_not_kept_is_delivered_again(ledger: Ledger) -> None:
    deliver(ledger, 1)
    with ledger.begin() as connection:
        stand_in = add(connection, 2)
        (commit,) = list_jobs(connection, kind=JobKind.COMMIT)
        cancel_job(connection, commit.job_id)
        enqueue(connection, [NewJob(JobKind.COMMIT, uid(1), stand_in.instance_id, PACS)])
    transaction_uid, (claim,) = ask(ledger)

    assert claim.instance_id == stand_in.instance_id
    assert report(ledger, transaction_uid, set(), {uid(2): NO_SUCH_INSTANCE}).sent_again == (uid(2),)
    assert jobs(ledger, JobKind.DELIVER)[uid(1)].state is JobState.READY


def test_a_failed_object_that_an_operator_sends_again_already_waits_for_that(ledger: Ledger) -> None:
    deliver(ledger, 1)
    transaction_uid, _ = ask(ledger)
    with ledger.begin() as connection:
        (delivering,) = list_jobs(connection, kind=JobKind.DELIVER)
        retry_job(connection, delivering.job_id, again=True)

    assert report(ledger, transaction_uid, set(), {uid(1): NO_SUCH_INSTANCE}).sent_again == (uid(1),)
    assert jobs(ledger, JobKind.DELIVER)[uid(1)].attempts == 0
    deliver(ledger)
    second, _ = ask(ledger)
    assert report(ledger, second, {uid(1)}).committed == (uid(1),)
