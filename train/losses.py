"""Losses, from logits."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import torch


def dice_and_cross_entropy(logits: torch.Tensor, lung: torch.Tensor, counted: torch.Tensor) -> torch.Tensor:
    """Soft Dice of each film plus binary cross-entropy, equal weights.

    Parameters
    ----------
    logits, lung, counted
        (N, 1, S, S); ``lung`` in {0, 1}; where ``counted`` is 0 a pixel takes no part.
    """
    from torch.nn.functional import binary_cross_entropy_with_logits

    probability = logits.sigmoid() * counted
    target = lung * counted
    overlap = (probability * target).sum(dim=(1, 2, 3))
    total = probability.sum(dim=(1, 2, 3)) + target.sum(dim=(1, 2, 3))
    dice = 1 - ((2 * overlap + 1) / (total + 1)).mean()
    entropy = binary_cross_entropy_with_logits(logits, lung, weight=counted, reduction="sum") / counted.sum()
    return dice + entropy
