"""What decides how a network is fitted: the numbers of the loop and the course of the learning rate."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

Profile = Literal["recommended", "paper"]
"""Whose way of showing films to a network: this project's, or the source paper's."""


@dataclass(frozen=True, slots=True)
class FitSettings:
    """Every number of the loop that changes the result.

    Attributes
    ----------
    schedule
        ``cosine``: warm-up, then a half cosine down to 0. ``steps``: a tenth after every ``decay_every``
        epochs (source paper, section on training). ``constant``: what it says.
    weight_decay
        Of AdamW; with 0 it is Adam.
    warm_up
        Fraction of all steps in which the learning rate rises to its peak (``cosine`` only).
    averaging
        Decay of the moving average of the weights, which is what is validated and kept; 0: the last weights.
    clip
        Largest norm of the gradient; 0: it may be any.
    half_precision
        Forward pass in bfloat16 (autocast); weights and optimiser stay float32.
    recompute
        Activations are computed again in the backward pass (gradient checkpointing): a fraction of the
        memory for about a third more time. Batch statistics are then counted twice.
    threads
        Of torch on the CPU; part of the settings because sums depend on it.
    """

    epochs: int = 12
    batch: int = 16
    learning_rate: float = 1e-3
    weight_decay: float = 1e-4
    schedule: Literal["cosine", "steps", "constant"] = "cosine"
    decay_every: int = 50
    warm_up: float = 0.08
    averaging: float = 0.995
    clip: float = 5.0
    seed: int = 1
    half_precision: bool = True
    recompute: bool = False
    threads: int = 2


def learning_rate(settings: FitSettings, epoch: float, epochs: int) -> float:
    """Learning rate at a point of the training, in epochs since its start."""
    if settings.schedule == "constant":
        return settings.learning_rate
    if settings.schedule == "steps":
        return settings.learning_rate * 0.1 ** int(epoch // settings.decay_every)
    done = epoch / epochs
    if done < settings.warm_up:
        return settings.learning_rate * (done + 1e-3) / (settings.warm_up + 1e-3)
    left = (done - settings.warm_up) / (1 - settings.warm_up)
    return settings.learning_rate * 0.5 * (1 + math.cos(math.pi * left))
