"""Whether and when a failed job is tried again: a pure function of the failure, the attempt and the policy.

::

    GONE       the lease was taken over                     drop silently, another worker has the job
    PERMANENT  damaged file, refused object, wrong request  dead letter at once, an operator must look
    PASSING    everything else                              later, with growing pauses, until attempts end
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from enum import Enum
from random import random


class Failure(Enum):
    """What kind of failure ended an attempt."""

    GONE = "gone"
    PERMANENT = "permanent"
    PASSING = "passing"


@dataclass(frozen=True, slots=True)
class Drop:
    """Do nothing: the job is no longer ours."""


@dataclass(frozen=True, slots=True)
class Bury:
    """Make the job a dead letter."""


@dataclass(frozen=True, slots=True)
class Later:
    """Try again after a pause; the queue makes it a dead letter when the attempts are used up."""

    delay: timedelta


Decision = Drop | Bury | Later


@dataclass(frozen=True, slots=True)
class RetryPolicy:
    """How long the pauses between attempts grow.

    Attributes
    ----------
    first_delay_s
        Pause after the first failed attempt, seconds; doubles with each further one.
    max_delay_s
        Longest pause, seconds.
    jitter
        Fraction of the pause, in [0, 1], that chance may take away, so that jobs that failed together
        do not come back together.
    """

    first_delay_s: float = 5.0
    max_delay_s: float = 3600.0
    jitter: float = 0.5

    def delay(self, attempt: int, chance: Callable[[], float] = random) -> timedelta:
        """Return the pause after a number of failed attempts.

        Parameters
        ----------
        attempt
            Number of the attempt that failed, from 1.
        chance
            Source of numbers in [0, 1).
        """
        doublings = min(max(attempt, 1) - 1, 62)
        longest = min(self.max_delay_s, self.first_delay_s * 2.0**doublings)
        return timedelta(seconds=longest * (1 - self.jitter * chance()))


def decide(
    failure: Failure, attempt: int, policy: RetryPolicy, chance: Callable[[], float] = random
) -> Decision:
    """Decide what becomes of a job whose attempt failed.

    Parameters
    ----------
    attempt
        Number of the attempt that failed, from 1.
    chance
        Source of numbers in [0, 1), for the jitter.
    """
    match failure:
        case Failure.GONE:
            return Drop()
        case Failure.PERMANENT:
            return Bury()
        case Failure.PASSING:
            return Later(policy.delay(attempt, chance))
