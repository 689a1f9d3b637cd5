"""Fingerprints of phantoms: what tells that a generator still draws the films it drew.

``python -m tests.support.phantoms`` writes them anew, after GENERATOR_VERSION was raised.
"""

import json
from hashlib import sha256
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from train.phantom import GENERATOR_VERSION, Phantom, PhantomSettings, make_phantom

GOLDEN = Path(__file__).parents[1] / "golden" / "phantoms.json"
SEEDS = range(12)
SETTINGS = PhantomSettings(long_side=128)
_THUMBNAIL = (12, 12)


def eight_bits(film: Phantom) -> NDArray[np.uint8]:
    """Pixels of a film as 8-bit grey."""
    return np.rint(film.pixels * 255).astype(np.uint8)


def digest_of(film: Phantom) -> str:
    """SHA-256 of a film's 8-bit pixels and of its lungs."""
    return sha256(eight_bits(film).tobytes() + film.lungs.tobytes()).hexdigest()


def thumbnail_of(film: Phantom) -> list[int]:
    """Mean grey of a few large fields: what another processor's last bit does not change."""
    small = Image.fromarray(eight_bits(film)).resize(_THUMBNAIL, Image.Resampling.BOX)
    return [int(value) for value in np.asarray(small).ravel()]


def fingerprints() -> dict[str, object]:
    """Draw the golden seeds and describe them."""
    films = {str(seed): make_phantom(seed, SETTINGS) for seed in SEEDS}
    return {
        "generator_version": GENERATOR_VERSION,
        "films": {
            seed: {"sha256": digest_of(film), "thumbnail": thumbnail_of(film)} for seed, film in films.items()
        },
    }


if __name__ == "__main__":
    GOLDEN.write_text(json.dumps(fingerprints(), separators=(",", ":")) + "\n", encoding="utf-8")
