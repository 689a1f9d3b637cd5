"""kill -9 of every process at random moments while films arrive: nothing acknowledged is lost or doubled."""

import contextlib
import os
import random
import signal
import threading
import time
from collections import Counter
from pathlib import Path

import pytest
from pydicom import Dataset

from node.config.destinations import DestinationConfig
from node.errors import AssociationRefused
from node.network.outgoing import OutgoingObject
from node.network.sender import Sender, Verdict
from tests.support.films import part10_bytes
from tests.support.node import AE_TITLE, RunningNode, running_node
from tests.support.pacs import Commitment, Pacs
from tests.support.shipped import JUDGED, judged_film
from tests.support.waiting import wait_until

# Taken out of the environment, for a node refuses variables of its prefix that it does not know.
COUNT = int(os.environ.pop("NEOLUNG_KILL_FILMS", "40"))
KILLS = COUNT // 5
SEED = int(os.environ.pop("NEOLUNG_KILL_SEED", "20261123"))
USUAL_START_S = 6.0
"""Of a node with its models, on two cores that have nothing else to do."""
SR_CLASSES = {"1.2.840.10008.5.1.4.1.1.88.34", "1.2.840.10008.5.1.4.1.1.88.22"}
SEG = "1.2.840.10008.5.1.4.1.1.66.4"


@pytest.mark.slow
@pytest.mark.timeout(1800)
def test_kill_9_of_any_process_loses_and_doubles_nothing(tmp_path: Path) -> None:
    films = [_film(number, tmp_path) for number in range(COUNT)]
    with Pacs() as pacs:
        pacs.commitment = Commitment.SAME_ASSOCIATION
        pacs.stop()
        pacs.start()
        destination = {
            "name": "pacs", "ae_title": "PACS", "host": "127.0.0.1", "port": pacs.port,
            "commitment_timeout_s": 5,
            "retry": {"first_delay_s": 0.5, "max_delay_s": 3, "breaker_pause_s": 1, "max_attempts": 50},
        }  # fmt: skip
        work = {"lease_s": 5, "first_delay_s": 0.5, "max_delay_s": 3, "max_attempts": 20}
        started_at = time.monotonic()
        with running_node(tmp_path / "node", [destination], work=work) as node:
            wait_until(lambda: "models ready" in node.log, 300, lambda: node.log)
            killer = _Killer(node, pace=max(1.0, (time.monotonic() - started_at) / USUAL_START_S))
            killer.start()
            acknowledged = []
            for number, film in enumerate(films):
                acknowledged += [film] if _send_until_stored(node, film) else []
                killer.wait_for(number * KILLS // COUNT)
            wait_until(lambda: len(_reports(pacs)) >= COUNT * 2 // 3, 900, lambda: node.log[-5000:])
            killer.stop()

            assert len(acknowledged) == COUNT
            wait_until(lambda: len(_reports(pacs)) >= COUNT, 600, lambda: node.log[-5000:])
            wait_until(lambda: _is_idle(node), 300, lambda: str(node.status()) + node.log[-3000:])

    assert killer.kills >= KILLS - 1
    reports, segmentations = _reports(pacs), _referenced(pacs, {SEG})
    assert Counter({film.sop_instance_uid: 1 for film in films}) == reports
    assert reports == segmentations


class _Killer(threading.Thread):
    """Kills one process of the node, the supervisor now and then, about once a second times ``pace``.

    On a machine that is so busy that a start takes longer than that, no process would ever come to work.
    """

    def __init__(self, node: RunningNode, pace: float) -> None:
        super().__init__(daemon=True)
        self.kills = 0
        self._pace = pace
        self._node = node
        self._random = random.Random(SEED)
        self._ended = threading.Event()

    def run(self) -> None:
        while not self._ended.wait(self._random.uniform(0.1, 2.0) * self._pace):
            children = self._node.children()
            if self._random.random() < 0.1 or not children:
                self._node.kill()
                self._node.restart()
            else:
                _kill(self._random.choice(children))
            self.kills += 1

    def wait_for(self, kills: int) -> None:
        """Let no film be sent before so many kills, however fast the machine is."""
        wait_until(lambda: self.kills >= kills or not self.is_alive(), 300)

    def stop(self) -> None:
        """Kill nothing more."""
        self._ended.set()
        self.join(timeout=120)


def _kill(pid: int) -> None:
    with contextlib.suppress(ProcessLookupError):
        os.kill(pid, signal.SIGKILL)


def _film(number: int, folder: Path) -> OutgoingObject:
    film = judged_film(JUDGED[number % len(JUDGED)], decompress=False)
    path = folder / f"{number}.dcm"
    path.write_bytes(part10_bytes(film))
    return OutgoingObject(film.SOPClassUID, film.SOPInstanceUID, film.file_meta.TransferSyntaxUID, path)


def _send_until_stored(node: RunningNode, film: OutgoingObject) -> bool:
    """Send as a modality does: again until the node has acknowledged."""
    destination = DestinationConfig(name="node", ae_title=AE_TITLE, host="127.0.0.1", port=node.port)
    for _ in range(600):
        try:
            (result,) = Sender(destination, "MODALITY").send([film])
        except AssociationRefused:
            threading.Event().wait(0.2)
            continue
        if result.verdict is Verdict.DELIVERED:
            return True
    return False


def _reports(pacs: Pacs) -> Counter[str]:
    return _referenced(pacs, SR_CLASSES)


def _referenced(pacs: Pacs, sop_classes: set[str]) -> Counter[str]:
    """Count the objects of these SOP Classes by the film they were made from."""
    objects = [item for item in list(pacs.objects.values()) if item.SOPClassUID in sop_classes]
    return Counter(_source_of(item) for item in objects)


def _source_of(item: Dataset) -> str:
    if item.SOPClassUID == SEG:
        return str(item.ReferencedSeriesSequence[0].ReferencedInstanceSequence[0].ReferencedSOPInstanceUID)
    for study in item.CurrentRequestedProcedureEvidenceSequence:
        for series in study.ReferencedSeriesSequence:
            for reference in series.ReferencedSOPSequence:
                if reference.ReferencedSOPClassUID != SEG:
                    return str(reference.ReferencedSOPInstanceUID)
    raise AssertionError("the report names no film")


def _is_idle(node: RunningNode) -> bool:
    lines = node.status()["queue"]
    return all(line["waiting"] == line["running"] == 0 for line in lines)  # type: ignore[attr-defined]
