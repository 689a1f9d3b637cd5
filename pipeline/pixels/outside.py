"""Which pixels are no image: padding (PS3.3 C.7.5.1.1.2), shutters (C.7.6.11) and collimators (C.8.7.3)."""

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray
from pydicom import Dataset

from pipeline.attributes import integer, numbers, texts
from pipeline.pixels.description import PixelDescription, StoredValues

_LEAST_SHARE = 0.1
"""A region that would leave less of the image than this is stale or wrong, and ignored."""
_SHAPES = ("RECTANGULAR", "CIRCULAR", "POLYGONAL", "BITMAP")
_MOST_SHAPES, _MOST_VERTICES = 3, 4096


def find_outside(
    stored: StoredValues, header: Dataset, description: PixelDescription
) -> tuple[NDArray[np.bool_] | None, tuple[str, ...]]:
    """Mark the pixels that padding, shutter or collimator hide.

    Returns
    -------
    outside
        (rows, columns), True where hidden; None when nothing is.
    notes
        ``padding=40``, ``shutter=rectangular``, ``collimator=...`` or why one was ignored.

    Notes
    -----
    Several shapes hide all that is outside any of them. Bitmap shutters are noted and ignored: they point to
    an overlay that film modalities do not send.
    """
    inside = np.ones(description.shape, np.bool_)
    notes: list[str] = []
    for name, visible in _regions(stored, header, description):
        if visible is None:
            notes.append(f"{name} ignored")
            continue
        both = inside & visible
        if np.count_nonzero(both) < _LEAST_SHARE * both.size:
            notes.append(f"{name} ignored, it leaves too little")
            continue
        notes.append(name)
        inside = both
    return (None if inside.all() else ~inside), tuple(notes)


def _regions(
    stored: StoredValues, header: Dataset, description: PixelDescription
) -> Iterator[tuple[str, NDArray[np.bool_] | None]]:
    padding = _padding_range(header, description)
    if padding is not None:
        visible = (stored < padding[0]) | (stored > padding[1])
        if not visible.all():
            yield f"padding={padding[0]}", visible
    for prefix in ("Shutter", "Collimator"):
        for shape in texts(header, f"{prefix}Shape")[:_MOST_SHAPES]:
            name = shape.lower() if shape in _SHAPES else "other"
            yield f"{prefix.lower()}={name}", _shape(prefix, shape, header, description.shape)


def _padding_range(header: Dataset, description: PixelDescription) -> tuple[int, int] | None:
    value = _stored(integer(header, "PixelPaddingValue"), description)
    if value is None:
        return None
    limit = _stored(integer(header, "PixelPaddingRangeLimit"), description)
    other = value if limit is None else limit
    return min(value, other), max(value, other)


def _stored(value: int | None, description: PixelDescription) -> int | None:
    """Undo the wrong one of US and SS, and drop what no pixel can hold."""
    if value is not None and description.signed and value > 0x7FFF:
        value -= 0x10000
    if value is not None and not description.signed and value < 0:
        value += 0x10000
    return value if value is not None and description.lowest <= value <= description.highest else None


def _shape(prefix: str, shape: str, header: Dataset, grid: tuple[int, int]) -> NDArray[np.bool_] | None:
    if shape == "RECTANGULAR":
        return _rectangle(prefix, header, grid)
    if shape == "CIRCULAR":
        return _circle(prefix, header, grid)
    return _polygon(prefix, header, grid) if shape == "POLYGONAL" else None


def _rectangle(prefix: str, header: Dataset, grid: tuple[int, int]) -> NDArray[np.bool_] | None:
    sides = ("LeftVertical", "RightVertical", "UpperHorizontal", "LowerHorizontal")
    edges = [integer(header, f"{prefix}{side}Edge") for side in sides]
    left, right, upper, lower = edges
    if left is None or right is None or upper is None or lower is None:
        return None
    visible = np.zeros(grid, np.bool_)
    # Edges are counted from 1, and the edge itself is still image.
    visible[max(0, upper - 1) : max(0, lower), max(0, left - 1) : max(0, right)] = True
    return visible


def _circle(prefix: str, header: Dataset, grid: tuple[int, int]) -> NDArray[np.bool_] | None:
    centre = numbers(header, f"CenterOfCircular{prefix}")
    radius = numbers(header, f"RadiusOfCircular{prefix}")
    if len(centre) != 2 or len(radius) != 1 or radius[0] <= 0:
        return None
    y, x = np.ogrid[1 : grid[0] + 1, 1 : grid[1] + 1]
    return np.asarray((y - centre[0]) ** 2 + (x - centre[1]) ** 2 <= radius[0] ** 2)


def _polygon(prefix: str, header: Dataset, grid: tuple[int, int]) -> NDArray[np.bool_] | None:
    vertices = numbers(header, f"VerticesOfThePolygonal{prefix}")
    if not 6 <= len(vertices) <= _MOST_VERTICES * 2 or len(vertices) % 2 or max(map(abs, vertices)) > 1e6:
        return None
    from PIL import Image, ImageDraw

    picture = Image.new("1", (grid[1], grid[0]))
    corners = [(column - 1, row - 1) for row, column in zip(vertices[::2], vertices[1::2], strict=True)]
    ImageDraw.Draw(picture).polygon(corners, fill=1)
    return np.asarray(picture, dtype=np.bool_)
