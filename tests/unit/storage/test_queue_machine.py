"""Whatever workers, crashes, clocks and operators do, no job is lost and none is finished twice."""

from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import datetime, timedelta

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)
from sqlalchemy import delete

from storage.errors import JobNotChangeable, LeaseLost
from storage.ledger import Ledger
from storage.queue import (
    bury,
    cancel_job,
    complete,
    enqueue,
    extend,
    list_jobs,
    release,
    release_owned,
    retry_dead_jobs,
    retry_job,
    retry_later,
)
from storage.tables import job
from storage.values import Claim, JobKind, JobState, NewJob
from tests.support.ledgers import add, claim_jobs
from tests.unit.storage.conftest import HandClock

MAX_ATTEMPTS = 3
LEASE = timedelta(minutes=1)
pick = st.integers(min_value=0, max_value=10**6)


@dataclass
class Expected:
    """What must be true of one job."""

    state: JobState
    run_at: datetime
    priority: int
    attempts: int = 0
    token: str | None = None
    owner: str = ""
    finished: int = 0

    def free(self) -> None:
        self.token, self.owner = None, ""


class QueueMachine(RuleBasedStateMachine):
    """Two workers that may stall and come back, an operator, and a clock."""

    def __init__(self, ledger: Ledger, clock: HandClock) -> None:
        super().__init__()
        self.ledger = ledger
        self.clock = clock
        self.jobs: dict[str, Expected] = {}
        self.claims: list[Claim] = []
        with ledger.begin() as connection:
            connection.execute(delete(job))
            self.instance_id = add(connection).instance_id

    @initialize()
    def begin_with_some_jobs(self) -> None:
        for priority in (0, 0, 10, 0):
            self.queue(priority)

    @rule(priority=st.sampled_from([-10, 0, 10]))
    def queue(self, priority: int) -> None:
        key = str(len(self.jobs))
        with self.ledger.begin() as connection:
            new = NewJob(JobKind.ANALYSE, key, self.instance_id, "", priority, MAX_ATTEMPTS)
            assert enqueue(connection, [new, new]) == 1
        self.jobs[key] = Expected(JobState.READY, self.clock(), priority)

    @rule(limit=st.integers(1, 5), owner=st.sampled_from(["host:1", "host:2"]))
    def claim(self, limit: int, owner: str) -> None:
        due = {key: entry for key, entry in self.jobs.items() if self.is_due(entry)}
        for entry in due.values():
            if entry.attempts >= MAX_ATTEMPTS:
                entry.state = JobState.DEAD
                entry.free()
        claimable = {key: entry for key, entry in due.items() if entry.state is JobState.READY}
        claims = claim_jobs(self.ledger, limit, owner=owner)
        assert bool(claims) == bool(claimable)
        assert len(claims) <= limit
        assert len(claims) == 1 or all(each.attempt == 1 for each in claims)
        if claims:
            most_urgent = max(entry.priority for entry in claimable.values())
            # An exhausted job may have been the more urgent of its kind before it was buried.
            buried = len(claimable) < len(due)
            assert buried or self.jobs[claims[0].key].priority == most_urgent
        for each in claims:
            entry = claimable[each.key]
            entry.attempts += 1
            assert each.attempt == entry.attempts
            entry.token, entry.owner, entry.run_at = each.token, owner, self.clock() + LEASE
        self.claims.extend(claims)

    @precondition(lambda self: self.claims)
    @rule(which=pick)
    def finish(self, which: int) -> None:
        if entry := self.write(which, complete):
            entry.state = JobState.DONE
            entry.finished += 1

    @precondition(lambda self: self.claims)
    @rule(which=pick, seconds=st.integers(0, 120))
    def fail(self, which: int, seconds: int) -> None:
        delay = timedelta(seconds=seconds)
        if entry := self.write(which, lambda connection, claim: retry_later(connection, claim, "x", delay)):
            entry.state = JobState.DEAD if entry.attempts >= MAX_ATTEMPTS else JobState.READY
            entry.run_at = self.clock() + delay

    @precondition(lambda self: self.claims)
    @rule(which=pick)
    def give_up(self, which: int) -> None:
        if entry := self.write(which, lambda connection, claim: bury(connection, claim, "x")):
            entry.state = JobState.DEAD

    @precondition(lambda self: self.claims)
    @rule(which=pick)
    def hand_back(self, which: int) -> None:
        claim = self.claims[which % len(self.claims)]
        entry = self.held(claim)
        assert release(self.ledger, [claim]) == (entry is not None)
        if entry:
            entry.attempts -= 1
            entry.run_at = self.clock()
            entry.free()

    @precondition(lambda self: self.claims)
    @rule()
    def extend_all(self) -> None:
        held = [entry for claim in self.claims if (entry := self.held(claim))]
        assert extend(self.ledger, self.claims, LEASE) == len(held)
        for entry in held:
            entry.run_at = self.clock() + LEASE

    @rule(owner=st.sampled_from(["host:1", "host:2"]))
    def restart(self, owner: str) -> None:
        owned = [entry for entry in self.jobs.values() if entry.owner == owner and entry.token]
        assert release_owned(self.ledger, owner) == len(owned)
        for entry in owned:
            entry.run_at = self.clock()
            entry.free()

    @rule(seconds=st.integers(1, 90))
    def wait(self, seconds: int) -> None:
        self.clock.advance(timedelta(seconds=seconds))

    @rule()
    def retry_the_dead(self) -> None:
        with self.ledger.begin() as connection:
            retry_dead_jobs(connection)
        for entry in self.jobs.values():
            if entry.state is JobState.DEAD:
                entry.state, entry.attempts, entry.run_at = JobState.READY, 0, self.clock()

    @precondition(lambda self: self.claims)
    @rule(which=pick)
    def retry_one(self, which: int) -> None:
        claim = self.claims[which % len(self.claims)]
        entry = self.jobs[claim.key]
        is_running = entry.state is JobState.READY and entry.token and entry.run_at > self.clock()
        if self.change(claim, retry_job, refused=entry.state is JobState.DONE or bool(is_running)):
            entry.state, entry.attempts, entry.run_at = JobState.READY, 0, self.clock()
            entry.free()

    @precondition(lambda self: self.claims)
    @rule(which=pick)
    def cancel(self, which: int) -> None:
        claim = self.claims[which % len(self.claims)]
        entry = self.jobs[claim.key]
        if self.change(claim, cancel_job, refused=entry.state in (JobState.DONE, JobState.CANCELLED)):
            entry.state = JobState.CANCELLED
            entry.free()

    @invariant()
    def the_ledger_is_as_expected(self) -> None:
        with self.ledger.read() as connection:
            found = {each.key: each for each in list_jobs(connection, limit=1000)}
        assert found.keys() == self.jobs.keys()
        for key, entry in self.jobs.items():
            assert (found[key].state, found[key].attempts) == (entry.state, entry.attempts)
            assert entry.finished == (entry.state is JobState.DONE)
            assert found[key].running == (
                entry.state is JobState.READY and entry.token is not None and entry.run_at > self.clock()
            )

    def teardown(self) -> None:
        """Nothing may be stuck: after a while every open job can be worked off."""
        self.clock.advance(timedelta(hours=1))
        while claims := claim_jobs(self.ledger):
            with self.ledger.begin() as connection:
                for claim in claims:
                    complete(connection, claim)
        with self.ledger.read() as connection:
            assert list_jobs(connection, state=JobState.READY) == []

    def change(self, claim: Claim, act: Callable[..., object], *, refused: bool) -> bool:
        """Let the operator change a job; tell whether it was to be changed."""
        with ExitStack() as stack:
            if refused:
                stack.enter_context(pytest.raises(JobNotChangeable))
            act(stack.enter_context(self.ledger.begin()), claim.job_id)
        return not refused

    def is_due(self, entry: Expected) -> bool:
        return entry.state is JobState.READY and entry.run_at <= self.clock()

    def held(self, claim: Claim) -> Expected | None:
        entry = self.jobs[claim.key]
        return entry if entry.state is JobState.READY and entry.token == claim.token else None

    def write(self, which: int, change: Callable[..., object]) -> Expected | None:
        claim = self.claims[which % len(self.claims)]
        entry = self.held(claim)
        if entry is None:
            with pytest.raises(LeaseLost), self.ledger.begin() as connection:
                change(connection, claim)
            return None
        with self.ledger.begin() as connection:
            change(connection, claim)
        entry.free()
        return entry


def test_no_order_of_events_loses_a_job_or_finishes_one_twice(ledger: Ledger, clock: HandClock) -> None:
    run_state_machine_as_test(
        lambda: QueueMachine(ledger, clock),
        settings=settings(
            max_examples=20,
            stateful_step_count=30,
            deadline=None,
            suppress_health_check=[HealthCheck.too_slow],
        ),
    )
