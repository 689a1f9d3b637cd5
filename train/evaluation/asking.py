"""Ask a bundle about the films of an index; answers are kept, so that no question is asked twice."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from pipeline.bundle import Bundle
from pipeline.bundle.manifest import sha256_of
from train.data.index import IndexedFilm, index_file
from train.evaluation.occlusion import judge_without_lungs
from train.evaluation.prediction import Predictor
from train.evaluation.results import FilmResult, read_results, write_results

STAMP = "asked.json"
_Item = TypeVar("_Item")
Watch = Callable[[str, int, Iterator[_Item]], Iterable[_Item]]
"""Shows progress: given a title, how many items will come, and the items."""


@dataclass(frozen=True, slots=True)
class FilmSet:
    """Films of one index that are asked about.

    Attributes
    ----------
    folder
        Of the index.
    digest
        SHA-256 of the index.
    """

    films: Sequence[IndexedFilm]
    folder: Path
    digest: str


class Questions:
    """Questions to one bundle, answered into a folder.

    Parameters
    ----------
    out
        Keeps a CSV for each question, ``asked.json`` with what was asked, and ``masks/``.
    watch
        Shows progress.
    """

    def __init__(self, bundle: Bundle, out: Path, watch: Watch[object]) -> None:
        self._bundle = bundle
        self._out = out
        self._watch = watch
        out.mkdir(parents=True, exist_ok=True)

    def predictions(
        self, name: str, asked: FilmSet, *, turns: int = 0, keep: bool = False
    ) -> list[FilmResult]:
        """Predict films, or read the answers that an earlier call left."""

        def ask() -> list[FilmResult]:
            predictor = Predictor(self._bundle, masks=self._out / "masks" if keep else None)
            return self._watched(name, len(asked.films), predictor.predict(asked.films, asked.folder, turns))

        path = self._out / f"{name}.csv"
        return self._once(path, self._stamp(asked, turns), ask, write_results, read_results)

    def without_lungs(self, name: str, asked: FilmSet) -> list[float | None]:
        """Judge films with their lungs painted over, or read the answers that an earlier call left."""

        def ask() -> list[float | None]:
            return self._watched(name, len(asked.films), judge_without_lungs(self._bundle, asked.films))

        return self._once(self._out / f"{name}.json", self._stamp(asked, 0), ask, _write_json, _read_json)

    def _watched(self, name: str, count: int, items: Iterator[_Item]) -> list[_Item]:
        return list(self._watch(name, count, items))  # type: ignore[arg-type]

    def _stamp(self, asked: FilmSet, turns: int) -> str:
        films = "\n".join(f"{film.path} {film.digest}" for film in asked.films)
        question = f"{self._bundle.identity.digest} {asked.digest} {turns}\n{films}"
        return sha256_of(question.encode())

    def _once(
        self,
        path: Path,
        stamp: str,
        ask: Callable[[], list[_Item]],
        write: Callable[[Path, list[_Item]], None],
        read: Callable[[Path], list[_Item]],
    ) -> list[_Item]:
        """Ask unless the kept answer is to the same question; what is read back is what was written."""
        record = self._out / STAMP
        stamps: dict[str, str] = json.loads(record.read_text("utf-8")) if record.exists() else {}
        if stamps.get(path.name) != stamp or not path.exists():
            write(path, ask())
            record.write_text(json.dumps({**stamps, path.name: stamp}, indent=1) + "\n", "utf-8")
        return read(path)


def film_set(films: Sequence[IndexedFilm], index: Path) -> FilmSet:
    """Name films together with the index that lists them."""
    file = index_file(index)
    return FilmSet(films, file.parent, sha256_of(file.read_bytes()))


def _write_json(path: Path, values: list[float | None]) -> None:
    path.write_text(json.dumps(values) + "\n", "utf-8")


def _read_json(path: Path) -> list[float | None]:
    values: list[float | None] = json.loads(path.read_text("utf-8"))
    return values
