"""One function for each library that decompresses a frame; the libraries load when first needed.

Each takes the compressed frame and its description and returns the samples as unsigned integers in the
container they were decoded to; colour by pixel, in the last axis. What a library raises on damaged input
becomes `UndecodablePixels`.
"""

from collections.abc import Callable
from io import BytesIO
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pipeline.codecs.codestream import Codestream, read_jpeg_2000, read_jpeg_ls
from pipeline.codecs.jpeg import SOF_BASELINE, SOF_EXTENDED, SOF_LOSSLESS, strict_jpeg
from pipeline.codecs.libjpeg_messages import damage_in, heard_messages
from pipeline.errors import UndecodablePixels
from pipeline.pixels.description import PixelDescription

Samples = NDArray[np.uint8] | NDArray[np.uint16]
Decoder = Callable[[bytes, PixelDescription], tuple[Samples, int]]
"""Returns (rows, columns) or (rows, columns, 3) samples and their precision in bits."""


def decode_rle(frame: bytes, description: PixelDescription) -> tuple[Samples, int]:
    """PS3.5 Annex G, by pylibjpeg-rle."""
    from rle.rle import decode_frame

    pixels = description.rows * description.columns
    try:
        with heard_messages():
            buffer = decode_frame(frame, pixels, description.bits_allocated, "<")
    except BaseException as error:
        # A Rust panic (a segment that runs on too long) is no Exception.
        if not isinstance(error, ValueError) and type(error).__name__ != "PanicException":
            raise
        raise UndecodablePixels(f"The RLE frame is damaged ({error}); send the image again.") from error
    shaped = _shaped(buffer, description, description.bits_allocated, by_plane=True)
    return shaped, description.bits_allocated


def decode_baseline(frame: bytes, description: PixelDescription) -> tuple[Samples, int]:
    """8-bit sequential JPEG: grey by GDCM, for Pillow is faster but silent about damage; colour by Pillow."""
    if description.samples_per_pixel > 1:
        return _decode_by_pillow(frame, description), 8
    stream, strict = strict_jpeg(frame)
    if stream.precision != 8:
        raise UndecodablePixels(f"{stream.precision}-bit samples in 8-bit JPEG; send the image uncompressed.")
    _check(stream, description, (SOF_BASELINE, SOF_EXTENDED))
    return _decode_by_gdcm(strict, stream, "JPEGBaselineProcess1")


def decode_extended(frame: bytes, description: PixelDescription) -> tuple[Samples, int]:
    """8- or 12-bit sequential JPEG, by GDCM; 8-bit colour by Pillow."""
    if description.samples_per_pixel > 1:
        return _decode_by_pillow(frame, description), 8
    stream, strict = strict_jpeg(frame)
    _check(stream, description, (SOF_BASELINE, SOF_EXTENDED))
    return _decode_by_gdcm(strict, stream, "JPEGExtendedProcess2_4")


def decode_lossless(frame: bytes, description: PixelDescription) -> tuple[Samples, int]:
    """Huffman lossless JPEG with any predictor, grey or colour, by GDCM."""
    stream, strict = strict_jpeg(frame)
    _check(stream, description, (SOF_LOSSLESS,))
    return _decode_by_gdcm(strict, stream, "JPEGLosslessProcess14")


def decode_jpeg_ls(frame: bytes, description: PixelDescription) -> tuple[Samples, int]:
    """JPEG-LS, by CharLS (pyjpegls)."""
    stream = read_jpeg_ls(frame)
    _check(stream, description, (stream.process,))
    import jpeg_ls

    try:
        buffer, information = jpeg_ls.decode_pixel_data(frame)
    except (RuntimeError, ValueError) as error:
        raise UndecodablePixels(f"The JPEG-LS frame is damaged ({error}); send the image again.") from error
    by_plane = information["interleave_mode"] == 0
    return _shaped(buffer, description, stream.precision, by_plane=by_plane), stream.precision


def decode_jpeg_2000(frame: bytes, description: PixelDescription) -> tuple[Samples, int]:
    """JPEG 2000 and High-Throughput JPEG 2000, by OpenJPEG (pylibjpeg-openjpeg)."""
    stream = read_jpeg_2000(frame)
    _check(stream, description, (stream.process,))
    from openjpeg.utils import decode_pixel_data

    try:
        buffer: Any = decode_pixel_data(frame, version=2)
    except (RuntimeError, ValueError) as error:
        raise UndecodablePixels(f"The JPEG 2000 frame is damaged ({error}); send the image again.") from error
    return _shaped(buffer, description, stream.precision), stream.precision


def _check(stream: Codestream, description: PixelDescription, processes: tuple[int, ...]) -> None:
    if stream.process not in processes:
        raise UndecodablePixels(
            f"The codestream's process {stream.process:#x} is not that of its transfer syntax; "
            "send the image uncompressed."
        )
    expected = (*description.shape, description.samples_per_pixel)
    if (stream.rows, stream.columns, stream.components) != expected:
        raise UndecodablePixels(
            f"The codestream holds {stream.rows} x {stream.columns} x {stream.components}, the header says "
            f"{' x '.join(map(str, expected))}; the header does not describe these pixels."
        )
    if not 1 <= stream.precision <= 16:
        raise UndecodablePixels(f"{stream.precision}-bit samples; at most 16 bits are judged.")


def _decode_by_gdcm(strict: bytes, stream: Codestream, syntax: str) -> tuple[Samples, int]:
    image = _gdcm_image(strict, stream, syntax)
    with heard_messages() as lines:
        buffer = image.GetBuffer()
    if not isinstance(buffer, str):
        raise UndecodablePixels(f"The JPEG frame is damaged ({'; '.join(lines[:2])}); send the image again.")
    if damage := damage_in(lines):
        raise UndecodablePixels(f"The JPEG frame is damaged ({damage[0]}); send the image again.")
    # The binding hands bytes over as text.
    return _shaped(buffer.encode("utf-8", "surrogateescape"), stream, stream.precision), stream.precision


def _gdcm_image(strict: bytes, stream: Codestream, syntax: str) -> Any:
    import gdcm

    gdcm.Trace.WarningOff()
    gdcm.Trace.ErrorOff()
    fragment = gdcm.Fragment()
    fragment.SetByteStringValue(strict)
    fragments = gdcm.SequenceOfFragments.New()
    fragments.AddFragment(fragment)
    element = gdcm.DataElement(gdcm.Tag(0x7FE0, 0x0010))
    element.SetValue(fragments.__ref__())
    image = gdcm.Image()
    image.SetNumberOfDimensions(2)
    image.SetDimensions((stream.columns, stream.rows, 1))
    image.SetDataElement(element)
    is_colour = stream.components > 1
    meaning = gdcm.PhotometricInterpretation.RGB if is_colour else gdcm.PhotometricInterpretation.MONOCHROME2
    image.SetPhotometricInterpretation(gdcm.PhotometricInterpretation(meaning))
    image.SetTransferSyntax(gdcm.TransferSyntax(getattr(gdcm.TransferSyntax, syntax)))
    container = 8 if stream.precision <= 8 else 16
    if is_colour:
        image.SetPlanarConfiguration(0)
    image.SetPixelFormat(
        gdcm.PixelFormat(stream.components, container, stream.precision, stream.precision - 1, 0)
    )
    return image


def _decode_by_pillow(frame: bytes, description: PixelDescription) -> Samples:
    from PIL import Image

    try:
        with Image.open(BytesIO(frame), formats=("JPEG",)) as image:
            if image.size != description.shape[::-1] or len(image.getbands()) != 3:
                raise UndecodablePixels("The JPEG frame is not of the size or colour that its header says.")
            # Without Adobe's marker libjpeg takes three components for YCbCr and would convert them.
            if description.photometric_interpretation == "RGB" and "adobe_transform" not in image.info:
                image.draft("YCbCr", image.size)
            buffer = image.tobytes()
    except (OSError, SyntaxError, ValueError) as error:
        raise UndecodablePixels(f"The JPEG frame is damaged ({error}); send the image again.") from error
    return _shaped(buffer, description, 8)


def _shaped(
    buffer: bytes | bytearray, grid: PixelDescription | Codestream, precision: int, *, by_plane: bool = False
) -> Samples:
    samples = np.frombuffer(buffer, "<u1" if precision <= 8 else "<u2")
    count = grid.samples_per_pixel if isinstance(grid, PixelDescription) else grid.components
    if samples.size != grid.rows * grid.columns * count:
        raise UndecodablePixels(
            f"The frame holds {samples.size} samples, the header says {grid.rows} x {grid.columns} x {count}"
            "; send the image again."
        )
    if count == 1:
        return samples.reshape(grid.rows, grid.columns)
    if by_plane:
        return np.moveaxis(samples.reshape(count, grid.rows, grid.columns), 0, -1)
    return samples.reshape(grid.rows, grid.columns, count)
