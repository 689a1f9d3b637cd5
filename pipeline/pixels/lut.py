"""Lookup tables of the Modality LUT and VOI LUT sequences (PS3.3 C.11.1.1.1, C.11.2.1.1)."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from pydicom import Dataset

from pipeline.attributes import UNREADABLE, items, numbers

_MOST_ENTRIES = 65536


@dataclass(frozen=True, slots=True, eq=False)
class Lut:
    """A table of output values.

    Attributes
    ----------
    first
        Input of the first entry. Inputs below it take the first entry, those beyond the last take the last.
    entries
        float64, 1 to 65536 of them.
    bits
        Depth of the output, 1..16.
    """

    first: int
    entries: NDArray[np.float64]
    bits: int

    def look_up(self, values: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return the entry of each value, rounded to the next whole input."""
        index = np.clip(np.rint(values) - self.first, 0, self.entries.size - 1)
        return np.asarray(self.entries[index.astype(np.intp)])


def read_lut(header: Dataset, keyword: str, *, lowest_input: float) -> Lut | None:
    """Read the table of a sequence's first item.

    Parameters
    ----------
    lowest_input
        Smallest value that can come in. When it is negative, a first input of 32768 or more is two's
        complement that was written as unsigned.

    Returns
    -------
    Lut or None
        None when the sequence is absent or its table is damaged.
    """
    item = next(items(header, keyword), None)
    descriptor = numbers(item, "LUTDescriptor") if item is not None else ()
    if item is None or len(descriptor) != 3:
        return None
    count, first, bits = (int(number) for number in descriptor)
    count = count & 0xFFFF or _MOST_ENTRIES
    entries = _entries(item, count)
    if entries is None:
        return None
    if lowest_input < 0 and first >= 32768:
        first -= 65536
    needed = max(1, int(entries.max()).bit_length())
    return Lut(first, entries, bits if needed <= bits <= 16 else needed)


def _entries(item: Dataset, count: int) -> NDArray[np.float64] | None:
    try:
        value = item.get("LUTData")
        words = (
            np.frombuffer(value[: len(value) // 2 * 2], "<u2")
            if isinstance(value, bytes)
            else np.atleast_1d(np.asarray(value, dtype=np.int64)).astype(np.uint16)
        )
    except UNREADABLE:
        return None
    if words.size < count <= words.size * 2:
        # Entries of 8 bits, two in a word.
        words = words.astype("<u2").view(np.uint8)
    if not count <= words.size <= _MOST_ENTRIES * 2:
        return None
    return words[:count].astype(np.float64)
