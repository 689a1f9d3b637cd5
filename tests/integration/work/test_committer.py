"""Storage commitment: a real PACS that reports on either association, late, partly or never."""

from collections.abc import Iterator
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydicom import Dataset

from node.config.destinations import RetryConfig
from node.network.commitment import Reference, make_request, offers_commitment, read_report
from node.work.committer import STORED_NOT_COMMITTED, make_report_handler, report_wait
from node.work.own_receiver import OwnReceiver
from pipeline.results import result_uid
from storage.deliveries import deliveries_of
from storage.events import list_events
from storage.instances import results_of
from storage.queue import enqueue
from storage.values import JobKind, JobState, NewJob, Role
from tests.support.delivering import delivering, destination
from tests.support.network import listening_node
from tests.support.orthanc import free_port
from tests.support.pacs import Commitment, Pacs
from tests.support.waiting import wait_until
from tests.support.work import Desk


def fill(desk: Desk, films: int = 1) -> list[int]:
    sources = [desk.receive().instance_id for _ in range(films)]
    desk.analyse_all()
    return sources


def all_done(desk: Desk) -> bool:
    return all(desk.is_done(kind) for kind in (JobKind.DELIVER, JobKind.COMMIT))


def committed(desk: Desk, sources: list[int]) -> list[bool]:
    with desk.ledger.read() as connection:
        return [
            any(delivery.committed_at for delivery in deliveries_of(connection, result.instance_id))
            for source in sources
            for result in results_of(connection, source)
        ]


@pytest.fixture
def pacs() -> Iterator[Pacs]:
    pacs = Pacs()
    yield pacs
    pacs.stop()


def test_a_report_on_the_same_association_commits(any_desk: Desk, pacs: Pacs) -> None:
    pacs.commitment = Commitment.SAME_ASSOCIATION
    pacs.start()
    sources = fill(any_desk, 2)
    with delivering(any_desk, destination(pacs, storage_commitment=True)):
        wait_until(lambda: all(committed(any_desk, sources)), 20)
        wait_until(lambda: all_done(any_desk), 20)

    assert {job.state for job in any_desk.jobs(JobKind.COMMIT)} == {JobState.DONE}
    assert len(any_desk.jobs(JobKind.COMMIT)) == 4


def test_a_report_on_a_new_association_commits(desk: Desk, pacs: Pacs, tmp_path) -> None:
    pacs.commitment = Commitment.NEW_ASSOCIATION
    handler = make_report_handler(desk.ledger)
    with listening_node(tmp_path / "scp") as node:
        pacs.report_to = ("127.0.0.1", node.port, "NEOLUNG")
        pacs.start()
        sources = fill(desk)
        with delivering(desk, destination(pacs, storage_commitment=True)):

            def take_reports() -> bool:
                while node.reports:
                    assert handler(*node.reports.pop()) == 0x0000
                return all(committed(desk, sources)) and all_done(desk)

            wait_until(take_reports, 20)


def test_an_object_that_the_destination_does_not_keep_is_sent_again(desk: Desk, pacs: Pacs) -> None:
    pacs.commitment = Commitment.SAME_ASSOCIATION
    pacs.start()
    sources = fill(desk)
    with desk.ledger.read() as connection:
        lost = results_of(connection, sources[0])[1].sop_instance_uid
    pacs.uncommitted = {lost: 0x0110}
    with delivering(desk, destination(pacs, storage_commitment=True)):
        wait_until(lambda: pacs.accepted[lost] >= 2, 20)
        pacs.uncommitted = {}
        wait_until(lambda: all(committed(desk, sources)) and all_done(desk), 20)

    assert [count for uid, count in pacs.accepted.items() if uid != lost] == [1]


def test_a_report_that_went_as_enhanced_sr_and_is_not_kept_is_sent_again(desk: Desk, pacs: Pacs) -> None:
    pacs.commitment = Commitment.SAME_ASSOCIATION
    pacs.start()
    sources = fill(desk)
    with desk.ledger.read() as connection:
        (report,) = [result for result in results_of(connection, sources[0]) if result.role is Role.REPORT]
    lost = result_uid(report.sop_instance_uid, "", "sr/enhanced")
    pacs.uncommitted = {lost: 0x0110}
    with delivering(desk, destination(pacs, storage_commitment=True, sr_class="enhanced")):
        wait_until(lambda: pacs.accepted[lost] >= 2, 20)
        pacs.uncommitted = {}
        wait_until(lambda: all_done(desk), 20)

    assert {job.state for job in desk.jobs(JobKind.COMMIT)} == {JobState.DONE}


def test_an_object_that_is_never_kept_becomes_a_dead_letter(desk: Desk, pacs: Pacs) -> None:
    pacs.commitment = Commitment.SAME_ASSOCIATION
    pacs.start()
    (target,) = desk.config.destinations
    few = target.model_copy(update={"retry": RetryConfig(max_attempts=4)})
    desk.config = desk.config.model_copy(update={"destinations": (few,)})
    sources = fill(desk)
    with desk.ledger.read() as connection:
        lost = results_of(connection, sources[0])[0].sop_instance_uid
    pacs.uncommitted = {lost: 0x0112}
    with delivering(desk, destination(pacs, storage_commitment=True)):
        wait_until(lambda: len(desk.jobs(JobKind.COMMIT, JobState.DEAD)) == 1, 30)

    (delivery,) = [job for job in desk.jobs(JobKind.DELIVER) if job.key == lost]
    assert pacs.accepted[lost] == delivery.max_attempts == 4
    (dead,) = desk.jobs(JobKind.COMMIT, JobState.DEAD)
    assert "0x0112" in dead.error


def test_without_a_report_in_time_the_destination_is_asked_again_in_a_new_transaction(
    desk: Desk, pacs: Pacs
) -> None:
    pacs.commitment = Commitment.SILENT
    pacs.start()
    sources = fill(desk)
    target = destination(pacs, storage_commitment=True, commitment_timeout_s=0.2)
    with delivering(desk, target):
        wait_until(lambda: len(pacs.transactions) >= 3, 30)
        pacs.commitment = Commitment.SAME_ASSOCIATION
        wait_until(lambda: all(committed(desk, sources)) and all_done(desk), 30)

    assert len(set(pacs.transactions)) == len(pacs.transactions)
    assert set(pacs.accepted.values()) == {1}


def test_at_a_destination_without_the_service_results_are_stored_and_not_committed(
    desk: Desk, pacs: Pacs, caplog: pytest.LogCaptureFixture
) -> None:
    pacs.start()
    fill(desk)
    with delivering(desk, destination(pacs, storage_commitment=True)):
        wait_until(lambda: len(desk.jobs(JobKind.COMMIT, JobState.UNCOMMITTED)) == 2, 20)
        fill(desk)
        wait_until(lambda: len(desk.jobs(JobKind.COMMIT, JobState.UNCOMMITTED)) == 4, 20)

    assert all_done(desk)
    assert {job.error for job in desk.jobs(JobKind.COMMIT)} == {STORED_NOT_COMMITTED}
    with desk.ledger.read() as connection:
        (event,) = list_events(connection, subject="pacs")
    assert event.what == "storage commitment not offered"
    assert [record.message for record in caplog.records].count(STORED_NOT_COMMITTED) == 1


@pytest.mark.parametrize("commitment", [Commitment.NONE, Commitment.SILENT])
def test_whether_the_service_is_offered_can_be_asked(pacs: Pacs, commitment: Commitment) -> None:
    pacs.commitment = commitment
    pacs.start()

    assert offers_commitment(destination(pacs), "NEOLUNG") is (commitment is Commitment.SILENT)
    assert pacs.transactions == []


def test_the_log_tells_of_the_request_before_the_report(
    desk: Desk, pacs: Pacs, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO", "neolung")
    pacs.commitment = Commitment.SAME_ASSOCIATION
    pacs.start()
    sources = fill(desk)
    with delivering(desk, destination(pacs, storage_commitment=True)):
        wait_until(lambda: all(committed(desk, sources)) and all_done(desk), 20)

    story = [record.message for record in caplog.records if record.name == "neolung.committer"]
    assert len(story) >= 2
    assert story == ["asking for commitment", "commitment report"] * (len(story) // 2)


def test_nothing_is_asked_before_the_own_receiver_listens(desk: Desk, pacs: Pacs, tmp_path) -> None:
    port = free_port()
    handler = make_report_handler(desk.ledger)
    pacs.commitment = Commitment.NEW_ASSOCIATION
    pacs.report_to = ("127.0.0.1", port, "NEOLUNG")
    pacs.start()
    sources = fill(desk)
    receiver = OwnReceiver("127.0.0.1", port)
    with delivering(desk, destination(pacs, storage_commitment=True), receiver=receiver):
        waiting = {"waits until this node's receiver listens"}
        wait_until(lambda: {job.error for job in desk.jobs(JobKind.COMMIT)} == waiting, 20)
        assert pacs.transactions == []
        assert {job.attempts for job in desk.jobs(JobKind.COMMIT)} == {0}
        with listening_node(tmp_path / "scp", node={"port": port}) as node:

            def take_reports() -> bool:
                while node.reports:
                    handler(*node.reports.pop())
                return all(committed(desk, sources)) and all_done(desk)

            wait_until(take_reports, 20)
    # Each object was asked for once: no report was lost, and no attempt used up by waiting.
    assert {job.attempts for job in desk.jobs(JobKind.COMMIT)} == {1}


def test_a_receiver_that_never_listens_is_waited_for_with_bounded_patience() -> None:
    now = [0.0]
    receiver = OwnReceiver("127.0.0.1", free_port(), patience_s=10.0, clock=lambda: now[0])

    assert receiver.pause_s() > 0
    now[0] = 9.9
    assert receiver.pause_s() > 0
    now[0] = 10.0
    assert receiver.pause_s() == 0.0


def test_nobody_waits_for_a_receiver_whose_port_is_not_known() -> None:
    assert OwnReceiver("127.0.0.1", 0).pause_s() == 0.0


@given(st.integers(1, 10**6), st.floats(0.1, 1e6))
def test_the_wait_for_a_report_begins_short_and_doubles_up_to_the_longest(
    attempt: int, longest_s: float
) -> None:
    wait, following = report_wait(attempt, longest_s), report_wait(attempt + 1, longest_s)

    assert wait <= following <= min(2 * wait, timedelta(seconds=longest_s))
    assert report_wait(1, 3600.0) == timedelta(minutes=2)
    assert report_wait(6, 3600.0) == timedelta(hours=1)


def test_a_commitment_is_asked_for_when_the_destination_is_back(desk: Desk, pacs: Pacs) -> None:
    pacs.start()
    pacs.commitment = Commitment.SAME_ASSOCIATION
    sources = fill(desk)
    target = destination(pacs, storage_commitment=False)
    with delivering(desk, target):
        wait_until(lambda: all_done(desk), 20)
    # The same objects, now asked for while the destination is down.
    pacs.stop()
    with desk.ledger.begin() as connection:
        results = results_of(connection, sources[0])
        enqueue(
            connection,
            [
                NewJob(JobKind.COMMIT, result.sop_instance_uid, result.instance_id, "pacs")
                for result in results
            ],
        )
    with delivering(desk, target):
        handed_back = {"the destination was not reached"}
        wait_until(lambda: {job.error for job in desk.jobs(JobKind.COMMIT)} == handed_back, 20)
        assert {job.attempts for job in desk.jobs(JobKind.COMMIT)} == {0}
        pacs.start()
        wait_until(lambda: all(committed(desk, sources)) and all_done(desk), 20)


def test_a_report_for_an_unknown_transaction_is_taken_note_of_and_changes_nothing(desk: Desk) -> None:
    handler = make_report_handler(desk.ledger)

    assert handler(1, make_request("2.25.1", [Reference("1.2", "1.2.3")])) == 0x0000


def test_a_report_that_cannot_be_read_is_refused(desk: Desk) -> None:
    assert make_report_handler(desk.ledger)(1, Dataset()) == 0x0110


def test_what_is_in_both_lists_of_a_report_counts_as_failed() -> None:
    information = make_request("2.25.9", [Reference("1.2", "1.2.3"), Reference("1.2", "1.2.4")])
    failed = Dataset()
    failed.ReferencedSOPInstanceUID = "1.2.4"
    information.FailedSOPSequence = [failed]

    report = read_report(information)

    assert (report.transaction_uid, report.committed, report.failed) == (
        "2.25.9",
        frozenset({"1.2.3"}),
        {"1.2.4": 0x0110},
    )
