from dataclasses import replace
from typing import Any

import pytest
from pydicom import Dataset

from pipeline.gate import GateSettings, judge_header
from pipeline.gate.header import HEADER_RULES
from pipeline.values import GateDecision, Reason, Verdict
from tests.support.films import CR, DX, make_film

SETTINGS = GateSettings()
YES, NO, UNKNOWN = Verdict.YES, Verdict.NO, Verdict.UNKNOWN


def code(value: str, scheme: str = "SCT", meaning: str = "x") -> Dataset:
    item = Dataset()
    item.CodeValue, item.CodingSchemeDesignator, item.CodeMeaning = value, scheme, meaning
    return item


def judged(settings: GateSettings = SETTINGS, **header: Any) -> GateDecision:
    return judge_header(make_film(rows=200, columns=164, **header), settings)


def verdict_of(rule: str, **header: Any) -> Verdict:
    return {verdict.rule: verdict.verdict for verdict in judged(**header).verdicts}[rule]


@pytest.mark.parametrize("sop_class", [CR, DX])
def test_a_newborns_chest_passes_with_every_rule_met(sop_class: str) -> None:
    decision = judged(sop_class=sop_class)

    assert decision.passed
    assert decision.reason is None
    assert decision.explanation == ""
    assert len(decision.verdicts) == len(HEADER_RULES)
    assert {verdict.verdict for verdict in decision.verdicts} == {YES}


def test_a_dogs_lateral_thorax_is_turned_away() -> None:
    decision = judged(
        sop_class=DX,
        PatientBirthDate="20140422",
        PatientAge="005Y",
        BodyPartExamined="THORAX",
        ViewPosition=None,
    )

    assert not decision.passed
    assert decision.reason == Reason.OTHER
    assert "age" in decision.explanation


def test_an_unknown_age_goes_on_and_is_said() -> None:
    decision = judged(PatientAge=None, PatientBirthDate="")

    assert decision.passed
    assert decision.explanation == "not known: age"


NOTHING_KNOWN = {
    "PatientAge": None,
    "PatientBirthDate": None,
    "BodyPartExamined": None,
    "ViewPosition": None,
    "PatientOrientation": None,
}


def test_nothing_known_passes_only_where_the_settings_allow_it() -> None:
    strict = replace(SETTINGS, process_unknown=False)

    assert judged(**NOTHING_KNOWN).passed
    refused = judged(strict, **NOTHING_KNOWN)
    assert not refused.passed
    assert "population" in refused.explanation
    assert judged(strict, **(NOTHING_KNOWN | {"BodyPartExamined": "CHEST"})).passed


def test_an_unknown_age_is_named_and_turned_away_where_the_settings_ask_for_it() -> None:
    strict = replace(SETTINGS, require_age=True)
    without_age = {"PatientAge": None, "PatientBirthDate": None}

    assert judged(**without_age).passed
    assert "age" in judged(**without_age).explanation
    refused = judged(strict, **without_age)
    assert not refused.passed
    assert "known age" in refused.explanation
    assert judged(strict, PatientAge="002D").passed


def test_the_first_no_gives_the_reason_and_all_are_explained() -> None:
    decision = judged(ViewPosition="LL", PresentationIntentType="FOR PROCESSING")

    assert decision.reason == Reason.UNSUITED_PROCESSING
    assert "presentation intent" in decision.explanation
    assert "view" in decision.explanation


@pytest.mark.parametrize(
    ("header", "reason"),
    [
        ({"SOPClassUID": "1.2.840.10008.5.1.4.1.1.7"}, Reason.OTHER),
        ({"SOPClassUID": "1.2.840.10008.5.1.4.1.1.2"}, Reason.OTHER),
        ({"SOPClassUID": None}, Reason.OTHER),
        ({"Modality": "MG"}, Reason.OTHER),
        ({"AnatomicalOrientationType": "QUADRUPED"}, Reason.OTHER),
        ({"PatientSpeciesDescription": "Canine"}, Reason.OTHER),
        ({"Rows": None}, Reason.NO_IMAGE),
        ({"SamplesPerPixel": 3, "PhotometricInterpretation": "RGB"}, Reason.OTHER),
        ({"NumberOfFrames": 8}, Reason.OTHER),
        ({"Rows": 100}, Reason.OTHER),
        ({"ImageType": ["DERIVED", "SECONDARY"]}, Reason.UNSUITED_PROCESSING),
        ({"ImageType": ["DERIVED", "PRIMARY", "TUBE"]}, Reason.UNSUITED_PROCESSING),
        ({"ImageType": ["DERIVED", "PRIMARY", "", "LINE_ENHANCED"]}, Reason.UNSUITED_PROCESSING),
        ({"SeriesDescription": "Chest AP Bone Suppressed"}, Reason.UNSUITED_PROCESSING),
        ({"SeriesDescription": "Chest AP tube visualization"}, Reason.UNSUITED_PROCESSING),
        ({"PresentationIntentType": "FOR PROCESSING"}, Reason.UNSUITED_PROCESSING),
        ({"SOPClassUID": "1.2.840.10008.5.1.4.1.1.1.1.1"}, Reason.UNSUITED_PROCESSING),
        ({"BodyPartExamined": "HIP"}, Reason.OTHER),
        ({"ViewPosition": "LL"}, Reason.POSITIONING),
        ({"PatientOrientation": ["A", "F"]}, Reason.POSITIONING),
    ],
)
def test_each_rule_can_turn_a_film_away(header: dict[str, Any], reason: Reason) -> None:
    decision = judged(**header)

    assert not decision.passed
    assert decision.reason == reason
    assert decision.explanation


def test_the_settings_open_what_they_name() -> None:
    secondary = {"SOPClassUID": "1.2.840.10008.5.1.4.1.1.7", "ImageType": ["DERIVED", "SECONDARY"]}
    raw = {"PresentationIntentType": "FOR PROCESSING"}

    assert judged(replace(SETTINGS, process_secondary_capture=True), **secondary).passed
    assert judged(replace(SETTINGS, allow_for_processing=True), **raw).passed
    assert judged(replace(SETTINGS, min_side_pixels=64), Rows=100, Columns=100).passed


def test_ordinary_values_of_image_type_are_no_companions() -> None:
    assert judged(ImageType=["DERIVED", "PRIMARY", "POST_PROCESSED", "RT", "", "100000"]).passed
    assert judged(ImageType=["ORIGINAL", "PRIMARY", "", "ONLINE"]).passed


@pytest.mark.parametrize("modality", ["CR", "DX", "DR", "RG"])
def test_vendor_variants_of_the_modality_are_radiographs(modality: str) -> None:
    assert verdict_of("modality", Modality=modality) == YES


@pytest.mark.parametrize(
    ("header", "decided"),
    [
        ({"BodyPartExamined": "CHEST"}, YES),
        ({"BodyPartExamined": "Thorax"}, YES),
        ({"BodyPartExamined": "CHESTABDOMEN"}, YES),
        ({"BodyPartExamined": "CHEST_ABD"}, YES),
        ({"BodyPartExamined": "BABYGRAM"}, YES),
        ({"BodyPartExamined": "WHOLEBODY"}, YES),
        ({"BodyPartExamined": "TSPINE"}, NO),
        ({"BodyPartExamined": "ABDOMEN"}, NO),
        ({"BodyPartExamined": "EXTREMITY"}, NO),
        ({"BodyPartExamined": "SKULL", "StudyDescription": "Skull AP"}, NO),
        ({"BodyPartExamined": "ABDOMEN", "StudyDescription": "Chest and abdomen"}, UNKNOWN),
        ({"AnatomicRegionSequence": [code("51185008")]}, YES),
        ({"AnatomicRegionSequence": [code("T-D3000", "SRT")]}, YES),
        ({"AnatomicRegionSequence": [code("29836001")]}, NO),
        ({"AnatomicRegionSequence": []}, UNKNOWN),
        ({"SeriesDescription": "Baby gram"}, YES),
        ({"StudyDescription": "XR CXR PORTABLE"}, YES),
        ({"StudyDescription": "Röntgen Thorax a.p."}, YES),
        ({"StudyDescription": "흉부 정면", "SpecificCharacterSet": "ISO_IR 192"}, YES),
        ({"ProtocolName": "가슴 AP", "SpecificCharacterSet": "ISO_IR 192"}, YES),
        ({"ProcedureCodeSequence": [code("399208008", meaning="Plain chest X-ray")]}, YES),
        ({"StudyDescription": "Thoracic spine"}, NO),
        ({"StudyDescription": "복부", "SpecificCharacterSet": "ISO_IR 192"}, NO),
        ({"StudyDescription": "Hips both"}, NO),
        ({"StudyDescription": "INFANT_CXR"}, YES),
        ({"StudyDescription": "Baby_gram"}, YES),
        ({"StudyDescription": "Thoraco-abdominal"}, YES),
        ({"StudyDescription": "THORACIC_SPINE"}, NO),
        ({"StudyDescription": "Thoracolumbar"}, NO),
        ({"StudyDescription": "HAND_L"}, NO),
        ({"BodyPartExamined": "THORACOLUMBAR SPINE"}, NO),
        ({"StudyDescription": "흉부AP", "SpecificCharacterSet": "ISO_IR 192"}, YES),
        ({"StudyDescription": "폐렴", "SpecificCharacterSet": "ISO_IR 192"}, YES),
        ({"StudyDescription": "장폐색", "SpecificCharacterSet": "ISO_IR 192"}, UNKNOWN),
        ({"StudyDescription": "복부 장폐쇄", "SpecificCharacterSet": "ISO_IR 192"}, NO),
        ({"StudyDescription": "흉추", "SpecificCharacterSet": "ISO_IR 192"}, NO),
        ({"StudyDescription": "Portable NICU"}, UNKNOWN),
        ({"StudyDescription": "Check ship whip chip"}, UNKNOWN),
        ({}, UNKNOWN),
    ],
)
def test_the_body_part_is_read_from_codes_and_descriptions(header: dict[str, Any], decided: Verdict) -> None:
    assert verdict_of("body part", **({"BodyPartExamined": None} | header)) == decided


@pytest.mark.parametrize(
    ("header", "decided"),
    [
        ({"ViewPosition": "AP"}, YES),
        ({"ViewPosition": "PA"}, YES),
        ({"ViewPosition": "LL"}, NO),
        ({"ViewPosition": "RL"}, NO),
        ({"ViewPosition": "LLD"}, NO),
        ({"ViewPosition": "RLD"}, NO),
        ({"ViewPosition": "LPO"}, NO),
        ({"ViewPosition": "LATERAL"}, NO),
        ({"ViewPosition": "RT"}, UNKNOWN),
        ({"ViewCodeSequence": [code("399348003")]}, YES),
        ({"ViewCodeSequence": [code("R-10206", "SRT")]}, YES),
        ({"ViewCodeSequence": [code("399173006")]}, NO),
        ({"ViewCodeSequence": [code("30730003")]}, NO),
        ({"PatientOrientation": ["P", "F"]}, NO),
        ({"SeriesDescription": "Chest lateral"}, NO),
        ({"SeriesDescription": "THORAX LAT"}, NO),
        ({"SeriesDescription": "Chest decubitus"}, NO),
        ({"SeriesDescription": "Cross-table chest"}, NO),
        ({"SeriesDescription": "흉부 측면", "SpecificCharacterSet": "ISO_IR 192"}, NO),
        ({"SeriesDescription": "흉부 정면", "SpecificCharacterSet": "ISO_IR 192"}, YES),
        ({"SeriesDescription": "CHEST_LAT"}, NO),
        ({"SeriesDescription": "CXR_LATERAL_2"}, NO),
        ({"SeriesDescription": "LAT1"}, NO),
        ({"SeriesDescription": "Chest LDECUB"}, NO),
        ({"SeriesDescription": "Chest x-table"}, NO),
        ({"SeriesDescription": "흉부Lat", "SpecificCharacterSet": "ISO_IR 192"}, NO),
        ({"SeriesDescription": "흉부PA", "SpecificCharacterSet": "ISO_IR 192"}, YES),
        ({"SeriesDescription": "CHEST_AP"}, YES),
        ({"SeriesDescription": "CHEST_AP_LAT"}, YES),
        ({"SeriesDescription": "Platelets, apex"}, UNKNOWN),
        ({"SeriesDescription": "Bilateral lungs"}, UNKNOWN),
        ({"ViewPosition": "AP", "SeriesDescription": "Chest lat"}, NO),
        ({"ViewPosition": "AP", "SeriesDescription": "Chest AP/lat"}, YES),
        ({"ViewPosition": "AP", "StudyDescription": "Chest AP and lateral"}, YES),
        ({"ViewPosition": "AP", "StudyDescription": "Chest lateral"}, YES),
        ({"StudyDescription": "Chest AP and lateral"}, UNKNOWN),
        ({"StudyDescription": "Chest lateral"}, NO),
        ({"StudyDescription": "Chest a.p. supine"}, YES),
        ({}, UNKNOWN),
    ],
)
def test_the_view_is_read_from_codes_orientation_and_descriptions(
    header: dict[str, Any], decided: Verdict
) -> None:
    assert verdict_of("view", **({"ViewPosition": None} | header)) == decided


def test_no_patient_identity_stands_in_any_verdict() -> None:
    film = make_film(
        rows=200, columns=164, PatientName="SECRET^NAME", PatientID="SECRET-ID", PatientBirthDate="20240301",
        AccessionNumber="SECRET-ACC", StudyDescription="SECRET chest of NAME",
    )  # fmt: skip

    decision = judge_header(film, SETTINGS)

    spoken = " ".join([decision.explanation, *(verdict.detail for verdict in decision.verdicts)])
    assert "SECRET" not in spoken
    assert "20240301" not in spoken
