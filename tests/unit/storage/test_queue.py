"""Jobs are claimed under leases; nothing is lost, nothing is finished twice, nobody starves."""

from collections import Counter
from collections.abc import Callable
from datetime import timedelta
from uuid import UUID

import pytest
from sqlalchemy import ColumnElement, Connection

from storage.claiming import _due, _Queue
from storage.errors import LeaseLost, ValueRefused
from storage.jobs import IS_FRESH, IS_RETRIED
from storage.ledger import Ledger
from storage.queue import (
    WORKER_DIED,
    bury,
    complete,
    enqueue,
    extend,
    get_job,
    list_jobs,
    postpone,
    release,
    release_owned,
    retry_later,
)
from storage.values import Claim, Job, JobKind, JobState, NewJob
from tests.support.ledgers import MINUTE, add, claim_jobs, explain, queue_jobs
from tests.unit.storage.conftest import HandClock

SECOND = timedelta(seconds=1)


def keys(claims: list[Claim]) -> list[str]:
    return [each.key for each in claims]


def job_of(ledger: Ledger, claim: Claim) -> Job:
    with ledger.read() as connection:
        return get_job(connection, claim.job_id)


def finish(ledger: Ledger, claim: Claim) -> None:
    with ledger.begin() as connection:
        complete(connection, claim)


def fail(ledger: Ledger, claim: Claim, delay: timedelta = timedelta(0)) -> JobState:
    with ledger.begin() as connection:
        return retry_later(connection, claim, "it failed", delay)


def test_work_is_queued_once_for_ever(ledger: Ledger) -> None:
    assert queue_jobs(ledger, "a", "b", "a") == 2
    assert queue_jobs(ledger, "a") == 0
    (claim, _) = claim_jobs(ledger)
    finish(ledger, claim)
    assert queue_jobs(ledger, "a", "c") == 1
    assert queue_jobs(ledger) == 0


def test_the_same_key_may_go_to_several_destinations(ledger: Ledger) -> None:
    assert queue_jobs(ledger, "a", kind=JobKind.DELIVER, destination="ONE") == 1
    assert queue_jobs(ledger, "a", kind=JobKind.DELIVER, destination="TWO") == 1

    assert keys(claim_jobs(ledger, kind=JobKind.DELIVER, destination="ONE")) == ["a"]
    assert claim_jobs(ledger, kind=JobKind.DELIVER, destination="ONE") == []
    assert claim_jobs(ledger) == []


def test_claims_come_in_the_order_of_arrival(ledger: Ledger) -> None:
    queue_jobs(ledger, "a", "b", "c")

    assert keys(claim_jobs(ledger, 2)) == ["a", "b"]
    assert keys(claim_jobs(ledger, 2)) == ["c"]
    assert claim_jobs(ledger, 2) == []


def test_a_claim_says_what_it_is(ledger: Ledger, clock: HandClock) -> None:
    queue_jobs(ledger, "a", max_attempts=3)
    (claim,) = claim_jobs(ledger)

    assert claim.attempt == 1
    assert claim.max_attempts == 3
    assert claim.lease_expires_at == clock() + MINUTE
    job = job_of(ledger, claim)
    assert job.running
    assert job.owner == "host:1"


def test_a_token_is_a_uid(ledger: Ledger) -> None:
    queue_jobs(ledger, "a", "b")
    first, second = claim_jobs(ledger)

    assert first.token == second.token
    root, number = first.token.rsplit(".", 1)
    assert root == "2.25"
    assert UUID(int=int(number)).version == 4
    assert len(first.token) <= 64


def test_stat_overtakes_a_backlog(ledger: Ledger) -> None:
    queue_jobs(ledger, *(f"campaign {number}" for number in range(20)), priority=-10)
    queue_jobs(ledger, *(f"ordinary {number}" for number in range(20)))
    queue_jobs(ledger, "stat", priority=10)

    assert keys(claim_jobs(ledger, 2)) == ["stat", "ordinary 0"]


def test_stat_overtakes_what_is_retried(ledger: Ledger) -> None:
    queue_jobs(ledger, "a")
    (claim,) = claim_jobs(ledger)
    fail(ledger, claim)
    queue_jobs(ledger, "stat 1", priority=10)
    queue_jobs(ledger, "stat 2", priority=10)

    assert keys(claim_jobs(ledger, 1)) == ["stat 1"]
    assert keys(claim_jobs(ledger, 1)) == ["stat 2"]
    assert keys(claim_jobs(ledger, 1)) == ["a"]


def test_an_expired_lease_gives_the_job_to_the_next_worker(ledger: Ledger, clock: HandClock) -> None:
    queue_jobs(ledger, "a")
    claim_jobs(ledger)
    clock.advance(MINUTE - SECOND)
    assert claim_jobs(ledger) == []
    clock.advance(SECOND)
    (second,) = claim_jobs(ledger, owner="host:2")

    assert (second.key, second.attempt) == ("a", 2)


def test_an_extended_lease_holds(ledger: Ledger, clock: HandClock) -> None:
    queue_jobs(ledger, "a", "b")
    claims = claim_jobs(ledger)
    clock.advance(MINUTE - SECOND)
    finish(ledger, claims[0])

    assert extend(ledger, claims, MINUTE) == 1
    clock.advance(MINUTE - SECOND)
    assert claim_jobs(ledger) == []
    clock.advance(SECOND)
    assert keys(claim_jobs(ledger)) == ["b"]


def test_a_zombie_changes_nothing(ledger: Ledger, clock: HandClock) -> None:
    queue_jobs(ledger, "a")
    (zombie,) = claim_jobs(ledger)
    clock.advance(MINUTE)
    (winner,) = claim_jobs(ledger, owner="host:2")
    before = job_of(ledger, winner)

    assert extend(ledger, [zombie], MINUTE) == 0
    assert release(ledger, [zombie]) == 0
    writes: list[Callable[[Connection], object]] = [
        lambda connection: complete(connection, zombie),
        lambda connection: bury(connection, zombie, "x"),
        lambda connection: retry_later(connection, zombie, "x", MINUTE),
        lambda connection: postpone(connection, zombie, MINUTE),
        lambda connection: postpone(connection, zombie, MINUTE, keep_token=False),
    ]
    for write in writes:
        with pytest.raises(LeaseLost, match=str(zombie.job_id)), ledger.begin() as connection:
            write(connection)
    assert job_of(ledger, winner) == before
    finish(ledger, winner)
    assert job_of(ledger, winner).state is JobState.DONE


def test_a_late_worker_whose_lease_nobody_took_may_finish(ledger: Ledger, clock: HandClock) -> None:
    queue_jobs(ledger, "a")
    (claim,) = claim_jobs(ledger)
    clock.advance(10 * MINUTE)
    finish(ledger, claim)

    assert job_of(ledger, claim).state is JobState.DONE


def test_what_lost_its_lease_takes_the_whole_transaction_back(ledger: Ledger, clock: HandClock) -> None:
    queue_jobs(ledger, "a")
    (zombie,) = claim_jobs(ledger)
    clock.advance(MINUTE)
    claim_jobs(ledger)

    def conclude() -> None:
        with ledger.begin() as connection:
            add(connection, 2)
            complete(connection, zombie)

    with pytest.raises(LeaseLost):
        conclude()
    with ledger.begin() as connection:
        assert add(connection, 2).variant == 0


def test_a_job_is_finished_once(ledger: Ledger) -> None:
    queue_jobs(ledger, "a")
    (claim,) = claim_jobs(ledger)
    finish(ledger, claim)

    with pytest.raises(LeaseLost):
        finish(ledger, claim)


def test_a_failed_job_backs_off_and_is_tried_again(ledger: Ledger, clock: HandClock) -> None:
    queue_jobs(ledger, "a")
    (claim,) = claim_jobs(ledger)

    assert fail(ledger, claim, MINUTE) is JobState.READY
    job = job_of(ledger, claim)
    assert (job.error, job.running, job.run_at) == ("it failed", False, clock() + MINUTE)
    assert claim_jobs(ledger) == []
    clock.advance(MINUTE)
    assert [each.attempt for each in claim_jobs(ledger)] == [2]


def test_a_job_that_fails_too_often_is_dead_with_its_reason(ledger: Ledger) -> None:
    queue_jobs(ledger, "a", max_attempts=2)
    (first,) = claim_jobs(ledger)
    fail(ledger, first)
    (second,) = claim_jobs(ledger)

    assert fail(ledger, second) is JobState.DEAD
    job = job_of(ledger, second)
    assert (job.state, job.error) == (JobState.DEAD, "it failed")
    assert job.finished_at is not None
    assert claim_jobs(ledger) == []


def test_a_hopeless_job_is_dead_at_once(ledger: Ledger) -> None:
    queue_jobs(ledger, "a")
    (claim,) = claim_jobs(ledger)
    with ledger.begin() as connection:
        bury(connection, claim, "the PACS will never take it\0")

    job = job_of(ledger, claim)
    assert (job.state, job.error) == (JobState.DEAD, "the PACS will never take it")


def test_a_poison_job_dies_alone(ledger: Ledger, clock: HandClock) -> None:
    names = [f"good {number}" for number in range(20)]
    queue_jobs(ledger, *names[:3], "poison", *names[3:], max_attempts=4)
    repeats: Counter[str] = Counter()
    while claims := claim_jobs(ledger):
        repeats.update(keys(claims))
        assert repeats["poison"] <= 4, "it goes round for ever"
        if "poison" not in keys(claims):
            for claim in claims:
                finish(ledger, claim)
        else:
            clock.advance(MINUTE)  # its worker died, and the batch with it

    with ledger.read() as connection:
        jobs = {job.key: job for job in list_jobs(connection)}
    assert {name for name, job in jobs.items() if job.state is JobState.DONE} == set(names)
    assert (jobs["poison"].state, jobs["poison"].error) == (JobState.DEAD, WORKER_DIED)
    assert repeats["poison"] == 4
    assert max(repeats[name] for name in names) == 2
    assert sum(repeats[name] == 2 for name in names) == 7


def test_the_last_known_error_of_a_buried_job_is_kept(ledger: Ledger, clock: HandClock) -> None:
    queue_jobs(ledger, "a", max_attempts=2)
    (first,) = claim_jobs(ledger)
    fail(ledger, first)
    (second,) = claim_jobs(ledger)
    clock.advance(MINUTE)

    assert claim_jobs(ledger) == []
    job = job_of(ledger, second)
    assert (job.state, job.error, job.attempts) == (JobState.DEAD, "it failed", 2)


def test_new_and_retried_jobs_take_turns(ledger: Ledger) -> None:
    queue_jobs(ledger, "r1", "r2")
    for claim in claim_jobs(ledger):
        fail(ledger, claim)
    queue_jobs(ledger, *(f"n{number}" for number in range(6)))

    batches = [keys(claim_jobs(ledger, 2)) for _ in range(5)]

    assert batches == [["r1"], ["n0", "n1"], ["r2"], ["n2", "n3"], ["n4", "n5"]]


def test_jobs_handed_back_are_due_at_once_and_untried(ledger: Ledger) -> None:
    queue_jobs(ledger, "a", "b", "c")
    claims = claim_jobs(ledger)
    finish(ledger, claims[0])

    assert release(ledger, claims) == 2
    again = claim_jobs(ledger)
    assert keys(again) == ["b", "c"]
    assert {each.attempt for each in again} == {1}


def test_nothing_to_hand_back_or_extend_is_no_error(ledger: Ledger) -> None:
    assert release(ledger, []) == 0
    assert extend(ledger, [], MINUTE) == 0


def test_a_restarted_worker_does_not_wait_for_its_own_leases(ledger: Ledger) -> None:
    queue_jobs(ledger, "a", "b")
    claim_jobs(ledger, 1, owner="host:1")
    claim_jobs(ledger, 1, owner="host:2")

    assert release_owned(ledger, "host:1") == 1
    (claim,) = claim_jobs(ledger)
    assert (claim.key, claim.attempt) == ("a", 2)


def test_a_job_that_kills_its_whole_process_cannot_do_so_for_ever(ledger: Ledger) -> None:
    queue_jobs(ledger, "poison", max_attempts=3)
    lives = 0
    while claim_jobs(ledger, owner="host:1"):
        lives += 1
        assert lives <= 3, "it goes round for ever"
        release_owned(ledger, "host:1")

    assert lives == 3
    with ledger.read() as connection:
        assert [job.state for job in list_jobs(connection)] == [JobState.DEAD]


def test_a_postponed_job_rests_and_its_claim_still_holds(ledger: Ledger, clock: HandClock) -> None:
    queue_jobs(ledger, "a")
    (claim,) = claim_jobs(ledger)
    with ledger.begin() as connection:
        postpone(connection, claim, 60 * MINUTE, error="no answer came")
    clock.advance(59 * MINUTE)

    assert claim_jobs(ledger) == []
    assert release_owned(ledger, "host:1") == 0
    finish(ledger, claim)
    assert job_of(ledger, claim).state is JobState.DONE


def test_a_postponed_job_is_due_again_after_its_time(ledger: Ledger, clock: HandClock) -> None:
    queue_jobs(ledger, "a", max_attempts=2)
    for attempt in (1, 2):
        (claim,) = claim_jobs(ledger)
        assert claim.attempt == attempt
        with ledger.begin() as connection:
            postpone(connection, claim, 60 * MINUTE, error="no answer came")
        clock.advance(60 * MINUTE)

    assert claim_jobs(ledger) == []
    assert job_of(ledger, claim).error == "no answer came"


def test_a_job_put_off_without_its_claim_is_untried(ledger: Ledger, clock: HandClock) -> None:
    queue_jobs(ledger, "a")
    (claim,) = claim_jobs(ledger)
    with ledger.begin() as connection:
        postpone(connection, claim, MINUTE, keep_token=False, error="the destination is down")

    assert not job_of(ledger, claim).running
    with pytest.raises(LeaseLost):
        finish(ledger, claim)
    clock.advance(MINUTE)
    assert [each.attempt for each in claim_jobs(ledger)] == [1]


def test_an_ended_commit_job_starts_anew_with_the_next_delivery(ledger: Ledger) -> None:
    queue_jobs(ledger, "a", kind=JobKind.COMMIT, destination="PACS")
    assert queue_jobs(ledger, "a", kind=JobKind.COMMIT, destination="PACS") == 0
    (claim,) = claim_jobs(ledger, kind=JobKind.COMMIT, destination="PACS")
    assert queue_jobs(ledger, "a", kind=JobKind.COMMIT, destination="PACS") == 0
    finish(ledger, claim)

    assert queue_jobs(ledger, "a", kind=JobKind.COMMIT, destination="PACS") == 1
    (again,) = claim_jobs(ledger, kind=JobKind.COMMIT, destination="PACS")
    assert (again.job_id, again.attempt) == (claim.job_id, 1)


def test_a_job_needs_its_instance(ledger: Ledger) -> None:
    with pytest.raises(ValueRefused), ledger.begin() as connection:
        enqueue(connection, [NewJob(JobKind.ANALYSE, "a", 12345)])


@pytest.mark.parametrize(("which", "index"), [(IS_FRESH, "ix_job_fresh"), (IS_RETRIED, "ix_job_retried")])
def test_claims_are_found_in_their_own_order_without_sorting(
    ledger: Ledger, which: ColumnElement[bool], index: str
) -> None:
    queue_jobs(ledger, *(str(number) for number in range(200)))
    with ledger.read() as connection:
        queue = _Queue(JobKind.ANALYSE, "")
        statement = _due(which, queue, ledger.now(connection)).limit(8)
        plan = explain(connection, statement)

    assert index in plan
    assert "sort" not in plan.lower()
    assert "temp" not in plan.lower()


def test_an_idle_queue_is_looked_at_without_the_write_lock(ledger: Ledger) -> None:
    with ledger.begin():
        assert claim_jobs(ledger) == []
