"""Films to learn from and to measure on: found, checked, listed in one ``index.csv``, and dealt into splits.

Knows no network and no phantom. Start reading at `index`, then `prepare`.
"""

from train.data.index import IndexedFilm, read_index, write_index
from train.data.masks import read_mask
from train.data.pictures import read_pixels

__all__ = ["IndexedFilm", "read_index", "read_mask", "read_pixels", "write_index"]
