"""QIDO-RS on the wire, by requests that any program could send (PS3.18 10.6)."""

from xml.etree.ElementTree import fromstring

import pytest

from node.web.native_xml import NAMESPACE
from tests.support.films import make_film
from tests.support.web import WebNode, parts_of


def film(number: int, **header: object):  # type: ignore[no-untyped-def]
    uids = {"StudyInstanceUID": f"1.2.{number}", "SeriesInstanceUID": f"1.2.{number}.1"}
    return make_film(rows=130, columns=130, **{**uids, "PatientID": f"P{number}", **header})


def values(answer, tag: str) -> list[object]:  # type: ignore[no-untyped-def]
    return [model[tag]["Value"][0] for model in answer.json()]


def test_a_study_is_described_as_the_table_asks(web: WebNode) -> None:
    web.stow(film(1, PatientName="Kim^Minjun=金^民俊", SpecificCharacterSet="ISO_IR 192"))
    answer = web.get("/studies")
    (study,) = answer.json()

    assert answer.headers["content-type"] == "application/dicom+json"
    required = [
        "00080020",
        "00080030",
        "00080050",
        "00080056",
        "00080061",
        "00080090",
        "00081190",
        "00100010",
        "00100020",
        "00100030",
        "00100040",
        "0020000D",
        "00200010",
        "00201206",
        "00201208",
    ]
    assert set(required) <= set(study)
    assert study["00100010"]["Value"] == [{"Alphabetic": "Kim^Minjun", "Ideographic": "金^民俊"}]
    assert study["00201208"] == {"vr": "IS", "Value": [1]}
    assert study["00080056"]["Value"] == ["ONLINE"]
    assert web.http.get(study["00081190"]["Value"][0] + "/metadata").status_code == 200


@pytest.mark.parametrize(
    "level", ["/series", "/instances", "/studies/1.2.1/series", "/studies/1.2.1/instances"]
)
def test_what_the_path_does_not_name_is_in_the_answer(web: WebNode, level: str) -> None:
    web.stow(film(1))
    (model,) = web.get(level).json()

    assert ("00100010" in model) == (not level.startswith("/studies"))
    assert model["0020000D"]["Value"] == ["1.2.1"]
    assert model["0020000E"]["Value"] == ["1.2.1.1"]
    assert ("00080018" in model) == level.endswith("instances")


def test_without_matches_there_is_no_content(web: WebNode) -> None:
    answer = web.get("/studies?PatientID=nobody")

    assert (answer.status_code, answer.content) == (204, b"")


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("PatientID=P1", ["1.2.1"]),
        ("PatientName=kim*", ["1.2.1"]),
        ("PatientName=%EF%BC%AB%EF%BC%A9%EF%BC%AD%5Eminjun", ["1.2.1"]),
        ("PatientName=minj&fuzzymatching=true", ["1.2.1"]),
        ("StudyDate=20260102-20260103", ["1.2.3", "1.2.2"]),
        ("StudyDate=-20260101", ["1.2.1"]),
        ("StudyInstanceUID=1.2.1,1.2.3,9.9", ["1.2.3", "1.2.1"]),
        ("0020000D=1.2.2", ["1.2.2"]),
        ("ModalitiesInStudy=CR,DX&PatientID=P?", ["1.2.3", "1.2.2", "1.2.1"]),
        ("BodyPartExamined=CHEST&PatientID=P2", ["1.2.2"]),
        ("limit=2", ["1.2.3", "1.2.2"]),
        ("limit=2&offset=2", ["1.2.1"]),
        ("limit=0", []),
        ("offset=3", []),
    ],
)
def test_searches_find_what_they_ask_for(searched: WebNode, query: str, found: list[str]) -> None:
    answer = searched.get(f"/studies?{query}")

    assert (values(answer, "0020000D") if answer.content else []) == found
    assert "warning" not in answer.headers


@pytest.fixture(scope="module")
def searched(tmp_path_factory: pytest.TempPathFactory):  # type: ignore[no-untyped-def]
    from tests.support.web import web_node

    with web_node(tmp_path_factory.mktemp("searched"), limits={"query_limit": 3}) as web:
        names = {1: "Kim^Minjun", 2: "Lee^Seoyeon", 3: "Park^Jiho"}
        films = [
            film(n, PatientName=names[n], StudyDate=f"2026010{n}", BodyPartExamined="CHEST") for n in names
        ]
        assert web.stow(*films).status_code == 200
        yield web


def test_what_is_not_matched_and_what_is_cut_off_is_told(searched: WebNode) -> None:
    searched.stow(film(4))
    try:
        answer = searched.get("/studies?PatientComments=x")
        assert len(answer.json()) == 3
        assert "PatientComments" in answer.headers["warning"]
        assert "additional results" in answer.headers["warning"]
        assert "warning" not in searched.get("/studies?limit=3").headers
    finally:
        assert len(searched.get("/studies?offset=3").json()) == 1


def test_further_fields_are_given_when_asked(web: WebNode) -> None:
    web.stow(film(1, PatientAge="002D"))

    assert "00101010" not in web.get("/studies").json()[0]
    assert web.get("/studies?includefield=PatientAge").json()[0]["00101010"]["Value"] == ["002D"]
    everything = web.get("/instances?includefield=all").json()[0]
    assert {"00101010", "00280004", "00185101"} <= set(everything)


def test_answers_come_as_xml_too(web: WebNode) -> None:
    web.stow(film(1), film(2))
    answer = web.get("/studies", accept='multipart/related; type="application/dicom+xml"')

    parts = parts_of(answer)
    assert [headers["content-type"] for headers, _ in parts] == ["application/dicom+xml"] * 2
    uids = [
        fromstring(body).find(f"*[@keyword='StudyInstanceUID']/{{{NAMESPACE}}}Value") for _, body in parts
    ]
    assert [uid.text for uid in uids if uid is not None] == ["1.2.2", "1.2.1"]


def test_long_answers_are_compressed_for_those_who_take_it(web: WebNode) -> None:
    web.stow(*(film(number) for number in range(1, 6)))

    plain, packed = (
        web.get("/studies", headers={"Accept-Encoding": coding}) for coding in ("identity", "gzip")
    )
    assert "content-encoding" not in plain.headers
    assert packed.headers["content-encoding"] == "gzip"
    assert int(packed.headers["content-length"]) < len(plain.content) / 2
    assert packed.json() == plain.json()


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/studies?Nonsense=1", 400),
        ("/studies?StudyDate=tomorrow", 400),
        ("/studies/not-a-uid/series", 400),
        ("/patients", 404),
        ("/studies?PatientID=" + "x" * 20_000, 414),
    ],
)
def test_what_cannot_be_answered_is_refused_in_a_sentence(web: WebNode, path: str, status: int) -> None:
    answer = web.get(path)

    assert answer.status_code == status
    assert answer.headers["content-type"] == "text/plain; charset=utf-8"
    assert answer.text.endswith(".\n")


def test_a_form_that_is_not_offered_is_not_acceptable(web: WebNode) -> None:
    web.stow(film(1))

    assert web.get("/studies", accept="text/html").status_code == 406
    assert web.get("/studies?accept=application/dicom+json", accept="text/html").status_code == 200


def test_neither_values_nor_queries_reach_the_log(web: WebNode) -> None:
    web.stow(film(1, PatientName="Secret^Name", PatientID="SECRET-ID"))
    web.get("/studies?PatientName=Secret%5EName&PatientID=SECRET-ID")
    web.get("/studies?PatientID=SECRET-ID&StudyDate=SECRET-DATE")

    assert "search answered" in web.log.getvalue()
    assert "secret" not in web.log.getvalue().lower()
