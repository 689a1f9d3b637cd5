"""Random changes of a batch: where films lie, how they are turned and exposed; all from one generator."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import torch
    from torch import Tensor


@dataclass(frozen=True, slots=True)
class Augmentation:
    """How far the changes go.

    Attributes
    ----------
    quarter_turns
        Probability of a turn by 90, 180 or 270 degrees.
    mirror, flip
        Probability of a left-right mirror and of an upside-down one.
    degrees, scale, shift
        Largest further turn; scale in [1 - scale, 1 + scale]; shift as a fraction of the side.
    gamma, contrast, brightness, noise
        Standard deviations of log gamma and of log contrast, of brightness; largest noise deviation.
    haze
        Probability that lungs are veiled in parts, so that white lungs are known as lungs (segmenter only).
    extension
        Probability that the film goes on below its lower edge, see `train.extension` (segmenter only).
    """

    quarter_turns: float = 0.5
    mirror: float = 0.5
    flip: float = 0.0
    degrees: float = 15.0
    scale: float = 0.2
    shift: float = 0.08
    gamma: float = 0.25
    contrast: float = 0.2
    brightness: float = 0.06
    noise: float = 0.04
    haze: float = 0.25
    extension: float = 0.0

    @classmethod
    def none(cls, *, mirror: float = 0.0, flip: float = 0.0) -> Augmentation:
        """Leave films as they are, but perhaps mirrored."""
        return cls(
            quarter_turns=0.0,
            mirror=mirror,
            flip=flip,
            degrees=0.0,
            scale=0.0,
            shift=0.0,
            gamma=0.0,
            contrast=0.0,
            brightness=0.0,
            noise=0.0,
            haze=0.0,
        )


def move(
    planes: Tensor, size: int, change: Augmentation, generator: torch.Generator, *, beyond: str = "zeros"
) -> Tensor:
    """Turn, mirror, scale and shift (N, C, M, M) planes into (N, C, size, size).

    Parameters
    ----------
    beyond
        What comes in from outside: ``zeros``, or ``border`` to repeat the edge.
    """
    from torch.nn.functional import affine_grid, grid_sample

    matrices = _matrices(len(planes), change, generator)
    grid = affine_grid(matrices, [len(planes), planes.shape[1], size, size], align_corners=False)
    return grid_sample(planes, grid, mode="bilinear", padding_mode=beyond, align_corners=False)


def _matrices(count: int, change: Augmentation, generator: torch.Generator) -> Tensor:
    import torch

    def uniform() -> Tensor:
        return torch.rand(count, generator=generator)

    quarters = torch.where(uniform() < change.quarter_turns, 1 + (uniform() * 3).floor(), 0.0)
    angle = quarters * torch.pi / 2 + (2 * uniform() - 1) * change.degrees * torch.pi / 180
    scale = 1 / (1 + (2 * uniform() - 1) * change.scale)
    mirror = torch.where(uniform() < change.mirror, -1.0, 1.0)
    flip = torch.where(uniform() < change.flip, -1.0, 1.0)
    shift = (2 * torch.rand(count, 2, generator=generator) - 1) * 2 * change.shift
    cosine, sine = scale * angle.cos(), scale * angle.sin()
    across, down = torch.stack([cosine, sine], 1), torch.stack([-sine, cosine], 1)
    rows = torch.stack([mirror[:, None] * across, flip[:, None] * down], 2)
    return torch.cat([rows, shift[:, :, None]], 2)


def expose(images: Tensor, change: Augmentation, generator: torch.Generator) -> Tensor:
    """Change gamma, contrast, brightness and noise of images (N, 1, S, S) in [0, 1]; clipped to [0, 1]."""
    import torch

    def normal(deviation: float) -> Tensor:
        return torch.randn(len(images), 1, 1, 1, generator=generator) * deviation

    curved = images.clamp(0, 1) ** normal(change.gamma).exp()
    stretched = (curved - 0.5) * normal(change.contrast).exp() + 0.5 + normal(change.brightness)
    amount = torch.rand(len(images), 1, 1, 1, generator=generator) * change.noise
    noise = torch.randn(images.shape, generator=generator) * amount
    return (stretched + noise).clamp(0, 1)


def veil(images: Tensor, lungs: Tensor, change: Augmentation, generator: torch.Generator) -> Tensor:
    """Whiten parts of the lungs (N, 1, S, S) by smooth clouds, whose edges are not the lungs' edges."""
    import torch
    from torch.nn.functional import avg_pool2d, interpolate

    count, size = len(images), images.shape[-1]
    clouds = interpolate(torch.rand(count, 1, 5, 5, generator=generator), size=(size, size), mode="bicubic")
    soft = avg_pool2d(lungs, 9, stride=1, padding=4)
    chosen = (torch.rand(count, 1, 1, 1, generator=generator) < change.haze).float()
    strength = chosen * (0.2 + 0.7 * torch.rand(count, 1, 1, 1, generator=generator))
    amount = strength * soft * (2 * clouds - 0.3).clamp(0, 1)
    return images * (1 - amount) + 0.72 * amount
