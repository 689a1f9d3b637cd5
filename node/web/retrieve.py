"""WADO-RS: instances, their metadata and bulk data (PS3.18 10.4)."""

import re
from collections.abc import Iterator

from pydicom import Dataset
from starlette.responses import Response

from node.errors import WebRefused
from node.log import EventLog
from node.web.answers import Part, models, multipart, whole
from node.web.dicom_json import BINARY_VRS, Model, ModelMaker, Path, as_element, element_vr
from node.web.frames import COMPRESSED_TYPES, Frames
from node.web.holdings import Holdings
from node.web.inquiry import Inquiry, Links
from node.web.media import DICOM, OCTETS, Offer
from node.web.ranges import part_of
from pipeline.attributes import UNREADABLE, items
from pipeline.part10 import read_film
from storage.matching import Level
from storage.values import StoredInstance

PIXEL_DATA = 0x7FE00010
_STEP = re.compile(r"[0-9A-Fa-f]{8}")
_NUMBER = re.compile(r"[1-9][0-9]{0,5}")
_AVAILABLE_SYNTAX = "00083002"

_log = EventLog("web")


class Retrieve:
    """Answers requests for what is stored, as it is stored.

    Parameters
    ----------
    undeclared
        Encodings to try for text that declares none.
    """

    def __init__(self, holdings: Holdings, undeclared: tuple[str, ...]) -> None:
        self._holdings = holdings
        self._frames = Frames(holdings)
        self._undeclared = undeclared

    def instances(self, inquiry: Inquiry) -> Response:
        """Give a study, a series or an instance as DICOM files."""
        found = self._holdings.find(inquiry.level, inquiry.keys)
        single = [Offer(DICOM)] if inquiry.level is Level.IMAGE else []
        choice = inquiry.choose(Offer(DICOM, is_multipart=True), *single)
        # The first one is read before the answer begins: what hinders it must still become a status.
        first = self._holdings.encoded(found[0], choice.syntaxes)
        _log.info("instances retrieved", visitor=inquiry.visitor.name, instances=len(found))
        if not choice.offer.is_multipart:
            return whole(first[0], _dicom_type(first[1]))

        def parts() -> Iterator[Part]:
            for number, stored in enumerate(found):
                part10, syntax = self._holdings.encoded(stored, choice.syntaxes) if number else first
                yield _dicom_type(syntax), _address(inquiry.links, stored), part10

        return multipart(DICOM, parts())

    def metadata(self, inquiry: Inquiry) -> Response:
        """Give the Data Sets without bulk data, in JSON or XML."""
        found = self._holdings.find(inquiry.level, inquiry.keys)
        return models(inquiry, [self._model(stored, inquiry.links) for stored in found])

    def bulk_data(self, inquiry: Inquiry) -> Response:
        """Give one binary value: the element that the path leads to."""
        stored = self._holdings.one(inquiry.keys)
        path = read_path(inquiry.path["element"])
        if path == (PIXEL_DATA,) and stored.transfer_syntax_uid in COMPRESSED_TYPES:
            return self._frames.answer(inquiry, stored)
        value = value_at(read_film(self._holdings.read(stored)), path)
        offer = inquiry.choose(Offer(OCTETS, is_multipart=True), Offer(OCTETS)).offer
        if offer.is_multipart:
            place = f"{_address(inquiry.links, stored)}/bulkdata/{write_path(path)}"
            return multipart(OCTETS, [(OCTETS, place, value)])
        return part_of(value, OCTETS, inquiry.range)

    def _model(self, stored: StoredInstance, links: Links) -> Model:
        address = _address(links, stored)
        maker = ModelMaker(self._undeclared, lambda path: f"{address}/bulkdata/{write_path(path)}")
        model = maker.make(read_film(self._holdings.read(stored)))
        # Not of the Data Set: viewers choose their decoder by it.
        model[_AVAILABLE_SYNTAX] = as_element("UI", [stored.transfer_syntax_uid])
        return dict(sorted(model.items()))


def read_path(text: str) -> Path:
    """Read the path to an element: its tag, after tag and item number (from 1) of the sequences around it.

    >>> [hex(step) for step in read_path("00080082/1/00420011")]
    ['0x80082', '0x0', '0x420011']

    Raises
    ------
    WebRefused
        With 400 when it is none.
    """
    steps = text.split("/")
    is_tag = [bool(_STEP.fullmatch(step)) for step in steps[::2]]
    is_number = [bool(_NUMBER.fullmatch(step)) for step in steps[1::2]]
    if len(steps) % 2 == 0 or not all(is_tag + is_number):
        raise WebRefused(400, "The path leads to no element, as 00420011 or 00080082/1/00420011.")
    return tuple(int(step) - 1 if at % 2 else int(step, 16) for at, step in enumerate(steps))


def write_path(path: Path) -> str:
    """Write a path as `read_path` reads it."""
    return "/".join(str(step + 1) if at % 2 else f"{step:08X}" for at, step in enumerate(path))


def value_at(dataset: Dataset, path: Path) -> bytes:
    """Give the bytes of the binary element that a path leads to.

    Raises
    ------
    WebRefused
        With 404 when there is none.
    """
    place: Dataset | None = dataset
    for tag, number in zip(path[:-1:2], path[1::2], strict=True):
        found = list(items(place, tag)) if place is not None else []
        place = found[number] if number < len(found) else None
    value = _binary(place, path[-1]) if place is not None else None
    if not value:
        raise WebRefused(404, "The instance has no such bulk data.")
    return value


def _binary(place: Dataset, tag: int) -> bytes | None:
    try:
        if tag not in place or element_vr(place, place.get_item(tag).tag) not in BINARY_VRS:
            return None
        value = place[tag].value
    except UNREADABLE:
        return None
    return value if isinstance(value, bytes) else None


def _dicom_type(syntax: str) -> str:
    return f"{DICOM}; transfer-syntax={syntax}"


def _address(links: Links, stored: StoredInstance) -> str:
    return links.instance(stored.study_instance_uid, stored.series_instance_uid, stored.sop_instance_uid)
