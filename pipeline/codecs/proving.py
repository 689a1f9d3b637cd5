"""Prove at start-up which transfer syntaxes this installation really decodes.

Each proof is a tiny film that another implementation encoded where there is one (``proofs/README.md``). It is
read by the very code that reads films, and its pixels are compared with those that are known to be in it.
"""

from dataclasses import dataclass
from importlib.resources import files
from io import BytesIO

import numpy as np
from numpy.typing import NDArray
from pydicom import Dataset, dcmread

from pipeline.attributes import UNREADABLE
from pipeline.codecs.frames import decode_frame
from pipeline.codecs.table import CODECS, Codec
from pipeline.errors import PipelineError
from pipeline.pixels.description import PixelLimits, describe_pixels

_ANY_SIZE = PixelLimits(min_side=1)


@dataclass(frozen=True, slots=True)
class Proof:
    """Whether one transfer syntax can be decoded here.

    Attributes
    ----------
    decoder
        Library that decodes it.
    detail
        What was seen, for people: the largest difference, or the error.
    """

    ok: bool
    decoder: str
    detail: str


def known_pixels(bits: int = 12) -> NDArray[np.uint16]:
    """Return the picture that every proof holds: (36, 32), smooth, reaching 0 and the top of its range."""
    y, x = np.mgrid[0:36, 0:32]
    wave = np.sin(np.pi * (y / 35 - 0.5)) * 0.7 + np.sin(np.pi * (x / 31 - 0.5)) * 0.3
    return np.asarray(np.rint((wave + 1) / 2 * (2**bits - 1)), dtype=np.uint16)


def prove_codecs() -> dict[str, Proof]:
    """Decode the proof of every known transfer syntax.

    Returns
    -------
    dict
        By transfer syntax UID, in the order of preference. Takes some milliseconds, and the first import of
        the decoders.
    """
    return {codec.transfer_syntax_uid: _prove(codec) for codec in CODECS}


def read_proof(codec: Codec) -> Dataset:
    """Read the film that proves a codec."""
    part10 = (files("pipeline.codecs") / "proofs" / f"{codec.proof}.dcm").read_bytes()
    return dcmread(BytesIO(part10))


def _prove(codec: Codec) -> Proof:
    try:
        film = read_proof(codec)
        pixels = decode_frame(film, describe_pixels(film, _ANY_SIZE))
        difference = int(np.abs(pixels.astype(int) - known_pixels(film.BitsStored)).max())
    except (PipelineError, ImportError, *UNREADABLE) as error:
        return Proof(False, codec.decoder, f"{type(error).__name__}: {error}")
    detail = f"largest difference {difference}, allowed {codec.tolerance}"
    return Proof(difference <= codec.tolerance, codec.decoder, detail)
