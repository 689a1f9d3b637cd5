"""Presentation state, Secondary Capture and PDF: valid, about the right film, the same bytes each time."""

import subprocess
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pypdfium2
import pytest
from numpy.typing import NDArray
from PIL import Image
from pydicom import Dataset, dcmread

from pipeline.radiograph import read_radiograph
from pipeline.results import (
    Charset,
    Form,
    Kind,
    make_result_objects,
    make_visible_object,
    result_uid,
    to_part10,
)
from pipeline.values import Analysis, Orientation, Outcome, RuleVerdict, Verdict
from tests.support.analyses import ORIGIN, make_analysis, make_lung_mask, make_radiograph, received
from tests.support.films import DX, lung_ellipses, make_film, part10_bytes
from tests.support.validators import dcentvfy, dciodvfy, dciodvfy_warnings
from tests.unit.pipeline.results.conftest import Write
from tests.unit.pipeline.results.odd_headers import BAD_IDENTITY, ODD, odd_film

FORMS = (Form("pr"), Form("sc", longest_side=512), Form("pdf"))
NUMBERS: dict[Kind, int] = {"pr": 9003, "sc": 9004, "pdf": 9007}
JUDGED = (Outcome.PRESENT, Outcome.ABSENT)
CHARSETS_OF_RESULTS: tuple[Charset, ...] = ("utf-8", "source")
CHARSETS = [name for name in ODD if name.startswith("charset")]


def made(analysis: Analysis, form: Form) -> Dataset:
    dataset = make_visible_object(analysis, ORIGIN, form)
    assert dataset is not None
    return dataset


def page_of(dataset: Dataset) -> pypdfium2.PdfDocument:
    return pypdfium2.PdfDocument(dataset.EncapsulatedDocument[: dataset.EncapsulatedDocumentLength])


def text_of(dataset: Dataset) -> str:
    return " ".join(page_of(dataset)[0].get_textpage().get_text_range().split())


@pytest.mark.parametrize("name", ODD)
def test_every_odd_header_gives_valid_objects(name: str, write: Write) -> None:
    film = received(odd_film(name))
    analysis = make_analysis(Outcome.PRESENT, film)

    for charset in ("utf-8", "source") if name in CHARSETS else ("utf-8",):
        for form in FORMS:
            path = write(made(analysis, Form(form.kind, charset, form.longest_side)))
            assert dciodvfy(path) == []


@pytest.mark.parametrize("outcome", Outcome)
@pytest.mark.parametrize("name", ["plain", "manufacturer missing", "Secondary Capture", "DX"])
def test_every_outcome_gives_valid_objects_without_a_warning(
    name: str, outcome: Outcome, write: Write
) -> None:
    analysis = make_analysis(outcome, received(odd_film(name)))

    for form in FORMS:
        dataset = make_visible_object(analysis, ORIGIN, form)
        if dataset is None:
            assert form.kind == "pr"
            assert outcome not in JUDGED
        else:
            assert dciodvfy(write(dataset)) == []
            assert dciodvfy_warnings(write(dataset)) == []


@pytest.mark.parametrize(
    "name", ["plain", "charset Korean", "offset from UTC", "DX", "request", "age with a space"]
)
def test_film_and_all_results_agree_about_patient_and_study(name: str, tmp_path: Path) -> None:
    film = odd_film(name)
    analysis = make_analysis(film=received(film))
    results = make_result_objects(analysis, ORIGIN, charset="source", overlay=False)
    assert results.segmentation is not None
    objects = [results.segmentation, results.report]
    objects += [made(analysis, Form(form.kind, "source", form.longest_side)) for form in FORMS]
    paths = [tmp_path / f"{number}.dcm" for number in range(6)]
    for path, part10 in zip(paths, (part10_bytes(film), *map(to_part10, objects)), strict=True):
        path.write_bytes(part10)

    assert dcentvfy(*paths) == []

    stranger = made(make_analysis(film=received(film)), Form("pdf"))
    stranger.PatientBirthDate = "19990101"
    paths[-1].write_bytes(to_part10(stranger))
    assert any("PatientBirthDate" in line for line in dcentvfy(*paths))


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("name", BAD_IDENTITY)
def test_identity_that_breaks_the_rules_is_written_back_verbatim(name: str, form: Form, write: Write) -> None:
    film = received(odd_film(name))

    again = dcmread(write(made(make_analysis(Outcome.PRESENT, film), form)))

    for keyword in ("PatientID", "AccessionNumber", "StudyID", "StudyInstanceUID", "PatientName"):
        assert str(again.get(keyword, "")) == str(film.get(keyword, ""))


@pytest.mark.parametrize("form", FORMS)
def test_the_same_analysis_gives_the_same_bytes(form: Form) -> None:
    film = make_film(rows=64, columns=52)

    first, second = (to_part10(made(make_analysis(film=film), form)) for _ in range(2))

    assert first == second


def test_series_and_names_say_what_it_is() -> None:
    analysis = make_analysis()
    objects = [made(analysis, form) for form in FORMS]

    assert [dataset.SeriesNumber for dataset in objects] == list(NUMBERS.values())
    assert len({uid for each in objects for uid in (each.SOPInstanceUID, each.SeriesInstanceUID)}) == 6
    for dataset in objects:
        assert "(RESEARCH)" in dataset.SeriesDescription
        assert dataset.ContentQualification == "RESEARCH"
        assert dataset.StudyInstanceUID == analysis.header.StudyInstanceUID
        assert [item.DeviceUID for item in dataset.ContributingEquipmentSequence] == [
            "2.25.1001",
            "2.25.1002",
        ]


def test_another_size_or_character_set_is_another_instance() -> None:
    analysis = make_analysis()
    forms = (Form("sc", longest_side=512), Form("sc", longest_side=600), Form("sc", "source", 512))

    assert len({made(analysis, form).SOPInstanceUID for form in forms}) == 3


def test_the_uid_of_a_form_can_be_told_before_it_is_made() -> None:
    analysis = make_analysis()
    header, digest = analysis.header, analysis.bundle.digest
    for charset in CHARSETS_OF_RESULTS:
        objects = make_result_objects(analysis, ORIGIN, charset=charset, overlay=False)
        assert objects.segmentation is not None
        known = {"seg": objects.segmentation, "sr": objects.report}
        for form in (Form("seg", charset), Form("sr", charset), *in_charset(charset)):
            dataset = known[form.kind] if form.kind in known else made(analysis, form)
            assert dataset.SOPInstanceUID == result_uid(header.SOPInstanceUID, digest, form.uid_name)


def in_charset(charset: Charset) -> list[Form]:
    return [Form(form.kind, charset, form.longest_side) for form in FORMS]


def test_the_film_s_offset_from_utc_governs_the_dates() -> None:
    film = make_film(rows=64, columns=52, TimezoneOffsetFromUTC="+0900")

    state, capture, page = (made(make_analysis(film=film), form) for form in FORMS)

    assert (state.PresentationCreationDate, state.PresentationCreationTime[:4]) == ("20240302", "0830")
    for dataset in (capture, page):
        assert (dataset.ContentDate, dataset.ContentTime[:4]) == ("20240302", "0830")
        assert dataset.TimezoneOffsetFromUTC == "+0900"


def test_the_outlines_lie_on_the_lungs() -> None:
    film = make_film(rows=415, columns=512)
    state = made(make_analysis(film=film), Form("pr"))

    right, left, words = state.GraphicAnnotationSequence
    for annotation, columns in ((right, slice(0, 256)), (left, slice(256, None))):
        (line,) = annotation.GraphicObjectSequence
        points = np.array(line.GraphicData).reshape(-1, 2)
        rows, at = np.nonzero(lung_ellipses(415, 512)[:, columns])
        assert (line.GraphicType, line.GraphicAnnotationUnits) == ("POLYLINE", "PIXEL")
        assert np.array_equal(points[0], points[-1])
        low = (at.min() + (columns.start or 0), rows.min())
        high = (at.max() + (columns.start or 0) + 1, rows.max() + 1)
        np.testing.assert_allclose(points.min(axis=0), low, atol=1)
        np.testing.assert_allclose(points.max(axis=0), high, atol=1)
    text = words.TextObjectSequence[0].UnformattedTextValue
    assert "RDS PRESENT (RESEARCH)" in text
    assert "0.87" in text


def test_every_layer_that_is_used_is_declared_and_no_other() -> None:
    sides_unknown = make_lung_mask(lung_ellipses(64, 52), sides=False)
    for mask in (make_lung_mask(lung_ellipses(64, 52)), sides_unknown):
        state = made(make_analysis(lung_mask=mask), Form("pr"))

        used = {annotation.GraphicLayer for annotation in state.GraphicAnnotationSequence}
        declared = [layer.GraphicLayer for layer in state.GraphicLayerSequence]
        assert sorted(used) == sorted(declared)


@pytest.mark.dcmtk
@pytest.mark.parametrize(
    "header",
    [
        {},
        {"photometric": "MONOCHROME1"},
        {"bits_stored": 8},
        {"bits_stored": 16},
        {"signed": True},
        {"photometric": "MONOCHROME1", "signed": True, "bits_stored": 10},
        {"sop_class": DX, "WindowCenter": 2048, "WindowWidth": 4096},
        {"RescaleSlope": "0.25", "RescaleIntercept": "-100"},
        {"WindowCenter": 1, "WindowWidth": 1},
    ],
)
def test_a_viewer_that_applies_the_state_shows_the_film_as_it_is(
    header: dict[str, Any], tmp_path: Path, write: Write
) -> None:
    """Black air, grey body, white spine: DCMTK applies modality, VOI and presentation LUT of the state."""
    film = make_film(rows=256, columns=320, **header)
    stored, shown = tmp_path / "film.dcm", tmp_path / "shown.pgm"
    stored.write_bytes(part10_bytes(film))
    radiograph = read_radiograph(dcmread(stored))
    state = made(make_analysis(film=film, radiograph=radiograph), Form("pr"))
    if header.get("RescaleSlope") == "-1":
        state.PresentationLUTShape = "INVERSE"

    subprocess.run(
        ["/usr/bin/dcmp2pgm", "-p", str(write(state)), str(stored), str(shown)],
        check=True,
        capture_output=True,
    )

    with Image.open(shown) as picture:
        grey = np.asarray(picture.convert("L")).astype(int)
    assert grey.shape == (256, 320)
    air, body, spine = grey[4:30, 4:30].mean(), grey[230, 100], grey[230, 160]
    assert (air < 40, 120 < body < 230, spine > body + 20) == (True, True, True), (air, body, spine)


@pytest.mark.parametrize("tables", [("VOILUTSequence",), ("ModalityLUTSequence", "VOILUTSequence")])
@pytest.mark.parametrize("signed", [False, True])
def test_lookup_tables_of_the_film_become_one_of_all_stored_values(
    tables: tuple[str, ...], signed: bool, write: Write
) -> None:
    item, falling = Dataset(), np.arange(4095, -1, -1, dtype="<u2")
    item.add_new("LUTDescriptor", "SS" if signed else "US", [4096, -2048 if signed else 0, 12])
    item.add_new("LUTData", "OW", falling.tobytes())
    film = make_film(rows=64, columns=52, signed=signed, RescaleSlope=None, VOILUTSequence=[item])
    if len(tables) == 2:
        unsigned = Dataset()
        unsigned.add_new("LUTDescriptor", "US", [4096, 0, 12])
        unsigned.add_new("LUTData", "OW", falling.tobytes())
        film.ModalityLUTSequence, film.VOILUTSequence = [item], [unsigned]
    analysis = make_analysis(film=film, radiograph=read_film(film))

    state = made(analysis, Form("pr"))

    assert dciodvfy(write(state)) == []
    (table,) = state.SoftcopyVOILUTSequence[0].VOILUTSequence
    assert list(table.LUTDescriptor) == [4096, -2048 if signed else 0, 16]
    grey = np.frombuffer(table.LUTData, "<u2") / 65535
    expected = falling / 4095 if len(tables) == 1 else falling[::-1] / 4095
    np.testing.assert_allclose(grey, expected, atol=1e-4)


def read_film(film: Dataset) -> Any:
    from pipeline.pixels.description import PixelLimits

    return read_radiograph(received(film), limits=PixelLimits(min_side=1))


def test_the_capture_is_never_larger_than_asked_for() -> None:
    for shape in ((900, 700), (64, 52), (200, 900), (900, 100)):
        film = make_film(rows=shape[0], columns=shape[1])
        for side in (512, 1024, 2048):
            capture = made(make_analysis(film=film), Form("sc", longest_side=side))
            assert max(capture.Rows, capture.Columns) <= side, (shape, side)


def test_the_capture_keeps_the_film_s_own_resolution_where_there_is_room() -> None:
    film = make_film(rows=1000, columns=800)

    small, large = (made(make_analysis(film=film), Form("sc", longest_side=side)) for side in (600, 4096))

    assert small.Rows < 1000 < large.Rows < 1600


def test_the_capture_is_the_film_with_coloured_outlines_and_refers_to_it() -> None:
    analysis = make_analysis(film=make_film(rows=415, columns=512))
    capture = made(analysis, Form("sc", longest_side=1024))
    pixels: NDArray[np.uint8] = capture.pixel_array

    assert pixels.shape == (capture.Rows, capture.Columns, 3)
    for colour in ((0, 160, 255), (255, 160, 0)):
        assert (pixels == colour).all(axis=2).any()
    (source,) = capture.SourceImageSequence
    assert source.ReferencedSOPInstanceUID == analysis.header.SOPInstanceUID
    assert (capture.BurnedInAnnotation, capture.ConversionType, capture.Modality) == ("YES", "WSD", "OT")
    assert list(capture.ImageType) == ["DERIVED", "SECONDARY"]


def test_the_capture_says_how_it_lies_only_where_the_film_does() -> None:
    film = make_film(rows=64, columns=52)
    for known, expected in ((True, ["L", "F"]), (False, "")):
        radiograph = make_radiograph(film, orientation=Orientation(known=known))
        capture = made(make_analysis(film=film, radiograph=radiograph), FORMS[1])
        assert capture.PatientOrientation == expected or list(capture.PatientOrientation) == expected


def test_a_film_that_lost_detail_stays_lossy() -> None:
    capture = made(make_analysis(film=received(odd_film("lossy twice"))), FORMS[1])

    only_known = make_analysis(film=make_film(rows=64, columns=52, LossyImageCompression=None))
    radiograph = make_radiograph(only_known.header, parameters=("lossy=unknown ratio",))
    silent = made(replace(only_known, radiograph=radiograph), FORMS[1])

    assert (capture.LossyImageCompression, silent.LossyImageCompression) == ("01", "01")
    assert "LossyImageCompression" not in made(only_known, FORMS[1])
    assert [float(ratio) for ratio in capture.LossyImageCompressionRatio] == [10, 2.5]


@pytest.mark.dcmtk
@pytest.mark.parametrize("outcome", Outcome)
def test_dcmtk_shows_the_capture(outcome: Outcome, tmp_path: Path, write: Write) -> None:
    capture = made(make_analysis(outcome), FORMS[1])
    shown = tmp_path / "shown.ppm"

    subprocess.run(["/usr/bin/dcm2pnm", str(write(capture)), str(shown)], check=True, capture_output=True)

    with Image.open(shown) as picture:
        assert np.array_equal(np.asarray(picture), capture.pixel_array)


@pytest.mark.parametrize("outcome", Outcome)
def test_the_page_is_one_and_says_the_outcome(outcome: Outcome) -> None:
    page = made(make_analysis(outcome), Form("pdf"))

    assert len(page_of(page)) == 1
    assert page_of(page)[0].get_size() == pytest.approx((595.3, 841.9), abs=0.1)
    text = text_of(page)
    for part in (
        "RESEARCH USE ONLY",
        "not validated on newborns",
        "Invented, Newborn",
        "TEST-0001",
        "2024-03-01",
    ):
        assert part in text
    assert ("This is not a negative result." in text) == (outcome not in JUDGED)
    if outcome in JUDGED:
        assert f"RDS {outcome.name} (RESEARCH)" in text
        assert "operating point 0.5" in text


def test_the_page_marks_an_answer_about_a_patient_of_unknown_age() -> None:
    verdicts = (RuleVerdict("age", Verdict.UNKNOWN, "not stated"),)

    text = text_of(made(make_analysis(verdicts=verdicts), Form("pdf")))

    assert "AGE NOT KNOWN" in text
    assert "Does not meet the quality control standard" in text


@pytest.mark.parametrize("name", CHARSETS)
def test_names_of_every_script_stand_on_the_page(name: str) -> None:
    film = received(odd_film(name))
    analysis = make_analysis(film=film)
    page = made(analysis, Form("pdf"))
    letters = {letter for letter in str(page.PatientName) if letter.isalpha()}

    text = text_of(page)

    assert {letter for letter in letters if letter not in text} == set(), text


def test_a_page_with_all_too_much_to_say_is_still_one() -> None:
    film = make_film(
        rows=64, columns=52, PatientName="N" * 64, StudyDescription="d " * 32, PatientID="P" * 64
    )
    verdicts = tuple(RuleVerdict(f"rule {number}", Verdict.YES, "seen " * 60) for number in range(60))
    analysis = make_analysis(Outcome.NOT_ASSESSABLE, film, verdicts=verdicts, explanation="because " * 100)

    page = made(analysis, Form("pdf"))

    assert len(page_of(page)) == 1
    assert "The Structured Report lists all of them." in text_of(page)
