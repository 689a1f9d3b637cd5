"""Compressed and uncompressed Pixel Data to stored values; start reading at ``table.py``."""

from pipeline.codecs.frames import decode_frame
from pipeline.codecs.proving import Proof, prove_codecs

__all__ = ["Proof", "decode_frame", "prove_codecs"]
