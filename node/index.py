"""Picks the indexed attributes out of a Data Set, as Unicode, tolerant of everything senders get wrong."""

from collections.abc import Sequence

from pydicom import Dataset
from pydicom.datadict import dictionary_VR, tag_for_keyword
from pydicom.tag import BaseTag, Tag

from node.text import UNDECLARED, declared_charsets, read_text
from pipeline.attributes import UNREADABLE
from storage.attributes import ATTRIBUTES, Comparison
from storage.sequences import MOST_ITEMS, SOURCE_KEYS
from storage.values import Attributes, Items

_NUMBERS = frozenset(entry.keyword for entry in ATTRIBUTES if entry.comparison is Comparison.NUMBER)
_TAGS: dict[str, BaseTag] = {entry.keyword: Tag(tag_for_keyword(entry.keyword) or 0) for entry in ATTRIBUTES}

_BINARY_BYTES = {"US": 2, "UL": 4}

_SEQUENCES: dict[str, BaseTag] = {keyword: Tag(keyword) for keyword in SOURCE_KEYS}

INDEXED_TAGS: tuple[BaseTag, ...] = tuple(sorted((*_TAGS.values(), *_SEQUENCES.values())))


def index_attributes(dataset: Dataset, *, undeclared_charsets: Sequence[str] = UNDECLARED) -> Attributes:
    """Read the attributes that the ledger indexes.

    Parameters
    ----------
    dataset
        Left unchanged. Values that cannot be understood are taken for absent.
    undeclared_charsets
        Python names of the encodings to try for text that declares none.

    Returns
    -------
    dict
        Every indexed keyword; None when absent, empty or unreadable. Values of several parts are joined by
        a backslash, as they are encoded; sequences are tuples of items.
    """
    charsets = declared_charsets(dataset)
    values: dict[str, str | int | Items | None] = {
        keyword: read_number(dataset, tag)
        if keyword in _NUMBERS
        else read_text(dataset, tag, charsets, undeclared=undeclared_charsets) or None
        for keyword, tag in _TAGS.items()
    }
    for keyword in _SEQUENCES:
        values[keyword] = _read_items(dataset, keyword, charsets, undeclared_charsets) or None
    return values


def _read_items(dataset: Dataset, keyword: str, charsets: Sequence[str], undeclared: Sequence[str]) -> Items:
    """Read what is indexed of the items of a sequence; none where they cannot be understood."""
    if _SEQUENCES[keyword] not in dataset:
        return ()
    try:
        return tuple(
            {
                key: read_text(item, Tag(key), declared_charsets(item) or charsets, undeclared=undeclared)
                or None
                for key in SOURCE_KEYS[keyword]
            }
            for item in dataset[_SEQUENCES[keyword]].value[:MOST_ITEMS]
        )
    except UNREADABLE:
        return ()


def read_number(dataset: Dataset, tag: BaseTag) -> int | None:
    """Read the first value of an IS or US element; None when there is none or it is no whole number."""
    if tag not in dataset:
        return None
    element = dataset.get_item(tag)
    value = element.value
    if isinstance(value, bytes):
        vr = dictionary_VR(tag) if element.VR in (None, "UN") else element.VR
        if vr in _BINARY_BYTES:
            return int.from_bytes(value[: _BINARY_BYTES[vr]], "little" if _is_little(element) else "big")
        value = value.decode("ascii", "replace")
    elif isinstance(value, Sequence) and not isinstance(value, str):
        value = value[0] if len(value) else ""
    try:
        return int(str(value).split("\\")[0].strip(" \0"))
    except ValueError:
        return None


def _is_little(element: object) -> bool:
    return bool(getattr(element, "is_little_endian", True))
