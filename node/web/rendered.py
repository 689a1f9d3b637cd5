"""Rendered resources and thumbnails (PS3.18 10.4.1.1.3, 10.4.1.1.4): pictures of frames, PDF of documents."""

import os
from collections.abc import Sequence
from itertools import chain
from threading import Semaphore

from pydicom import Dataset
from pydicom.uid import EncapsulatedPDFStorage, ExplicitVRLittleEndian, SegmentationStorage
from starlette.responses import Response

from node.errors import WebRefused
from node.network.contexts import IMAGE_CLASSES, RADIOGRAPH_CLASSES
from node.web.answers import multipart, whole
from node.web.drawing_request import THUMBNAIL, read_drawing
from node.web.frames import count_frames, frame_of, read_numbers
from node.web.holdings import DEFAULT_SYNTAX, Holdings
from node.web.inquiry import Inquiry
from node.web.media import Offer
from node.web.overlay import lay_over, source_uid
from node.web.picture import FORMATS, Drawing, Painting, draw, mask_of, paint
from pipeline.attributes import integer, raw_bytes
from pipeline.errors import PipelineError
from pipeline.part10 import read_part10
from pipeline.radiograph import header_of
from storage.values import StoredInstance

PDF = "application/pdf"
WHOLE = 0
"""Stands for all frames of a segmentation, else for the first."""
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
        return self._answer(inquiry, [(stored, WHOLE) for stored in images], drawing)

    def frames(self, inquiry: Inquiry) -> Response:
        """Draw the frames that the path lists."""
        drawing = read_drawing(inquiry.query, Drawing())
        stored = self._holdings.one(inquiry.keys)
        return self._answer(
            inquiry, [(stored, number) for number in read_numbers(inquiry.path["frames"])], drawing
        )

    def thumbnail(self, inquiry: Inquiry) -> Response:
        """Draw a small picture of the first image that can be drawn."""
        drawing = read_drawing(inquiry.query, THUMBNAIL)
        found = self._holdings.find(inquiry.level, inquiry.keys)
        (number,) = read_numbers(inquiry.path["frames"])[:1] if "frames" in inquiry.path else (WHOLE,)
        choice = inquiry.choose(*_PICTURES)
        for stored in sorted(found, key=_is_no_radiograph):
            if stored.sop_class_uid in _IMAGE_CLASSES:
                try:
                    picture = self._draw(stored, number, choice.offer.name, drawing)
                except WebRefused:
                    continue
                return whole(picture, choice.offer.name)
        raise WebRefused(404, "There is no image that a thumbnail could show.")

    def _answer(
        self, inquiry: Inquiry, frames: Sequence[tuple[StoredInstance, int]], drawing: Drawing
    ) -> Response:
        # A list of pictures is sent in parts, whether the client says so or only which pictures it takes.
        is_one = len(frames) == 1
        choice = inquiry.choose(*(_PICTURES if is_one else ()), *_PARTS, *(() if is_one else _PICTURES))
        name = choice.offer.name
        first = self._draw(*frames[0], name, drawing)
        if is_one and not choice.offer.is_multipart:
            return whole(first, name)
        rest = (self._draw(*frame, name, drawing) for frame in frames[1:])
        return multipart(name, ((name, "", picture) for picture in chain([first], rest)))

    def _draw(self, stored: StoredInstance, number: int, name: str, drawing: Drawing) -> bytes:
        with self._seats:
            try:
                return draw(self._paint(stored, number, drawing), name, drawing)
            except PipelineError as error:
                raise WebRefused(406, f"{stored.sop_instance_uid} cannot be rendered.") from error

    def _paint(self, stored: StoredInstance, number: int, drawing: Drawing) -> Painting:
        dataset = read_part10(self._holdings.read(stored))
        frames = count_frames(dataset)
        if not number <= frames:
            raise WebRefused(404, f"The instance has {frames} frames.")
        if stored.sop_class_uid == SegmentationStorage:
            film = self._film_below(dataset, drawing)
            numbers = [number] if number else range(1, frames + 1)
            masks = [mask_of(self._frame(stored, dataset, each)) for each in numbers]
            if film is not None and all(mask.shape == film.pixels.shape for mask in masks):
                return lay_over(film, masks)
        return paint(self._frame(stored, dataset, number or 1), drawing.window)

    def _film_below(self, segmentation: Dataset, drawing: Drawing) -> Painting | None:
        """Paint the film that was segmented, where the node holds it."""
        uid = source_uid(segmentation)
        try:
            source = self._holdings.one({"SOPInstanceUID": uid}) if uid else None
            return paint(read_part10(self._holdings.read(source)), drawing.window) if source else None
        except (WebRefused, PipelineError):
            return None

    def _frame(self, stored: StoredInstance, dataset: Dataset, number: int) -> Dataset:
        """Give an image that holds one frame only; a single grey frame stays as it is stored."""
        is_grey = integer(dataset, "SamplesPerPixel") == 1 and integer(dataset, "BitsAllocated") != 1
        if count_frames(dataset) == 1 and is_grey:
            return dataset
        part10, _ = self._holdings.encoded(stored, (DEFAULT_SYNTAX,))
        plain = read_part10(part10)
        frame = header_of(plain)
        frame.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
        frame.NumberOfFrames = 1
        frame.PixelData = frame_of(plain, number, DEFAULT_SYNTAX)
        return frame

    def _document(self, inquiry: Inquiry, stored: StoredInstance) -> Response:
        inquiry.choose(Offer(PDF))
        dataset = read_part10(self._holdings.read(stored))
        document = raw_bytes(dataset, "EncapsulatedDocument") or b""
        return whole(document[: integer(dataset, "EncapsulatedDocumentLength") or len(document)], PDF)


def _is_no_radiograph(stored: StoredInstance) -> bool:
    return stored.sop_class_uid not in RADIOGRAPH_CLASSES
