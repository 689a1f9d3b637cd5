"""Outlines drawn with labelme: JSON files of labelled polygons."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from math import isfinite
from pathlib import Path
from typing import cast

import numpy as np
from numpy.typing import NDArray

from train.data.polygons import Point, fill_polygon
from train.errors import UnusableIndex

LUNG_WORDS = ("lung", "폐")
"""A shape whose label holds one of these, in any case, is a lung."""
IGNORE_WORDS = ("ignore",)
"""A shape whose label holds one of these is not to be counted."""
_SHAPES = ("polygon", "rectangle")


def read_labelme(path: Path) -> NDArray[np.uint8]:
    """Rasterise the lungs of a labelme file.

    Returns
    -------
    ndarray
        uint8 (imageHeight, imageWidth): 0 background, 1 lung, 2 not to be counted.

    Raises
    ------
    UnusableIndex
        Names the file: no labelme JSON, a shape that is no polygon or rectangle, no lung.
    """
    document = load_labelme(path)
    grid = _grid(path, document)
    mask = np.zeros(grid, np.uint8)
    lungs, ignored = (_shapes(path, document, words) for words in (LUNG_WORDS, IGNORE_WORDS))
    if not lungs:
        found = sorted({_label(shape) for shape in _list(document, "shapes")})
        raise UnusableIndex(
            f"{path} has no lung among its shapes {', '.join(found) or '(none)'}; "
            f"label the lungs with a text that holds {' or '.join(map(repr, LUNG_WORDS))}"
        )
    for corners in lungs:
        mask[fill_polygon(corners, grid)] = 1
    for corners in ignored:
        mask[fill_polygon(corners, grid)] = 2
    return mask


def load_labelme(path: Path) -> Mapping[str, object]:
    """Read the JSON; UnusableIndex unless it is an object with a list of shapes."""
    try:
        document = json.loads(path.read_text(encoding="utf-8-sig"))
    except (OSError, ValueError, RecursionError) as error:
        raise UnusableIndex(f"{path} is no readable JSON file: {error}") from error
    if not isinstance(document, dict) or not isinstance(document.get("shapes"), list):
        raise UnusableIndex(f"{path} is no labelme file: it has no list of shapes")
    return document


def is_labelme(path: Path) -> bool:
    """Whether a file is a labelme file; any other JSON is not."""
    try:
        load_labelme(path)
    except UnusableIndex:
        return False
    return True


def _grid(path: Path, document: Mapping[str, object]) -> tuple[int, int]:
    sides = document.get("imageHeight"), document.get("imageWidth")
    if not all(isinstance(side, int) and 0 < side <= 65535 for side in sides):
        raise UnusableIndex(f"{path} does not state imageHeight and imageWidth; save it again in labelme")
    return cast("tuple[int, int]", sides)


def _list(document: Mapping[str, object], name: str) -> list[Mapping[str, object]]:
    return [item for item in cast("list[object]", document[name]) if isinstance(item, dict)]


def _label(shape: Mapping[str, object]) -> str:
    return str(shape.get("label", ""))


def _shapes(path: Path, document: Mapping[str, object], words: Sequence[str]) -> list[list[Point]]:
    return [
        _corners(path, shape)
        for shape in _list(document, "shapes")
        if any(word in _label(shape).lower() for word in words)
    ]


def _corners(path: Path, shape: Mapping[str, object]) -> list[Point]:
    kind = shape.get("shape_type") or "polygon"
    if kind not in _SHAPES:
        raise UnusableIndex(f"{path}: {_label(shape)} is a {kind}; draw it as a polygon or rectangle")
    points = _points(shape)
    if len(points) < (3 if kind == "polygon" else 2):
        raise UnusableIndex(f"{path}: {_label(shape)} has too few or unreadable points; draw it again")
    if kind == "rectangle":
        (left, top), (right, bottom) = points[:2]
        return [(left, top), (right, top), (right, bottom), (left, bottom)]
    return points


def _points(shape: Mapping[str, object]) -> list[Point]:
    """Return the corners; none when one of them is no pair of finite numbers."""
    try:
        points = [(float(x), float(y)) for x, y in cast("list[tuple[float, float]]", shape["points"])]
    except (KeyError, TypeError, ValueError):
        return []
    return points if all(isfinite(value) for point in points for value in point) else []
