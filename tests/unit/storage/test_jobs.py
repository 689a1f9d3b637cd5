"""Operators see every job and may retry or cancel it."""

from datetime import timedelta

import pytest

from storage.errors import JobNotChangeable, LeaseLost, NotInLedger
from storage.ledger import Ledger
from storage.queue import (
    bury,
    cancel_job,
    complete,
    counts,
    get_job,
    hurry_jobs,
    list_jobs,
    retry_dead_jobs,
    retry_job,
    retry_later,
)
from storage.values import Claim, Job, JobKind, JobState, QueueCount
from tests.support.ledgers import MINUTE, claim_jobs, queue_jobs
from tests.unit.storage.conftest import HandClock


def dead_job(ledger: Ledger, key: str = "a", **where: object) -> Claim:
    queue_jobs(ledger, key, **where)  # type: ignore[arg-type]
    (claim,) = claim_jobs(ledger, **where)  # type: ignore[arg-type]
    with ledger.begin() as connection:
        bury(connection, claim, "hopeless")
    return claim


def retry(ledger: Ledger, job_id: int) -> Job:
    with ledger.begin() as connection:
        return retry_job(connection, job_id)


def cancel(ledger: Ledger, job_id: int) -> Job:
    with ledger.begin() as connection:
        return cancel_job(connection, job_id)


def test_a_dead_job_is_retried_with_all_its_attempts(ledger: Ledger) -> None:
    job = retry(ledger, dead_job(ledger).job_id)

    assert (job.state, job.attempts, job.finished_at) == (JobState.READY, 0, None)
    assert [each.attempt for each in claim_jobs(ledger)] == [1]


def test_a_job_that_backs_off_may_be_tried_now(ledger: Ledger) -> None:
    queue_jobs(ledger, "a")
    (claim,) = claim_jobs(ledger)
    with ledger.begin() as connection:
        retry_later(connection, claim, "it failed", 60 * MINUTE)
    retry(ledger, claim.job_id)

    assert len(claim_jobs(ledger)) == 1


def test_a_running_job_is_not_retried(ledger: Ledger) -> None:
    queue_jobs(ledger, "a")
    (claim,) = claim_jobs(ledger)

    with pytest.raises(JobNotChangeable, match="running"):
        retry(ledger, claim.job_id)


def test_a_cancelled_job_takes_its_workers_lease(ledger: Ledger) -> None:
    queue_jobs(ledger, "a")
    (claim,) = claim_jobs(ledger)

    assert cancel(ledger, claim.job_id).state is JobState.CANCELLED
    with pytest.raises(LeaseLost), ledger.begin() as connection:
        complete(connection, claim)
    assert claim_jobs(ledger) == []
    assert retry(ledger, claim.job_id).state is JobState.READY


def test_a_done_job_is_neither_cancelled_nor_retried(ledger: Ledger) -> None:
    queue_jobs(ledger, "a")
    (claim,) = claim_jobs(ledger)
    with ledger.begin() as connection:
        complete(connection, claim)

    with pytest.raises(JobNotChangeable, match="is done; there is nothing left to cancel"):
        cancel(ledger, claim.job_id)
    with pytest.raises(JobNotChangeable, match=f"is done.*jobs retry {claim.job_id} --again"):
        retry(ledger, claim.job_id)
    with ledger.begin() as connection:
        assert retry_job(connection, claim.job_id, again=True).state is JobState.READY


def test_a_cancelled_job_is_not_cancelled_again_but_a_dead_one_is(ledger: Ledger) -> None:
    claim = dead_job(ledger)

    assert cancel(ledger, claim.job_id).state is JobState.CANCELLED
    with pytest.raises(JobNotChangeable, match="is cancelled"):
        cancel(ledger, claim.job_id)


def test_all_that_waits_for_a_destination_is_due_when_somebody_is_in_a_hurry(ledger: Ledger) -> None:
    where = {"kind": JobKind.DELIVER, "destination": "ONE"}
    queue_jobs(ledger, "backs off", "runs", **where)  # type: ignore[arg-type]
    waiting, running = claim_jobs(ledger, **where)  # type: ignore[arg-type]
    queue_jobs(ledger, "elsewhere", kind=JobKind.DELIVER, destination="TWO")
    (elsewhere,) = claim_jobs(ledger, kind=JobKind.DELIVER, destination="TWO")
    with ledger.begin() as connection:
        retry_later(connection, waiting, "it failed", 60 * MINUTE)
        retry_later(connection, elsewhere, "it failed", 60 * MINUTE)
        assert hurry_jobs(connection, "ONE") == 1
        complete(connection, running)

    (hurried,) = claim_jobs(ledger, **where)  # type: ignore[arg-type]
    assert (hurried.key, hurried.attempt) == ("backs off", 2)
    assert claim_jobs(ledger, kind=JobKind.DELIVER, destination="TWO") == []


def test_a_job_that_is_not_there_is_said_so(ledger: Ledger) -> None:
    for act in (retry, cancel):
        with pytest.raises(NotInLedger, match="7"):
            act(ledger, 7)


def test_all_dead_jobs_of_a_destination_are_retried_at_once(ledger: Ledger) -> None:
    dead_job(ledger, "a")
    dead_job(ledger, "b", kind=JobKind.DELIVER, destination="ONE")
    dead_job(ledger, "c", kind=JobKind.DELIVER, destination="TWO")

    with ledger.begin() as connection:
        assert [job.key for job in retry_dead_jobs(connection, destination="ONE")] == ["b"]
        assert [job.key for job in retry_dead_jobs(connection, kind=JobKind.ANALYSE)] == ["a"]
        assert [job.state for job in retry_dead_jobs(connection)] == [JobState.READY]
        assert retry_dead_jobs(connection) == []


def test_jobs_are_listed_by_what_they_are(ledger: Ledger) -> None:
    dead = dead_job(ledger)
    queue_jobs(ledger, "b", "c", kind=JobKind.DELIVER, destination="PACS")

    with ledger.read() as connection:
        assert [job.key for job in list_jobs(connection)] == ["c", "b", "a"]
        assert [job.key for job in list_jobs(connection, limit=1)] == ["c"]
        assert [job.job_id for job in list_jobs(connection, state=JobState.DEAD)] == [dead.job_id]
        assert len(list_jobs(connection, kind=JobKind.DELIVER, destination="PACS")) == 2
        assert len(list_jobs(connection, instance_id=dead.instance_id)) == 3
        assert list_jobs(connection, destination="OTHER") == []
        assert get_job(connection, dead.job_id).error == "hopeless"


def test_jobs_are_counted_by_queue_and_state(ledger: Ledger, clock: HandClock) -> None:
    dead_job(ledger)
    queue_jobs(ledger, "b")
    clock.advance(timedelta(seconds=30))
    queue_jobs(ledger, "c", "d")
    claim_jobs(ledger, 1)
    clock.advance(timedelta(seconds=10))
    queue_jobs(ledger, "e", kind=JobKind.DELIVER, destination="PACS")

    with ledger.read() as connection:
        counted = counts(connection)

    ten_seconds = timedelta(seconds=10)
    assert counted == [
        QueueCount(JobKind.ANALYSE, "", JobState.DEAD, 1, 0, None),
        QueueCount(JobKind.ANALYSE, "", JobState.READY, 3, 1, ten_seconds),
        QueueCount(JobKind.DELIVER, "PACS", JobState.READY, 1, 0, timedelta(0)),
    ]
    with ledger.read() as connection:
        assert sum(each.jobs for each in counts(connection)) == len(list_jobs(connection))
