"""The objects that the node creates, attribute by attribute, read from objects that it made."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from io import BytesIO

from pydicom import Dataset, dcmread
from pydicom.datadict import dictionary_VR
from pydicom.tag import Tag
from pydicom.uid import UID, EnhancedSRStorage

from node.conformance.markdown import code, table
from node.conformance.origins import Path, Values, origin, read
from pipeline.results import (
    DEFAULT_SC_SIDE,
    VISIBLE_KINDS,
    Form,
    make_result_objects,
    make_visible_object,
    to_part10,
)
from pipeline.results.invented import invent_analysis, invent_origin
from pipeline.results.modules import Place, places
from pipeline.results.summary import Member, make_summary
from pipeline.values import Analysis, Origin

_TREE = "ContentSequence"

_BEYOND = "(beyond the IOD)"

Pair = tuple[Dataset, Dataset]
"""The same kind of object of both films."""


@dataclass(frozen=True, slots=True)
class Made:
    """One kind of object that the node creates, in the words of ``destinations[].send``."""

    kind: str
    pair: Pair

    @property
    def sop_class_uid(self) -> UID:
        """SOP Class UID (0008,0016)."""
        return UID(self.pair[0].SOPClassUID)


@cache
def made() -> tuple[Made, ...]:
    """Make every kind of object that there is of two films that were judged."""
    results = [make_result_objects(analysis, origin, overlay=False) for analysis, origin in _both()]
    found = [
        Made("seg", _pair([result.segmentation for result in results])),
        Made("sr", _pair([result.report for result in results])),
    ]
    for kind in VISIBLE_KINDS:
        form = Form(kind, longest_side=DEFAULT_SC_SIDE if kind == "sc" else 0)
        found.append(Made(kind, _pair([make_visible_object(*each, form) for each in _both()])))
    return (*found, Made("summary", _summaries(found[1].pair)))


@cache
def not_judged() -> Pair:
    """Make the reports of two films that were not judged."""
    both = _both(is_judged=False)
    return _pair([make_result_objects(*each, overlay=False).report for each in both])


def _summaries(reports: Pair) -> Pair:
    days = ("20260102070000", "20260204080000")
    return _pair(
        [
            make_summary([Member(report, day)] * 2, invent_origin(which).made_at)
            for which, (report, day) in enumerate(zip(reports, days, strict=True))
        ]
    )


def _both(*, is_judged: bool = True) -> Iterator[tuple[Analysis, Origin]]:
    yield from ((invent_analysis(which, is_judged=is_judged), invent_origin(which)) for which in (0, 1))


def _pair(objects: Sequence[Dataset | None]) -> Pair:
    first, second = objects
    assert first is not None
    assert second is not None
    return _written(first), _written(second)


def _written(dataset: Dataset) -> Dataset:
    return dcmread(BytesIO(to_part10(dataset)))


def created_classes() -> tuple[UID, ...]:
    """Give the SOP Classes of results: those that are made, and the Enhanced SR that stands in for one."""
    return tuple(dict.fromkeys([*(each.sop_class_uid for each in made()), EnhancedSRStorage]))


def created() -> str:
    """List the kinds of object that are created."""
    rows = [
        (
            code(each.kind),
            each.sop_class_uid.name,
            code(each.sop_class_uid),
            each.pair[0].SeriesNumber,
            each.pair[0].get("SeriesDescription", ""),
        )
        for each in made()
    ]
    return table(("`send`", "SOP Class", "UID", "series number", "series description"), rows)


def attributes() -> str:
    """List every attribute of every kind of object."""
    parts = (f"#### `{each.kind}`: {each.sop_class_uid.name}\n\n{_attributes(each)}" for each in made())
    return "\n\n".join(parts)


def _attributes(each: Made) -> str:
    first, second = (read(dataset, without=(_TREE,)) for dataset in each.pair)
    known = places(each.sop_class_uid)
    paths = sorted(dict.fromkeys([*first, *second]), key=_order)
    return table(
        ("module", "attribute", "tag", "VR", "type", "value"),
        (_row(path, _place(path, known), first, second) for path in paths),
    )


def _order(path: Path) -> list[int]:
    return [Tag(keyword) for keyword in path]


def _place(path: Path, known: dict[Path, Place]) -> Place:
    """Find an attribute in the IOD; below a sequence without a table of its own the type is left open."""
    if path in known:
        return known[path]
    around = known.get(path[:1])
    return Place(around.module, around.usage, "") if around and len(path) > 1 else Place(_BEYOND, "", "3")


def _row(path: Path, place: Place, first: Values, second: Values) -> tuple[str, ...]:
    keyword = path[-1]
    is_sequence = dictionary_VR(keyword) == "SQ" and not any(first.get(path, ()) + second.get(path, ()))
    return (
        f"{place.module} {place.usage}".strip() if len(path) == 1 else "",
        "> " * (len(path) - 1) + keyword,
        str(Tag(keyword)).replace(", ", ","),
        dictionary_VR(keyword),
        place.kind,
        _sequence(path, first) if is_sequence else origin(keyword, first.get(path, ()), second.get(path, ())),
    )


def _sequence(path: Path, first: Values) -> str:
    has_items = any(other[: len(path)] == path and len(other) > len(path) for other in first)
    return "items" if has_items else "no item"
