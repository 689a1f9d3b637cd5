"""One frame as a picture for people: grey scale, window, region and size as asked for (PS3.18 8.3.5)."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from io import BytesIO
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray
from pydicom import Dataset

from node.errors import WebRefused
from pipeline.codecs import decode_frame
from pipeline.errors import UndecodablePixels
from pipeline.pixels.description import PixelDescription, PixelLimits, describe_frames, describe_pixels
from pipeline.pixels.grayscale import GreyScale, read_modality
from pipeline.pixels.outside import find_outside
from pipeline.pixels.spacing import read_pixel_aspect
from pipeline.pixels.voi import read_voi
from pipeline.radiograph import header_of, read_radiograph

if TYPE_CHECKING:
    from PIL.Image import Image

FORMATS = {"image/jpeg": "JPEG", "image/png": "PNG", "image/gif": "GIF", "image/jp2": "JPEG2000"}
"""What a frame can be drawn as, the default first, and its name in Pillow."""
LONGEST_SIDE = 8192
FUNCTIONS = {"linear": "LINEAR", "linear-exact": "LINEAR_EXACT", "sigmoid": "SIGMOID"}

_LIMITS = PixelLimits(min_side=1, max_side=16384)
_COLOURS = {"RGB": "RGB", "YBR_FULL": "YCbCr"}


@dataclass(frozen=True, slots=True)
class Window:
    """A window over modality values."""

    centre: float
    width: float
    function: str = "LINEAR"


@dataclass(frozen=True, slots=True)
class Viewport:
    """Which part of a frame is shown, and how large.

    Attributes
    ----------
    size
        Width and height that the picture fits into, its sides keeping their ratio; None for that of the
        region.
    corner, extent
        Left and top edge, width and height of the region in pixels of the frame; a negative width or height
        turns the picture over; None for the whole.
    """

    size: tuple[int, int] | None = None
    corner: tuple[float, float] = (0.0, 0.0)
    extent: tuple[float, float] | None = None


@dataclass(frozen=True, slots=True)
class Drawing:
    """How a picture is drawn.

    Attributes
    ----------
    quality
        Of JPEG, 1 to 100.
    """

    window: Window | None = None
    viewport: Viewport = Viewport()
    quality: int = 90


@dataclass(frozen=True, slots=True, eq=False)
class Painting:
    """What a frame looks like.

    Attributes
    ----------
    pixels
        uint8, grey (rows, columns) or colour (rows, columns, 3).
    aspect
        How much higher than wide a pixel is.
    """

    pixels: NDArray[np.uint8]
    aspect: float = 1.0


def draw(painting: Painting, media_type: str, drawing: Drawing) -> bytes:
    """Make the file of a picture.

    Raises
    ------
    WebRefused
        With 400 for a region outside the frame.
    """
    from PIL import Image

    picture = _in_viewport(Image.fromarray(painting.pixels), drawing.viewport, painting.aspect)
    stream = BytesIO()
    options: dict[str, Any] = {"quality": drawing.quality} if media_type == "image/jpeg" else {}
    picture.save(stream, FORMATS[media_type], **options)
    return stream.getvalue()


def paint(frame: Dataset, window: Window | None) -> Painting:
    """Paint the only frame of an image.

    Parameters
    ----------
    frame
        With its File Meta.

    Raises
    ------
    PipelineError
        If the pixels cannot be decoded.
    WebRefused
        With 406 for a kind of image that is not drawn.
    """
    description = describe_frames(frame)
    if description.bits_allocated == 1:
        return Painting(mask_of(frame) * np.uint8(255))
    if description.samples_per_pixel == 3:
        return Painting(_colour(frame, description))
    if description.photometric_interpretation not in ("MONOCHROME1", "MONOCHROME2"):
        raise WebRefused(406, "Images of this kind are not rendered; retrieve the instance itself.")
    if window is not None:
        return Painting(_to_8_bits(_windowed(frame, window)), read_pixel_aspect(header_of(frame)))
    film = read_radiograph(frame, grey=GreyScale.DISPLAY, limits=_LIMITS)
    return Painting(_to_8_bits(film.pixels), film.pixel_aspect)


def _windowed(frame: Dataset, window: Window) -> NDArray[np.float32]:
    """Show the window that was asked for, whether it fits the image or not."""
    header = header_of(frame)
    description = describe_pixels(header, _LIMITS)
    stored = decode_frame(frame, description)
    values = read_modality(header, description).of(
        np.arange(description.lowest, description.highest + 1, dtype=np.float64)
    )
    asked = Dataset()
    asked.WindowCenter, asked.WindowWidth = window.centre, window.width
    asked.VOILUTFunction = window.function
    voi = read_voi(asked, lowest_input=float(values.min()))
    if voi is None:
        raise WebRefused(400, "The window is too narrow.")
    is_inverted = description.photometric_interpretation == "MONOCHROME1"
    mapping = voi.mapping.inverted() if is_inverted else voi.mapping
    table = mapping.of(values).astype(np.float32)
    grey = table[stored.astype(np.int32) - description.lowest]
    outside, _ = find_outside(stored, header, description)
    if outside is not None:
        grey[outside] = 0
    return grey


def _to_8_bits(grey: NDArray[np.float32]) -> NDArray[np.uint8]:
    return np.asarray(grey * np.float32(255) + np.float32(0.5)).astype(np.uint8)


def mask_of(frame: Dataset) -> NDArray[np.uint8]:
    """Give the only frame of one bit a pixel: (rows, columns) of 0 and 1.

    Raises
    ------
    PipelineError
        If it is none, or too short.
    """
    description = describe_frames(frame)
    count = description.rows * description.columns
    bits = np.unpackbits(np.frombuffer(frame.PixelData, np.uint8), bitorder="little")[:count]
    if description.bits_allocated != 1 or bits.size != count:
        raise UndecodablePixels("The object is no mask of one bit a pixel.")
    return bits.reshape(description.shape)


def _colour(frame: Dataset, description: PixelDescription) -> NDArray[np.uint8]:
    from PIL import Image

    mode = _COLOURS.get(description.photometric_interpretation)
    if mode is None or description.bits_allocated != 8:
        raise WebRefused(406, "Colour images of this kind are not rendered; retrieve the instance itself.")
    rows, columns = description.shape
    samples = np.frombuffer(frame.PixelData, np.uint8)[: rows * columns * 3]
    if frame.get("PlanarConfiguration") == 1:
        samples = np.moveaxis(samples.reshape(3, rows, columns), 0, 2)
    pixels = np.ascontiguousarray(samples.reshape(rows, columns, 3))
    if mode == "RGB":
        return pixels
    return np.asarray(Image.frombuffer(mode, (columns, rows), pixels.tobytes()).convert("RGB"))


def _in_viewport(picture: "Image", viewport: Viewport, aspect: float) -> "Image":
    from PIL import Image, ImageOps

    turn_over: Sequence[Callable[[Image.Image], Image.Image]] = ()
    if viewport.extent is not None:
        (left, top), (width, height) = viewport.corner, viewport.extent
        box = (left, top, left + abs(width), top + abs(height))
        if left < 0 or top < 0 or box[2] > picture.width or box[3] > picture.height or not width * height:
            raise WebRefused(400, f"The region is not inside {picture.width} x {picture.height} pixels.")
        picture = picture.crop((round(box[0]), round(box[1]), round(box[2]), round(box[3])))
        turn_over = [ImageOps.mirror] * (width < 0) + [ImageOps.flip] * (height < 0)
    for turned in turn_over:
        picture = turned(picture)
    width, height = float(picture.width), picture.height * aspect
    if viewport.size is not None:
        scale = min(viewport.size[0] / width, viewport.size[1] / height)
        width, height = width * scale, height * scale
    size = (max(1, round(width)), max(1, round(height)))
    return picture if size == picture.size else picture.resize(size, Image.Resampling.BICUBIC)
