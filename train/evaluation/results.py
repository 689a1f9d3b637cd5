"""What a bundle said of each film, beside what is known of it: one row a film, kept as CSV."""

from __future__ import annotations

import math
import re
import types
import typing
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field, fields
from pathlib import Path

from train.data.cells import Row, read_rows, write_rows
from train.errors import UnusableIndex
from train.evaluation.overlap import Overlap

_ATTRIBUTE = "attribute."
_OVERLAP = "overlap."
_SEED = re.compile(r", seed \d+.*")


@dataclass(frozen=True, slots=True)
class Known:
    """What the index says of a film.

    Attributes
    ----------
    film
        Path relative to the folder of the index.
    attributes
        Further columns of the index, and the vendor of a DICOM film: what subgroups are made of.
    """

    film: str
    patient: str
    split: str
    provenance: str
    rds: bool | None = None
    sex: str = ""
    age_days: float | None = None
    digest: str = ""
    attributes: Mapping[str, str] = field(default_factory=dict, hash=False)

    @property
    def source(self) -> str:
        """Provenance without what is a simulated film's own: its seed, and the film beneath."""
        return _SEED.sub("", self.provenance)


@dataclass(frozen=True, slots=True)
class Said:
    """What the bundle says of a film.

    Attributes
    ----------
    outcome, reason, explanation
        The node's answer, gate and abstention included.
    probability
        The classifier's, also of films that the node turns away; None when nothing could be judged at all.
    confidence, lung_fraction, lung_mm2
        Of the mask found; None without one.
    lung_mean, lung_texture
        Mean grey value inside the lungs and mean local standard deviation: a baseline's two features.
    mask
        File name of the mask found, among the kept ones; empty when none was kept.
    """

    outcome: str
    reason: str = ""
    explanation: str = ""
    probability: float | None = None
    confidence: float | None = None
    lung_fraction: float | None = None
    lung_mm2: float | None = None
    lung_mean: float | None = None
    lung_texture: float | None = None
    mask: str = ""

    @property
    def is_judged(self) -> bool:
        """Whether the node answered present or absent."""
        return self.outcome in ("present", "absent")


@dataclass(frozen=True, slots=True)
class FilmResult:
    """One film; ``overlap`` is None when nobody outlined its lungs."""

    known: Known
    said: Said
    overlap: Overlap | None = None


def write_results(path: Path, results: Iterable[FilmResult]) -> None:
    """Write the rows as CSV; what is unknown is an empty cell."""
    rows = [_cells(result) for result in results]
    names = list(dict.fromkeys(name for row in rows for name in row))
    write_rows(path, names, rows)


def read_results(path: Path) -> list[FilmResult]:
    """Read what `write_results` wrote.

    Raises
    ------
    UnusableIndex
        Names the file, and the line and column that is no value of its kind.
    """
    columns, rows = read_rows(path)
    missing = [one.name for one in (*fields(Known)[:4], *fields(Said)[:1]) if one.name not in columns]
    if missing:
        raise UnusableIndex(
            f"{path} lacks the column {missing[0]}; `neolung-train evaluate` writes such files"
        )
    return [_result(row) for row in rows]


def labelled(results: Sequence[FilmResult]) -> list[FilmResult]:
    """Keep films with a label and a probability."""
    return [one for one in results if one.known.rds is not None and one.said.probability is not None]


def _cells(result: FilmResult) -> dict[str, object]:
    known, said = asdict(result.known), asdict(result.said)
    attributes = known.pop("attributes")
    overlap = {} if result.overlap is None else asdict(result.overlap)
    named = {
        **known,
        **said,
        **{_OVERLAP + name: value for name, value in overlap.items()},
        **{_ATTRIBUTE + name: value for name, value in attributes.items()},
    }
    return {name: _cell(value) for name, value in named.items()}


def _cell(value: object) -> object:
    if value is None or (isinstance(value, float) and math.isnan(value)):
        return ""
    if isinstance(value, bool):
        return int(value)
    return f"{value:.9g}" if isinstance(value, float) else value


def _result(row: Row) -> FilmResult:
    attributes = {
        name.removeprefix(_ATTRIBUTE): cell
        for name, cell in row.cells.items()
        if name.startswith(_ATTRIBUTE) and cell
    }
    known = Known(**_parsed(row, Known, ""), attributes=attributes)
    overlap = Overlap(**_parsed(row, Overlap, _OVERLAP)) if row.text(_OVERLAP + "iou") else None
    return FilmResult(known, Said(**_parsed(row, Said, "")), overlap)


def _parsed(row: Row, kind: type, prefix: str) -> dict[str, typing.Any]:
    hints = typing.get_type_hints(kind)
    names = [one.name for one in fields(kind) if hints[one.name] in _READERS]
    try:
        return {name: _READERS[hints[name]](row.text(prefix + name)) for name in names}
    except ValueError as error:
        raise row.wrong(f"{error}; evaluate the films again") from error


def _optional_flag(cell: str) -> bool | None:
    return bool(int(cell)) if cell else None


def _optional_number(cell: str) -> float | None:
    return float(cell) if cell else None


_READERS: dict[type | types.UnionType, Callable[[str], object]] = {
    str: str,
    int: int,
    float: lambda cell: float(cell or "nan"),
    bool | None: _optional_flag,
    float | None: _optional_number,
}
