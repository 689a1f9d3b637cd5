"""Which films are in a batch, and the random numbers that change them: a function of epoch and step alone."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from train.errors import UnusableRun
from train.recipes import FitSettings

if TYPE_CHECKING:
    import torch


@dataclass(frozen=True, slots=True)
class Share:
    """Which part of each batch a process takes: the ``rank``-th of ``processes``, every so many-th film."""

    rank: int = 0
    processes: int = 1


def steps_of(films: int, settings: FitSettings) -> int:
    """Whole batches of one epoch, at least one."""
    return max(1, films // settings.batch)


def draw(
    films: int, settings: FitSettings, epoch: int, step: int, share: Share
) -> tuple[NDArray[np.int64], torch.Generator]:
    """Draw the films of a process's share of a batch, without replacement within an epoch.

    Returns
    -------
    tuple
        Numbers of films, int64 (N,), and the generator for their changes.

    Raises
    ------
    UnusableRun
        If a batch has fewer films than there are processes.
    """
    import torch

    seed = settings.seed * 1_000_003 + epoch
    order = np.random.default_rng(seed).permutation(films)
    batch = order[step * settings.batch : (step + 1) * settings.batch]
    if len(batch) < share.processes:
        raise UnusableRun(f"a batch of {len(batch)} films cannot be shared by {share.processes} processes")
    own = np.random.SeedSequence([seed, step, share.rank]).generate_state(1, np.uint64)[0]
    return batch[share.rank :: share.processes], torch.Generator().manual_seed(int(own) >> 1)
