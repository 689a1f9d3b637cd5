"""A training of a few seconds, as a program that tests can kill or start by ``torchrun``.

``python -m tests.support.training RUN`` writes the digest of the weights that it ends with to
``RUN/final-<rank>.txt``. A checkpoint is kept after every step.
"""

import os
import sys
from pathlib import Path

import numpy as np

from pipeline.bundle.manifest import sha256_of
from tests.support.bundles import UNET
from train.films import SquareFilms
from train.lungs import LungSettings, train_lungs
from train.recipes import FitSettings

SETTINGS = LungSettings(
    architecture=UNET,
    size=32,
    start="none",
    fit=FitSettings(epochs=3, batch=4, threads=1, half_precision=False),
)


def square_lungs(count: int, seed: int) -> SquareFilms:
    """Bright squares on a dark ground."""
    rng = np.random.default_rng(seed)
    images = rng.integers(0, 80, (count, 40, 40)).astype(np.uint8)
    masks = np.zeros_like(images)
    for i, (row, column) in enumerate(rng.integers(4, 20, (count, 2))):
        masks[i, row : row + 14, column : column + 14] = 1
    return SquareFilms(np.where(masks, images + 150, images).astype(np.uint8), masks)


def main(run: Path) -> None:
    """Train, or go on, and write the digest of what came out."""
    import train.fit

    train.fit._SECONDS_BETWEEN_CHECKPOINTS = 0.0
    network = train_lungs(square_lungs(32, 0), square_lungs(4, 1), SETTINGS, run)
    weights = b"".join(tensor.numpy().tobytes() for tensor in network.state_dict().values())
    (run / f"final-{os.environ.get('RANK', '0')}.txt").write_text(sha256_of(weights), encoding="utf-8")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
