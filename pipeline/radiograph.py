"""A received radiograph as one grey picture of known geometry."""

from pydicom import Dataset

from pipeline.attributes import number, text
from pipeline.codecs import decode_frame
from pipeline.codecs.table import CODEC_BY_TRANSFER_SYNTAX
from pipeline.pixels.description import PixelLimits, describe_pixels
from pipeline.pixels.grayscale import GreyScale, to_grey
from pipeline.pixels.orientation import read_orientation
from pipeline.pixels.outside import find_outside
from pipeline.pixels.spacing import read_pixel_aspect, read_spacing
from pipeline.values import PixelSpacing, Radiograph

_FIRST_PIXEL_TAG = 0x7FE00000


def read_radiograph(
    dataset: Dataset, *, grey: GreyScale = GreyScale.RECOMMENDED, limits: PixelLimits | None = None
) -> Radiograph:
    """Decode the single frame of a radiograph onto one grey scale.

    Parameters
    ----------
    dataset
        A CR, DX or Secondary Capture SOP Instance with its File Meta. Left unchanged.
    grey
        RECOMMENDED for inference, PAPER to reproduce the source paper, DISPLAY for people
        (`pipeline.pixels.grayscale`).
    limits
        Sizes of grids that may be decoded; `PixelLimits` as they are when None. Nothing larger is allocated.

    Returns
    -------
    Radiograph
        ``parameters`` says which path was taken: ``grey``, ``modality``, ``voi``, ``inverted``, ``padding``,
        ``shutter``, ``collimator``, ``lossy`` and ``spacing``.

    Raises
    ------
    UnsupportedInstance
        If it is no single monochrome frame of 8 to 16 bits within the limits.
    UndecodablePixels
        If Pixel Data is missing, damaged, or in a transfer syntax without a decoder.

    Notes
    -----
    Order of PS3.3 C.11 and PS3.4 N.2: decode, sign, padding and shutters, Modality LUT, VOI or percentiles,
    MONOCHROME1 inverted once. Presentation LUT Shape INVERSE is that same inversion and is not applied again.
    """
    header = header_of(dataset)
    description = describe_pixels(header, limits)
    stored = decode_frame(dataset, description)
    outside, hidden = find_outside(stored, header, description)
    pixels, path, levels = to_grey(stored, header, description, outside=outside, scale=grey)
    spacing = read_spacing(header)
    return Radiograph(
        pixels=pixels,
        outside=outside,
        spacing=spacing,
        orientation=read_orientation(header),
        header=header,
        parameters=(*path, *hidden, *_provenance(header, spacing)),
        pixel_aspect=read_pixel_aspect(header),
        levels=levels,
    )


def header_of(dataset: Dataset) -> Dataset:
    """Return everything before the pixels as a Data Set of its own, File Meta included."""
    header = dataset[:_FIRST_PIXEL_TAG]
    if hasattr(dataset, "file_meta"):
        header.file_meta = dataset.file_meta
    return header


def _is_lossy(header: Dataset) -> bool:
    """Whether the film ever lost detail; its transfer syntax tells where nothing is stated."""
    stated = text(header, "LossyImageCompression")
    transfer_syntax = text(getattr(header, "file_meta", Dataset()), "TransferSyntaxUID")
    codec = CODEC_BY_TRANSFER_SYNTAX.get(transfer_syntax)
    return stated == "01" or (stated != "00" and codec is not None and codec.lossy)


def _provenance(header: Dataset, spacing: PixelSpacing | None) -> tuple[str, ...]:
    known = f"spacing={spacing.source if spacing else 'unknown'}"
    if not _is_lossy(header):
        return (known,)
    ratio = number(header, "LossyImageCompressionRatio")
    return f"lossy={ratio:g}:1" if ratio else "lossy=unknown ratio", known
