"""An image that is read and decompressed once, however many of its frames are painted."""

from functools import cached_property

from pydicom import Dataset
from pydicom.uid import SegmentationStorage

from node.errors import WebRefused
from node.web.frames import count_frames, frame_of
from node.web.holdings import DEFAULT_SYNTAX, Holdings
from node.web.overlay import lay_over, source_uid
from node.web.picture import Painting, Window, mask_of, paint
from pipeline.attributes import integer
from pipeline.errors import PipelineError
from pipeline.part10 import read_part10
from pipeline.radiograph import header_of
from storage.values import StoredInstance

WHOLE = 0
"""Stands for all frames of a segmentation, else for the first."""


class OpenedImage:
    """One stored image for the time of an answer; used by one thread at a time.

    Parameters
    ----------
    window
        That was asked for; None for the image's own.
    """

    def __init__(self, holdings: Holdings, stored: StoredInstance, window: Window | None) -> None:
        self._holdings = holdings
        self._stored = stored
        self._window = window

    def require(self, number: int) -> None:
        """Refuse a frame that is not there.

        Raises
        ------
        WebRefused
            With 404; with 410 when the file is gone.
        PipelineError
            If the image cannot be read.
        """
        if number > self._count:
            raise WebRefused(404, f"The instance has {self._count} frames.")

    def paint(self, number: int) -> Painting:
        """Paint a frame, from 1, or `WHOLE`; masks are laid over the film that they were drawn on.

        Raises
        ------
        PipelineError
            If the pixels cannot be decoded.
        WebRefused
            With 406 for a kind of image that is not drawn.
        """
        if self._stored.sop_class_uid == SegmentationStorage:
            numbers = [number] if number else range(1, self._count + 1)
            masks = [mask_of(self._frame(each)) for each in numbers]
            film = self._film_below
            if film is not None and all(mask.shape == film.pixels.shape for mask in masks):
                return lay_over(film, masks)
        return paint(self._frame(number or 1), self._window)

    @cached_property
    def _dataset(self) -> Dataset:
        return read_part10(self._holdings.read(self._stored))

    @cached_property
    def _count(self) -> int:
        return count_frames(self._dataset)

    @cached_property
    def _plain(self) -> Dataset:
        if self._stored.transfer_syntax_uid == DEFAULT_SYNTAX:
            return self._dataset
        part10, _ = self._holdings.encoded(self._stored, (DEFAULT_SYNTAX,))
        return read_part10(part10)

    @cached_property
    def _film_below(self) -> Painting | None:
        """Paint the film that was segmented, where the node holds it."""
        uid = source_uid(self._dataset)
        try:
            source = self._holdings.one({"SOPInstanceUID": uid}) if uid else None
            return paint(read_part10(self._holdings.read(source)), self._window) if source else None
        except (WebRefused, PipelineError):
            return None

    def _frame(self, number: int) -> Dataset:
        """Give an image that holds one frame only; a single grey frame stays as it is stored."""
        dataset = self._dataset
        is_grey = integer(dataset, "SamplesPerPixel") == 1 and integer(dataset, "BitsAllocated") != 1
        if self._count == 1 and is_grey:
            return dataset
        frame = header_of(self._plain)
        # An element of its own: those of a header are also those of the image.
        frame.add_new("NumberOfFrames", "IS", 1)
        frame.PixelData = frame_of(self._plain, number, DEFAULT_SYNTAX)
        return frame
