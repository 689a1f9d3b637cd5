"""Negative controls: the validators that every written object must pass do find what is wrong."""

from collections.abc import Callable

import pytest
from pydicom import Dataset

from pipeline.results import make_result_objects
from tests.support.analyses import ORIGIN, make_analysis
from tests.support.validators import dciodvfy, dciodvfy_warnings, dsrdump
from tests.unit.pipeline.results.conftest import Write


def without(keyword: str) -> Callable[[Dataset], None]:
    return lambda dataset: dataset.__delitem__(keyword)


@pytest.mark.parametrize(
    ("spoil", "complaint"),
    [
        (without("SegmentationType"), "SegmentationType"),
        (without("SeriesInstanceUID"), "SeriesInstanceUID"),
        (without("PatientOrientation"), "PatientOrientation"),
        (lambda seg: setattr(seg, "ContentLabel", "lung_seg"), "Content Label"),
        (lambda seg: seg.SegmentSequence[0].__delitem__("SegmentLabel"), "SegmentLabel"),
        (lambda seg: setattr(seg, "NumberOfFrames", 7), "NumberOfFrames"),
    ],
)
def test_dciodvfy_finds_a_spoiled_seg(spoil: Callable[[Dataset], None], complaint: str, write: Write) -> None:
    seg = make_result_objects(make_analysis(), ORIGIN, overlay=False).segmentation
    assert seg is not None
    spoil(seg)

    assert any(complaint in line for line in dciodvfy(write(seg)))


@pytest.mark.parametrize(
    ("spoil", "complaint"),
    [
        (without("CompletionFlag"), "CompletionFlag"),
        (without("CurrentRequestedProcedureEvidenceSequence"), "CurrentRequestedProcedureEvidenceSequence"),
        (lambda sr: sr.ContentSequence[0].__delitem__("RelationshipType"), "RelationshipType"),
        (lambda sr: sr.ContentSequence[0].__delitem__("ConceptCodeSequence"), "ConceptCodeSequence"),
    ],
)
def test_dciodvfy_finds_a_spoiled_report(
    spoil: Callable[[Dataset], None], complaint: str, write: Write
) -> None:
    report = make_result_objects(make_analysis(), ORIGIN, overlay=False).report
    spoil(report)

    assert any(complaint in line for line in dciodvfy(write(report)))


def test_dciodvfy_warns_of_an_attribute_that_does_not_belong(write: Write) -> None:
    report = make_result_objects(make_analysis(), ORIGIN, overlay=False).report
    report.KVP = "60"

    assert any("KVP" in line for line in dciodvfy_warnings(write(report)))


@pytest.mark.dcmtk
@pytest.mark.parametrize(
    "spoil",
    [
        without("CompletionFlag"),
        lambda sr: sr.ContentSequence[0].__delitem__("RelationshipType"),
        lambda sr: setattr(sr.ContentSequence[0], "RelationshipType", "INFERRED FROM"),
        lambda sr: sr.ContentSequence[2].__delitem__("UID"),
    ],
)
def test_dsrdump_refuses_a_spoiled_report(spoil: Callable[[Dataset], None], write: Write) -> None:
    report = make_result_objects(make_analysis(), ORIGIN, overlay=False).report
    spoil(report)

    with pytest.raises(AssertionError, match="dsrdump"):
        dsrdump(write(report))
