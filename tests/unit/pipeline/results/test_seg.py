"""The SEG says exactly what the lung mask says."""

from typing import Any

import highdicom
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from numpy.typing import NDArray
from pydicom import Dataset, dcmread

from pipeline.results import make_result_objects
from pipeline.results.segments import lung_segments
from pipeline.values import LungMask, Orientation, Outcome
from tests.support.analyses import ORIGIN, make_analysis, make_lung_mask, make_radiograph
from tests.support.films import DX, lung_ellipses, make_film
from tests.support.validators import dciodvfy, dciodvfy_warnings
from tests.unit.pipeline.results.conftest import Write

ODD_SIZES = [(415, 512), (290, 511), (33, 7), (17, 13), (256, 256)]


def make_seg(mask: LungMask, **header: Any) -> Dataset:
    film = make_film(rows=mask.pixels.shape[0], columns=mask.pixels.shape[1], **header)
    analysis = make_analysis(Outcome.ABSENT, film, lung_mask=mask)
    made = make_result_objects(analysis, ORIGIN, overlay=False).segmentation
    assert made is not None
    return made


@pytest.mark.parametrize("shape", ODD_SIZES)
@pytest.mark.parametrize("sides", [True, False], ids=["two lungs", "sides unknown"])
def test_pydicom_reads_back_every_pixel(shape: tuple[int, int], sides: bool, write: Write) -> None:
    mask = noisy_mask(shape, sides=sides)

    again = dcmread(write(make_seg(mask)))

    frames = again.pixel_array.reshape(-1, *shape)
    expected = [segment.pixels for segment in lung_segments(mask)]
    assert len(frames) == again.NumberOfFrames == (2 if sides else 1)
    assert all(np.array_equal(frame, pixels) for frame, pixels in zip(frames, expected, strict=True))


@pytest.mark.parametrize("shape", ODD_SIZES)
def test_highdicom_reads_back_every_pixel(shape: tuple[int, int], write: Write) -> None:
    mask = noisy_mask(shape)
    film = make_film(rows=shape[0], columns=shape[1])
    analysis = make_analysis(Outcome.PRESENT, film, lung_mask=mask)
    path = write(make_result_objects(analysis, ORIGIN, overlay=False).segmentation)

    again = highdicom.seg.segread(path)

    pixels = again.get_pixels_by_source_instance([film.SOPInstanceUID], combine_segments=True)
    assert np.array_equal(pixels[0], mask.labels)


@pytest.mark.parametrize("shape", ODD_SIZES)
@pytest.mark.parametrize("sides", [True, False])
def test_nothing_but_zeros_follows_the_last_pixel(shape: tuple[int, int], sides: bool) -> None:
    seg = make_seg(make_lung_mask(np.ones(shape, np.bool_), sides=sides))

    bits = np.unpackbits(np.frombuffer(seg.PixelData, np.uint8), bitorder="little")
    used = shape[0] * shape[1] * seg.NumberOfFrames
    assert len(seg.PixelData) == -(-used // 16) * 2
    assert not bits[used:].any()


@given(arrays(np.uint8, st.tuples(st.integers(1, 9), st.integers(1, 9)), elements=st.integers(0, 2)))
def test_segments_are_numbered_from_one_and_none_is_empty(labels: NDArray[np.uint8]) -> None:
    pixels = labels > 0
    segments = lung_segments(LungMask(pixels, labels, 1.0, int(pixels.sum()), 0.0, None))

    assert [segment.number for segment in segments] == list(range(1, len(segments) + 1))
    assert all(segment.pixels.any() for segment in segments)
    covered = sum((segment.pixels.astype(int) for segment in segments), np.zeros(labels.shape, int))
    assert np.array_equal(covered, pixels.astype(int))


@pytest.mark.parametrize("sop_class", [None, DX, "1.2.840.10008.5.1.4.1.1.7"], ids=["CR", "DX", "SC"])
@pytest.mark.parametrize("sides", [True, False])
def test_the_seg_is_valid_without_remarks(sop_class: str | None, sides: bool, write: Write) -> None:
    mask = make_lung_mask(lung_ellipses(41, 37), sides=sides)
    header = {"sop_class": sop_class} if sop_class else {}

    path = write(make_seg(mask, **header))

    assert dciodvfy(path) == []
    assert dciodvfy_warnings(path) == []


def test_each_lung_is_a_segment_with_its_side_as_modifier() -> None:
    seg = make_seg(make_lung_mask(lung_ellipses(41, 37)))

    right, left = seg.SegmentSequence
    assert (right.SegmentLabel, left.SegmentLabel) == ("Right lung", "Left lung")
    sides = [
        item.SegmentedPropertyTypeCodeSequence[0].SegmentedPropertyTypeModifierCodeSequence[0].CodeMeaning
        for item in seg.SegmentSequence
    ]
    assert sides == ["Right", "Left"]
    assert {item.SegmentedPropertyTypeCodeSequence[0].CodeValue for item in seg.SegmentSequence} == {
        "39607008"
    }
    parameters = right.SegmentationAlgorithmIdentificationSequence[0].AlgorithmParameters
    assert f"weights_sha256={'1' * 64}" in parameters


def test_no_side_is_guessed() -> None:
    (segment,) = make_seg(make_lung_mask(lung_ellipses(41, 37), sides=False)).SegmentSequence

    assert segment.SegmentLabel == "Lungs"
    assert "SegmentedPropertyTypeModifierCodeSequence" not in segment.SegmentedPropertyTypeCodeSequence[0]


def test_a_lung_that_is_not_there_is_no_segment() -> None:
    labels = np.zeros((16, 16), np.uint8)
    labels[4:8, 10:14] = 2
    (segment,) = make_seg(LungMask(labels > 0, labels, 0.9, 16, 1 / 16, None)).SegmentSequence

    assert (segment.SegmentNumber, segment.SegmentLabel) == (1, "Left lung")


def test_a_film_with_an_empty_mask_has_no_seg() -> None:
    mask = make_lung_mask(np.zeros((64, 52), np.bool_))

    objects = make_result_objects(make_analysis(Outcome.ABSENT, lung_mask=mask), ORIGIN)

    assert objects.segmentation is None
    assert "CodingSchemeIdentificationSequence" not in objects.report


def test_the_seg_has_the_films_grid_and_no_geometry_of_its_own() -> None:
    seg = make_seg(
        make_lung_mask(lung_ellipses(41, 37)),
        PixelSpacing=[0.1, 0.1],
        FrameOfReferenceUID="1.2.3",
        PatientOrientation=["R", "F"],
    )

    assert (seg.Rows, seg.Columns) == (41, 37)
    assert seg.PatientOrientation == ["R", "F"]
    assert "FrameOfReferenceUID" not in seg
    assert len(seg.SharedFunctionalGroupsSequence[0]) == 0
    for frame in seg.PerFrameFunctionalGroupsSequence:
        assert {element.keyword for element in frame} == {
            "DerivationImageSequence",
            "FrameContentSequence",
            "SegmentIdentificationSequence",
        }


@pytest.mark.parametrize(
    ("flag", "parameters", "expected"),
    [("00", (), "00"), ("01", (), "01"), (None, ("voi=window",), "00"), (None, ("lossy=10:1",), "01")],
)
def test_loss_in_the_film_is_not_forgotten(
    flag: str | None, parameters: tuple[str, ...], expected: str
) -> None:
    film = make_film(rows=16, columns=16, LossyImageCompression=flag)
    analysis = make_analysis(film=film, radiograph=make_radiograph(film, parameters=parameters))

    seg = make_result_objects(analysis, ORIGIN, overlay=False).segmentation

    assert seg is not None
    assert seg.LossyImageCompression == expected


def test_a_mirrored_film_keeps_its_mask_on_the_stored_grid(write: Write) -> None:
    film = make_film(rows=31, columns=27, PatientOrientation=["R", "F"])
    mask = noisy_mask((31, 27))
    radiograph = make_radiograph(film, orientation=Orientation(mirrored=True, known=True))
    analysis = make_analysis(Outcome.PRESENT, film, lung_mask=mask, radiograph=radiograph)

    again = dcmread(write(make_result_objects(analysis, ORIGIN).segmentation))

    assert mask.labels is not None
    assert np.array_equal(again.pixel_array[0], mask.labels == 1)


def noisy_mask(shape: tuple[int, int], *, sides: bool = True) -> LungMask:
    """Make a mask that no shift or padding by a single bit leaves unchanged."""
    pixels = np.random.default_rng(7).random(shape) < 0.4
    return make_lung_mask(pixels, sides=sides)
