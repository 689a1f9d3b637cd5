"""Corrections come back by C-STORE or as a table, and stand beside the film."""

from pathlib import Path

import pytest

from node.annotations.labels import import_labels
from node.annotations.words import in_words
from node.errors import LabelsUnusable
from storage.annotations import Channel, FilmAnnotation, add_annotations, annotations_of, list_annotations
from tests.support.films import CR, lung_ellipses, make_film
from tests.support.network import ListeningNode, store
from tests.support.readers import READER, drawn_lungs, verified_report, written_report

SEG = "1.2.840.10008.5.1.4.1.1.66.4"
SR, C3D = "1.2.840.10008.5.1.4.1.1.88.33", "1.2.840.10008.5.1.4.1.1.88.34"


def _said(node: ListeningNode, uid: str) -> str:
    with node.ledger.read() as connection:
        return in_words(annotations_of(connection, [uid]).get(uid, []))


def test_corrections_by_dicom_stand_beside_the_film_whichever_came_first(node: ListeningNode) -> None:
    film = make_film(rows=64, columns=52)
    drawn = drawn_lungs(film, lung_ellipses(64, 52))
    with node.associate([CR, SEG, SR, C3D]) as association:
        assert store(association, drawn).Status == 0x0000
        assert store(association, film).Status == 0x0000
        assert _said(node, film.SOPInstanceUID) == "lungs drawn"
        assert store(association, written_report(film, is_present=True, grade=3)).Status == 0x0000
        assert _said(node, film.SOPInstanceUID) == "present, grade III; lungs drawn"
        assert store(association, verified_report(film, is_present=False)).Status == 0x0000
        assert _said(node, film.SOPInstanceUID) == "absent; lungs drawn"
        assert store(association, drawn).Status == 0x0000
    with node.ledger.read() as connection:
        found = list_annotations(connection)
    assert [one.author for one in found] == [READER] * 3
    assert all(one.object_instance_id for one in found)


def test_any_number_of_films_is_asked_about_at_once(node: ListeningNode) -> None:
    uids = [f"1.2.3.{number}" for number in range(1200)]
    with node.ledger.begin() as connection:
        add_annotations(connection, [FilmAnnotation(uid, Channel.TABLE, rds=True) for uid in uids[::400]])
        assert set(annotations_of(connection, uids)) == set(uids[::400])


@pytest.fixture
def films(node: ListeningNode) -> list[str]:
    """Two films of one order, and one of another."""
    made = [
        make_film(rows=64, columns=52, AccessionNumber="A1", StudyInstanceUID="1.2.3"),
        make_film(rows=64, columns=52, AccessionNumber="A1", StudyInstanceUID="1.2.3"),
        make_film(rows=64, columns=52, AccessionNumber="A2", StudyInstanceUID="1.2.4"),
    ]
    with node.associate([CR]) as association:
        for film in made:
            assert store(association, film).Status == 0x0000
    return [str(film.SOPInstanceUID) for film in made]


def _table(folder: Path, text: str, encoding: str = "utf-8-sig") -> Path:
    (folder / "labels.csv").write_bytes(text.encode(encoding))
    return folder / "labels.csv"


def test_a_table_names_films_or_orders(node: ListeningNode, films: list[str], tmp_path: Path) -> None:
    table = _table(
        tmp_path,
        "Accession,SOP_Instance_UID,RDS,Grade,Author\n"
        f"A1,,yes,II,Kim\n,{films[2]},0,,\nA9,,1,1,\n,1.2.3.4,no,,\n",
    )
    done = import_labels(node.ledger, table, "operator")
    assert (done.rows, done.films, done.added) == (4, 4, 4)
    assert (done.unknown, done.lost) == ((5,), (4,))
    assert [_said(node, uid) for uid in films] == ["present, grade II", "present, grade II", "absent"]
    assert _said(node, "1.2.3.4") == "absent"
    assert import_labels(node.ledger, table, "operator").added == 0


def test_who_changes_their_mind_is_heard_each_time(
    node: ListeningNode, films: list[str], tmp_path: Path
) -> None:
    for answer, shown in (("1", "present"), ("0", "absent"), ("1", "present"), ("1", "present")):
        import_labels(node.ledger, _table(tmp_path, f"accession,rds\nA2,{answer}\n"), "operator")
        assert _said(node, films[2]) == shown
    with node.ledger.read() as connection:
        assert len(list_annotations(connection)) == 3


def test_a_table_of_old_readings_does_not_overrule_a_report_that_was_written_later(
    node: ListeningNode, films: list[str], tmp_path: Path
) -> None:
    report = written_report(make_film(rows=64, columns=52, SOPInstanceUID=films[2]), is_present=True, grade=3)
    with node.associate([SR, C3D]) as association:
        assert store(association, report).Status == 0x0000
    for date, shown in (
        ("2023-03-02", "present, grade III"),
        ("2024-03-02 10:14", "present, grade III"),
        ("2024-03-03", "absent"),
    ):
        table = _table(tmp_path, f"accession,rds,date\nA2,0,{date}\n")
        assert import_labels(node.ledger, table, "operator").added == 1
        assert _said(node, films[2]) == shown


@pytest.mark.parametrize(
    ("text", "trouble"),
    [
        ("", "needs the column rds"),
        ("accession;rds\nA1;1\n", "parts its columns by semicolons; save it with commas"),
        ("film,rds\nx,1\n", "needs the column rds, and sop_instance_uid or accession; it has film, rds"),
        ("accession,rds\n,1\n", "line 2: sop_instance_uid and accession are both empty"),
        ("accession,rds\nA1,maybe\n", "line 2, rds: 'maybe' is neither yes nor no"),
        ("accession,rds,grade\nA1,yes,5\n", "line 2, grade: '5' is no grade"),
        ("accession,rds,grade\nA1,yes,0\n", "contradict each other"),
        ("accession,rds,grade\nA1,no,II\n", "contradict each other"),
        ("accession,rds,date\nA1,no,02.03.2024\n", "line 2, date: '02.03.2024' is no date; write 2026-03-01"),
        ("accession,rds,date\nA1,no,2024-02-30\n", "line 2, date: '2024-02-30' is no date"),
    ],
)
def test_a_table_with_an_error_changes_nothing(
    node: ListeningNode, films: list[str], tmp_path: Path, text: str, trouble: str
) -> None:
    with pytest.raises(LabelsUnusable, match=trouble):
        import_labels(node.ledger, _table(tmp_path, text + ("A2,1\n" if text.startswith("acc") else "")), "x")
    with node.ledger.read() as connection:
        assert list_annotations(connection) == []


def test_a_table_that_is_no_text_is_named(node: ListeningNode, tmp_path: Path) -> None:
    (tmp_path / "labels.xls").write_bytes(b"\xd0\xcf\x11\xe0\xa1\xb1")
    with pytest.raises(LabelsUnusable, match="save the table as CSV in UTF-8"):
        import_labels(node.ledger, tmp_path / "labels.xls", "x")
    with pytest.raises(LabelsUnusable, match="cannot be read"):
        import_labels(node.ledger, tmp_path / "missing.csv", "x")
