"""Queries find what matches every key, at every level, and nothing else."""

import re
from collections.abc import Mapping
from pathlib import Path

import pytest
from sqlalchemy import Connection

from storage import query
from storage.attributes import ATTRIBUTES
from storage.matching import Item, Level, Match, OneOf, Range, Single, Wildcard, Words
from storage.query import MATCHING_KEYS, SUPPORTED_KEYS, find
from storage.sequences import SEQUENCE_KEYS
from storage.values import Role
from tests.support.ledgers import CR, SEG, add, explain

NAMES = {
    1: "Hong^Gildong=洪^吉洞=홍^길동",
    2: "홍^길순",
    3: "Müller^Jürgen",
    4: "DOE^JOHN^^^",
    5: "DOE",
    6: "Smith_Jones^100%",
}


def studies(connection: Connection, matches: Mapping[str, Match]) -> set[int]:
    """Give the numbers of the studies found."""
    found = find(connection, Level.STUDY, matches)
    return {int(str(entry["StudyInstanceUID"]).rsplit(".", 1)[1]) for entry in found}


def add_each(connection: Connection, keyword: str, values: Mapping[int, str | int | None]) -> None:
    for number, value in values.items():
        add(connection, number, **{keyword: value})


@pytest.mark.parametrize(
    ("match", "numbers"),
    [
        (Single("hong^gildong"), {1}),
        (Single("洪^吉洞"), {1}),
        (Single("홍^길동"), {1}),
        (Single("홍^길순"), {2}),
        (Single("hong^gildong=洪^吉洞"), {1}),
        (Single("=洪^吉洞"), {1}),
        (Single("=홍^길동"), set()),
        (Single("muller^jurgen"), {3}),
        (Single("MÜLLER^JÜRGEN^^="), {3}),
        (Single("doe^john"), {4}),
        (Single("doe"), {5}),
        (Single("DOE^^"), {5}),
        (Single("^"), set()),
        (Wildcard("*"), {1, 2, 3, 4, 5, 6}),
        (Wildcard("홍*"), {1, 2}),
        (Wildcard("홍^길?"), {1, 2}),
        (Wildcard("*길동"), {1}),
        (Wildcard("hong*=洪*"), {1}),
        (Wildcard("hong*=李*"), set()),
        (Wildcard("mül*"), {3}),
        (Wildcard("MUL*"), {3}),
        (Wildcard("doe*"), {4, 5}),
        (Wildcard("doe^*"), {4, 5}),
        (Wildcard("doe^j*"), {4}),
        (Wildcard("*^john"), {4}),
        (Wildcard("doe^john^*"), {4}),
        (Wildcard("d?e"), {5}),
        (Wildcard("smith_*"), {6}),
        (Wildcard("smith?jones^100%"), {6}),
        (Wildcard("%*"), set()),
        (OneOf(("doe", "홍^길순")), {2, 5}),
    ],
)
def test_person_names_match_by_component_group(
    connection: Connection, match: Match, numbers: set[int]
) -> None:
    add_each(connection, "PatientName", NAMES)

    assert studies(connection, {"PatientName": match}) == numbers


@pytest.mark.parametrize(
    ("match", "numbers"),
    [
        (Single("Chest"), {1}),
        (Single("chest"), {2}),
        (Single(" Chest "), {1}),
        (Wildcard("C*"), {1, 3}),
        (Wildcard("c*"), {2}),
        (Wildcard("Ch?st*"), {1, 3}),
        (Wildcard("*100%*"), {3}),
        (Wildcard("*?"), {1, 2, 3, 4}),
        (Wildcard("[a]*"), {4}),
        (Range("Chest", "c"), {1, 3, 4}),
        (Range(None, None), {1, 2, 3, 4}),
        (OneOf(("chest", "Chest")), {1, 2}),
        (OneOf(()), set()),
    ],
)
def test_texts_match_with_their_case(connection: Connection, match: Match, numbers: set[int]) -> None:
    add_each(connection, "StudyDescription", {1: "Chest", 2: "chest", 3: "Chest 100%_", 4: "[a]b*?", 5: None})

    assert studies(connection, {"StudyDescription": match}) == numbers


@pytest.mark.parametrize(
    ("match", "numbers"),
    [
        (Range("20260102", "20260103"), {2, 3}),
        (Range(None, "20260102"), {1, 2}),
        (Range("20260103", None), {3}),
        (Single("20260102"), {2}),
        (Range("20260104", "20260101"), set()),
    ],
)
def test_dates_match_in_ranges_with_both_ends(
    connection: Connection, match: Match, numbers: set[int]
) -> None:
    add_each(connection, "StudyDate", {1: "20260101", 2: "20260102", 3: "20260103", 4: None, 5: ""})

    assert studies(connection, {"StudyDate": match}) == numbers


@pytest.mark.parametrize(
    ("match", "numbers"),
    [
        (Single("12"), {1, 2, 3, 4}),
        (Single("1200"), {1, 2, 3}),
        (Single("120000"), {1, 2, 3}),
        (Single("120000.5"), {3}),
        (Range("1200", "1230"), {1, 2, 3, 4}),
        (Range("120000.0", "120000.4"), {1, 2}),
        (Range("120001", None), {4, 5}),
        (Range(None, "11"), {6}),
        (Range(None, "115959"), {6}),
        (Wildcard("12*"), {1, 2, 3, 4}),
    ],
)
def test_times_match_to_the_precision_given(connection: Connection, match: Match, numbers: set[int]) -> None:
    add_each(
        connection,
        "StudyTime",
        {1: "12", 2: "120000", 3: "120000.500", 4: "1230", 5: "130000", 6: "115959.999999", 7: None},
    )

    assert studies(connection, {"StudyTime": match}) == numbers


@pytest.mark.parametrize(
    ("match", "series"),
    [
        (Single("7"), {7}),
        (Single("007"), {7}),
        (Single("x"), set()),
        (OneOf(("7", "70")), {7, 70}),
        (Wildcard("7*"), {7, 70}),
    ],
)
def test_numbers_match_as_numbers(connection: Connection, match: Match, series: set[int]) -> None:
    for number in (7, 70, 17):
        add(connection, number, SeriesNumber=number)

    found = find(connection, Level.SERIES, {"SeriesNumber": match})
    assert {entry["SeriesNumber"] for entry in found} == series


def test_a_list_of_uids_may_be_very_long(connection: Connection) -> None:
    add_each(connection, "StudyDescription", {1: "a", 2: "b", 3: "c"})
    uids = ("1.2.3.1", "1.2.3.3", *(f"1.9.{number}" for number in range(70_000)))

    assert studies(connection, {"StudyInstanceUID": OneOf(uids)}) == {1, 3}


def test_all_keys_must_match(connection: Connection) -> None:
    add(connection, 1, StudyDate="20260101", PatientID="A")
    add(connection, 2, StudyDate="20260101", PatientID="B")
    add(connection, 3, StudyDate="20260102", PatientID="A")

    assert studies(connection, {"StudyDate": Single("20260101"), "PatientID": Single("A")}) == {1}


def add_study_with_results(connection: Connection) -> None:
    source = add(connection, 1, Rows=100)
    add(
        connection,
        1,
        role=Role.SEGMENTATION,
        source_instance_id=source.instance_id,
        SOPInstanceUID="1.2.3.1.2.1",
        SeriesInstanceUID="1.2.3.1.2",
        SOPClassUID=SEG,
        Modality="SEG",
    )
    add(connection, 2)


def test_every_level_gives_all_its_keys(connection: Connection) -> None:
    add_study_with_results(connection)

    for level in Level:
        entries = list(find(connection, level, {"PatientID": Single("P1")}))
        assert entries
        assert {frozenset(entry) for entry in entries} == {SUPPORTED_KEYS[level]}


def test_related_entries_are_counted(connection: Connection) -> None:
    add_study_with_results(connection)
    key = {"PatientID": Single("P1")}

    (patient,) = find(connection, Level.PATIENT, key)
    (study,) = find(connection, Level.STUDY, key)
    series = {entry["Modality"]: entry for entry in find(connection, Level.SERIES, key)}
    images = {entry["SOPInstanceUID"]: entry for entry in find(connection, Level.IMAGE, key)}

    assert patient["NumberOfPatientRelatedStudies"] == 1
    assert patient["NumberOfPatientRelatedSeries"] == 2
    assert patient["NumberOfPatientRelatedInstances"] == 2
    assert study["NumberOfStudyRelatedSeries"] == 2
    assert study["NumberOfStudyRelatedInstances"] == 2
    assert study["ModalitiesInStudy"] == "CR\\SEG"
    assert study["SOPClassesInStudy"] == f"{CR}\\{SEG}"
    assert series.keys() == {"CR", "SEG"}
    assert series["SEG"]["NumberOfSeriesRelatedInstances"] == 1
    assert images["1.2.3.1.1.1"]["Rows"] == 100
    assert images["1.2.3.1.2.1"]["StudyInstanceUID"] == "1.2.3.1"


@pytest.mark.parametrize(
    ("match", "numbers"),
    [
        (Single("CR"), {1, 2}),
        (Single("SEG"), {1}),
        (OneOf(("SEG", "SR")), {1}),
        (Wildcard("S*"), {1}),
        (Single("MR"), set()),
    ],
)
def test_studies_are_found_by_any_of_their_modalities(
    connection: Connection, match: Match, numbers: set[int]
) -> None:
    add_study_with_results(connection)

    assert studies(connection, {"ModalitiesInStudy": match}) == numbers


def test_studies_are_found_by_any_of_their_sop_classes(connection: Connection) -> None:
    add_study_with_results(connection)

    assert studies(connection, {"SOPClassesInStudy": Single(SEG)}) == {1}


def test_a_patient_is_one_entry_with_the_newest_name(connection: Connection) -> None:
    add(connection, 1, PatientID="A", PatientName="Baby Boy^Kim")
    add(connection, 2, PatientID="A", PatientName="Kim^Jiwoo")
    add(connection, 3, PatientID="A", PatientName="Other^Hospital", IssuerOfPatientID="X")

    found = list(find(connection, Level.PATIENT, {"PatientID": Single("A")}))

    assert {entry["PatientName"]: entry["NumberOfPatientRelatedStudies"] for entry in found} == {
        "Kim^Jiwoo": 2,
        "Other^Hospital": 1,
    }
    assert list(find(connection, Level.PATIENT, {"PatientName": Wildcard("Baby*")})) == []


def test_patients_without_id_are_counted_apart(connection: Connection) -> None:
    add(connection, 1, PatientID="", PatientName="Baby^A")
    add(connection, 2, PatientID=None, PatientName="Baby^B")
    add(connection, 3, PatientID=None, PatientName=None)
    add(connection, 4, PatientID=None, PatientName=None)

    assert len(list(find(connection, Level.PATIENT, {}))) == 4


def test_variants_are_neither_found_nor_counted(connection: Connection) -> None:
    add(connection, 1)
    add(connection, 1, StudyInstanceUID="1.2.3.2", SeriesInstanceUID="1.2.3.2.1", PatientID="Q")
    add(connection, 1, SeriesInstanceUID="1.2.3.1.7")

    counts = {level: len(list(find(connection, level, {}))) for level in Level}

    assert counts == dict.fromkeys(Level, 1)


def test_no_more_than_the_limit_is_given(connection: Connection) -> None:
    add_each(connection, "StudyDescription", dict.fromkeys(range(1, 8), "x"))

    assert len(list(find(connection, Level.STUDY, {}, limit=3))) == 3
    assert len(list(find(connection, Level.STUDY, {}, limit=0))) == 0


def test_the_newest_come_first_when_asked(connection: Connection) -> None:
    add_each(connection, "StudyDescription", dict.fromkeys((3, 1, 2), "x"))

    found = find(connection, Level.STUDY, {}, limit=2, newest_first=True)

    assert [entry["StudyInstanceUID"] for entry in found] == ["1.2.3.2", "1.2.3.1"]


def test_pages_in_order_hold_every_entry_once(connection: Connection) -> None:
    add_each(connection, "StudyDescription", dict.fromkeys(range(1, 8), "x"))

    pages = [
        list(find(connection, Level.STUDY, {}, limit=3, offset=at, newest_first=True)) for at in (0, 3, 6, 9)
    ]
    rest = list(find(connection, Level.STUDY, {}, offset=5, newest_first=True))

    assert [len(page) for page in pages] == [3, 3, 1, 0]
    uids = [entry["StudyInstanceUID"] for page in pages for entry in page]
    assert uids == [f"1.2.3.{number}" for number in range(7, 0, -1)]
    assert [entry["StudyInstanceUID"] for entry in rest] == uids[5:]


def test_many_entries_come_each_once_with_their_own_counts(connection: Connection) -> None:
    for number in range(1, 251):
        add(connection, number, StudyDescription=str(number))

    found = list(find(connection, Level.STUDY, {}))

    assert len({entry["StudyInstanceUID"] for entry in found}) == 250
    assert {entry["NumberOfStudyRelatedInstances"] for entry in found} == {1}


def test_a_query_that_is_given_up_leaves_the_connection_usable(connection: Connection) -> None:
    for number in range(1, 251):
        add(connection, number)
    found = find(connection, Level.STUDY, {})
    next(found)
    found.close()  # type: ignore[attr-defined]

    assert len(list(find(connection, Level.STUDY, {}))) == 250


@pytest.mark.parametrize(
    ("level", "keyword"),
    [
        (Level.STUDY, "NumberOfStudyRelatedInstances"),
        (Level.SERIES, "ModalitiesInStudy"),
        (Level.IMAGE, "PixelData"),
    ],
)
def test_a_key_that_cannot_be_matched_is_refused_not_ignored(
    connection: Connection, level: Level, keyword: str
) -> None:
    with pytest.raises(ValueError, match=keyword):
        list(find(connection, level, {keyword: Single("1")}))


def test_names_have_no_ranges(connection: Connection) -> None:
    with pytest.raises(ValueError, match="order"):
        list(find(connection, Level.STUDY, {"PatientName": Range("A", "B")}))


@pytest.mark.parametrize("level", Level)
def test_every_matching_key_can_be_matched(connection: Connection, level: Level) -> None:
    add(connection, **{attribute.keyword: "12" for attribute in ATTRIBUTES})

    for keyword in MATCHING_KEYS[level] - SEQUENCE_KEYS[level].keys() - {"AvailableTransferSyntaxUID"}:
        assert list(find(connection, level, {keyword: Single("12")})), keyword
        assert not list(find(connection, level, {keyword: Single("13")})), keyword
    assert MATCHING_KEYS[level] <= SUPPORTED_KEYS[level]


@pytest.mark.parametrize(
    "matches",
    [
        {"PatientName": Wildcard("hong*")},
        {"PatientName": Single("홍^길동")},
        {"PatientName": Wildcard("홍^길*"), "StudyDate": Range("20260101", "20261231")},
        {"PatientID": Single("P1")},
        {"PatientID": Wildcard("P1*")},
        {"AccessionNumber": Single("1")},
        {"StudyDate": Range("20260101", "20260131"), "ModalitiesInStudy": Single("SR")},
        {"StudyInstanceUID": OneOf(("1.2", "1.3"))},
    ],
)
@pytest.mark.parametrize("level", [Level.STUDY, Level.IMAGE])
def test_the_usual_keys_are_answered_by_an_index(
    connection: Connection, level: Level, matches: Mapping[str, Match]
) -> None:
    if level is not Level.STUDY:
        matches = {keyword: match for keyword, match in matches.items() if keyword != "ModalitiesInStudy"}
    statement = query._statement(level, matches, connection.dialect.name)
    plan = explain(connection, statement)

    assert not re.search(r"SCAN (study|series|instance)|Seq Scan", plan), plan
    assert "SEARCH" in plan or "Index Cond" in plan, plan


def add_coded(connection: Connection) -> None:
    report = {"CodeValue": "126000", "CodingSchemeDesignator": "DCM", "CodeMeaning": "Imaging Report"}
    region = {"CodeValue": "43799004", "CodingSchemeDesignator": "SCT", "CodeMeaning": "Chest"}
    request = {"RequestedProcedureID": "RP-1", "ScheduledProcedureStepID": "SPS-1"}
    other = {"RequestedProcedureID": "RP-1", "ScheduledProcedureStepID": "SPS-2"}
    add(connection, 1, ConceptNameCodeSequence=(report,), RequestAttributesSequence=(request, other))
    add(connection, 2, AnatomicRegionSequence=(region,), RequestAttributesSequence=(other,))
    again = {"SOPInstanceUID": "1.2.3.2.1.2", "SeriesInstanceUID": "1.2.3.2.1"}
    add(connection, 2, AnatomicRegionSequence=(region,), **again)
    add(connection, 3, AnatomicRegionSequence=())


@pytest.mark.parametrize(
    ("level", "keyword", "wanted", "numbers"),
    [
        (Level.IMAGE, "ConceptNameCodeSequence", {"CodeValue": Single("126000")}, {1}),
        (Level.IMAGE, "ConceptNameCodeSequence", {"CodeMeaning": Wildcard("*Report")}, {1}),
        (Level.IMAGE, "ConceptNameCodeSequence", {"CodeValue": Single("43799004")}, set()),
        (Level.IMAGE, "AnatomicRegionSequence", {"CodingSchemeDesignator": Single("SCT")}, {2}),
        (Level.STUDY, "AnatomicRegionsInStudyCodeSequence", {"CodeValue": Single("43799004")}, {2}),
        (Level.SERIES, "RequestAttributesSequence", {"RequestedProcedureID": Single("RP-1")}, {1, 2}),
        (
            Level.SERIES,
            "RequestAttributesSequence",
            {"RequestedProcedureID": Single("RP-1"), "ScheduledProcedureStepID": Single("SPS-1")},
            {1},
        ),
        (Level.SERIES, "RequestAttributesSequence", {"ScheduledProcedureStepID": OneOf(("SPS-2",))}, {1, 2}),
    ],
)
def test_a_sequence_matches_when_one_item_matches_every_key(
    connection: Connection, level: Level, keyword: str, wanted: Mapping[str, Match], numbers: set[int]
) -> None:
    add_coded(connection)

    found = find(connection, level, {keyword: Item(wanted)})
    assert {int(str(entry["StudyInstanceUID"]).rsplit(".", 1)[1]) for entry in found} == numbers


def test_items_come_back_each_once_in_their_order(connection: Connection) -> None:
    add_coded(connection)

    (study,) = find(connection, Level.STUDY, {"StudyInstanceUID": Single("1.2.3.2")})
    (series,) = find(connection, Level.SERIES, {"StudyInstanceUID": Single("1.2.3.1")})
    (empty,) = find(connection, Level.IMAGE, {"StudyInstanceUID": Single("1.2.3.3")})

    (region,) = study["AnatomicRegionsInStudyCodeSequence"]  # type: ignore[misc]
    assert region == {"CodeValue": "43799004", "CodingSchemeDesignator": "SCT", "CodeMeaning": "Chest"}
    assert [item["ScheduledProcedureStepID"] for item in series["RequestAttributesSequence"]] == [  # type: ignore[union-attr, index]
        "SPS-1",
        "SPS-2",
    ]
    assert empty["AnatomicRegionSequence"] is None
    assert empty["AvailableTransferSyntaxUID"] == "1.2.840.10008.1.2.1"


def test_a_sequence_is_matched_by_items_of_its_own_keys_only(connection: Connection) -> None:
    for wanted in (Single("x"), Item({"PatientID": Single("x")})):
        with pytest.raises(ValueError, match="ConceptNameCodeSequence"):
            list(find(connection, Level.IMAGE, {"ConceptNameCodeSequence": wanted}))


@pytest.mark.parametrize(
    ("level", "matches", "found"),
    [
        (Level.STUDY, {"Modality": Single("SEG")}, {1}),
        (Level.STUDY, {"Modality": Single("SEG"), "Rows": Single("100")}, set()),
        (Level.STUDY, {"Modality": Single("CR"), "Rows": Single("100")}, {1}),
        (Level.STUDY, {"PatientID": Single("P2"), "SOPClassUID": Single(CR)}, {2}),
        (Level.SERIES, {"SOPClassUID": Single(SEG)}, {1}),
        (Level.PATIENT, {"StudyInstanceUID": Single("1.2.3.1"), "Modality": Single("SEG")}, {1}),
        (Level.PATIENT, {"ReferringPhysicianName": Wildcard("x*")}, set()),
    ],
)
def test_keys_of_the_levels_below_match_one_instance_together(
    connection: Connection, level: Level, matches: Mapping[str, Match], found: set[int]
) -> None:
    add_study_with_results(connection)

    entries = find(connection, level, matches)
    assert {int(str(entry["PatientID"])[1:]) for entry in entries} == found


@pytest.mark.parametrize(
    ("words", "numbers"),
    [
        (("gildong",), {1}),
        (("gil", "HONG"), {1}),
        (("홍", "길"), {1, 2}),
        (("吉洞",), {1}),
        (("jurgen", "müll"), {3}),
        (("ong",), set()),
        (("john", "x"), set()),
        (("*",), set()),
        ((), {1, 2, 3, 4, 5, 6}),
    ],
)
def test_fuzzy_names_match_by_the_beginnings_of_words(
    connection: Connection, words: tuple[str, ...], numbers: set[int]
) -> None:
    add_each(connection, "PatientName", NAMES)

    assert studies(connection, {"PatientName": Words(words)}) == numbers


def test_the_page_on_queries_names_every_key_at_its_level() -> None:
    page = (Path(__file__).parents[3] / "docs/querying.md").read_text(encoding="utf-8")
    rows = {line.split(" | ")[0].strip("| "): line for line in page.splitlines() if line.startswith("| ")}
    above: frozenset[str] = frozenset()

    for level in Level:
        for keyword in SUPPORTED_KEYS[level] - above:
            assert re.search(rf"\b{keyword}\b", rows[level]), f"{keyword} is missing at {level}"
        above |= SUPPORTED_KEYS[level]
