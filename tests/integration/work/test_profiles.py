"""Result profiles: each destination gets what it asks for, as it asks for it; a refusal blocks nobody."""

import threading
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from pydicom.uid import (
    Comprehensive3DSRStorage,
    EncapsulatedPDFStorage,
    GrayscaleSoftcopyPresentationStateStorage,
    ImplicitVRLittleEndian,
    SecondaryCaptureImageStorage,
    SegmentationStorage,
)

from node.audit.auditor import no_auditor
from node.composition.delivering import start_delivery
from node.overview import look
from node.processes.lifetime import Drain
from storage.events import list_events
from storage.instances import results_of
from storage.values import JobKind, JobState
from tests.support.delivering import QUICK, delivering
from tests.support.films import make_film
from tests.support.pacs import Pacs
from tests.support.waiting import wait_until
from tests.support.work import ODD, Desk, open_desk

SOP_CLASSES = {
    "seg": SegmentationStorage,
    "sr": Comprehensive3DSRStorage,
    "pr": GrayscaleSoftcopyPresentationStateStorage,
    "sc": SecondaryCaptureImageStorage,
    "pdf": EncapsulatedPDFStorage,
}
ALL = tuple(SOP_CLASSES)


def desk_for(folder: Path, *destinations: dict[str, Any]) -> Desk:
    common = {"ae_title": "PACS", "host": "127.0.0.1", "storage_commitment": False, "retry": QUICK}
    return open_desk(folder / "var", destinations=[common | destination for destination in destinations])


def received_by(pacs: Pacs) -> Counter[str]:
    return Counter(str(dataset.SOPClassUID) for dataset in pacs.objects.values())


def test_two_destinations_get_exactly_their_objects(tmp_path: Path) -> None:
    with Pacs() as archive, Pacs() as viewer:
        desk = desk_for(
            tmp_path,
            {"name": "archive", "port": archive.port, "send": ["seg", "sr", "pr"]},
            {"name": "viewer", "port": viewer.port, "send": ["sc", "pdf"], "sc_longest_side": 600},
        )
        desk.receive()
        desk.receive(make_film(rows=64, columns=52, PatientID=ODD))
        desk.analyse_all()
        first, second = desk.config.destinations
        with delivering(desk, first), delivering(desk, second):
            wait_until(lambda: desk.is_done(JobKind.DELIVER), 20)

        assert received_by(archive) == {SOP_CLASSES["seg"]: 1, SOP_CLASSES["sr"]: 2, SOP_CLASSES["pr"]: 1}
        assert received_by(viewer) == {SOP_CLASSES["sc"]: 2, SOP_CLASSES["pdf"]: 2}
        captures = [one for one in viewer.objects.values() if one.Modality == "OT"]
        assert all(max(capture.Rows, capture.Columns) <= 600 for capture in captures)
        desk.ledger.close()


@pytest.mark.parametrize("refused", ALL)
def test_a_refused_kind_is_a_dead_letter_that_says_what_to_change_and_the_rest_arrives(
    tmp_path: Path, refused: str
) -> None:
    with Pacs() as pacs:
        pacs.stop()
        pacs.refused_classes = {SOP_CLASSES[refused]}
        pacs.start()
        profile = {"name": "pacs", "port": pacs.port, "send": ALL, "sr_class": "comprehensive-3d"}
        desk = desk_for(tmp_path, profile)
        desk.receive()
        desk.analyse_all()
        with delivering(desk, desk.config.destinations[0]):
            wait_until(lambda: desk.is_done(JobKind.DELIVER), 20)

        (dead,) = desk.jobs(JobKind.DELIVER, JobState.DEAD)
        assert f"take {refused} out of `send` of destination pacs" in dead.error
        assert ("set its sr_class to auto" in dead.error) == (refused == "sr")
        assert received_by(pacs) == {SOP_CLASSES[kind]: 1 for kind in ALL if kind != refused}
        with desk.ledger.read() as connection:
            assert [event.what for event in list_events(connection, subject=dead.key)] == ["delivery refused"]
        desk.ledger.close()


def test_a_destination_that_takes_none_of_the_objects_gets_dead_letters_not_a_pause(tmp_path: Path) -> None:
    with Pacs() as pacs:
        pacs.stop()
        pacs.refused_classes = {SOP_CLASSES["sc"]}
        pacs.start()
        desk = desk_for(tmp_path, {"name": "pacs", "port": pacs.port, "send": ["sc"]})
        desk.receive()
        desk.analyse_all()
        with delivering(desk, desk.config.destinations[0]):
            wait_until(lambda: desk.is_done(JobKind.DELIVER), 20)

        (dead,) = desk.jobs(JobKind.DELIVER, JobState.DEAD)
        assert dead.attempts == 1
        assert "take sc out" in dead.error
        assert not look(desk.config).destinations_down
        desk.ledger.close()


@pytest.mark.parametrize(("setting", "preferred"), [("implicit", ImplicitVRLittleEndian), ("auto", None)])
def test_objects_travel_in_the_encoding_that_the_profile_names(
    tmp_path: Path, setting: str, preferred: str | None
) -> None:
    with Pacs() as pacs:
        profile = {"name": "pacs", "port": pacs.port, "send": ALL, "transfer_syntax": setting}
        desk = desk_for(tmp_path, profile)
        desk.receive()
        desk.analyse_all()
        with delivering(desk, desk.config.destinations[0]):
            wait_until(lambda: desk.is_done(JobKind.DELIVER), 20)

        assert received_by(pacs) == {SOP_CLASSES[kind]: 1 for kind in ALL}
        syntaxes = {str(one.file_meta.TransferSyntaxUID) for one in pacs.objects.values()}
        assert syntaxes == {str(preferred or pacs.syntaxes[0])}
        desk.ledger.close()


def test_under_shadow_everything_is_made_and_nothing_sent_then_or_later(tmp_path: Path) -> None:
    with Pacs() as pacs:
        shadow = {"name": "pacs", "port": pacs.port, "send": ALL, "shadow": True}
        desk = desk_for(tmp_path, shadow)
        source = desk.receive()
        desk.analyse_all()

        with desk.ledger.read() as connection:
            made = [result.sop_class_uid for result in results_of(connection, source.instance_id)]
        assert sorted(made) == sorted(SOP_CLASSES.values())
        assert desk.jobs(JobKind.DELIVER) == []
        overview = look(desk.config)
        assert overview.in_shadow == ("pacs",)
        assert any("in shadow" in remark for remark in overview.remarks)
        desk.ledger.close()

        ended = desk_for(tmp_path, shadow | {"shadow": False})
        later = ended.receive()
        ended.analyse_all()
        with delivering(ended, ended.config.destinations[0]):
            wait_until(lambda: ended.is_done(JobKind.DELIVER), 20)
        with ended.ledger.read() as connection:
            expected = {result.sop_instance_uid for result in results_of(connection, later.instance_id)}
        assert set(pacs.objects) == expected
        ended.ledger.close()


def test_what_waits_when_shadow_begins_keeps_waiting(tmp_path: Path) -> None:
    with Pacs() as pacs:
        profile = {"name": "pacs", "port": pacs.port}
        before = desk_for(tmp_path, profile)
        before.receive()
        before.analyse_all()
        before.ledger.close()

        shadow = desk_for(tmp_path, profile | {"shadow": True})
        drain = Drain()
        threads = start_delivery(
            shadow.config, shadow.config.destinations[0], no_auditor(), shadow.ledger, shadow.store, drain
        )
        threading.Event().wait(0.5)
        drain.request()
        for thread in threads:
            thread.join(20)

        assert pacs.associations == 0
        assert len(shadow.jobs(JobKind.DELIVER, JobState.READY)) == 2
        assert any("2 results from before" in remark for remark in look(shadow.config).remarks)
        shadow.ledger.close()
