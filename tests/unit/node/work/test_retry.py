"""What becomes of a failed job is a pure function."""

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from node.work.retry import Bury, Drop, Failure, Later, RetryPolicy, decide

attempts = st.integers(min_value=1, max_value=10_000)
chances = st.floats(min_value=0, max_value=1, exclude_max=True)


def test_a_lost_lease_is_dropped_and_a_permanent_failure_is_buried() -> None:
    assert decide(Failure.GONE, 1, RetryPolicy()) == Drop()
    assert decide(Failure.PERMANENT, 1, RetryPolicy()) == Bury()


@pytest.mark.parametrize(("attempt", "seconds"), [(1, 5), (2, 10), (3, 20), (4, 40), (20, 3600)])
def test_the_pause_doubles_up_to_the_longest(attempt: int, seconds: float) -> None:
    decision = decide(Failure.PASSING, attempt, RetryPolicy(5, 3600), chance=lambda: 0.0)

    assert decision == Later(timedelta(seconds=seconds))


@given(attempts, chances)
def test_every_pause_is_within_its_bounds(attempt: int, chance: float) -> None:
    policy = RetryPolicy(first_delay_s=2, max_delay_s=60, jitter=0.5)

    delay = policy.delay(attempt, lambda: chance).total_seconds()

    assert 1 <= delay <= 60


@given(attempts, chances)
def test_without_jitter_a_later_attempt_never_waits_less(attempt: int, chance: float) -> None:
    policy = RetryPolicy(jitter=0)

    assert policy.delay(attempt + 1, lambda: chance) >= policy.delay(attempt, lambda: chance)


@given(st.sampled_from(Failure), attempts, chances)
def test_every_failure_has_a_decision(failure: Failure, attempt: int, chance: float) -> None:
    assert isinstance(decide(failure, attempt, RetryPolicy(), lambda: chance), Drop | Bury | Later)


def test_jobs_that_failed_together_do_not_come_back_together() -> None:
    assert len({RetryPolicy().delay(3) for _ in range(20)}) > 10
