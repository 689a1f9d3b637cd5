"""Compressed and uncompressed Pixel Data to stored values; start reading at ``table.py``."""

from pipeline.codecs.frames import decode_frame
from pipeline.codecs.proving import Proof, decodable_transfer_syntaxes, prove_codecs

__all__ = ["Proof", "decodable_transfer_syntaxes", "decode_frame", "prove_codecs"]
