"""Identifiers of C-FIND responses: the keys that were asked for, in a character set that can carry them."""

from collections.abc import Iterator, Mapping, Sequence

from pydicom import Dataset, config
from pydicom.datadict import dictionary_VR, keyword_for_tag, tag_for_keyword
from pydicom.dataelem import DataElement
from pydicom.sequence import Sequence as DicomSequence
from pydicom.tag import BaseTag, Tag

from node.network.identifier import FindRequest, Key
from node.text import CHARACTER_SET, can_carry
from storage.values import Items

UNICODE = "ISO_IR 192"

Value = str | int | Items | None
Row = Mapping[str, Value]
"""One match, by keyword."""


class ResponseMaker:
    """Makes the responses to one request.

    Parameters
    ----------
    ae_title
        Of the node: what it finds can be retrieved from it.
    """

    def __init__(self, request: FindRequest, ae_title: str) -> None:
        self._request = request
        self._constants: Row = {"RetrieveAETitle": ae_title, "InstanceAvailability": "ONLINE"}

    def make(self, row: Row) -> Dataset:
        """Make one response; keys that are not supported or have no value are empty (PS3.4 C.4.1.1.3.2)."""
        row = {**row, **self._constants}
        values = [(tag, vr, row.get(keyword_for_tag(tag))) for tag, vr in self._request.keys]
        response = Dataset()
        charset = _charset([text for _, _, value in values for text in _texts(value)], self._request.charsets)
        if charset:
            response.add(DataElement(CHARACTER_SET, "CS", charset))
        for tag, vr, value in values:
            response.add(self._element(tag, vr, value))
        response.QueryRetrieveLevel = self._request.level.value
        response.RetrieveAETitle = self._constants["RetrieveAETitle"]
        return response

    def _element(self, tag: BaseTag, vr: str, value: Value) -> DataElement:
        if vr == "SQ":
            items = value if isinstance(value, tuple) else ()
            wanted = self._request.item_keys.get(tag)
            return DataElement(tag, vr, DicomSequence([_item(item, wanted) for item in items]))
        # The value is what a peer once stored; whether it is legal is not for the answer to judge.
        return DataElement(tag, vr.split(" or ")[0], value, validation_mode=config.IGNORE)


def _item(item: Mapping[str, str | None], wanted: Sequence[Key] | None) -> Dataset:
    """Make one item with the attributes that were asked for; all that have a value when none was named."""
    if wanted is None:
        known = (Tag(tag_for_keyword(keyword) or 0) for keyword, value in item.items() if value is not None)
        wanted = [(tag, dictionary_VR(tag)) for tag in known]
    dataset = Dataset()
    for tag, vr in wanted:
        value = None if vr == "SQ" else item.get(keyword_for_tag(tag))
        dataset.add(DataElement(tag, vr.split(" or ")[0], value, validation_mode=config.IGNORE))
    return dataset


def _texts(value: Value) -> Iterator[str]:
    if isinstance(value, tuple):
        yield from (text for item in value for text in item.values() if text is not None)
    elif value is not None:
        yield str(value)


def _charset(texts: Sequence[str], requested: Sequence[str]) -> list[str]:
    """Choose the character set: none for ASCII, the request's own if it can carry all, else Unicode."""
    if all(text.isascii() for text in texts):
        return []
    return list(requested) if all(can_carry(text, requested) for text in texts) else [UNICODE]
