"""Storage commitment as SCP: a promise only where every byte is kept, and a report that is not forgotten."""

import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from pydicom import Dataset
from pydicom.uid import UID
from pynetdicom import AE, evt
from pynetdicom.presentation import build_context, build_role

from node.network.commitment import COMMITMENT, COMMITMENT_INSTANCE, Reference, make_request
from node.network.commitment_provider import CommitmentProvider
from node.processes.lifetime import Drain
from node.work import commitment_reporter
from node.work.commitment_reporter import CommitmentReporter
from storage.commitment_requests import add_request
from storage.events import list_events
from storage.instances import find_instance
from tests.integration.node.test_retrieve import STUDY, fill, film
from tests.integration.node.test_retrieve_peers import post
from tests.support.films import CR, DX
from tests.support.network import ListeningNode, listening_node
from tests.support.orthanc import Orthanc, free_port, running_orthanc
from tests.support.waiting import wait_until

PEERS = [{"name": "modality", "services": ["echo", "store", "commit"]}]
QUICK = {"first_delay_s": 0.05, "max_delay_s": 0.1, "max_attempts": 3}
TRANSACTION = "2.25.17"


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(commitment_reporter, "_LOOK_S", 0.1)


@dataclass
class Modality:
    """A storage SCU that asks for commitment and takes reports, on any association."""

    port: int = 0
    status: int = 0x0000
    reports: list[tuple[int, Dataset]] = field(default_factory=list)
    on_own: list[bool] = field(default_factory=list)
    answers_roles: bool = True

    def take(self, event: Any) -> tuple[int, None]:
        self.reports.append((event.event_type, event.event_information))
        self.on_own.append(bool(event.assoc.is_requestor))
        return self.status, None

    @contextmanager
    def listening(self) -> Iterator[None]:
        entity = AE("TESTER")
        role = {"scu_role": False, "scp_role": True} if self.answers_roles else {}
        entity.add_supported_context(COMMITMENT, **role)
        server = entity.start_server(
            ("127.0.0.1", self.port), block=False, evt_handlers=[(evt.EVT_N_EVENT_REPORT, self.take)]
        )
        try:
            yield
        finally:
            server.shutdown()


@contextmanager
def committing_node(folder: Path, modality: Modality, **sections: Any) -> Iterator[ListeningNode]:
    address = {
        "name": "modality",
        "ae_title": "TESTER",
        "host": "127.0.0.1",
        "port": modality.port or free_port(),
        "send": [],
        "retry": QUICK,
    }
    settings = {"destinations": [address], "commitment": {"offered": True}, "access": {"peers": PEERS}}
    with listening_node(folder / "node", **{**settings, **sections}) as node:
        yield node


def references(*films: Dataset) -> list[Reference]:
    return [Reference(str(each.SOPClassUID), str(each.SOPInstanceUID)) for each in films]


def ask(
    node: ListeningNode,
    modality: Modality,
    objects: list[Reference],
    *,
    transaction_uid: str = TRANSACTION,
    linger: bool = False,
    **changes: Any,
) -> Dataset:
    """Send one N-ACTION; with ``linger`` the association stays open until its report came."""
    information = make_request(transaction_uid, objects)
    for keyword, value in changes.get("information", {}).items():
        setattr(information, keyword, value)
    handlers = [(evt.EVT_N_EVENT_REPORT, modality.take)]
    with node.associate([build_context(COMMITMENT)], evt_handlers=handlers) as association:
        status, _ = association.send_n_action(
            information,
            changes.get("action", 1),
            COMMITMENT,
            UID(changes.get("instance", COMMITMENT_INSTANCE)),
        )
        if linger:
            wait_until(lambda: bool(modality.reports), 10)
    return status


def test_the_report_comes_on_the_association_of_the_request(tmp_path: Path) -> None:
    modality = Modality()
    with committing_node(tmp_path, modality) as node:
        films = fill(node, film(1), film(2))

        status = ask(node, modality, references(*films), linger=True)

        assert status.Status == 0x0000
        ((event_type, report),) = modality.reports
        assert modality.on_own == [True]
        assert event_type == 1
        assert report.TransactionUID == TRANSACTION
        assert report.RetrieveAETitle == "NEOLUNG"
        assert "FailedSOPSequence" not in report
        assert [item.ReferencedSOPInstanceUID for item in report.ReferencedSOPSequence] == [
            each.SOPInstanceUID for each in films
        ]


def test_what_is_not_kept_is_named_with_its_reason(tmp_path: Path) -> None:
    modality = Modality()
    with committing_node(tmp_path, modality) as node:
        kept, damaged = fill(node, film(1), film(2))
        with node.ledger.read() as connection:
            stored = find_instance(connection, damaged.SOPInstanceUID)
        node.objects.path(stored.file).write_bytes(b"changed")
        wanted = [
            *references(kept, damaged),
            Reference(CR, "1.2.9"),
            Reference(DX, f"{STUDY}.1.1"),
            Reference("1.2.840.10008.5.1.4.1.1.2", "1.2.10"),
        ]

        ask(node, modality, wanted, linger=True)

        ((event_type, report),) = modality.reports
        assert event_type == 2
        assert [item.ReferencedSOPInstanceUID for item in report.ReferencedSOPSequence] == [f"{STUDY}.1.1"]
        failed = [(item.ReferencedSOPInstanceUID, item.FailureReason) for item in report.FailedSOPSequence]
        assert failed == [
            (f"{STUDY}.2.1", 0x0110),
            ("1.2.9", 0x0112),
            (f"{STUDY}.1.1", 0x0119),
            ("1.2.10", 0x0122),
        ]


def test_the_report_comes_on_an_association_of_the_nodes_own(tmp_path: Path) -> None:
    modality = Modality(port=free_port())
    with modality.listening(), committing_node(tmp_path, modality) as node:
        films = fill(node, film(1))

        ask(node, modality, references(*films))

        wait_until(lambda: bool(modality.reports), 10)
        assert modality.on_own == [False]
        assert modality.reports[0][0] == 1


def test_a_report_that_finds_nobody_is_sent_again_after_a_restart(tmp_path: Path) -> None:
    modality = Modality(port=free_port())
    patient = {**QUICK, "max_attempts": 100}
    address = {
        "name": "x",
        "ae_title": "TESTER",
        "host": "127.0.0.1",
        "port": modality.port,
        "retry": patient,
    }
    with committing_node(tmp_path, modality, destinations=[address]) as node:
        ask(node, modality, references(*fill(node, film(1))))
        wait_until(lambda: "commitment report put off" in node.log.getvalue(), 10)
    assert not modality.reports

    with modality.listening(), committing_node(tmp_path, modality, destinations=[address]):
        wait_until(lambda: bool(modality.reports), 10)

    assert modality.reports[0][1].TransactionUID == TRANSACTION


@pytest.mark.parametrize("answers_roles", [True, False])
def test_a_report_that_is_never_taken_is_given_up_and_said_so(tmp_path: Path, answers_roles: bool) -> None:
    modality = Modality(port=free_port(), status=0x0110, answers_roles=answers_roles)
    with modality.listening(), committing_node(tmp_path, modality) as node:
        ask(node, modality, references(*fill(node, film(1))))

        wait_until(lambda: "commitment report given up" in node.log.getvalue(), 15)
        assert len(modality.reports) == QUICK["max_attempts"]
        with node.ledger.read() as connection:
            (told,) = [each for each in list_events(connection) if each.what == "commitment not reported"]
        assert told.subject == TRANSACTION


def test_a_modality_that_is_no_destination_can_only_be_told_where_it_asked(tmp_path: Path) -> None:
    modality = Modality()
    with committing_node(tmp_path, modality, destinations=[]) as node:
        films = fill(node, film(1))
        ask(node, modality, references(*films), linger=True)
        ask(node, modality, references(*films), transaction_uid="2.25.18")

        wait_until(lambda: "no destination has its AE title" in node.log.getvalue(), 10)
        assert len(modality.reports) == 1


def test_a_request_that_is_repeated_is_reported_again_and_a_used_uid_is_refused(tmp_path: Path) -> None:
    modality = Modality()
    with committing_node(tmp_path, modality) as node:
        first, second = fill(node, film(1), film(2))
        assert ask(node, modality, references(first), linger=True).Status == 0x0000
        modality.reports.clear()

        assert ask(node, modality, references(first), linger=True).Status == 0x0000
        refused = ask(node, modality, references(second))

        assert len(modality.reports) == 1
        assert refused.Status == 0x0115
        assert refused.ErrorComment == "Transaction UID was used for other objects before"


@pytest.mark.parametrize(
    ("changes", "status"),
    [
        ({"action": 2}, 0x0123),
        ({"instance": "1.2.840.10008.1.20.1.2"}, 0x0112),
        ({"information": {"TransactionUID": ""}}, 0x0115),
        ({"information": {"ReferencedSOPSequence": []}}, 0x0115),
    ],
)
def test_a_request_that_is_none_is_refused(tmp_path: Path, changes: dict[str, Any], status: int) -> None:
    modality = Modality()
    with committing_node(tmp_path, modality) as node:
        objects = references(*fill(node, film(1)))

        assert ask(node, modality, objects, **changes).Status == status


def test_off_by_default_and_for_peers_without_the_right(tmp_path: Path) -> None:
    modality = Modality()
    with committing_node(tmp_path / "off", modality, commitment={}) as node:
        off = ask(node, modality, [Reference(CR, "1.2.3")])
    with committing_node(tmp_path / "other", modality, access={}) as node:
        not_allowed = ask(node, modality, [Reference(CR, "1.2.3")])

    assert off.Status == 0x0211
    assert not_allowed.Status == 0x0124
    assert not modality.reports


def test_reports_of_many_requests_at_once_reach_their_own_associations(tmp_path: Path) -> None:
    modalities = [Modality() for _ in range(6)]
    with committing_node(tmp_path, modalities[0], destinations=[]) as node:
        films = fill(node, *(film(number) for number in range(1, 7)))
        threads = [
            threading.Thread(
                target=ask,
                args=(node, modality, references(each)),
                kwargs={"transaction_uid": f"2.25.{number}", "linger": True},
            )
            for number, (modality, each) in enumerate(zip(modalities, films, strict=True))
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(20)

    for number, modality in enumerate(modalities):
        assert [report.TransactionUID for _, report in modality.reports] == [f"2.25.{number}"]


def test_another_process_does_not_take_what_it_has_no_association_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(commitment_reporter, "_AFTER_ANSWER_S", 0.3)  # time enough for the others
    modality, drain = Modality(), Drain()
    with committing_node(tmp_path, modality, destinations=[]) as node, ExitStack() as others:
        others.callback(drain.request)
        for _ in range(3):
            other = CommitmentReporter(node.ledger, node.objects, node.config)
            others.enter_context(other.running(drain))
        films = fill(node, film(1))
        for number in range(6):
            modality.reports.clear()
            ask(node, modality, references(*films), transaction_uid=f"2.25.{number}", linger=True)
            assert [report.TransactionUID for _, report in modality.reports] == [f"2.25.{number}"]
        assert "given up" not in node.log.getvalue()
        drain.request()


def test_the_report_never_overtakes_the_response(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    answer = CommitmentProvider.__call__

    def slowly(provider: CommitmentProvider, event: Any) -> tuple[Dataset, None]:
        answered = answer(provider, event)
        time.sleep(0.4)
        return answered

    monkeypatch.setattr(CommitmentProvider, "__call__", slowly)
    modality, seen = Modality(), list[str]()
    note = (evt.EVT_DIMSE_RECV, lambda event: seen.append(type(event.message).__name__))
    with committing_node(tmp_path, modality) as node:
        information = make_request(TRANSACTION, references(*fill(node, film(1))))
        handlers = [note, (evt.EVT_N_EVENT_REPORT, modality.take)]
        with node.associate([build_context(COMMITMENT)], evt_handlers=handlers) as association:
            association.send_n_action(information, 1, COMMITMENT, UID(COMMITMENT_INSTANCE))
            wait_until(lambda: bool(modality.reports), 10)

    assert seen == ["N_ACTION_RSP", "N_EVENT_REPORT_RQ"]


def test_what_a_process_leaves_undone_is_done_by_the_next_at_once(tmp_path: Path) -> None:
    modality = Modality(port=free_port())
    with committing_node(tmp_path, modality) as node:
        fill(node, film(1))
        with node.ledger.begin() as connection:
            named = ("TESTER", TRANSACTION, [(CR, "1.2.9")])
            assert add_request(connection, *named, lease=timedelta(hours=1))
        left = CommitmentReporter(node.ledger, node.objects, node.config)
        drain = Drain()
        drain.request()
        with modality.listening():
            with left.running(drain), node.associate([build_context(COMMITMENT)]):
                (association,) = node.entity._servers[0].active_associations
                left.announce("TESTER", TRANSACTION, association)
            wait_until(lambda: bool(modality.reports), 10)


def test_the_role_may_be_negotiated_by_the_requestor(tmp_path: Path) -> None:
    modality = Modality()
    with committing_node(tmp_path, modality) as node:
        films = fill(node, film(1))
        role = build_role(COMMITMENT, scu_role=True)
        handlers = [(evt.EVT_N_EVENT_REPORT, modality.take)]
        with node.associate(
            [build_context(COMMITMENT)], ext_neg=[role], evt_handlers=handlers
        ) as association:
            information = make_request(TRANSACTION, references(*films))
            association.send_n_action(information, 1, COMMITMENT, UID(COMMITMENT_INSTANCE))
            wait_until(lambda: bool(modality.reports), 10)

    assert modality.on_own == [True]


@pytest.mark.orthanc
def test_orthanc_asks_for_commitment_and_takes_the_report(tmp_path: Path) -> None:
    node_port = free_port()
    with running_orthanc(tmp_path, "NEOLUNG", node_port) as orthanc:
        address = {"name": "orthanc", "ae_title": orthanc.ae_title, "host": "127.0.0.1", "port": orthanc.port}
        sections = {"commitment": {"offered": True}, "access": {"peers": PEERS}}
        with listening_node(
            tmp_path / "node", destinations=[address], node={"port": node_port}, **sections
        ) as node:
            (kept,) = fill(node, film(1))
            wanted = {"DicomInstances": [[CR, str(kept.SOPInstanceUID)], [CR, "1.2.9"]]}

            asked = post(orthanc, "/modalities/node/storage-commitment", wanted)

            wait_until(lambda: report_of(orthanc, asked)["Status"] != "Pending", 20)
            report = report_of(orthanc, asked)

    assert report["Status"] == "Failure"
    assert report["Success"] == [{"SOPClassUID": CR, "SOPInstanceUID": str(kept.SOPInstanceUID)}]
    assert [each["SOPInstanceUID"] for each in report["Failures"]] == ["1.2.9"]


def report_of(orthanc: Orthanc, asked: dict[str, object]) -> dict[str, Any]:
    report = orthanc.get(str(asked["Path"]))
    assert isinstance(report, dict)
    return report
