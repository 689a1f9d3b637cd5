"""C-MOVE and C-GET over real associations: what is found arrives, and every object is accounted for."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from pydicom import Dataset
from pydicom.uid import (
    ExplicitVRLittleEndian,
    ImplicitVRLittleEndian,
    JPEG2000Lossless,
    JPEGLSLossless,
)
from pynetdicom import evt
from pynetdicom.pdu_primitives import SOPClassExtendedNegotiation
from pynetdicom.presentation import build_context, build_role

from node.network import move as moving
from node.network.contexts import (
    PATIENT_ROOT_GET,
    PATIENT_ROOT_MOVE,
    PLAIN_SYNTAXES,
    STUDY_ROOT_GET,
    STUDY_ROOT_MOVE,
)
from storage.instances import find_instance
from tests.support.films import CR, DX, encode, make_film
from tests.support.network import ListeningNode, listening_node, make_identifier, store
from tests.support.orthanc import free_port
from tests.support.pacs import Pacs, Special

STUDY = "1.2.3.4"
Responses = list[tuple[Dataset, Dataset | None]]


def film(number: int, *, study: str = STUDY, syntax: str = ExplicitVRLittleEndian, **header: Any) -> Dataset:
    values = {"SeriesInstanceUID": f"{study}.{number}", "SOPInstanceUID": f"{study}.{number}.1", **header}
    made = make_film(rows=40, columns=36, seed=number, StudyInstanceUID=study, **values)
    made.file_meta.MediaStorageSOPInstanceUID = made.SOPInstanceUID
    return encode(made, syntax)


def fill(node: ListeningNode, *films: Dataset) -> list[Dataset]:
    contexts = {(each.SOPClassUID, each.file_meta.TransferSyntaxUID) for each in films}
    with node.associate([build_context(*context) for context in sorted(contexts)]) as association:
        for each in films:
            assert store(association, each).Status == 0x0000
    return list(films)


@contextmanager
def node_and_pacs(
    folder: Path, pacs: Pacs | None = None, **changes: object
) -> Iterator[tuple[ListeningNode, Pacs]]:
    """Start a node whose only destination, by the AE title PACS, is a PACS of this process."""
    pacs = pacs or Pacs()
    with pacs:
        address = {"name": "pacs", "ae_title": "PACS", "host": "127.0.0.1", "port": pacs.port, **changes}
        with listening_node(folder / "node", destinations=[address]) as node:
            yield node, pacs


def move(
    node: ListeningNode,
    level: str = "STUDY",
    model: str = STUDY_ROOT_MOVE,
    destination: str = "PACS",
    **keys: Any,
) -> Responses:
    with node.associate([build_context(model, list(PLAIN_SYNTAXES))]) as association:
        identifier = make_identifier(level, **(keys or {"StudyInstanceUID": STUDY}))
        return list(association.send_c_move(identifier, destination, model))


def counts(status: Dataset) -> tuple[int | None, int, int, int]:
    """Give remaining, completed, failed and warnings; None where the response has no such counter."""
    return (
        status.get("NumberOfRemainingSuboperations"),
        status.NumberOfCompletedSuboperations,
        status.NumberOfFailedSuboperations,
        status.NumberOfWarningSuboperations,
    )


def get(
    node: ListeningNode,
    level: str = "STUDY",
    model: str = STUDY_ROOT_GET,
    *,
    contexts: dict[str, list[str]] | None = None,
    answer: Any = lambda _event: 0x0000,
    **keys: Any,
) -> tuple[Responses, dict[str, Dataset]]:
    """Retrieve by C-GET as an SCU that accepts CR in both plain transfer syntaxes, or what is named."""
    received: dict[str, Dataset] = {}

    def take(event: Any) -> int:
        dataset = event.dataset
        dataset.file_meta = event.file_meta
        received[str(dataset.SOPInstanceUID)] = dataset
        return int(answer(event))

    accepted = contexts or {CR: [str(syntax) for syntax in PLAIN_SYNTAXES]}
    proposed = [build_context(model, list(PLAIN_SYNTAXES))]
    proposed += [build_context(sop_class, syntaxes) for sop_class, syntaxes in accepted.items()]
    roles = [build_role(sop_class, scp_role=True) for sop_class in accepted]
    handlers = [(evt.EVT_C_STORE, take)]
    with node.associate(proposed, ext_neg=roles, evt_handlers=handlers) as association:
        identifier = make_identifier(level, **(keys or {"StudyInstanceUID": STUDY}))
        return list(association.send_c_get(identifier, model)), received


def test_a_study_is_moved_and_every_response_counts(tmp_path: Path) -> None:
    with node_and_pacs(tmp_path) as (node, pacs):
        films = fill(node, film(1), film(2), film(3))

        *pending, (final, identifier) = move(node)

        assert {status.Status for status, _ in pending} == {0xFF00}
        seen = [counts(status) for status, _ in pending]
        assert seen[0] == (3, 0, 0, 0)
        assert sorted(set(seen)) == [(0, 3, 0, 0), (1, 2, 0, 0), (2, 1, 0, 0), (3, 0, 0, 0)]
        assert final.Status == 0x0000
        assert counts(final) == (None, 3, 0, 0)
        assert identifier is None
        assert pacs.objects.keys() == {each.SOPInstanceUID for each in films}
        assert pacs.associations == 1
        assert all(pacs.objects[each.SOPInstanceUID].PixelData == each.PixelData for each in films)


@pytest.mark.parametrize(
    ("model", "level", "keys", "expected"),
    [
        (PATIENT_ROOT_MOVE, "PATIENT", {"PatientID": "P1"}, 3),
        (PATIENT_ROOT_MOVE, "STUDY", {"PatientID": "P1", "StudyInstanceUID": STUDY}, 2),
        (STUDY_ROOT_MOVE, "STUDY", {"StudyInstanceUID": [STUDY, "1.2.3.5"]}, 3),
        (STUDY_ROOT_MOVE, "SERIES", {"StudyInstanceUID": STUDY, "SeriesInstanceUID": f"{STUDY}.2"}, 1),
        (
            STUDY_ROOT_MOVE,
            "IMAGE",
            {
                "StudyInstanceUID": STUDY,
                "SeriesInstanceUID": f"{STUDY}.1",
                "SOPInstanceUID": [f"{STUDY}.1.1", "1.2.9"],
            },
            1,
        ),
        (STUDY_ROOT_MOVE, "STUDY", {"StudyInstanceUID": STUDY, "PatientID": "SOMEBODY"}, 0),
        (STUDY_ROOT_MOVE, "STUDY", {"StudyInstanceUID": "1.2.9"}, 0),
        # Attributes that are no unique keys come from SCUs that send back what C-FIND answered.
        (
            STUDY_ROOT_MOVE,
            "STUDY",
            {"StudyInstanceUID": STUDY, "StudyDate": "19990101", "SeriesInstanceUID": ""},
            2,
        ),
    ],
)
def test_each_level_of_each_model_moves_what_hangs_below(
    tmp_path: Path, model: str, level: str, keys: dict[str, Any], expected: int
) -> None:
    with node_and_pacs(tmp_path) as (node, pacs):
        fill(
            node,
            film(1, PatientID="P1"),
            film(2, PatientID="P1"),
            film(1, study="1.2.3.5", PatientID="P1"),
            film(1, study="1.2.3.6", PatientID="P2"),
        )

        final, identifier = move(node, level, model, **keys)[-1]

        assert final.Status == 0x0000
        assert counts(final) == (None, expected, 0, 0)
        assert identifier is None
        assert len(pacs.objects) == expected
        assert pacs.associations == (1 if expected else 0)


@pytest.mark.parametrize(
    ("level", "keys", "comment"),
    [
        ("PATIENT", {"PatientID": "P1"}, "Query/Retrieve Level must be one of STUDY, SERIES, IMAGE"),
        ("", {"StudyInstanceUID": STUDY}, "Query/Retrieve Level must be one of STUDY, SERIES, IMAGE"),
        ("STUDY", {"StudyInstanceUID": ""}, "StudyInstanceUID is missing at STUDY level"),
        ("STUDY", {"PatientID": "P1"}, "StudyInstanceUID is missing at STUDY level"),
        ("SERIES", {"SeriesInstanceUID": "1.2"}, "StudyInstanceUID is missing at SERIES level"),
        ("STUDY", {"StudyInstanceUID": "*"}, "StudyInstanceUID must be a UID or a list of them"),
        (
            "SERIES",
            {"StudyInstanceUID": ["1.2", "1.3"], "SeriesInstanceUID": "1.2"},
            "StudyInstanceUID must be a single value",
        ),
        (
            "STUDY",
            {"StudyInstanceUID": STUDY, "SeriesInstanceUID": "1.2"},
            "SeriesInstanceUID is below the STUDY level",
        ),
    ],
)
def test_an_identifier_that_does_not_fit_the_model_is_refused(
    tmp_path: Path, level: str, keys: dict[str, Any], comment: str
) -> None:
    with node_and_pacs(tmp_path) as (node, _):
        fill(node, film(1))

        ((status, identifier),) = move(node, level, **keys)
        ((same, _),) = get(node, level, **keys)[0]

        assert status.Status == same.Status == 0xA900
        assert status.ErrorComment == comment
        assert not identifier


def test_keys_of_the_levels_above_may_be_left_out_when_that_was_negotiated(tmp_path: Path) -> None:
    relational = SOPClassExtendedNegotiation()
    relational.sop_class_uid, relational.service_class_application_information = STUDY_ROOT_MOVE, b"\1\1"
    with node_and_pacs(tmp_path) as (node, pacs):
        fill(node, film(1), film(2))
        with node.associate([build_context(STUDY_ROOT_MOVE)], ext_neg=[relational]) as association:
            agreed = association.acceptor.sop_class_extended
            identifier = make_identifier("IMAGE", SOPInstanceUID=f"{STUDY}.2.1")
            final, _ = list(association.send_c_move(identifier, "PACS", STUDY_ROOT_MOVE))[-1]

        assert agreed == {STUDY_ROOT_MOVE: b"\1\0"}
        assert counts(final) == (None, 1, 0, 0)
        assert list(pacs.objects) == [f"{STUDY}.2.1"]


def test_an_unknown_destination_and_a_peer_without_the_right_are_refused(tmp_path: Path) -> None:
    with node_and_pacs(tmp_path) as (node, _):
        fill(node, film(1))
        ((unknown, _),) = move(node, destination="NOBODY")
    peers = [{"name": "other", "services": ["echo", "store", "query"]}]
    with listening_node(tmp_path / "other", access={"peers": peers}) as node:
        ((refused, _),) = move(node)
        ((got, _),) = get(node)[0]

    assert unknown.Status == 0xA801
    assert refused.Status == got.Status == 0x0124


def test_what_the_destination_refuses_is_listed_and_the_rest_goes(tmp_path: Path) -> None:
    with node_and_pacs(tmp_path) as (node, pacs):
        films = fill(node, film(1), film(2), film(3), film(4))
        answers = {films[1].SOPInstanceUID: 0xC000, films[2].SOPInstanceUID: 0xB000}
        pacs.answer = lambda uid: answers.get(uid, 0x0000)

        final, identifier = move(node)[-1]

        assert final.Status == 0xB000
        assert counts(final) == (None, 2, 1, 1)
        assert identifier is not None
        assert identifier.FailedSOPInstanceUIDList == films[1].SOPInstanceUID
        assert final.ErrorComment.startswith("1 failed: C-STORE status C000H")


def test_when_not_one_object_arrives_the_move_has_failed(tmp_path: Path) -> None:
    with node_and_pacs(tmp_path) as (node, pacs):
        films = fill(node, film(1), film(2))
        pacs.answer = lambda _uid: 0xA700

        final, identifier = move(node)[-1]

        assert final.Status == 0xA702
        assert counts(final) == (None, 0, 2, 0)
        assert identifier is not None
        assert list(identifier.FailedSOPInstanceUIDList) == [each.SOPInstanceUID for each in films]


def test_a_lost_and_a_damaged_file_count_as_failed(tmp_path: Path) -> None:
    with node_and_pacs(tmp_path) as (node, pacs):
        films = fill(node, film(1), film(2), film(3))
        with node.ledger.read() as connection:
            files = [find_instance(connection, each.SOPInstanceUID) for each in films]
        node.objects.path(files[0].file).unlink()
        node.objects.path(files[1].file).write_bytes(b"changed")

        final, identifier = move(node)[-1]
        responses, received = get(node)

        assert final.Status == 0xB000
        assert final.ErrorComment == "2 failed: its file is lost or damaged"
        assert list(identifier.FailedSOPInstanceUIDList) == [each.SOPInstanceUID for each in films[:2]]
        assert pacs.objects.keys() == received.keys() == {films[2].SOPInstanceUID}
        assert responses[-1][0].Status == 0xB000


def test_compressed_films_are_moved_in_what_the_destination_takes(tmp_path: Path) -> None:
    pacs = Pacs()
    pacs.syntaxes = [ExplicitVRLittleEndian, JPEGLSLossless]
    with node_and_pacs(tmp_path, pacs) as (node, _):
        plain = film(1)
        fill(node, plain, film(2, syntax=JPEGLSLossless), film(3, syntax=JPEG2000Lossless))

        assert move(node)[-1][0].Status == 0x0000

        arrived = [pacs.objects[f"{STUDY}.{number}.1"] for number in (1, 2, 3)]
        assert [each.file_meta.TransferSyntaxUID for each in arrived] == [
            ExplicitVRLittleEndian,
            JPEGLSLossless,
            ExplicitVRLittleEndian,
        ]
        assert np.array_equal(arrived[2].pixel_array, film(3).pixel_array)


def test_the_destination_learns_who_asked_for_the_move(tmp_path: Path) -> None:
    seen = []

    def note(event: Any) -> int:
        request = event.request
        seen.append((request.MoveOriginatorApplicationEntityTitle, request.MoveOriginatorMessageID))
        return 0x0000

    pacs = Pacs()
    pacs._store = note  # type: ignore[method-assign,assignment]
    with node_and_pacs(tmp_path, pacs) as (node, _):
        fill(node, film(1))
        with node.associate([build_context(STUDY_ROOT_MOVE)]) as association:
            identifier = make_identifier("STUDY", StudyInstanceUID=STUDY)
            list(association.send_c_move(identifier, "PACS", STUDY_ROOT_MOVE, msg_id=77))

    assert seen == [("TESTER", 77)]


def test_a_destination_that_aborts_gets_the_rest_on_a_new_association(tmp_path: Path) -> None:
    with node_and_pacs(tmp_path) as (node, pacs):
        films = fill(node, *(film(number) for number in range(1, 6)))
        pacs.answer = lambda uid: Special.ABORT if uid == films[1].SOPInstanceUID else 0x0000

        final, identifier = move(node)[-1]

        assert final.Status == 0xB000
        assert counts(final) == (None, 4, 1, 0)
        assert identifier.FailedSOPInstanceUIDList == films[1].SOPInstanceUID
        assert pacs.associations == 2


def test_a_destination_that_always_aborts_is_given_up(tmp_path: Path) -> None:
    with node_and_pacs(tmp_path) as (node, pacs):
        fill(node, *(film(number) for number in range(1, 9)))
        pacs.answer = lambda _uid: Special.ABORT

        final, _ = move(node)[-1]

        assert final.Status == 0xA702
        assert counts(final) == (None, 0, 8, 0)
        assert pacs.associations == 2


def test_a_destination_that_is_down_fails_every_object(tmp_path: Path) -> None:
    with node_and_pacs(tmp_path, port=free_port()) as (node, _):
        fill(node, film(1), film(2))

        final, identifier = move(node)[-1]

        assert final.Status == 0xA702
        assert len(identifier.FailedSOPInstanceUIDList) == 2
        assert "pacs (PACS at 127.0.0.1" in final.ErrorComment


def test_a_slow_destination_does_not_leave_the_requestor_without_a_word(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(moving, "SIGN_OF_LIFE_S", 0.2)
    with node_and_pacs(tmp_path, dimse_timeout_s=1.5) as (node, pacs):
        fill(node, film(1))
        pacs.answer = lambda _uid: Special.STALL

        with node.associate([build_context(STUDY_ROOT_MOVE)]) as association:
            identifier = make_identifier("STUDY", StudyInstanceUID=STUDY)
            responses = association.send_c_move(identifier, "PACS", STUDY_ROOT_MOVE)
            told = [(status.Status, time.monotonic()) for status, _ in responses]

        times = [moment for _, moment in told]
        assert told[-1][0] == 0xA702
        assert max(np.diff(times)) < 1.0
        assert len(times) >= 5


def test_a_move_is_cancelled_between_sub_operations(tmp_path: Path) -> None:
    with node_and_pacs(tmp_path) as (node, pacs):
        fill(node, *(film(number) for number in range(1, 30)))
        pacs.answer = lambda _uid: time.sleep(0.05) or 0x0000
        with node.associate([build_context(STUDY_ROOT_MOVE)]) as association:
            identifier = make_identifier("STUDY", StudyInstanceUID=STUDY)
            statuses = []
            for status, _ in association.send_c_move(identifier, "PACS", STUDY_ROOT_MOVE, msg_id=9):
                statuses.append(status)
                if len(statuses) == 3:
                    association.send_c_cancel(9, query_model=STUDY_ROOT_MOVE)

        final = statuses[-1]
        remaining, completed, failed, _ = counts(final)
        assert final.Status == 0xFE00
        assert 0 < completed < 29
        assert remaining + completed + failed == 29
        assert len(pacs.objects) == completed


def test_a_requestor_that_is_gone_ends_the_move(tmp_path: Path) -> None:
    with node_and_pacs(tmp_path) as (node, pacs):
        fill(node, *(film(number) for number in range(1, 60)))
        pacs.answer = lambda _uid: time.sleep(0.02) or 0x0000
        with node.associate([build_context(STUDY_ROOT_MOVE)]) as association:
            identifier = make_identifier("STUDY", StudyInstanceUID=STUDY)
            for _ in association.send_c_move(identifier, "PACS", STUDY_ROOT_MOVE):
                association.abort()
                break
        deadline = time.monotonic() + 10
        while node.entity.associations and time.monotonic() < deadline:
            time.sleep(0.02)
        arrived = len(pacs.objects)
        time.sleep(0.2)

        assert arrived < 59
        assert len(pacs.objects) == arrived


def test_an_association_outlives_a_move_longer_than_its_idle_time(tmp_path: Path) -> None:
    pacs = Pacs()
    pacs.answer = lambda _uid: time.sleep(0.5) or 0x0000
    with pacs:
        address = {"name": "pacs", "ae_title": "PACS", "host": "127.0.0.1", "port": pacs.port}
        with listening_node(
            tmp_path / "node", destinations=[address], limits={"network_timeout_s": 0.6}
        ) as node:
            fill(node, film(1), film(2), film(3))
            with node.associate([build_context(STUDY_ROOT_MOVE)]) as association:
                identifier = make_identifier("STUDY", StudyInstanceUID=STUDY)
                first = list(association.send_c_move(identifier, "PACS", STUDY_ROOT_MOVE))
                second = list(association.send_c_move(identifier, "PACS", STUDY_ROOT_MOVE))

    assert first[-1][0].Status == second[-1][0].Status == 0x0000


def test_a_study_is_got_and_every_response_counts(tmp_path: Path) -> None:
    with listening_node(tmp_path / "node") as node:
        films = fill(node, film(1), film(2), film(3))

        responses, received = get(node)

        assert [status.Status for status, _ in responses] == [0xFF00, 0xFF00, 0xFF00, 0x0000]
        assert [counts(status) for status, _ in responses] == [
            (2, 1, 0, 0),
            (1, 2, 0, 0),
            (0, 3, 0, 0),
            (None, 3, 0, 0),
        ]
        assert {uid: each.PixelData for uid, each in received.items()} == {
            each.SOPInstanceUID: each.PixelData for each in films
        }


def test_got_objects_come_in_what_the_peer_takes_and_the_others_still_come(tmp_path: Path) -> None:
    with listening_node(tmp_path / "node") as node:
        fill(
            node,
            film(1, syntax=JPEGLSLossless),
            film(2, sop_class=DX),
            film(3, syntax=JPEG2000Lossless),
        )

        responses, received = get(node, contexts={CR: [ImplicitVRLittleEndian]})

        final, identifier = responses[-1]
        assert final.Status == 0xB000
        assert counts(final) == (None, 2, 1, 0)
        assert identifier.FailedSOPInstanceUIDList == f"{STUDY}.2.1"
        assert {each.file_meta.TransferSyntaxUID for each in received.values()} == {ImplicitVRLittleEndian}
        assert np.array_equal(received[f"{STUDY}.3.1"].pixel_array, film(3).pixel_array)


def test_a_compressed_object_that_the_peer_takes_as_it_is_stays_so(tmp_path: Path) -> None:
    with listening_node(tmp_path / "node") as node:
        fill(node, film(1, syntax=JPEGLSLossless))

        _, received = get(node, contexts={CR: [JPEGLSLossless]})

        assert [each.file_meta.TransferSyntaxUID for each in received.values()] == [JPEGLSLossless]


def test_without_the_scp_role_nothing_can_be_got(tmp_path: Path) -> None:
    with listening_node(tmp_path / "node") as node:
        fill(node, film(1))
        with node.associate([build_context(STUDY_ROOT_GET), build_context(CR)]) as association:
            identifier = make_identifier("STUDY", StudyInstanceUID=STUDY)
            final, failed = list(association.send_c_get(identifier, STUDY_ROOT_GET))[-1]

        assert final.Status == 0xA702
        assert failed.FailedSOPInstanceUIDList == f"{STUDY}.1.1"


def test_nothing_found_is_a_success_of_nothing(tmp_path: Path) -> None:
    with listening_node(tmp_path / "node") as node:
        responses, _ = get(node, "PATIENT", PATIENT_ROOT_GET, PatientID="NOBODY")

        assert [(status.Status, counts(status)) for status, _ in responses] == [(0x0000, (None, 0, 0, 0))]


def test_a_get_is_cancelled_between_sub_operations(tmp_path: Path) -> None:
    with listening_node(tmp_path / "node") as node:
        fill(node, *(film(number) for number in range(1, 20)))

        def cancel(event: Any) -> int:
            if event.request.AffectedSOPInstanceUID == f"{STUDY}.3.1":
                event.assoc.send_c_cancel(1, query_model=STUDY_ROOT_GET)
            return 0x0000

        responses, received = get(node, answer=cancel)

        final = responses[-1][0]
        assert final.Status == 0xFE00
        assert counts(final) == (19 - len(received), len(received), 0, 0)
        assert 3 <= len(received) < 19


def test_the_list_of_failed_instances_fits_its_element(tmp_path: Path) -> None:
    with listening_node(tmp_path / "node") as node:
        fill(node, *(film(number, study="1.2." + "3" * 50) for number in range(1, 4)))
        # The longest list that a UI with written VR can hold has not place for all of these.
        from node.network import responder

        with pytest.MonkeyPatch.context() as patched:
            patched.setattr(responder, "_LONGEST_SHORT_VALUE", 130)
            responses, _ = get(
                node, contexts={DX: [ExplicitVRLittleEndian]}, StudyInstanceUID="1.2." + "3" * 50
            )

        final, identifier = responses[-1]
        assert counts(final) == (None, 0, 3, 0)
        assert len(identifier.FailedSOPInstanceUIDList) == 2


def test_a_storage_failure_is_told_as_one(tmp_path: Path) -> None:
    with node_and_pacs(tmp_path) as (node, _):
        fill(node, film(1))
        path = Path(node.config.ledger_url.removeprefix("sqlite:///"))
        node.ledger.close()
        path.rename(path.with_suffix(".gone"))
        path.mkdir()

        ((status, _),) = move(node)

        assert status.Status == 0xA701
