"""Delivery to one destination: a real ledger, a real PACS that behaves well and badly."""

import random
import threading
import time
from collections import Counter

import pytest
from pydicom.uid import Comprehensive3DSRStorage, EnhancedSRStorage, SegmentationStorage

from node import intervention
from node.operators import operator_name
from node.work.circuit import Circuit
from storage.breaker import note_failure
from storage.deliveries import deliveries_of, destination_down_until
from storage.events import list_events
from storage.instances import results_of
from storage.values import JobKind, JobState
from tests.support.delivering import QUICK, delivering, destination
from tests.support.pacs import Pacs, Special
from tests.support.waiting import wait_until
from tests.support.work import Desk


@pytest.fixture
def pacs():
    with Pacs() as running:
        yield running


def fill(desk: Desk, films: int) -> list[int]:
    """Put the results of some films into the outbox; give the films' instances."""
    sources = [desk.receive().instance_id for _ in range(films)]
    desk.analyse_all()
    return sources


def delivered(desk: Desk) -> bool:
    return desk.is_done(JobKind.DELIVER)


def result_uids(desk: Desk, sources: list[int]) -> set[str]:
    with desk.ledger.read() as connection:
        return {result.sop_instance_uid for source in sources for result in results_of(connection, source)}


def is_down(desk: Desk) -> bool:
    with desk.ledger.read() as connection:
        return destination_down_until(connection, "pacs") is not None


def test_every_result_is_delivered_once_over_few_associations(any_desk: Desk, pacs: Pacs) -> None:
    sources = fill(any_desk, 4)
    with delivering(any_desk, destination(pacs, batch=16)):
        wait_until(lambda: delivered(any_desk), 20)

    assert pacs.accepted == Counter(dict.fromkeys(result_uids(any_desk, sources), 1))
    assert pacs.associations == 1
    with any_desk.ledger.read() as connection:
        (seg, _) = results_of(connection, sources[0])
        (delivery,) = deliveries_of(connection, seg.instance_id)
    assert (delivery.destination, delivery.status) == ("pacs", 0x0000)


def test_warnings_and_duplicates_count_as_delivered(desk: Desk, pacs: Pacs) -> None:
    fill(desk, 1)
    answers = iter([0xB000, 0x0111])
    pacs.answer = lambda _uid: next(answers)
    with delivering(desk, destination(pacs)):
        wait_until(lambda: delivered(desk), 20)

    assert {job.state for job in desk.jobs(JobKind.DELIVER)} == {JobState.DONE}


def test_what_the_destination_never_takes_is_a_dead_letter_and_the_rest_is_delivered(
    desk: Desk, pacs: Pacs
) -> None:
    sources = fill(desk, 2)
    refused = min(result_uids(desk, sources))
    pacs.answer = lambda uid: 0xA900 if uid == refused else 0x0000
    with delivering(desk, destination(pacs)):
        wait_until(lambda: delivered(desk), 20)

    (dead,) = desk.jobs(JobKind.DELIVER, JobState.DEAD)
    assert (dead.key, dead.attempts) == (refused, 1)
    assert dead.error.startswith("C-STORE status A900H")
    assert len(pacs.objects) == 3
    with desk.ledger.read() as connection:
        (event,) = list_events(connection, subject=refused)
    assert event.what == "delivery refused"


def test_a_destination_that_is_full_for_a_while_gets_everything_in_the_end(desk: Desk, pacs: Pacs) -> None:
    sources = fill(desk, 3)
    full = threading.Event()
    full.set()
    pacs.answer = lambda _uid: 0xA700 if full.is_set() else 0x0000
    with delivering(desk, destination(pacs)):
        wait_until(lambda: pacs.refused.total() >= 3, 20)
        full.clear()
        wait_until(lambda: delivered(desk), 20)

    assert set(pacs.objects) == result_uids(desk, sources)
    assert not is_down(desk)


def test_an_abort_hands_the_rest_back_untried(desk: Desk, pacs: Pacs) -> None:
    sources = fill(desk, 3)
    aborts = iter([Special.ABORT])
    pacs.answer = lambda _uid: next(aborts, 0x0000)
    with delivering(desk, destination(pacs)):
        wait_until(lambda: delivered(desk), 20)

    assert set(pacs.objects) == result_uids(desk, sources)
    assert Counter(job.attempts for job in desk.jobs(JobKind.DELIVER)) == {1: 5, 2: 1}


def test_a_stalling_destination_costs_the_time_out_only(desk: Desk, pacs: Pacs) -> None:
    sources = fill(desk, 1)
    stalls = iter([Special.STALL])
    pacs.answer = lambda _uid: next(stalls, 0x0000)
    with delivering(desk, destination(pacs, dimse_timeout_s=0.5)):
        wait_until(lambda: delivered(desk), 20)

    assert set(pacs.objects) == result_uids(desk, sources)


def test_no_attempt_is_used_up_while_the_destination_is_down(desk: Desk, pacs: Pacs) -> None:
    sources = fill(desk, 3)
    pacs.stop()
    with delivering(desk, destination(pacs)):
        wait_until(lambda: is_down(desk), 20)
        assert {job.attempts for job in desk.jobs(JobKind.DELIVER)} == {0}
        pacs.start()
        wait_until(lambda: delivered(desk), 20)

    assert {job.attempts for job in desk.jobs(JobKind.DELIVER)} == {1}
    assert set(pacs.objects) == result_uids(desk, sources)
    assert pacs.echoes >= 1
    assert not is_down(desk)


def test_a_destination_that_is_back_need_not_sit_out_its_pause(desk: Desk, pacs: Pacs) -> None:
    sources = fill(desk, 2)
    pacs.stop()
    endless = {**QUICK, "max_delay_s": 3600.0, "breaker_pause_s": 3600.0, "probe_s": 0.1}
    with delivering(desk, destination(pacs, retry=endless)):
        wait_until(lambda: is_down(desk), 20)
        pacs.start()
        wait_until(lambda: delivered(desk), 20)

    assert set(pacs.objects) == result_uids(desk, sources)
    assert not is_down(desk)


def test_a_destination_that_answers_c_echo_and_fails_all_the_same_sits_out_its_pause(
    desk: Desk, pacs: Pacs
) -> None:
    fill(desk, 1)
    pacs.answer = lambda _uid: 0xA700
    endless = {**QUICK, "max_delay_s": 3600.0, "breaker_pause_s": 3600.0, "probe_s": 0.05}
    with delivering(desk, destination(pacs, retry={**endless, "first_delay_s": 0.02, "breaker_failures": 3})):
        wait_until(lambda: is_down(desk), 20)
        echoes, refused = pacs.echoes, pacs.refused.total()
        time.sleep(0.5)
        assert is_down(desk)

    assert (pacs.echoes, pacs.refused.total()) == (echoes, refused)


def test_an_operator_can_have_a_destination_tried_at_once(desk: Desk, pacs: Pacs) -> None:
    fill(desk, 1)
    pacs.stop()
    endless = {**QUICK, "max_delay_s": 3600.0, "breaker_pause_s": 3600.0, "probe_s": 3600.0}
    target = destination(pacs, retry=endless)
    desk.config = desk.config.model_copy(update={"destinations": (target,)})
    with delivering(desk, target):
        wait_until(lambda: is_down(desk), 20)
        pacs.start()
        intervention.retry(desk.config, [], destination="pacs")
        wait_until(lambda: delivered(desk), 20)

    with desk.ledger.read() as connection:
        (event,) = list_events(connection, subject="pacs")
    assert event.what == "tried at once"
    assert operator_name() in event.detail


def test_a_restart_has_a_destination_tried_at_once(desk: Desk, pacs: Pacs) -> None:
    target = destination(pacs)
    with desk.ledger.begin() as connection:
        for _ in range(9):
            note_failure(connection, "pacs", "it was down")
    assert is_down(desk)
    circuit = Circuit(desk.ledger, target)

    circuit.start_afresh()

    assert (circuit.rest_s(), circuit.is_recovering) == (0.0, False)


def test_a_rejecting_destination_is_left_alone(desk: Desk) -> None:
    pacs = Pacs()
    pacs.called_ae_titles_checked = True
    with pacs:
        fill(desk, 1)
        with delivering(desk, destination(pacs, ae_title="OTHER")):
            wait_until(lambda: is_down(desk), 20)

    assert {(job.state, job.attempts) for job in desk.jobs(JobKind.DELIVER)} == {(JobState.READY, 0)}


@pytest.mark.parametrize("sr_class", ["auto", "enhanced"])
def test_where_comprehensive_3d_sr_is_not_taken_the_enhanced_sr_goes_and_never_both(
    desk: Desk, sr_class: str
) -> None:
    pacs = Pacs()
    pacs.refused_classes = {Comprehensive3DSRStorage}
    with pacs:
        sources = fill(desk, 2)
        with delivering(desk, destination(pacs, sr_class=sr_class)):
            wait_until(lambda: delivered(desk), 20)

    assert {job.state for job in desk.jobs(JobKind.DELIVER)} == {JobState.DONE}
    assert pacs.classes() == {SegmentationStorage: 2, EnhancedSRStorage: 2}
    with desk.ledger.read() as connection:
        seg, report, variant = results_of(connection, sources[0])
        assert deliveries_of(connection, report.instance_id) == []
        assert len(deliveries_of(connection, variant.instance_id)) == 1
    sent = pacs.objects[variant.sop_instance_uid]
    assert sent.SOPClassUID == EnhancedSRStorage
    assert variant.sop_instance_uid != report.sop_instance_uid
    assert seg.sop_instance_uid in {
        item.ReferencedSOPInstanceUID
        for series in sent.CurrentRequestedProcedureEvidenceSequence[0].ReferencedSeriesSequence
        for item in series.ReferencedSOPSequence
    }


def test_where_comprehensive_3d_sr_is_taken_only_that_goes(desk: Desk, pacs: Pacs) -> None:
    fill(desk, 1)
    with delivering(desk, destination(pacs)):
        wait_until(lambda: delivered(desk), 20)

    assert pacs.classes() == {SegmentationStorage: 1, Comprehensive3DSRStorage: 1}


def test_a_report_class_that_is_insisted_on_and_not_taken_is_a_dead_letter(desk: Desk) -> None:
    pacs = Pacs()
    pacs.refused_classes = {Comprehensive3DSRStorage}
    with pacs:
        fill(desk, 1)
        with delivering(desk, destination(pacs, sr_class="comprehensive-3d")):
            wait_until(lambda: delivered(desk), 20)

    (dead,) = desk.jobs(JobKind.DELIVER, JobState.DEAD)
    assert dead.error.startswith("the peer did not accept Comprehensive 3D SR Storage")
    assert pacs.classes() == {SegmentationStorage: 1}


def test_a_lost_file_is_a_dead_letter_and_the_rest_goes(desk: Desk, pacs: Pacs) -> None:
    (source,) = fill(desk, 1)
    with desk.ledger.read() as connection:
        seg, _ = results_of(connection, source)
    desk.store.path(seg.file).unlink()
    with delivering(desk, destination(pacs)):
        wait_until(lambda: delivered(desk), 20)

    (dead,) = desk.jobs(JobKind.DELIVER, JobState.DEAD)
    assert dead.key == seg.sop_instance_uid
    assert pacs.classes() == {Comprehensive3DSRStorage: 1}


def test_a_pacs_that_fails_at_random_holds_every_result_exactly_once(desk: Desk, pacs: Pacs) -> None:
    chance = random.Random(7)
    bad = [0xA700, 0x0110, Special.ABORT, 0xB000]
    pacs.answer = lambda _uid: chance.choice(bad) if chance.random() < 0.25 else 0x0000
    sources = fill(desk, 15)
    with delivering(desk, destination(pacs, batch=5, retry={**QUICK, "max_attempts": 60})):
        wait_until(lambda: delivered(desk), 60)

    assert pacs.accepted == Counter(dict.fromkeys(result_uids(desk, sources), 1))
    assert pacs.refused.total() > 0
