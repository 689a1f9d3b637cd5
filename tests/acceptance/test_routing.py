"""Routes and study summaries with a running node and two destinations."""

import json
import os
import random
import shutil
import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import pytest
from pydicom import Dataset

from node.config.destinations import DestinationConfig
from node.errors import AssociationRefused
from node.network.outgoing import OutgoingObject
from node.network.sender import Sender, Verdict
from pipeline.bundle import reference_bundle
from tests.support.bundles import sign_again
from tests.support.films import part10_bytes
from tests.support.node import AE_TITLE, RunningNode, running_node
from tests.support.pacs import Commitment, Pacs
from tests.support.shipped import JUDGED, judged_film
from tests.support.validators import dciodvfy, dsrdump
from tests.support.waiting import wait_until

pytestmark = pytest.mark.slow

STUDY = "1.2.840.99999.77"
SUMMARY = "AI RDS study summary (RESEARCH)"
SEED = 20261123
ROUTES = [
    {"name": "phantoms", "when": {"tags": [{"tag": "PatientID", "values": "PHANTOM*"}]}, "process": False},
    {"name": "nicu", "when": {"calling_ae_title": "NICU*"}, "priority": "stat"},
    {"name": "adults", "when": {"gate": {"age": "no"}}, "process": False},
    {"name": "trial", "destinations": ["research"], "bundle": "../second"},
]


@contextmanager
def two_destinations() -> Iterator[tuple[Pacs, Pacs]]:
    with Pacs() as pacs, Pacs("RESEARCH") as research:
        for one in (pacs, research):
            one.commitment = Commitment.SAME_ASSOCIATION
            one.stop()
            one.start()
        yield pacs, research


def configured(name: str, pacs: Pacs, *send: str) -> dict[str, Any]:
    return {
        "name": name, "ae_title": pacs.ae_title, "host": "127.0.0.1", "port": pacs.port, "send": list(send),
        "retry": {"first_delay_s": 0.5, "max_delay_s": 3, "breaker_pause_s": 1, "max_attempts": 50},
    }  # fmt: skip


def film(number: int, **header: Any) -> Dataset:
    taken = {"AcquisitionDate": "20240302", "AcquisitionTime": f"08{number:02}00", "StudyInstanceUID": STUDY}
    return judged_film(JUDGED[number % len(JUDGED)], **{**taken, **header})


def send(node: RunningNode, folder: Path, one: Dataset, calling: str = "MODALITY") -> str:
    path = folder / f"{one.SOPInstanceUID}.dcm"
    path.write_bytes(part10_bytes(one))
    outgoing = OutgoingObject(one.SOPClassUID, one.SOPInstanceUID, one.file_meta.TransferSyntaxUID, path)
    to_node = DestinationConfig(name="node", ae_title=AE_TITLE, host="127.0.0.1", port=node.port)
    wait_until(lambda: _is_stored(Sender(to_node, calling), outgoing), 60, lambda: node.log)
    return str(one.SOPInstanceUID)


def _is_stored(sender: Sender, outgoing: OutgoingObject) -> bool:
    try:
        (result,) = sender.send([outgoing])
    except AssociationRefused:
        return False
    return result.verdict is Verdict.DELIVERED


def films_named_by(pacs: Pacs) -> set[str]:
    """Give the films that objects rest on, without the node's own segmentations among these."""
    named = {uid for item in list(pacs.objects.values()) for uid in evidence(item)}
    return {uid for uid in named if not uid.startswith("2.25.")}


def evidence(item: Dataset, keyword: str = "CurrentRequestedProcedureEvidenceSequence") -> list[str]:
    return [
        str(one.ReferencedSOPInstanceUID)
        for study in item.get(keyword, [])
        for series in study.ReferencedSeriesSequence
        for one in series.ReferencedSOPSequence
    ]


def summaries(pacs: Pacs) -> list[Dataset]:
    return [item for item in list(pacs.objects.values()) if item.get("SeriesDescription") == SUMMARY]


def is_idle(node: RunningNode) -> bool:
    return not any(line["waiting"] or line["running"] for line in node.status()["queue"])  # type: ignore[attr-defined]


def test_each_film_goes_the_way_of_its_route_and_the_ledger_says_why(tmp_path: Path) -> None:
    second_bundle = shutil.copytree(reference_bundle(), tmp_path / "second")
    sign_again(second_bundle, version="9.9.9")
    with two_destinations() as (pacs, research):
        destinations = [configured("pacs", pacs, "sr", "summary"), configured("research", research, "sr")]
        with running_node(tmp_path / "node", destinations, routes=ROUTES, studies={"quiet_s": 1.0}) as node:
            first = send(node, tmp_path, film(10), "NICU1")
            second = send(node, tmp_path, film(20), "NICU2")
            trial = send(node, tmp_path, film(30), "WARD")
            phantom = send(node, tmp_path, film(40, PatientID="PHANTOM-1"), "NICU1")
            adult = send(node, tmp_path, film(50, PatientAge="045Y"), "WARD")
            wait_until(lambda: len(summaries(pacs)) == 1 and is_idle(node), 120, lambda: node.log)

            assert films_named_by(pacs) == {first, second}
            assert films_named_by(research) == {first, second, trial}
            (summary,) = summaries(pacs)
            assert evidence(summary) == [second, first]
            assert not summaries(research)
            by_other_bundle = [item for item in research.objects.values() if "9.9.9" in item.to_json()]
            assert [trial in evidence(item) for item in by_other_bundle] == [True]
            reasons = [_decision(node, uid) for uid in (first, trial, phantom, adult)]
        assert reasons == [("nicu", True), ("trial", True), ("phantoms", False), ("adults", False)]
    path = tmp_path / "summary.dcm"
    path.write_bytes(part10_bytes(summary))
    assert dciodvfy(path) == []
    assert "Latest of 2 films that were judged, taken 2024-03-02 08:20" in dsrdump(path)


def _decision(node: RunningNode, uid: str) -> tuple[str, object]:
    newest = json.loads(node.command("explain", uid, "--json").stdout)[0]
    assert all(verdict["matches"] for verdict in newest["decision"]["verdicts"][-1:])
    return newest["route"], newest["decision"]["process"]


@pytest.mark.timeout(600)
def test_kill_9_while_summaries_are_made_leaves_one_chain_of_them(tmp_path: Path) -> None:
    chance = random.Random(SEED)
    with two_destinations() as (pacs, _):
        destinations = [configured("pacs", pacs, "sr", "summary")]
        with running_node(
            tmp_path / "node", destinations, studies={"quiet_s": 0.3}, work={"lease_s": 5, "poll_s": 0.05}
        ) as node:
            uids = []
            for number in range(10, 50, 10):
                uids.append(send(node, tmp_path, film(number)))
                for _ in range(3):
                    time.sleep(chance.uniform(0.2, 2.0))
                    _kill_one(node, chance)
            wait_until(lambda: _newest_films(pacs) == sorted(uids), 240, lambda: node.log[-4000:])
            wait_until(lambda: is_idle(node), 120, lambda: str(node.status()))

        made = summaries(pacs)
    assert len({item.SOPInstanceUID for item in made}) == len(made)
    by_uid = {item.SOPInstanceUID: item for item in made}
    replaced = [uid for item in made for uid in evidence(item, "PredecessorDocumentsSequence")]
    assert len(replaced) == len(set(replaced)) == len(made) - 1
    assert set(replaced) < set(by_uid)


def _kill_one(node: RunningNode, chance: random.Random) -> None:
    children = node.children()
    if children:
        with suppress(ProcessLookupError):
            os.kill(chance.choice(children), signal.SIGKILL)


def _newest_films(pacs: Pacs) -> list[str]:
    made = summaries(pacs)
    replaced = {uid for item in made for uid in evidence(item, "PredecessorDocumentsSequence")}
    heads = [item for item in made if item.SOPInstanceUID not in replaced]
    return sorted(evidence(heads[0])) if len(heads) == 1 else []
