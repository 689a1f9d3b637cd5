"""Every radiograph is found once, with its patient and the best that is known of it."""

from datetime import UTC, datetime, timedelta

import pytest

from storage import sources as module
from storage import truth
from storage.analyses import add_analysis
from storage.annotations import Channel, FilmAnnotation, add_annotations, annotations_of, moment_said
from storage.instances import add_instance
from storage.ledger import Ledger
from storage.sources import sources
from storage.truth import Drawn, Outline, Truth, truth_of
from storage.values import Role
from tests.support.ledgers import SEG, add, analysis_of, file_of, received
from tests.unit.storage.conftest import HandClock

RECEIVED = datetime(2026, 3, 1, 11, tzinfo=UTC)


def test_radiographs_are_given_once_in_the_order_of_arrival(
    ledger: Ledger, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "_PAGE", 2)
    with ledger.begin() as connection:
        films = [add(connection, number) for number in range(1, 6)]
        add(connection, 7, role=Role.OTHER)
        add(connection, 8, role=Role.SEGMENTATION, source_instance_id=films[0].instance_id)
        again = received(1, PatientName="Other^Bytes")
        assert add_instance(connection, again, file_of(again), Role.SOURCE).is_conflict

        found = list(sources(connection))

    assert [source.film for source in found] == films
    assert [source.patient_key.split("\x1f")[-1] for source in found] == ["P1", "P2", "P3", "P4", "P5"]


@pytest.mark.parametrize(
    ("since", "until", "expected"),
    [(0, None, 1), (1, None, 0), (None, 0, 0), (None, 1, 1), (-1, 1, 1), (-2, -1, 0)],
)
def test_only_those_of_a_time_are_given(
    ledger: Ledger, since: int | None, until: int | None, expected: int
) -> None:
    bounds = [None if days is None else RECEIVED + timedelta(days=days) for days in (since, until)]
    with ledger.begin() as connection:
        add(connection)

        assert len(list(sources(connection, since=bounds[0], until=bounds[1]))) == expected


def test_nothing_is_known_of_a_film_that_nobody_looked_at(ledger: Ledger) -> None:
    with ledger.begin() as connection:
        known = truth_of(connection, add(connection))

    assert known == Truth(outline=None, rds=None, analysis=None)
    assert not known.is_judged
    assert not known.is_annotated


def test_the_newest_outline_and_the_newest_opinion_count(ledger: Ledger) -> None:
    with ledger.begin() as connection:
        film = add(connection, 1)
        for number in (2, 3):
            source = film.instance_id
            drawn = add(
                connection, number, role=Role.SEGMENTATION, source_instance_id=source, SOPClassUID=SEG
            )
        add(connection, 4, role=Role.REPORT, source_instance_id=film.instance_id)
        for outcome in ("failed", "absent"):
            add_analysis(connection, analysis_of(film.instance_id, outcome=outcome))
        known = truth_of(connection, film)

    assert known.outline == Outline(drawn, Drawn.MACHINE)
    assert known.is_judged
    assert not known.is_annotated
    assert known.rds is None


@pytest.mark.parametrize("outcome", ["not eligible", "not assessable", "failed"])
def test_no_finding_is_no_judgement(ledger: Ledger, outcome: str) -> None:
    with ledger.begin() as connection:
        film = add(connection)
        add_analysis(connection, analysis_of(film.instance_id, outcome=outcome))

        assert not truth_of(connection, film).is_judged


def test_what_a_person_drew_goes_before_what_the_machine_drew_later(ledger: Ledger) -> None:
    with ledger.begin() as connection:
        drawn = [
            Outline(add(connection, number), who)
            for number, who in enumerate((Drawn.HUMAN, Drawn.HUMAN, Drawn.MACHINE), start=1)
        ]

    assert truth._best(drawn) == drawn[1]
    assert truth._best(drawn[2:]) == drawn[2]
    assert Truth(drawn[1], None, None).is_annotated


def test_people_are_believed_before_the_machine_and_the_newest_of_them_most(ledger: Ledger) -> None:
    with ledger.begin() as connection:
        film = add(connection, 1)
        uid = film.sop_instance_uid
        drawn = add(connection, 2, role=Role.OTHER, SOPClassUID=SEG)
        add(connection, 3, role=Role.SEGMENTATION, source_instance_id=film.instance_id, SOPClassUID=SEG)
        said = [
            FilmAnnotation(uid, Channel.REPORT, rds=True, grade=2, author="A"),
            FilmAnnotation(uid, Channel.SEGMENTATION, drawn.instance_id, has_lungs=True, author="B"),
            FilmAnnotation(uid, Channel.TABLE, rds=False, author="C"),
            FilmAnnotation("1.2.3.4.5", Channel.TABLE, rds=True, author="C"),
        ]
        assert add_annotations(connection, said) == 4
        assert add_annotations(connection, said) == 0
        known = truth_of(connection, film)

    assert known == Truth(Outline(drawn, Drawn.HUMAN), rds=False, analysis=None, grade=None)
    assert known.is_annotated


@pytest.mark.parametrize(
    ("arriving", "newest"),
    [
        (["2020-02-03T10:15:00", "2019-05-01"], 0),
        (["2020-02-03T10:15:00", "2020-02-04"], 1),
        (["2020-02-03T10:15:00", "2020-02-03"], 1),
        (["2020-02-03", "2020-02-03T10:15:00"], 0),
        (["2020-02-03T10:15:00+00:00", "2020-02-03T10:45:00+01:00"], 0),
        (["2020-02-03", "20200203"], 1),
        (["", "2020-02-03"], 0),
        (["2020-02-03", ""], 1),
        (["2020-02-03", "last winter"], 1),
        (["2062-02-03", ""], 1),
        (["", "2062-02-03", "2020-02-03"], 1),
    ],
)
def test_what_was_said_last_counts_whatever_came_in_last(
    ledger: Ledger, clock: HandClock, arriving: list[str], newest: int
) -> None:
    with ledger.begin() as connection:
        film = add(connection, 1)
        uid = film.sop_instance_uid
        for number, said_at in enumerate(arriving):
            clock.advance(timedelta(days=1))
            drawn = add(connection, number + 2, role=Role.OTHER, SOPClassUID=SEG)
            finding = FilmAnnotation(uid, Channel.TABLE, rds=True, grade=number + 1, said_at=said_at)
            outline = FilmAnnotation(uid, Channel.SEGMENTATION, drawn.instance_id, True, said_at=said_at)
            add_annotations(connection, [finding, outline])
        known, said = truth_of(connection, film), annotations_of(connection, [uid])[uid]

    assert known.grade == newest + 1
    assert [one.said_at for one in said[-2:]] == [arriving[newest]] * 2
    assert known.outline is not None
    assert known.outline.instance.instance_id == said[-1].object_instance_id


@pytest.mark.parametrize(
    "text", ["", "03.02.2020", "0001-01-01T00:00", "9999-12-31", "2020-02-30", "yesterday"]
)
def test_what_is_no_date_of_this_world_tells_no_moment(text: str) -> None:
    moment = moment_said(text)

    assert moment is None or moment.tzinfo is UTC


def test_a_moment_is_in_utc_and_a_day_counts_to_its_end() -> None:
    assert moment_said("2020-02-03T10:15:00+01:00") == datetime(2020, 2, 3, 9, 15, tzinfo=UTC)
    assert moment_said("2020-02-03") == datetime(2020, 2, 4).astimezone(UTC)
    assert moment_said("03.02.2020") is None
