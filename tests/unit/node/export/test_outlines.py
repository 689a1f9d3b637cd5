"""Outlines from any viewer: which are of the film, and how much of them is lung."""

from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from pydicom import Dataset
from pydicom.dataset import FileMetaDataset
from pydicom.uid import ExplicitVRLittleEndian, SegmentationStorage

from node.export.outlines import check_fits, lung_area
from node.export.treatments import segment_label
from pipeline.errors import PipelineError, UndecodablePixels, UnsupportedInstance

GRID = (8, 16)


def box(rows: int) -> NDArray[np.bool_]:
    drawn = np.zeros(GRID, bool)
    drawn[:rows] = True
    return drawn


def segment(number: int, label: str, code: str = "") -> Dataset:
    made = Dataset()
    made.SegmentNumber, made.SegmentLabel = number, label
    if code:
        kind = Dataset()
        kind.CodeValue, kind.CodingSchemeDesignator, kind.CodeMeaning = code, "SCT", "whatever"
        made.SegmentedPropertyTypeCodeSequence = [kind]
    return made


def outline(segments: list[Dataset], frames: list[tuple[int, NDArray[np.bool_]]], **header: Any) -> Dataset:
    """Make a BINARY outline of a film ``1.2.3``; each frame is of one segment."""
    made = Dataset()
    made.file_meta = FileMetaDataset()
    made.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    made.SOPClassUID, made.SegmentationType = SegmentationStorage, "BINARY"
    made.Rows, made.Columns = GRID
    made.NumberOfFrames, made.SamplesPerPixel = len(frames), 1
    made.PhotometricInterpretation, made.PixelRepresentation = "MONOCHROME2", 0
    made.BitsAllocated = made.BitsStored = 1
    made.HighBit = 0
    series, film = Dataset(), Dataset()
    film.ReferencedSOPInstanceUID = "1.2.3"
    series.ReferencedInstanceSequence = [film]
    made.ReferencedSeriesSequence, made.SegmentSequence = [series], segments
    made.PerFrameFunctionalGroupsSequence = [_groups(number) for number, _ in frames]
    bits = np.concatenate([drawn.ravel() for _, drawn in frames])
    made.PixelData = np.packbits(bits, bitorder="little").tobytes()
    for keyword, value in header.items():
        setattr(made, keyword, value)
    return made


def _groups(number: int) -> Dataset:
    groups, identification = Dataset(), Dataset()
    identification.ReferencedSegmentNumber = number
    groups.SegmentIdentificationSequence = [identification]
    return groups


def film(**header: Any) -> Dataset:
    made = Dataset()
    made.SOPInstanceUID, (made.Rows, made.Columns) = "1.2.3", GRID
    for keyword, value in header.items():
        setattr(made, keyword, value)
    return made


def test_lungs_that_overlap_are_counted_once_and_a_heart_not_at_all() -> None:
    segments = [segment(1, "Lunge re", "3341006"), segment(2, "Left lung"), segment(3, "Heart")]

    assert lung_area(outline(segments, [(1, box(2)), (2, box(3)), (3, box(8))])) == 3 * 16


def test_of_probabilities_half_and_more_counts() -> None:
    made = outline(
        [segment(1, "Lungs")], [(1, box(1))], SegmentationType="FRACTIONAL", MaximumFractionalValue=200
    )
    made.BitsAllocated, made.BitsStored, made.HighBit = 8, 8, 7
    made.PixelData = bytes([99] * 64 + [100] * 32 + [200] * 32)

    assert lung_area(made) == 64


@pytest.mark.parametrize(
    ("made", "error"),
    [
        (outline([segment(1, "Heart")], [(1, box(4))]), UnsupportedInstance),
        (outline([segment(1, "Lungs")], [(1, box(0))]), UnsupportedInstance),
        (outline([segment(1, "Lungs")], [(1, box(4))], PixelData=b"\1"), UndecodablePixels),
        (outline([segment(1, "Lungs")], [(1, box(4))], Rows="many"), PipelineError),
    ],
)
def test_what_holds_no_lung_is_refused(made: Dataset, error: type[PipelineError]) -> None:
    with pytest.raises(error):
        lung_area(made)


@pytest.mark.parametrize(
    "header",
    [{"SOPInstanceUID": "1.2.4"}, {"Rows": 9}, {"Columns": 15}],
    ids=["another film", "more rows", "fewer columns"],
)
def test_outlines_of_another_film_or_grid_are_refused(header: dict[str, Any]) -> None:
    made = outline([segment(1, "Lungs")], [(1, box(4))])
    check_fits(made, film())

    with pytest.raises(UnsupportedInstance):
        check_fits(made, film(**header))


@pytest.mark.parametrize(
    ("label", "code", "expected"),
    [
        ("Dr Kim's right lung", "", "Right lung"),
        ("Kim", "44029006", "Left lung"),
        ("폐", "", "Lungs"),
        ("Kim", "39607008", "Lungs"),
        ("Kim", "80891009", "Segment"),
    ],
)
def test_a_label_says_what_a_segment_is_and_nothing_else(label: str, code: str, expected: str) -> None:
    assert segment_label(segment(1, label, code)) == expected
