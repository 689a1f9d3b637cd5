from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydicom import Dataset
from pydicom.datadict import dictionary_VR, tag_for_keyword
from pydicom.dataelem import RawDataElement
from pydicom.tag import Tag
from pydicom.uid import JPEG2000, JPEG2000Lossless

from pipeline.errors import PipelineError, UndecodablePixels, UnsupportedInstance
from pipeline.gate import GateSettings, judge_header
from pipeline.pixels.grayscale import GreyScale
from pipeline.radiograph import header_of, read_radiograph
from pipeline.values import Orientation, PixelSpacing
from tests.support.films import draw_chest, encode, lung_ellipses, make_film

SMALL = {"rows": 200, "columns": 164}


def test_a_film_becomes_a_picture_of_known_geometry() -> None:
    radiograph = read_radiograph(make_film(**SMALL))

    assert radiograph.shape == (200, 164)
    assert radiograph.spacing == PixelSpacing(0.1, 0.1, "imager")
    assert radiograph.orientation == Orientation(known=True)
    assert radiograph.outside is None
    assert radiograph.pixel_aspect == 1
    assert radiograph.parameters == (
        "grey=recommended",
        "modality=identity",
        "voi=percentiles",
        "inverted=no",
        "spacing=imager",
    )
    np.testing.assert_allclose(
        np.corrcoef(radiograph.pixels.ravel(), draw_chest(**SMALL).ravel())[0, 1], 1, atol=1e-3
    )


@pytest.mark.parametrize("photometric", ["MONOCHROME1", "MONOCHROME2"])
@pytest.mark.parametrize("scale", list(GreyScale))
def test_lungs_are_darker_than_the_body_whatever_the_photometric_interpretation(
    photometric: str, scale: GreyScale
) -> None:
    film = make_film(photometric=photometric, **SMALL)
    film.PresentationLUTShape = "INVERSE" if photometric == "MONOCHROME1" else "IDENTITY"

    pixels = read_radiograph(film, grey=scale).pixels

    lungs = lung_ellipses(**SMALL)
    assert pixels[lungs].mean() + 0.2 < pixels[100, 10:30].mean()


def test_every_encoding_gives_the_same_picture() -> None:
    film = make_film(**SMALL)
    plain = read_radiograph(film).pixels

    lossy = read_radiograph(encode(film, JPEG2000))

    assert np.abs(lossy.pixels - plain).mean() < 0.02
    assert "lossy=10:1" in lossy.parameters


@pytest.mark.parametrize(
    ("stated", "syntax", "noted"),
    [
        (None, JPEG2000, True),
        ("", JPEG2000, True),
        ("00", JPEG2000, False),
        (None, JPEG2000Lossless, False),
        ("01", JPEG2000Lossless, True),
    ],
)
def test_a_lossy_transfer_syntax_is_noted_where_the_header_is_silent(
    stated: str | None, syntax: str, noted: bool
) -> None:
    film = encode(make_film(**SMALL), syntax)
    film.LossyImageCompressionRatio = None
    film.LossyImageCompression = stated
    if stated is None:
        del film.LossyImageCompression

    assert ("lossy=unknown ratio" in read_radiograph(film).parameters) == noted


def test_the_header_keeps_everything_but_the_pixels_and_the_data_set_is_left_alone() -> None:
    film = make_film(**SMALL)
    before = film.to_json()

    header = header_of(film)

    assert "PixelData" not in header
    assert header.PatientAge == "001D"
    assert header.file_meta.TransferSyntaxUID == film.file_meta.TransferSyntaxUID
    read_radiograph(film)
    assert film.to_json() == before


@pytest.mark.parametrize(
    ("header", "error"),
    [
        ({"Rows": 60000, "Columns": 60000}, UnsupportedInstance),
        ({"Rows": 8192, "Columns": 8192}, UndecodablePixels),
        ({"NumberOfFrames": 100000}, UnsupportedInstance),
        ({"PhotometricInterpretation": "RGB", "SamplesPerPixel": 3}, UnsupportedInstance),
        ({"BitsAllocated": 32, "BitsStored": 32}, UnsupportedInstance),
        ({"PixelData": None}, UndecodablePixels),
        ({"PixelData": None, "FloatPixelData": b"\0" * 64, "BitsAllocated": 32}, UnsupportedInstance),
    ],
)
def test_films_that_cannot_be_read_raise_the_error_that_says_what_to_do(
    header: dict[str, Any], error: type[PipelineError]
) -> None:
    with pytest.raises(error):
        read_radiograph(make_film(**SMALL, **header))


KEYWORDS = """
    Rows Columns BitsAllocated BitsStored HighBit PixelRepresentation SamplesPerPixel NumberOfFrames
    PhotometricInterpretation PixelPaddingValue PixelPaddingRangeLimit RescaleSlope RescaleIntercept
    WindowCenter WindowWidth VOILUTFunction VOILUTSequence ModalityLUTSequence ShutterShape
    ShutterLeftVerticalEdge ShutterRightVerticalEdge ShutterUpperHorizontalEdge ShutterLowerHorizontalEdge
    CenterOfCircularShutter RadiusOfCircularShutter VerticesOfThePolygonalShutter CollimatorShape
    PixelSpacing ImagerPixelSpacing PixelSpacingCalibrationType PixelAspectRatio
    EstimatedRadiographicMagnificationFactor PatientOrientation LossyImageCompression
    LossyImageCompressionRatio SOPClassUID Modality ImageType PresentationIntentType SpecificCharacterSet
    PatientAge PatientBirthDate AcquisitionDate AcquisitionDateTime StudyDate PatientWeight PatientSize
    PatientSpeciesDescription AnatomicalOrientationType BodyPartExamined AnatomicRegionSequence
    StudyDescription SeriesDescription ProtocolName ProcedureCodeSequence ViewPosition ViewCodeSequence
"""
TEXTS = st.sampled_from(
    [b"RECTANGULAR", b"CIRCULAR\\POLYGONAL", b"1", b"0\\0", b"-1", b"1e300", b"nan\\inf", b"4096", b"L\\F",
     b"MONOCHROME1", b"SIGMOID", b"2.5\\80", b"003D", b"20240301", b"99999999", b"AP",
     "흉부".encode("euc-kr"),
     b"ISO_IR 192", b"ISO 2022 IR 149\\nonsense", b"\xff\xfe\x00\x01", b"\\\\\\", b"1\\1\\100\\100\\50\\1"]
)  # fmt: skip


@given(
    changes=st.dictionaries(st.sampled_from(KEYWORDS.split()), TEXTS | st.binary(max_size=24), max_size=12)
)
@settings(max_examples=300)
def test_no_header_raises_anything_but_pipeline_errors(changes: dict[str, bytes]) -> None:
    film = make_film(**SMALL)
    for keyword, value in changes.items():
        tag = Tag(tag_for_keyword(keyword) or 0)
        vr = dictionary_VR(tag).split(" or ", maxsplit=1)[0]
        film[tag] = RawDataElement(tag, vr, len(value), value, 0, False, True)

    judge_header(film, GateSettings())
    for scale in GreyScale:
        read_or_refuse(film, scale)


def read_or_refuse(film: Dataset, scale: GreyScale) -> None:
    try:
        radiograph = read_radiograph(film, grey=scale)
    except PipelineError:
        return
    assert np.isfinite(radiograph.pixels).all()
    assert 0 <= radiograph.pixels.min() <= radiograph.pixels.max() <= 1
    assert radiograph.spacing is None or radiograph.spacing.row_mm > 0
