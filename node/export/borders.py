"""Borders of a film that are blacked out because text may be burned in there."""

from dataclasses import dataclass

import numpy as np

from node.errors import ExportRefused
from pipeline.pixels.description import StoredValues

_MOST_PERCENT = 40.0


@dataclass(frozen=True, slots=True)
class Borders:
    """Shares of rows and columns in percent; all 0: nothing is blacked out."""

    top: float = 0.0
    right: float = 0.0
    bottom: float = 0.0
    left: float = 0.0

    def __bool__(self) -> bool:
        return any((self.top, self.right, self.bottom, self.left))

    def blacken(self, stored: StoredValues, *, inverse: bool) -> StoredValues:
        """Set the borders to the darkest value of the film.

        Parameters
        ----------
        inverse
            Whether the highest value is the darkest (MONOCHROME1).
        """
        rows, columns = stored.shape
        top, bottom = round(rows * self.top / 100), rows - round(rows * self.bottom / 100)
        left, right = round(columns * self.left / 100), columns - round(columns * self.right / 100)
        black = stored.max() if inverse else stored.min()
        blackened = np.full_like(stored, black)
        blackened[top:bottom, left:right] = stored[top:bottom, left:right]
        return blackened


def read_borders(text: str) -> Borders:
    """Read ``TOP,RIGHT,BOTTOM,LEFT`` in percent.

    Raises
    ------
    ExportRefused
        Unless it is four numbers from 0 to 40.
    """
    try:
        shares = [float(part) for part in text.split(",")]
    except ValueError:
        shares = []
    if len(shares) != 4 or not all(0 <= share <= _MOST_PERCENT for share in shares):
        raise ExportRefused(
            f"--black-borders {text}: give top, right, bottom and left in percent, each 0 to 40, as 5,0,5,0"
        )
    return Borders(*shares)
