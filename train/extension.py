"""Films continued below: as if the collimator had been opened further over the abdomen.

Films that are cut at the diaphragm teach that all below a chest is black.
Films of newborns, and of the very ill, show the abdomen, as grey as a white lung.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import torch
    from torch import Tensor

_BLACK = 0.004
_CLEAR_ROWS = 0.03
"""Part of the side that must lie between the lungs and the lower edge, or the lung itself would go on."""


def continue_below(planes: Tensor, share: float, generator: torch.Generator) -> Tensor:
    """Shrink a share of the films towards their top and let their lowest rows go on below them.

    Parameters
    ----------
    planes
        float32 (N, C, M, M): image in [0, 1], lung, and others; only the image goes on.
    share
        Probability for each film, [0, 1].

    Returns
    -------
    Tensor
        The same shape; films whose lungs reach the lower edge are left as they are.
    """
    import torch

    chosen = torch.rand(len(planes), generator=generator) < share
    result = planes.clone()
    for number in torch.nonzero(chosen).flatten().tolist():
        result[number] = _continued(planes[number], generator)
    return result


def _continued(film: Tensor, generator: torch.Generator) -> Tensor:
    import torch
    from torch.nn.functional import interpolate

    side = film.shape[-1]
    rows = torch.nonzero((film[0] > _BLACK).any(1)).flatten()
    lung_rows = torch.nonzero((film[1] >= 0.5).any(1)).flatten()
    if not len(rows) or (len(lung_rows) and lung_rows[-1] > rows[-1] - _CLEAR_ROWS * side):
        return film
    smaller = max(8, round(side * float(0.6 + 0.35 * torch.rand(1, generator=generator))))
    scaled = interpolate(film[None], size=(smaller, smaller), mode="area")[0]
    placed = torch.zeros_like(film)
    left = (side - smaller) // 2
    placed[:, :smaller, left : left + smaller] = scaled
    bottom = int(int(rows[-1]) * smaller / side) - 1
    placed[0, bottom + 1 :] = _tissue(placed[0, bottom - 3 : bottom + 1], side - bottom - 1, generator)
    return placed


def _tissue(lowest: Tensor, height: int, generator: torch.Generator) -> Tensor:
    """Continue rows (R, M) by as many as asked, blurred across, with soft clouds."""
    import torch
    from torch.nn.functional import avg_pool1d, interpolate

    inside = (lowest.mean(0) > _BLACK).float()
    soft = avg_pool1d(lowest.mean(0)[None, None], 15, stride=1, padding=7)[0, 0]
    clouds = torch.rand(1, 1, 5, 5, generator=generator) - 0.5
    depth = float(0.3 * torch.rand(1, generator=generator))
    shade = interpolate(clouds, size=(height, lowest.shape[-1]), mode="bicubic")[0, 0] * depth
    return ((soft + shade) * inside).clamp(0, 1)
