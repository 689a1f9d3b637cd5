"""Rendered resources and thumbnails (PS3.18 10.4.1.1.3, 10.4.1.1.4): pictures of frames, PDF of documents."""

import os
from collections.abc import Iterable, Iterator, Sequence
from itertools import chain
from threading import Semaphore

from pydicom.uid import EncapsulatedPDFStorage
from starlette.responses import Response

from node.errors import WebRefused
from node.network.contexts import IMAGE_CLASSES
from node.web.answers import multipart, whole
from node.web.drawing_request import THUMBNAIL, read_drawing
from node.web.frames import read_numbers
from node.web.holdings import Holdings
from node.web.inquiry import Inquiry
from node.web.media import Offer
from node.web.opened import WHOLE, OpenedImage
from node.web.picture import FORMATS, Drawing, draw
from pipeline.attributes import integer, raw_bytes
from pipeline.errors import PipelineError
from pipeline.film_classes import RADIOGRAPH_CLASSES
from pipeline.part10 import read_part10
from storage.values import StoredInstance

PDF = "application/pdf"
Asked = tuple[StoredInstance, Sequence[int]]
"""An image and which of its frames are drawn."""
_IMAGE_CLASSES = frozenset(map(str, IMAGE_CLASSES))
_PICTURES = tuple(Offer(name) for name in FORMATS)
_PARTS = tuple(Offer(name, is_multipart=True) for name in FORMATS)


class Rendered:
    """Answers requests for pictures; no more are drawn at one time than there are processors."""

    def __init__(self, holdings: Holdings) -> None:
        self._holdings = holdings
        self._seats = Semaphore(os.cpu_count() or 1)

    def rendered(self, inquiry: Inquiry) -> Response:
        """Draw the images of a study, series or instance; give the PDF of a document."""
        found = self._holdings.find(inquiry.level, inquiry.keys)
        if "instance" in inquiry.path and found[0].sop_class_uid == EncapsulatedPDFStorage:
            return self._document(inquiry, found[0])
        drawing = read_drawing(inquiry.query, Drawing())
        images = [stored for stored in found if stored.sop_class_uid in _IMAGE_CLASSES]
        if not images:
            raise WebRefused(406, "There is no image to be rendered; retrieve the instances themselves.")
        return self._answer(inquiry, [(stored, (WHOLE,)) for stored in images], drawing)

    def frames(self, inquiry: Inquiry) -> Response:
        """Draw the frames that the path lists."""
        drawing = read_drawing(inquiry.query, Drawing())
        stored = self._holdings.one(inquiry.keys)
        return self._answer(inquiry, [(stored, read_numbers(inquiry.path["frames"]))], drawing)

    def thumbnail(self, inquiry: Inquiry) -> Response:
        """Draw a small picture of the first image that can be drawn."""
        drawing = read_drawing(inquiry.query, THUMBNAIL)
        found = self._holdings.find(inquiry.level, inquiry.keys)
        (number,) = read_numbers(inquiry.path["frames"])[:1] if "frames" in inquiry.path else (WHOLE,)
        choice = inquiry.choose(*_PICTURES)
        for stored in sorted(found, key=_is_no_radiograph):
            if stored.sop_class_uid in _IMAGE_CLASSES:
                try:
                    picture = next(self._pictures([(stored, (number,))], choice.offer.name, drawing))
                except WebRefused:
                    continue
                return whole(picture, choice.offer.name)
        raise WebRefused(404, "There is no image that a thumbnail could show.")

    def _answer(self, inquiry: Inquiry, asked: Sequence[Asked], drawing: Drawing) -> Response:
        # A list of pictures is sent in parts, whether the client says so or only which pictures it takes.
        is_one = sum(len(numbers) for _, numbers in asked) == 1
        choice = inquiry.choose(*(_PICTURES if is_one else ()), *_PARTS, *(() if is_one else _PICTURES))
        name = choice.offer.name
        pictures = self._pictures(asked, name, drawing)
        first = next(pictures)
        if is_one and not choice.offer.is_multipart:
            return whole(first, name)
        return multipart(name, ((name, "", picture) for picture in chain([first], pictures)))

    def _pictures(self, asked: Iterable[Asked], name: str, drawing: Drawing) -> Iterator[bytes]:
        """Draw one picture after the other, each when its turn comes."""
        for stored, numbers in asked:
            opened = OpenedImage(self._holdings, stored, drawing.window)
            for number in numbers:
                with self._seats:
                    try:
                        opened.require(max(numbers))
                        picture = draw(opened.paint(number), name, drawing)
                    except PipelineError as error:
                        raise WebRefused(406, f"{stored.sop_instance_uid} cannot be rendered.") from error
                yield picture

    def _document(self, inquiry: Inquiry, stored: StoredInstance) -> Response:
        inquiry.choose(Offer(PDF))
        dataset = read_part10(self._holdings.read(stored))
        document = raw_bytes(dataset, "EncapsulatedDocument") or b""
        return whole(document[: integer(dataset, "EncapsulatedDocumentLength") or len(document)], PDF)


def _is_no_radiograph(stored: StoredInstance) -> bool:
    return stored.sop_class_uid not in RADIOGRAPH_CLASSES
