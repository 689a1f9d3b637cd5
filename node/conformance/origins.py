"""Where the values of created objects come from, told by making each object of two films that differ."""

from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from zlib import crc32

from pydicom import Dataset
from pydicom.dataelem import DataElement

from node.conformance.markdown import code
from pipeline.results.invented import invent_analysis, invent_origin

Path = tuple[str, ...]
"""Keywords from the Data Set down to an attribute."""
Values = Mapping[Path, tuple[str, ...]]
"""The values of an attribute in all items that it stands in."""

MADE = "computed"
_CODED = {"CodeValue", "CodingSchemeDesignator", "CodeMeaning"}
_LONGEST = 70
_NO_TEXT = {"OB", "OW", "OB or OW"}


def read(dataset: Dataset, *, without: Sequence[str] = ()) -> dict[Path, tuple[str, ...]]:
    """Give every attribute by its path, in the order of the Data Set; codes are one value each.

    Parameters
    ----------
    without
        Keywords of sequences that are left out.
    """
    found: dict[Path, list[str]] = {}
    for path, value in _walk(dataset, (), frozenset(without)):
        found.setdefault(path, []).append(value)
    return {path: tuple(values) for path, values in found.items()}


def _walk(dataset: Dataset, above: Path, without: frozenset[str]) -> Iterator[tuple[Path, str]]:
    for element in dataset:
        path = (*above, element.keyword)
        if element.keyword in without:
            continue
        if element.VR != "SQ":
            yield path, _text(element)
        elif codes := coded(element):
            yield from ((path, text) for text in codes)
        else:
            yield path, ""
            for item in element.value:
                yield from _walk(item, path, without)


def _text(element: DataElement) -> str:
    if element.VR in _NO_TEXT:
        return f"bytes {crc32(bytes(element.value)):08x}"
    values = element.value if element.VM > 1 else [element.value]
    return "\\".join(
        f"{value:g}" if isinstance(value, float) else str(value) for value in values if value is not None
    )


def coded(element: DataElement) -> list[str]:
    """Write the codes of a sequence that holds nothing else; empty for any other."""
    if not element.value or any(set(item.dir()) != _CODED for item in element.value):
        return []
    return [triple(item) for item in element.value]


def triple(item: Dataset) -> str:
    """Write a code as PS3.16 does."""
    return f'({item.CodeValue}, {item.CodingSchemeDesignator}, "{item.CodeMeaning}")'


@cache
def _sources() -> Mapping[tuple[str, str], str]:
    """Name what the two films, models and installations bring, by both values."""
    analyses = [invent_analysis(which) for which in (0, 1)]
    origins = [invent_origin(which) for which in (0, 1)]
    films = [read(analysis.header) for analysis in analyses]
    found = {}
    for path in reversed([path for path in films[0] if path in films[1]]):
        found[films[0][path][0], films[1][path][0]] = f"film: {path[-1]}"
    for name in ("device_uid", "station_name"):
        found[tuple(getattr(origin, name) for origin in origins)] = f"`node.{name}`"
    for model in ("segmenter", "classifier"):
        for name in ("name", "version", "device_uid"):
            values = [getattr(getattr(analysis.bundle, model), name) for analysis in analyses]
            found[values[0], values[1]] = f"{model}: {name.replace('_uid', ' UID')}"
    for name in ("manufacturer", "disclaimer"):
        found[tuple(getattr(analysis.bundle, name) for analysis in analyses)] = f"bundle: {name}"
    return found


def origin(keyword: str, first: Sequence[str], second: Sequence[str]) -> str:
    """Tell where the values of one attribute come from.

    Parameters
    ----------
    first, second
        Of the objects of both films; empty where the object lacks the attribute.
    """
    if not first or not second:
        return "where the film has it"
    if len(first) != len(second):
        return MADE
    named = (_origin(keyword, *pair) for pair in zip(first, second, strict=True))
    return "; ".join(dict.fromkeys(name for name in named if name)) or "empty"


def _origin(keyword: str, first: str, second: str) -> str:
    if first == second:
        text = first if len(first) <= _LONGEST else f"{first[: _LONGEST - 3]}..."
        return code(text) if text else ""
    known = _sources().get((first, second))
    if known is not None:
        return "film" if known == f"film: {keyword}" else known
    if first.startswith("("):
        return f"such as {code(first)}, {code(second)}"
    # Parameters are written as name=value; the name is ours.
    name, sign, _ = first.partition("=")
    return f"`{name}=`..." if sign and second.startswith(name + sign) else MADE
