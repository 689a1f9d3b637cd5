"""The content trees of the reports, and every code that they and the other objects use."""

from collections.abc import Iterator

from pydicom import Dataset
from pydicom.sr.coding import Code

from node.conformance.markdown import table
from node.conformance.objects import Pair, made
from node.conformance.objects import not_judged as reports_of_films_not_judged
from node.conformance.origins import origin, triple
from pipeline import codes

_COLUMNS = ("", "relationship", "value type", "concept", "value")
_REFERENCED = {"IMAGE", "COMPOSITE"}


def judged() -> str:
    """Write the tree of the report of a film that was judged."""
    return _tree(_pair("sr"))


def not_judged() -> str:
    """Write the tree of the report of a film that was not judged."""
    return _tree(reports_of_films_not_judged())


def summary() -> str:
    """Write the tree of a study's summary."""
    return _tree(_pair("summary"))


def _pair(kind: str) -> Pair:
    return next(each.pair for each in made() if each.kind == kind)


def _tree(pair: Pair) -> str:
    return table(_COLUMNS, _rows(*pair, depth=0))


def _rows(first: Dataset, second: Dataset, depth: int) -> Iterator[tuple[str, ...]]:
    yield (
        ">" * depth,
        first.get("RelationshipType", ""),
        str(first.ValueType),
        triple(first.ConceptNameCodeSequence[0]),
        _value(first, second),
    )
    below, other = first.get("ContentSequence", []), second.get("ContentSequence", [])
    for row, same in zip(below, other, strict=True):
        yield from _rows(row, same, depth + 1)


def _value(first: Dataset, second: Dataset) -> str:
    if first.ValueType == "CONTAINER":
        used = first.get("ContentTemplateSequence", [])
        return f"TID {used[0].TemplateIdentifier}" if used else ""
    return origin("", [_text(first)], [_text(second)])


def _text(row: Dataset) -> str:
    kind = str(row.ValueType)
    if kind == "CODE":
        return triple(row.ConceptCodeSequence[0])
    if kind == "NUM":
        measured = row.MeasuredValueSequence[0]
        return f"{measured.NumericValue} {triple(measured.MeasurementUnitsCodeSequence[0])}"
    if kind in _REFERENCED:
        return str(row.ReferencedSOPSequence[0].ReferencedSOPInstanceUID)
    keyword = {"TEXT": "TextValue", "UIDREF": "UID", "DATE": "Date", "TIME": "Time"}[kind]
    return str(row[keyword].value)


def codes_used() -> str:
    """List the codes that objects can hold, beside those of the templates themselves."""
    named = {name: value for name, value in vars(codes).items() if name.isupper()}
    every = [each for value in named.values() for each in _codes(value)]
    rows = sorted({(each.scheme_designator, each.value, each.meaning) for each in every})
    return table(("scheme", "code", "meaning"), rows)


def _codes(value: object) -> Iterator[Code]:
    if isinstance(value, Code):
        yield value
    elif hasattr(value, "values"):
        yield from (each for each in value.values() if isinstance(each, Code))
