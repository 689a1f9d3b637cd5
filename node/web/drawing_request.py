"""The query of a rendered resource (PS3.18 8.3.5): window, viewport and quality."""

import math
import re

from node.errors import WebRefused
from node.web.picture import FUNCTIONS, LONGEST_SIDE, Drawing, Viewport, Window

THUMBNAIL = Drawing(viewport=Viewport(size=(128, 128)))
"""How a thumbnail is drawn that names no viewport."""

_QUALITY = re.compile(r"[1-9][0-9]?|100")
_MAX_NUMBER = 32
IGNORED = ("annotation", "iccprofile")
"""Parameters of the standard that change nothing here."""


def read_drawing(query: tuple[tuple[str, str], ...], default: Drawing) -> Drawing:
    """Understand the query.

    Raises
    ------
    WebRefused
        With 400 for a value that is none.
    """
    given = {name.lower(): value for name, value in query}
    unknown = given.keys() - {"window", "viewport", "quality", *IGNORED}
    if unknown:
        raise WebRefused(400, "A rendered resource takes the parameters window, viewport and quality.")
    quality = given.get("quality", str(default.quality))
    if not _QUALITY.fullmatch(quality):
        raise WebRefused(400, "quality is no whole number from 1 to 100.")
    return Drawing(
        window=_window(given["window"]) if "window" in given else None,
        viewport=_viewport(given["viewport"]) if "viewport" in given else default.viewport,
        quality=int(quality),
    )


def _window(text: str) -> Window:
    parts = [part.strip() for part in text.split(",")]
    function = FUNCTIONS.get(parts[2].lower()) if len(parts) == 3 else "LINEAR"
    centre, width = (_number(part) for part in (*parts, "", "")[:2])
    least = 1.0 if function == "LINEAR" else 0.0
    if len(parts) not in (2, 3) or function is None or centre is None or width is None or width < least:
        raise WebRefused(400, "window is no centre,width,function with linear, linear-exact or sigmoid.")
    return Window(centre, width, function)


def _viewport(text: str) -> Viewport:
    parts = [part.strip() for part in text.split(",")]
    numbers = [_number(part) if part else None for part in parts]
    wrong = any(part and number is None for part, number in zip(parts, numbers, strict=True))
    numbers += [None] * (6 - len(numbers))
    width, height, left, top, extent_x, extent_y = numbers[:6]
    size = (width, height)
    if wrong or len(parts) not in (2, 6) or not all(_is_side(side) for side in size):
        raise WebRefused(
            400, f"viewport is no width,height or width,height,x,y,w,h with sides from 1 to {LONGEST_SIDE}."
        )
    if (extent_x is None) != (extent_y is None):
        raise WebRefused(400, "The region of viewport needs both its width and its height.")
    extent = (extent_x, extent_y) if extent_x is not None and extent_y is not None else None
    return Viewport((round(width or 1), round(height or 1)), (left or 0.0, top or 0.0), extent)


def _is_side(side: float | None) -> bool:
    return side is not None and 1 <= side <= LONGEST_SIDE


def _number(text: str) -> float | None:
    if len(text) > _MAX_NUMBER:
        return None
    try:
        number = float(text)
    except ValueError:
        return None
    return number if math.isfinite(number) else None
