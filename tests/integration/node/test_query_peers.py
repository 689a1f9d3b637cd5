"""Queries by DCMTK's findscu in every character set, many answers, and queries while films come in."""

import threading
import time
from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise

import pytest
from pydicom import Dataset, dcmread

from node.network.contexts import STUDY_ROOT_FIND
from storage.instances import add_instance
from storage.values import Role
from tests.support.films import CR, make_film
from tests.support.ledgers import file_of, received
from tests.support.network import dcmtk, find_contexts, listening_node, make_identifier, query, store

NAME, DESCRIPTION = "Hong^Gildong=洪^吉洞=홍^길동", "흉부 정면"
STORED_AS = {
    "standard": ["", "ISO 2022 IR 149"],
    "first only": "ISO 2022 IR 149",
    "without extensions": "ISO_IR 149",
    "unicode": "ISO_IR 192",
    "undeclared": None,
}


@pytest.fixture(scope="module")
def korean(tmp_path_factory):
    """Give a node with one film in each of the ways in which Korean is written."""
    with listening_node(tmp_path_factory.mktemp("korean")) as node:
        with node.associate([CR]) as association:
            for number, charset in enumerate(STORED_AS.values(), start=1):
                film = make_film(
                    rows=16, columns=16, PatientID=f"K{number}", StudyInstanceUID=f"1.7.{number}"
                )
                film.SpecificCharacterSet = "ISO_IR 192"
                film.PatientName, film.StudyDescription = NAME, DESCRIPTION
                region = Dataset()
                region.CodeValue, region.CodingSchemeDesignator = f"C{number}", "99TEST"
                film.AnatomicRegionSequence = [region]
                assert store(association, written_in(film, charset)).Status == 0x0000
        yield node


def written_in(film, charset):
    """Write the text of a film as its sender would: by the rules, or as bytes that the rules do not know."""
    if charset in (None, "ISO_IR 149", "ISO 2022 IR 149"):
        name, description = (text.encode("cp949") for text in (NAME, DESCRIPTION))
        film.SpecificCharacterSet = charset
        film.add_new(0x00100010, "PN", name)
        film.add_new(0x00081030, "LO", description)
    else:
        film.SpecificCharacterSet = charset
    return film


def ask(node, folder, charset, **keys):
    """Ask by findscu with an Identifier in a character set; give the answers."""
    identifier = make_identifier("STUDY", StudyInstanceUID="", PatientName="", StudyDescription="")
    identifier.SpecificCharacterSet = charset
    for keyword, value in keys.items():
        setattr(identifier, keyword, value)
    folder.mkdir()
    identifier.save_as(folder / "query.dcm", implicit_vr=False, little_endian=True)
    answers = folder / "answers"
    answers.mkdir()
    peer = ("-aec", "NEOLUNG", "127.0.0.1", str(node.port))
    result = dcmtk("findscu", "-S", "-X", "-od", answers, *peer, folder / "query.dcm")
    assert result.returncode == 0, result.stdout
    return [dcmread(file, force=True) for file in sorted(answers.iterdir())]


@pytest.mark.dcmtk
@pytest.mark.parametrize("charset", [["", "ISO 2022 IR 149"], "ISO_IR 192", "GB18030"])
@pytest.mark.parametrize("name", ["홍^길동", "*길동", "Hong*=洪*=홍*"])
def test_findscu_finds_korean_names_however_they_were_written(korean, tmp_path, charset, name):
    answers = ask(korean, tmp_path / "findscu", charset, PatientName=name)
    assert sorted(answer.StudyInstanceUID[-1] for answer in answers) == ["1", "2", "3", "4", "5"]
    for answer in answers:
        assert answer.SpecificCharacterSet == charset
        answer.decode()
        assert str(answer.PatientName) == NAME
        assert answer.StudyDescription == DESCRIPTION


@pytest.mark.dcmtk
def test_findscu_gets_unicode_where_its_own_character_set_has_not_every_letter(korean, tmp_path):
    for answer in ask(korean, tmp_path / "findscu", "ISO_IR 100", PatientName="hong*"):
        assert answer.SpecificCharacterSet == "ISO_IR 192"
        answer.decode()
        assert str(answer.PatientName) == NAME


@pytest.mark.dcmtk
@pytest.mark.parametrize(("code", "found"), [("C2", 1), ("C?", 5), ("C9", 0)])
def test_findscu_matches_by_an_item(korean, code, found):
    region = "AnatomicRegionsInStudyCodeSequence[0].CodeValue"
    keys = ("-k", "QueryRetrieveLevel=STUDY", "-k", "StudyInstanceUID", "-k", f"{region}={code}")
    result = dcmtk("findscu", "-v", "-S", "-aec", "NEOLUNG", "127.0.0.1", str(korean.port), *keys)
    assert result.stdout.count("(Pending)") == found, result.stdout
    assert "Received Final Find Response (Success)" in result.stdout


@pytest.fixture(scope="module")
def full(tmp_path_factory):
    """Give a node with a thousand studies."""
    with listening_node(tmp_path_factory.mktemp("full")) as node:
        with node.ledger.begin() as connection:
            for number in range(1000):
                film = received(number, StudyDate="20260101", PatientName=f"홍^길동 {number}")
                add_instance(connection, film, file_of(film), Role.SOURCE)
        yield node


def test_a_thousand_answers_come_without_a_pause(full):
    moments = [time.perf_counter()]
    identifier = make_identifier("STUDY", StudyInstanceUID="", PatientName="", ModalitiesInStudy="")
    with full.associate(find_contexts()) as association:
        statuses = []
        for status, _ in association.send_c_find(identifier, STUDY_ROOT_FIND):
            statuses.append(status.Status)
            moments.append(time.perf_counter())
    pauses = sorted(after - before for before, after in pairwise(moments))
    assert statuses == [0xFF00] * 1000 + [0x0000]
    # Forty milliseconds is what delayed acknowledgements would cost each response.
    assert pauses[len(pauses) // 2] < 0.02
    assert pauses[-1] < 5


def test_a_query_is_cancelled_between_answers_and_the_association_goes_on(full):
    identifier, statuses = make_identifier("STUDY", StudyInstanceUID=""), []
    with full.associate(find_contexts()) as association:
        for status, _ in association.send_c_find(identifier, STUDY_ROOT_FIND, msg_id=9):
            if len(statuses) == 5:
                association.send_c_cancel(9, query_model=STUDY_ROOT_FIND)
            statuses.append(status.Status)
        assert statuses[-1] == 0xFE00
        assert len(statuses) < 1000
        assert query(association, "STUDY", StudyInstanceUID="1.2.3.1")[-1][0] == 0x0000


def test_queries_and_stores_do_not_wait_for_each_other(tmp_path):
    with listening_node(tmp_path, limits={"max_associations": 20}) as node:
        with node.ledger.begin() as connection:
            for number in range(300):
                film = received(number, StudyDate="20260101")
                add_instance(connection, film, file_of(film), Role.SOURCE)
        done = threading.Event()

        def keep_storing(worker):
            stored = 0
            with node.associate([CR]) as association:
                while not done.is_set():
                    film = make_film(rows=16, columns=16, StudyDate="20260202", PatientID=f"S{worker}")
                    assert store(association, film).Status == 0x0000
                    stored += 1
            return stored

        def keep_asking(_worker):
            with node.associate(find_contexts()) as association:
                for _ in range(4):
                    *answers, (status, _) = query(
                        association, "STUDY", StudyInstanceUID="", StudyDate="20260101"
                    )
                    assert (status, len(answers)) == (0x0000, 300)
                    later = query(association, "STUDY", StudyInstanceUID="", StudyDate="20260202")
                    assert all(isinstance(answer, Dataset) for _, answer in later[:-1])

        with ThreadPoolExecutor(8) as pool:
            storing = [pool.submit(keep_storing, worker) for worker in range(2)]
            asking = [pool.submit(keep_asking, worker) for worker in range(6)]
            try:
                for each in asking:
                    each.result(timeout=120)
            finally:
                done.set()
            assert all(each.result(timeout=60) > 0 for each in storing)
