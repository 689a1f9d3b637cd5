"""Which decoder reads which transfer syntax, in the order in which the node prefers to receive them.

Uncompressed first, then lossless, then lossy. The fastest permissively licensed decoder that
gives the right pixels was chosen for each; pylibjpeg-libjpeg is GPL and not used.
"""

from dataclasses import dataclass

from pydicom.uid import (
    HTJ2K,
    JPEG2000,
    DeflatedExplicitVRLittleEndian,
    ExplicitVRLittleEndian,
    HTJ2KLossless,
    HTJ2KLosslessRPCL,
    ImplicitVRLittleEndian,
    JPEG2000Lossless,
    JPEGBaseline8Bit,
    JPEGExtended12Bit,
    JPEGLossless,
    JPEGLosslessSV1,
    JPEGLSLossless,
    JPEGLSNearLossless,
    RLELossless,
)

from pipeline.codecs.decoders import (
    Decoder,
    decode_baseline,
    decode_extended,
    decode_jpeg_2000,
    decode_jpeg_ls,
    decode_lossless,
    decode_rle,
)


@dataclass(frozen=True, slots=True)
class Codec:
    """One transfer syntax and what reads it.

    Attributes
    ----------
    proof
        Name of the file in ``proofs/``.
    decode
        None for uncompressed pixels.
    lossy
        Whether decoded samples may overshoot the range of Bits Stored.
    tolerance
        Largest difference from the proof's known pixels, in its grey values of 0..4095 (0..255 for baseline).
    """

    transfer_syntax_uid: str
    decoder: str
    proof: str
    decode: Decoder | None = None
    lossy: bool = False
    tolerance: int = 0


CODECS = (
    Codec(ExplicitVRLittleEndian, "numpy", "explicit"),
    Codec(ImplicitVRLittleEndian, "numpy", "implicit"),
    Codec(JPEGLosslessSV1, "gdcm", "jpeg_lossless_sv1", decode_lossless),
    Codec(JPEGLossless, "gdcm", "jpeg_lossless", decode_lossless),
    Codec(JPEGLSLossless, "pyjpegls", "jpeg_ls_lossless", decode_jpeg_ls),
    Codec(JPEG2000Lossless, "openjpeg", "jpeg_2000_lossless", decode_jpeg_2000),
    Codec(RLELossless, "pylibjpeg-rle", "rle", decode_rle),
    Codec(HTJ2KLossless, "openjpeg", "htj2k_lossless", decode_jpeg_2000),
    Codec(HTJ2KLosslessRPCL, "openjpeg", "htj2k_lossless_rpcl", decode_jpeg_2000),
    Codec(DeflatedExplicitVRLittleEndian, "zlib", "deflated"),
    Codec(JPEG2000, "openjpeg", "jpeg_2000", decode_jpeg_2000, lossy=True, tolerance=2),
    Codec(JPEGLSNearLossless, "pyjpegls", "jpeg_ls_near_lossless", decode_jpeg_ls, lossy=True, tolerance=2),
    Codec(JPEGExtended12Bit, "gdcm", "jpeg_extended", decode_extended, lossy=True, tolerance=4),
    Codec(JPEGBaseline8Bit, "gdcm", "jpeg_baseline", decode_baseline, lossy=True, tolerance=2),
    Codec(HTJ2K, "openjpeg", "htj2k", decode_jpeg_2000, lossy=True, tolerance=8),
)

CODEC_BY_TRANSFER_SYNTAX = {codec.transfer_syntax_uid: codec for codec in CODECS}
