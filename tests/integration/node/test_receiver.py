"""Each situation of C-STORE, over a real association, with the status that it is answered with."""

import resource
import threading
from contextlib import contextmanager
from hashlib import sha256
from io import BytesIO

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pydicom import Dataset, dcmread
from pydicom.uid import (
    CTImageStorage,
    EncapsulatedPDFStorage,
    ImplicitVRLittleEndian,
    JPEGLSLossless,
    SecondaryCaptureImageStorage,
    generate_uid,
)
from pynetdicom.presentation import build_context

from node.audit.auditor import no_auditor
from node.network.access import AccessList
from node.network.intake import Intake
from node.network.receiver import Receiver
from node.routing.values import STAT
from pipeline.results import Form, make_visible_object
from storage.events import list_events
from storage.instances import find_instance
from storage.jobs import list_jobs
from storage.matching import Level
from storage.objects import ObjectStore
from storage.query import find
from storage.routing import Stage, list_routing
from storage.values import JobKind, JobState, Role
from tests.support.analyses import ORIGIN, make_analysis
from tests.support.films import CR, DX, encode, make_film
from tests.support.network import encoded, listening_node, store, store_bytes


def small_film(**header):
    return make_film(rows=64, columns=48, **header)


def stored(node, uid):
    with node.ledger.read() as connection:
        return find_instance(connection, uid)


def jobs(node):
    with node.ledger.read() as connection:
        return list_jobs(connection)


def test_a_stored_radiograph_is_durable_indexed_and_queued(node):
    film = small_film()
    with node.associate([CR]) as association:
        assert store(association, film).Status == 0x0000
    instance = stored(node, film.SOPInstanceUID)
    assert instance.role is Role.SOURCE
    assert instance.calling_ae_title == "TESTER"
    (job,) = jobs(node)
    assert (job.kind, job.key, job.state) == (JobKind.ANALYSE, film.SOPInstanceUID, JobState.READY)
    assert job.priority == 0


def test_the_data_set_is_kept_byte_for_byte(node):
    film = small_film(PatientName="Kept^Exactly")
    film.add_new(0x00091001, "LO", "private")
    with node.associate([CR]) as association:
        store(association, film)
    part10 = node.objects.read(stored(node, film.SOPInstanceUID).file)
    assert part10.endswith(encoded(film))
    back = dcmread(BytesIO(part10))
    assert back.file_meta.MediaStorageSOPInstanceUID == film.SOPInstanceUID
    assert back.file_meta.MediaStorageSOPClassUID == CR
    assert "SourceApplicationEntityTitle" not in back.file_meta
    assert back == film


def test_the_same_data_set_from_another_peer_is_the_same_file_and_no_second_job(node):
    film = small_film()
    for calling in ("FIRST", "SECOND"):
        with node.associate([CR], calling=calling) as association:
            assert store(association, film).Status == 0x0000
    assert stored(node, film.SOPInstanceUID).calling_ae_title == "FIRST"
    assert len(jobs(node)) == 1


@pytest.mark.parametrize(("policy", "status"), [("accept", 0x0000), ("report", 0x0111)])
def test_other_bytes_under_a_known_uid_are_kept_and_flagged(tmp_path, policy, status):
    first, second = small_film(), small_film(PatientID="TEST-0002")
    second.SOPInstanceUID = second.file_meta.MediaStorageSOPInstanceUID = first.SOPInstanceUID
    with listening_node(tmp_path, receive={"duplicate_policy": policy}) as node:
        with node.associate([CR]) as association:
            assert store(association, first).Status == 0x0000
            assert store(association, second).Status == status
            assert store(association, second).Status == status
        with node.ledger.read() as connection:
            variant = find_instance(connection, first.SOPInstanceUID, variant=1)
            events = list_events(connection, subject=first.SOPInstanceUID)
        assert node.objects.read(variant.file).endswith(encoded(second))
        assert node.objects.read(stored(node, first.SOPInstanceUID).file).endswith(encoded(first))
        assert [event.what for event in events] == ["other bytes under a known UID"]
        assert len(jobs(node)) == 1


def test_what_is_no_radiograph_is_kept_but_not_queued(node):
    capture = small_film(sop_class=SecondaryCaptureImageStorage)
    with node.associate([SecondaryCaptureImageStorage]) as association:
        assert store(association, capture).Status == 0x0000
    assert stored(node, capture.SOPInstanceUID).role is Role.OTHER
    assert jobs(node) == []


def test_secondary_captures_are_queued_when_configured(tmp_path):
    capture = small_film(sop_class=SecondaryCaptureImageStorage)
    with listening_node(tmp_path, receive={"process_secondary_capture": True}) as node:
        with node.associate([SecondaryCaptureImageStorage]) as association:
            store(association, capture)
        assert stored(node, capture.SOPInstanceUID).role is Role.SOURCE
        assert len(jobs(node)) == 1


def test_a_picture_of_a_result_is_never_analysed(tmp_path):
    result = make_visible_object(make_analysis(), ORIGIN, Form("sc", longest_side=512))
    with listening_node(tmp_path, receive={"process_secondary_capture": True}) as node:
        with node.associate([SecondaryCaptureImageStorage]) as association:
            assert store(association, result).Status == 0x0000
        assert stored(node, result.SOPInstanceUID).role is Role.OTHER
        assert jobs(node) == []


@pytest.mark.parametrize(
    "header", [{"RequestedProcedurePriority": "STAT"}, {"RequestedProcedurePriority": "HIGH"}]
)
def test_an_urgent_request_goes_first(node, header):
    with node.associate([CR]) as association:
        store(association, small_film(**header))
    assert jobs(node)[0].priority == STAT


def test_a_route_says_what_goes_first(tmp_path):
    urgent = {"name": "urgent", "when": {"calling_ae_title": "NICU1"}, "priority": "stat"}
    with listening_node(tmp_path, routes=[urgent]) as node:
        with node.associate([CR], calling="NICU1") as association:
            store(association, small_film())
        with node.associate([CR], calling="WARD") as association:
            store(association, small_film())
        assert sorted(job.priority for job in jobs(node)) == [0, STAT]


@pytest.mark.parametrize(
    "when", [{"tags": [{"tag": "StationName", "values": "OLD*"}]}, {"gate": {"age": "no"}}]
)
def test_what_a_route_keeps_back_is_stored_and_explained_and_not_queued(tmp_path, when):
    route = {"name": "keep", "when": when, "process": False}
    film = small_film(StationName="OLD 1", PatientAge="045Y", PatientBirthDate="")
    with listening_node(tmp_path, routes=[route]) as node:
        with node.associate([CR]) as association:
            assert store(association, film).Status == 0x0000
        assert jobs(node) == []
        instance = stored(node, film.SOPInstanceUID)
        assert instance.role is Role.SOURCE
        with node.ledger.read() as connection:
            (record,) = list_routing(connection, instance.instance_id)
        assert (record.stage, record.route) == (Stage.RECEIPT, "keep")
        assert record.decision["verdicts"][0]["conditions"][0]["met"] is True


def test_what_was_kept_back_is_queued_when_it_comes_again_under_other_routes(tmp_path):
    film = small_film()
    keep = {"name": "keep", "process": False}
    with listening_node(tmp_path, routes=[keep]) as node, node.associate([CR]) as association:
        store(association, film)
    for _ in range(2):
        with listening_node(tmp_path, routes=[{"name": "low", "priority": "low"}]) as node:
            with node.associate([CR]) as association:
                store(association, film)
            assert [job.priority for job in jobs(node)] == [-10]


def test_raw_images_and_enhanced_copies_wait_for_the_film_of_their_exposure(tmp_path):
    with listening_node(tmp_path, studies={"companion_wait_s": 100.0}) as node:
        with node.associate([CR]) as association:
            store(association, small_film())
            store(association, small_film(ImageType=["DERIVED", "PRIMARY", "TUBE"]))
        waits = [(job.run_at - job.enqueued_at).total_seconds() for job in jobs(node)]
        assert sorted(waits) == [0, 100]


def test_a_compressed_object_is_kept_as_it_is(node):
    film = encode(small_film(), JPEGLSLossless)
    with node.associate([build_context(CR, [JPEGLSLossless])]) as association:
        assert store(association, film).Status == 0x0000
    instance = stored(node, film.SOPInstanceUID)
    assert instance.transfer_syntax_uid == JPEGLSLossless
    assert dcmread(BytesIO(node.objects.read(instance.file))).PixelData == film.PixelData


def test_implicit_vr_is_indexed_alike(node):
    film = encode(small_film(PatientName="Implicit^One"), ImplicitVRLittleEndian)
    with node.associate([build_context(CR, [ImplicitVRLittleEndian])]) as association:
        assert store(association, film).Status == 0x0000
    with node.ledger.read() as connection:
        (row,) = find(connection, Level.IMAGE, {})
    assert (row["PatientName"], row["Rows"]) == ("Implicit^One", 64)


def refusal(node, raw, *, sop_class_uid=CR, sop_instance_uid="1.2.3", context=CR):
    """Send bytes and give status and comment; the association must still work afterwards."""
    with node.associate([context]) as association:
        answer = store_bytes(association, raw, sop_class_uid=sop_class_uid, sop_instance_uid=sop_instance_uid)
        assert association.is_established
        if context == CR:
            assert store(association, small_film()).Status == 0x0000
    assert stored(node, sop_instance_uid) is None
    assert len(answer.ErrorComment) <= 64
    return answer.Status, answer.ErrorComment


def film_bytes(**header):
    return encoded(small_film(**{"SOPInstanceUID": "1.2.3", **header}))


def test_another_instance_uid_in_the_data_set_is_a900(node):
    assert refusal(node, film_bytes(), sop_instance_uid="1.2.4") == (
        0xA900,
        "SOP Instance UID of Data Set and request differ",
    )


def test_another_class_uid_in_the_data_set_is_a900(node):
    assert refusal(node, film_bytes(SOPClassUID=CTImageStorage)) == (
        0xA900,
        "SOP Class UID of Data Set and request differ",
    )


@pytest.mark.parametrize("keyword", ["SOPClassUID", "SOPInstanceUID"])
def test_a_missing_sop_uid_is_a900(node, keyword):
    film = small_film(SOPInstanceUID="1.2.3")
    delattr(film, keyword)
    assert refusal(node, encoded(film))[0] == 0xA900


@pytest.mark.parametrize("keyword", ["StudyInstanceUID", "SeriesInstanceUID"])
@pytest.mark.parametrize("value", ["", "../../etc/passwd", "1" * 65])
def test_a_study_or_series_uid_that_is_none_is_c000(node, keyword, value):
    film = small_film(SOPInstanceUID="1.2.3")
    film[keyword]._value = value
    status, comment = refusal(node, encoded(film))
    assert (status, comment) == (0xC000, f"{keyword} is missing or no UID")


def test_junk_is_refused_without_patient_data(node):
    status, comment = refusal(node, b"\xff" * 5000)
    assert status in (0xC000, 0xA900)
    assert comment


@pytest.mark.parametrize("uid", ["1.2.x", "1.2/../3", "CR.20260101.1"])
def test_an_instance_uid_that_is_no_uid_is_0117(node, uid):
    assert refusal(node, film_bytes(), sop_instance_uid=uid)[0] == 0x0117


def test_another_class_than_that_of_the_presentation_context_is_0122(node):
    assert refusal(node, film_bytes(), sop_class_uid=DX)[0] == 0x0122


def test_a_peer_that_may_only_echo_is_answered_0124(tmp_path):
    peers = [{"name": "probe", "ae_title": "PROBE", "services": ["echo"]}]
    with listening_node(tmp_path, access={"peers": peers}) as node:
        with node.associate([CR], calling="PROBE") as association:
            answer = store(association, small_film())
            assert (answer.Status, answer.ErrorComment) == (0x0124, "this AE may not store here")
        assert jobs(node) == []


def test_an_object_over_the_limit_is_a700_and_does_not_fill_the_memory(tmp_path):
    with listening_node(tmp_path, limits={"max_object_bytes": 100_000}) as node:
        with node.associate([CR]) as association:
            assert store(association, make_film(rows=1000, columns=1000)).Status == 0xA700
            assert store(association, small_film()).Status == 0x0000
            assert store(association, make_film(rows=250, columns=210)).Status == 0xA700
        assert len(jobs(node)) == 1


def test_a_disk_that_is_nearly_full_is_a700(tmp_path):
    with (
        listening_node(tmp_path, limits={"min_free_bytes": 1 << 60}) as node,
        node.associate([CR]) as association,
    ):
        answer = store(association, small_film())
        assert (answer.Status, answer.ErrorComment) == (0xA700, "disk is nearly full")


def test_a_queue_over_its_limit_is_a700_for_radiographs_only(tmp_path):
    with listening_node(tmp_path, limits={"max_queue": 1}) as node:
        with node.associate([CR]) as association:
            assert store(association, small_film()).Status == 0x0000
        # The count may be seconds old; a fresh intake looks at once.
        fresh = Intake(node.ledger, node.objects, node.config)
        with pytest.raises(Exception, match="too many radiographs wait"):
            fresh._check_resources(1, is_analysed=True)
        fresh._check_resources(1, is_analysed=False)


@contextmanager
def largest_file(size_bytes):
    """Let no file of this process grow beyond a size: writes fail as on a full disk."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size_bytes, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def test_a_disk_that_refuses_the_object_file_is_a700_and_nothing_is_left(node, tmp_path):
    film = make_film(rows=800, columns=800)
    with node.associate([CR]) as association:
        store(association, small_film())
        with largest_file(500_000):
            answer = store(association, film)
        assert (answer.Status, answer.ErrorComment) == (0xA700, "disk or ledger refuses at the moment")
        assert stored(node, film.SOPInstanceUID) is None
        assert not list((tmp_path / "objects/tmp").iterdir())
        assert store(association, film).Status == 0x0000
    assert len(jobs(node)) == 2


def test_a_disk_that_refuses_the_ledger_is_a700_and_the_object_can_be_sent_again(node):
    film = small_film()
    with node.associate([CR]) as association:
        store(association, small_film())
        with largest_file(16_000):
            assert store(association, film).Status == 0xA700
        assert stored(node, film.SOPInstanceUID) is None
        assert store(association, film).Status == 0x0000
    assert stored(node, film.SOPInstanceUID) is not None


class _FailingStore(ObjectStore):
    """Fails in a way that nobody foresaw."""

    def write(self, part10, *, suffix=".dcm"):
        raise ZeroDivisionError("Newborn^Secret")


def test_an_unforeseen_error_is_0110_and_the_association_goes_on(tmp_path, node):
    access = AccessList(node.config.access, node.config.node.ae_title)
    intake = Intake(node.ledger, _FailingStore(tmp_path / "broken"), node.config)
    broken = Receiver(intake, access, no_auditor())
    whole = node.entity._services.store
    with listening_node(tmp_path / "other") as other:
        other.entity._servers[0].bind(evt_c_store(), broken)
        with other.associate([CR]) as association:
            answer = store(association, small_film())
            assert (answer.Status, answer.ErrorComment) == (0x0110, "internal error, see the log of the node")
            assert association.is_established
            other.entity._servers[0].bind(evt_c_store(), whole)
            assert store(association, small_film()).Status == 0x0000
        assert "ZeroDivisionError" in other.log.getvalue()
        assert "Secret" not in other.log.getvalue()


def evt_c_store():
    from pynetdicom import evt

    return evt.EVT_C_STORE


def test_many_associations_at_once_lose_nothing(node):
    films = [[small_film(seed=n) for _ in range(4)] for n in range(12)]
    statuses = []

    def send(batch):
        with node.associate([CR]) as association:
            statuses.extend(store(association, film).Status for film in batch)

    threads = [threading.Thread(target=send, args=(batch,)) for batch in films]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert statuses == [0x0000] * 48
    assert {job.key for job in jobs(node)} == {film.SOPInstanceUID for batch in films for film in batch}


def test_the_same_object_sent_by_many_at_once_is_one_job(node):
    film = small_film()
    statuses = []

    def send():
        with node.associate([CR]) as association:
            statuses.append(store(association, film).Status)

    threads = [threading.Thread(target=send) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert statuses == [0x0000] * 8
    assert len(jobs(node)) == 1


def test_a_document_is_kept(node):
    document = Dataset()
    document.SOPClassUID, document.SOPInstanceUID = EncapsulatedPDFStorage, generate_uid()
    document.StudyInstanceUID, document.SeriesInstanceUID = generate_uid(), generate_uid()
    with node.associate([EncapsulatedPDFStorage]) as association:
        answer = store_bytes(
            association,
            encoded(document),
            sop_class_uid=EncapsulatedPDFStorage,
            sop_instance_uid=document.SOPInstanceUID,
        )
    assert answer.Status == 0x0000
    instance = stored(node, document.SOPInstanceUID)
    assert instance.role is Role.OTHER
    part10 = node.objects.path(instance.file).read_bytes()
    assert sha256(part10).hexdigest() == instance.file.sha256


def test_the_log_holds_uids_and_no_patient_data(node):
    film = small_film(PatientName="Secret^Name", PatientID="SECRET-7", AccessionNumber="SECRET-8")
    with node.associate([CR]) as association:
        store(association, film)
    assert film.SOPInstanceUID in node.log.getvalue()
    assert "secret" not in node.log.getvalue().lower()


@pytest.fixture(scope="module")
def shared_node(tmp_path_factory):
    with listening_node(tmp_path_factory.mktemp("shared")) as node:
        yield node


BEGINNING = film_bytes()[:300]


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    raw=st.one_of(
        st.binary(min_size=1, max_size=600), st.binary(max_size=200).map(lambda tail: BEGINNING + tail)
    )
)
def test_no_bytes_as_data_set_end_the_association(shared_node, raw):
    with shared_node.associate([CR]) as association:
        answer = store_bytes(association, raw, sop_class_uid=CR, sop_instance_uid="1.2.3.9")
        assert answer.Status in (0x0000, 0xA900, 0xC000)
        assert association.is_established
