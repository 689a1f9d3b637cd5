"""The outline of a mask as closed polygons with few points.

Points are (column, row) with the sub-pixel origin of PS3.3 C.10.5: 0, 0 is the top left hand corner of the
first pixel, Columns, Rows the bottom right hand corner of the last.
"""

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

_TOLERANCE = 0.6
"""Pixels by which an outline may be moved so that it needs fewer points."""
_FEWEST_POINTS = 4
"""Of a closed outline that still has an area."""
_STEPS = ((1, 0), (0, 1), (-1, 0), (0, -1))
"""Columns and rows of a step to the right, down, to the left and up."""
_TURNS = (1, 0, 3)
"""To the right, straight on, to the left."""


def contours(mask: NDArray[np.bool_], *, most_points: int = 8000) -> list[NDArray[np.float64]]:
    """Outline a mask.

    Parameters
    ----------
    mask
        bool (rows, columns).
    most_points
        Of one outline; the tolerance grows until it suffices. 8000 pairs are what Graphic Data (0070,0022)
        holds in Explicit VR (PS3.5 7.1.2: 65534 bytes).

    Returns
    -------
    list of ndarray
        float64 (points, 2), the last point equal to the first; outlines of regions and of the holes in them,
        the longest first. Filled by the even-odd rule they give the mask again, within a pixel.
    """
    rows, columns = (np.flatnonzero(mask.any(axis=axis)) for axis in (1, 0))
    if not rows.size:
        return []
    corner = np.array([columns[0], rows[0]])
    cut = mask[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
    traced = sorted(_trace(cut), key=len, reverse=True)
    return [_simplify(outline + corner, most_points) for outline in traced]


def _trace(mask: NDArray[np.bool_]) -> Iterator[NDArray[np.float64]]:
    """Walk along the edges between mask and rest, the mask on the right hand; yield the edges' middles."""
    width, left = mask.shape[1] + 1, _edges(mask)
    for first in sorted(left):
        edge, walked = first, []
        while edge in left:
            left.discard(edge)
            walked.append(edge)
            corner, heading = divmod(edge, 4)
            corner += _STEPS[heading][0] + _STEPS[heading][1] * width
            options = [4 * corner + (heading + turn) % 4 for turn in _TURNS]
            edge = next((option for option in options if option in left), first)
        if walked:
            corners, headings = np.divmod(np.array([*walked, first]), 4)
            rows, columns = np.divmod(corners, width)
            yield np.stack([columns, rows], axis=1) + np.array(_STEPS)[headings] / 2


def _edges(mask: NDArray[np.bool_]) -> set[int]:
    """List every directed edge as a number: four times the corner that it starts from, and its heading."""
    padded, width = np.pad(mask, 1), mask.shape[1] + 1
    neighbours = (padded[:-2, 1:-1], padded[1:-1, 2:], padded[2:, 1:-1], padded[1:-1, :-2])
    starts = ((0, 0), (1, 0), (1, 1), (0, 1))
    edges: set[int] = set()
    for heading, (neighbour, (right, down)) in enumerate(zip(neighbours, starts, strict=True)):
        rows, columns = np.nonzero(mask & ~neighbour)
        edges.update((4 * ((rows + down) * width + columns + right) + heading).tolist())
    return edges


def _simplify(points: NDArray[np.float64], most_points: int) -> NDArray[np.float64]:
    """Keep the points that matter (Ramer, Douglas and Peucker), of each half of the outline by itself."""
    far, tolerance = int(np.argmax(np.hypot(*(points - points[0]).T))), _TOLERANCE
    while True:
        kept = _kept(points, [(0, far), (far, len(points) - 1)], tolerance)
        if kept.sum() < _FEWEST_POINTS:
            return points
        if kept.sum() <= most_points:
            return points[kept]
        tolerance *= 2


def _kept(points: NDArray[np.float64], spans: list[tuple[int, int]], tolerance: float) -> NDArray[np.bool_]:
    kept = np.zeros(len(points), np.bool_)
    kept[[end for span in spans for end in span]] = True
    while spans:
        first, last = spans.pop()
        if last - first < 2:
            continue
        distances = _distances(points[first + 1 : last], points[first], points[last])
        farthest = int(np.argmax(distances))
        if distances[farthest] > tolerance:
            middle = first + 1 + farthest
            kept[middle] = True
            spans += [(first, middle), (middle, last)]
    return kept


def _distances(
    points: NDArray[np.float64], start: NDArray[np.float64], end: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Measure how far points are from the segment between two others."""
    along, offset = end - start, points - start
    length = float(along @ along)
    share = np.clip(offset @ along / length, 0, 1) if length else np.zeros(len(points))
    return np.asarray(np.hypot(*(offset - share[:, None] * along).T))
