"""A study with several judged films gets one summary; late films revise it; nothing is lost or made twice."""

import signal
from datetime import UTC, datetime, timedelta
from io import BytesIO
from itertools import permutations
from pathlib import Path
from typing import Any

import pytest
from pydicom import Dataset, dcmread

from node.reprocessing import Reprocessing
from node.work.summariser import Summariser
from node.work.variants import VARIANT_CLASS, enhanced_variant
from pipeline.results.times import content_moment
from storage.instances import results_of
from storage.queue import claim, get_job, release_owned
from storage.summaries import Pause, ask_for_summary, summaries_of
from storage.values import JobKind, JobState, Role, StoredInstance
from tests.integration.work.conftest import PACS
from tests.support.dying import summarise_and_die
from tests.support.films import make_film
from tests.support.validators import dcentvfy, dciodvfy, dsrdump
from tests.support.work import ODD, Desk, open_desk

STUDY = "1.2.840.99999.7"
HOUR = timedelta(hours=1)
SUMMARY_TOO = {**PACS, "send": ["sr", "summary"]}
ONLY = {**PACS, "name": "ward", "send": ["summary"]}


def film(minute: int, **header: Any) -> Dataset:
    values = {"StudyInstanceUID": STUDY, "AcquisitionTime": f"08{minute:02}00", **header}
    return make_film(rows=64, columns=52, seed=minute, **values)


QUIET = {"quiet_s": 0.001, "longest_wait_s": 1000.0}


def open_with(folder: Path, *destinations: dict[str, Any], url: str | None = None, **sections: Any) -> Desk:
    return open_desk(folder / "var", url, destinations=list(destinations), studies=QUIET, **sections)


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgres)])
def any_ledger(request: pytest.FixtureRequest) -> str | None:
    url: str | None = request.getfixturevalue("postgres_url") if request.param == "postgresql" else None
    return url


def summariser(desk: Desk) -> Summariser:
    return Summariser(desk.config, desk.ledger, desk.store, "test", "+0000")


def summarise(desk: Desk) -> list[Dataset]:
    """Do all that is due; give the summaries of the study, the newest first."""
    while summariser(desk).turn() == 0:
        pass
    return [read(desk, one) for one in stored(desk)]


def stored(desk: Desk) -> list[StoredInstance]:
    with desk.ledger.read() as connection:
        return summaries_of(connection, STUDY)


def read(desk: Desk, one: StoredInstance) -> Dataset:
    return dcmread(BytesIO(desk.store.read(one.file)))


def judge(desk: Desk, *films: Dataset) -> None:
    for one in films:
        desk.receive(one)
    desk.analyse_all()


def referenced(items: Any) -> list[str]:
    return [
        str(item.ReferencedSOPInstanceUID)
        for study in items
        for series in study.ReferencedSeriesSequence
        for item in series.ReferencedSOPSequence
    ]


def films_of(summary: Dataset) -> list[str]:
    return referenced(summary.CurrentRequestedProcedureEvidenceSequence)


def deliveries(desk: Desk, *uids: str) -> set[tuple[str, str]]:
    return {(job.destination, job.key) for job in desk.jobs(JobKind.DELIVER) if job.key in uids}


def test_two_judged_films_make_a_valid_summary_the_latest_first(
    tmp_path: Path, any_ledger: str | None
) -> None:
    desk = open_with(tmp_path, SUMMARY_TOO, url=any_ledger)
    late, early = film(30), film(10)
    judge(desk, late, early)

    (summary,) = summarise(desk)

    assert films_of(summary) == [late.SOPInstanceUID, early.SOPInstanceUID]
    path = desk.store.path(stored(desk)[0].file)
    assert dciodvfy(path) == []
    assert "Latest of 2 films that were judged, taken 2024-03-02 08:30" in dsrdump(path)
    uid = str(summary.SOPInstanceUID)
    assert deliveries(desk, uid) == {("pacs", uid)}
    assert stored(desk)[0].role is Role.SUMMARY
    desk.ledger.close()


def test_one_film_makes_none(tmp_path: Path) -> None:
    desk = open_with(tmp_path, SUMMARY_TOO)
    judge(desk, film(10))
    judge(desk, film(20, PatientID=ODD))

    assert summarise(desk) == []
    assert desk.jobs(JobKind.SUMMARISE)[0].state is JobState.DONE


def test_nobody_who_does_not_ask_gets_one(tmp_path: Path) -> None:
    desk = open_with(tmp_path, PACS)
    judge(desk, film(10), film(20))

    assert desk.jobs(JobKind.SUMMARISE) == []


def test_a_late_film_makes_a_revision_that_names_the_former(tmp_path: Path, any_ledger: str | None) -> None:
    desk = open_with(tmp_path, SUMMARY_TOO, url=any_ledger)
    judge(desk, film(10), film(20))
    (first,) = summarise(desk)
    judge(desk, film(5))
    revised, _ = summarise(desk)
    judge(desk, film(40))
    newest, *_ = summarise(desk)

    assert len(films_of(newest)) == 4
    assert referenced(revised.PredecessorDocumentsSequence) == [first.SOPInstanceUID]
    assert referenced(newest.PredecessorDocumentsSequence) == [revised.SOPInstanceUID]
    assert "PredecessorDocumentsSequence" not in first
    assert len({one.SOPInstanceUID for one in (first, revised, newest)}) == 3
    assert all(dciodvfy(desk.store.path(one.file)) == [] for one in stored(desk))
    desk.ledger.close()


def test_films_that_are_judged_once_more_make_a_later_summary(tmp_path: Path, any_ledger: str | None) -> None:
    desk = open_with(tmp_path, SUMMARY_TOO, url=any_ledger)
    judge(desk, film(10), film(20))
    (first,) = summarise(desk)
    assert Reprocessing(desk.config, desk.ledger).start(10) == 2
    desk.analyse_all()
    again, _ = summarise(desk)

    assert referenced(again.PredecessorDocumentsSequence) == [first.SOPInstanceUID]
    reports = [referenced(one.PertinentOtherEvidenceSequence) for one in (first, again)]
    assert not set(reports[0]) & set(reports[1])
    assert content_moment(again, "+0000") > content_moment(first, "+0000")
    desk.ledger.close()


def test_asked_again_with_nothing_new_nothing_is_made(tmp_path: Path) -> None:
    desk = open_with(tmp_path, SUMMARY_TOO)
    judge(desk, film(10), film(20))
    summarise(desk)
    (before,) = stored(desk)
    with desk.ledger.begin() as connection:
        ask_for_summary(connection, before.instance_id, Pause(timedelta(0), HOUR), 3)

    assert [one.SOPInstanceUID for one in summarise(desk)] == [before.sop_instance_uid]
    assert desk.jobs(JobKind.SUMMARISE)[0].state is JobState.DONE


def test_the_order_of_arrival_changes_nothing(tmp_path: Path) -> None:
    films = [film(10), film(20), film(30)]
    uids = set()
    for number, order in enumerate(permutations(films)):
        desk = open_with(tmp_path / str(number), SUMMARY_TOO)
        judge(desk, *order)
        (summary,) = summarise(desk)
        uids.add((summary.SOPInstanceUID, *films_of(summary)))

    assert len(uids) == 1


def test_each_exposure_counts_once(tmp_path: Path) -> None:
    desk = open_with(tmp_path, SUMMARY_TOO)
    judge(desk, film(10, SeriesDescription="Bone suppressed"))
    judge(desk, film(10))
    judge(desk, film(20))
    (summary,) = summarise(desk)

    assert len(films_of(summary)) == 2


def test_a_destination_gets_the_summary_of_the_films_it_gets(tmp_path: Path) -> None:
    er = {"name": "er", "when": {"tags": [{"tag": "StationName", "values": "ER"}]}, "destinations": ["pacs"]}
    desk = open_with(tmp_path, SUMMARY_TOO, ONLY, routes=[er])
    judge(desk, film(10), film(20), film(30, StationName="ER"))
    made = summarise(desk)

    by_size = {len(films_of(one)): str(one.SOPInstanceUID) for one in made}
    assert set(by_size) == {2, 3}
    assert deliveries(desk, *by_size.values()) == {("ward", by_size[2]), ("pacs", by_size[3])}


@pytest.mark.parametrize("shadow", [{"route": True}, {"destination": True}])
def test_nothing_of_a_shadow_is_sent(tmp_path: Path, shadow: dict[str, bool]) -> None:
    destination = {**SUMMARY_TOO, "shadow": "destination" in shadow}
    routes = [{"name": "month", "shadow": True}] if "route" in shadow else []
    desk = open_with(tmp_path, destination, routes=routes)
    judge(desk, film(10), film(20))

    assert len(summarise(desk)) == ("destination" in shadow)
    assert desk.jobs(JobKind.DELIVER) == []


def test_a_film_that_comes_while_the_summary_is_made_takes_it_over(
    tmp_path: Path, any_ledger: str | None
) -> None:
    desk = open_with(tmp_path, SUMMARY_TOO, url=any_ledger)
    judge(desk, film(10), film(20))
    (slow,) = claim(desk.ledger, JobKind.SUMMARISE, "", 1, lease=HOUR, owner="slow")
    judge(desk, film(30))

    (summary,) = summarise(desk)
    assert len(films_of(summary)) == 3
    with desk.ledger.read() as connection:
        assert get_job(connection, slow.job_id).state is JobState.DONE
    with pytest.raises(Exception, match="no longer held"):
        summariser(desk)._summarise(slow)
    assert len(stored(desk)) == 1
    desk.ledger.close()


def test_the_study_must_be_quiet_but_not_for_ever(tmp_path: Path, any_ledger: str | None) -> None:
    desk = open_with(tmp_path, SUMMARY_TOO, url=any_ledger)
    source = desk.receive(film(10))

    def wait_of(pause: Pause) -> timedelta:
        with desk.ledger.begin() as connection:
            ask_for_summary(connection, source.instance_id, pause, 3)
        (job,) = desk.jobs(JobKind.SUMMARISE)
        return job.run_at - job.enqueued_at

    first = wait_of(Pause(timedelta(seconds=30), HOUR))
    again = wait_of(Pause(timedelta(seconds=30), HOUR))
    last = wait_of(Pause(timedelta(seconds=30), timedelta(seconds=30)))

    assert first == last == timedelta(seconds=30)
    assert again > first
    desk.ledger.close()


def test_films_that_are_still_to_be_analysed_are_waited_for(tmp_path: Path, any_ledger: str | None) -> None:
    desk = open_with(tmp_path, SUMMARY_TOO, url=any_ledger)
    judge(desk, film(10), film(20))
    desk.receive(film(30))
    summariser(desk).turn()
    (job,) = desk.jobs(JobKind.SUMMARISE)
    assert (job.state, job.attempts, stored(desk)) == (JobState.READY, 0, [])

    desk.analyse_all()
    (summary,) = summarise(desk)
    assert len(films_of(summary)) == 3
    desk.ledger.close()


def test_films_that_take_too_long_are_left_for_a_revision(tmp_path: Path) -> None:
    impatient = {"quiet_s": 0.001, "longest_wait_s": 0.001}
    desk = open_desk(tmp_path / "var", destinations=[SUMMARY_TOO], studies=impatient)
    judge(desk, film(10), film(20))
    desk.receive(film(30))

    (summary,) = summarise(desk)
    assert len(films_of(summary)) == 2


def test_a_report_that_is_lost_for_a_moment_delays_the_summary(tmp_path: Path) -> None:
    desk = open_with(tmp_path, SUMMARY_TOO, work={"first_delay_s": 0.01, "max_delay_s": 0.02})
    judge(desk, film(10), film(20))
    with desk.ledger.read() as connection:
        source = desk.jobs(JobKind.ANALYSE)[0].instance_id
        report = next(one for one in results_of(connection, source) if one.role is Role.REPORT)
    path = desk.store.path(report.file)
    hidden = path.rename(path.with_suffix(".gone"))
    summariser(desk).turn()
    (job,) = desk.jobs(JobKind.SUMMARISE)
    assert job.state is JobState.READY
    assert job.error
    hidden.rename(path)

    while not (made := summarise(desk)):
        pass
    assert len(made) == 1


def test_the_enhanced_variant_of_a_summary_is_a_summary(tmp_path: Path) -> None:
    desk = open_with(tmp_path, SUMMARY_TOO)
    judge(desk, film(10), film(20))
    summarise(desk)
    variant = enhanced_variant(desk.ledger, desk.store, stored(desk)[0])

    assert (variant.role, variant.sop_class_uid) == (Role.SUMMARY, VARIANT_CLASS)
    assert dciodvfy(desk.store.path(variant.file)) == []


def test_the_film_s_own_offset_dates_it(tmp_path: Path) -> None:
    desk = open_with(tmp_path, SUMMARY_TOO)
    judge(desk, film(10), film(20, TimezoneOffsetFromUTC="+0900"))
    (summary,) = summarise(desk)

    moment = datetime.strptime(f"{summary.ContentDate}{summary.ContentTime}+0900", "%Y%m%d%H%M%S.%f%z")
    assert summary.TimezoneOffsetFromUTC == "+0900"
    assert abs(datetime.now(UTC) - moment) < HOUR


def test_kill_9_between_file_and_ledger_loses_and_doubles_nothing(
    tmp_path: Path, any_ledger: str | None
) -> None:
    desk = open_with(tmp_path, SUMMARY_TOO, url=any_ledger)
    judge(desk, film(10), film(20))
    sections = {"destinations": [SUMMARY_TOO], "studies": QUIET}

    assert summarise_and_die(tmp_path / "var", any_ledger, sections) == -signal.SIGKILL
    assert stored(desk) == []
    files = set(desk.config.objects_dir.rglob("*.dcm"))
    assert summarise(desk) == []  # the dead one's lease holds
    release_owned(desk.ledger, "test")
    (summary,) = summarise(desk)

    assert set(desk.config.objects_dir.rglob("*.dcm")) == files  # the same bytes under the same name
    uid = str(summary.SOPInstanceUID)
    assert len([job for job in desk.jobs(JobKind.DELIVER) if job.key == uid]) == 1
    desk.ledger.close()


def test_the_whole_study_is_consistent(tmp_path: Path) -> None:
    desk = open_with(tmp_path, SUMMARY_TOO)
    shared = {"PatientID": "P", "PatientName": "A^B", "StudyID": "7", "AccessionNumber": "9"}
    judge(desk, film(10, **shared), film(20, **shared))
    summarise(desk)
    judge(desk, film(30, **shared))
    summarise(desk)

    objects = list(desk.config.objects_dir.rglob("*.dcm"))
    assert len(objects) == 3 * 3 + 2  # films, each with SEG and report, and both summaries
    assert dcentvfy(*objects) == []
