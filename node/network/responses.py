"""Identifiers of C-FIND responses: the keys that were asked for, in a character set that can carry them."""

from collections.abc import Mapping, Sequence

from pydicom import Dataset, config
from pydicom.datadict import keyword_for_tag
from pydicom.dataelem import DataElement
from pydicom.sequence import Sequence as DicomSequence
from pydicom.tag import BaseTag

from node.network.identifier import FindRequest
from node.text import CHARACTER_SET, can_carry

UNICODE = "ISO_IR 192"

Row = Mapping[str, str | int | None]
"""One match, by keyword."""


class ResponseMaker:
    """Makes the responses to one request.

    They do not say where to retrieve from, for the node offers neither C-MOVE nor C-GET.
    """

    def __init__(self, request: FindRequest) -> None:
        self._request = request

    def make(self, row: Row) -> Dataset:
        """Make one response; keys that are not supported or have no value are empty (PS3.4 C.4.1.1.3.2)."""
        values = [(tag, vr, row.get(keyword_for_tag(tag))) for tag, vr in self._request.keys]
        response = Dataset()
        charset = _charset(
            [str(value) for _, _, value in values if value is not None], self._request.charsets
        )
        if charset:
            response.add(DataElement(CHARACTER_SET, "CS", charset))
        for tag, vr, value in values:
            response.add(_element(tag, vr, value))
        response.QueryRetrieveLevel = self._request.level.value
        return response


def _charset(texts: Sequence[str], requested: Sequence[str]) -> list[str]:
    """Choose the character set: none for ASCII, the request's own if it can carry all, else Unicode."""
    if all(text.isascii() for text in texts):
        return []
    return list(requested) if all(can_carry(text, requested) for text in texts) else [UNICODE]


def _element(tag: BaseTag, vr: str, value: str | int | None) -> DataElement:
    if vr == "SQ":
        return DataElement(tag, vr, DicomSequence())
    # The value is what a peer once stored; whether it is legal is not for the answer to judge.
    return DataElement(tag, vr.split(" or ")[0], value, validation_mode=config.IGNORE)
