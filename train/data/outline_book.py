"""Which outline belongs to which film."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from pathlib import PurePath

from train.data.folder import MASK_ENDS, MASK_FOLDER, FoundFilm, FoundOutline
from train.errors import UnusableIndex


class OutlineBook:
    """Outlines by the film that they belong to.

    A DICOM SEG belongs to the films it refers to. A picture or a labelme file belongs to the film of the same
    path, leaving out suffixes, folders called ``masks`` and ``_mask`` at its end; or else to the only film of
    the same name.
    """

    def __init__(self, outlines: Iterable[FoundOutline], films: Iterable[FoundFilm]) -> None:
        self._outlines = list(outlines)
        self._taken: set[FoundOutline] = set()
        self._films_of_name: dict[str, int] = defaultdict(int)
        for film in films:
            self._films_of_name[film.relative.stem.lower()] += 1
        self._by_key: dict[tuple[str, str], list[FoundOutline]] = defaultdict(list)
        for outline in self._outlines:
            for key in _keys(outline):
                self._by_key[key].append(outline)

    def find(self, film: FoundFilm) -> FoundOutline | None:
        """Return the outline of a film.

        Raises
        ------
        UnusableIndex
            If there are several.
        """
        exact = [("film", film.sop_instance_uid), ("path", _bare(film.relative))]
        found = [outline for key in exact if key[1] for outline in self._by_key.get(key, ())]
        name = film.relative.stem.lower()
        if not found and self._films_of_name[name] == 1:
            found = self._by_key.get(("name", name), [])
        self._taken.update(found)
        if len(found) > 1:
            names = " and ".join(outline.relative.as_posix() for outline in found)
            raise UnusableIndex(f"it has several outlines, {names}; keep one")
        return found[0] if found else None

    def unused(self) -> Iterator[FoundOutline]:
        """Yield the outlines that no film has asked for."""
        return (outline for outline in self._outlines if outline not in self._taken)


def _keys(outline: FoundOutline) -> list[tuple[str, str]]:
    if outline.films:
        return [("film", uid) for uid in sorted(outline.films)]
    bare = _bare(outline.relative)
    return [("path", bare), ("name", PurePath(bare).name)]


def _bare(relative: PurePath) -> str:
    """Return a path in lower case without what marks it as an outline."""
    folders = [part.lower() for part in relative.parts[:-1] if part.lower() != MASK_FOLDER]
    stem = relative.stem.lower()
    for end in MASK_ENDS:
        stem = stem.removesuffix(end)
    return "/".join([*folders, stem])
