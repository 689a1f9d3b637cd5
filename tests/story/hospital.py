"""The hospital of the story: a node in its own processes, a PACS, and the commands that people type there."""

import json
import shlex
import subprocess
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydicom import Dataset
from pydicom.uid import SegmentationStorage
from pynetdicom.presentation import build_context

from tests.story.babies import Baby
from tests.support.network import associate, store
from tests.support.node import RunningNode, running_node
from tests.support.pacs import Pacs
from tests.support.waiting import wait_until

TRAINING_S = 4 * 3600
_SENDINGS = 3


class StoryFailed(AssertionError):
    """The year did not go as it must."""


@dataclass(slots=True)
class Hospital:
    """Where the story plays.

    Attributes
    ----------
    folder
        Of everything that is written.
    say
        Tells the story.
    """

    folder: Path
    node: RunningNode
    pacs: Pacs
    say: Callable[[str], None]

    def type(self, *arguments: object, expected: Sequence[int] = (0,)) -> None:
        """Type a ``neolung`` command, and tell what it says."""
        done = self.node.command(*map(str, arguments))
        self._tell("neolung", arguments, done, expected)

    def train(self, *arguments: object) -> None:
        """Type a ``neolung-train`` command, and tell what it says."""
        command = [sys.executable, "-m", "train", *map(str, arguments)]
        done = subprocess.run(command, capture_output=True, text=True, timeout=TRAINING_S, check=False)
        self._tell("neolung-train", arguments, done, (0,))

    def ask(self, *arguments: object, expected: Sequence[int] = (0,)) -> Any:
        """Type a ``neolung`` command with ``--json``, for the story itself."""
        done = self.node.command(*map(str, arguments), "--json")
        if done.returncode not in expected:
            raise StoryFailed(f"neolung {' '.join(map(str, arguments))}: {done.stdout}{done.stderr}")
        return json.loads(done.stdout)

    def _tell(
        self,
        program: str,
        arguments: Sequence[object],
        done: "subprocess.CompletedProcess[str]",
        expected: Sequence[int],
    ) -> None:
        command = f"{program} {shlex.join(map(str, arguments))}"
        if done.returncode not in expected:
            raise StoryFailed(f"{command}: {done.stdout}{done.stderr}")
        output = "\n".join(line.rstrip() for line in (done.stdout or done.stderr).splitlines())
        self.say(f"$ {command}\n{output}".replace(f"{self.folder}/", ""))

    def send(self, objects: Sequence[Dataset]) -> None:
        """Send films, or what readers made, by C-STORE; what was not answered is sent again."""
        left = list(objects)
        for _ in range(_SENDINGS):
            left = self._send_once(left)
        if left:
            raise StoryFailed(f"{len(left)} objects were not answered")

    def _send_once(self, objects: Sequence[Dataset]) -> list[Dataset]:
        """Send objects; gives those that had no answer."""
        left: list[Dataset] = []
        classes = sorted({str(each.SOPClassUID) for each in objects})
        if not classes:
            return left
        with associate(self.node.port, [build_context(each) for each in classes]) as association:
            for each in objects:
                answer = store(association, each) if association.is_established else Dataset()
                if "Status" not in answer:
                    left.append(each)
                elif answer.Status != 0x0000:
                    raise StoryFailed(f"C-STORE was answered with {answer.Status:04X}")
        return left

    def wait_for_analyses(self, seconds: float) -> None:
        """Wait until no film waits."""
        wait_until(self._is_idle, seconds, lambda: f"films still wait: {self.ask('status', expected=(0, 1))}")

    def analyses(self) -> dict[str, dict[str, Any]]:
        """Give the newest analysis of each film, by SOP Instance UID."""
        found: list[dict[str, Any]] = self.ask("studies", "--limit", 100_000)
        return {one["sop_instance_uid"]: one for one in reversed(found)}

    def reports(self) -> dict[str, list[Dataset]]:
        """Give the reports that the PACS has got, by the SOP Instance UID of their film."""
        found: dict[str, list[Dataset]] = {}
        for held in self.pacs.objects.values():
            if held.Modality == "SR":
                (film,) = {
                    item.ReferencedSOPInstanceUID
                    for item in _referenced(held.CurrentRequestedProcedureEvidenceSequence)
                    if item.ReferencedSOPClassUID != SegmentationStorage
                }
                found.setdefault(str(film), []).append(held)
        return found

    def _is_idle(self) -> bool:
        queue = self.ask("status", expected=(0, 1))["queue"]
        busy = {line["work"]: line["waiting"] + line["running"] for line in queue}
        return not any(count for work, count in busy.items() if work != "commit pacs")


def predecessors(report: Dataset) -> list[str]:
    """Give the SOP Instance UIDs of the documents that a report replaces."""
    former = _referenced(report.get("PredecessorDocumentsSequence") or [])
    return [str(item.ReferencedSOPInstanceUID) for item in former]


def _referenced(studies: Iterable[Dataset]) -> Iterator[Dataset]:
    for study in studies:
        for series in study.ReferencedSeriesSequence:
            yield from series.ReferencedSOPSequence


@contextmanager
def open_hospital(
    folder: Path, bundle: Path | None, drift: dict[str, int], say: Callable[[str], None]
) -> Iterator[Hospital]:
    """Start PACS and node."""
    with Pacs() as pacs:
        destination = {
            "name": "pacs",
            "ae_title": "PACS",
            "host": "127.0.0.1",
            "port": pacs.port,
            "storage_commitment": False,
        }
        watch = {**drift, "ignore": ["seconds to result"]}
        model = {"bundle": str(bundle) if bundle else None}
        with running_node(folder / "node", [destination], drift=watch, model=model) as node:
            yield Hospital(folder, node, pacs, say)


def auroc_of(hospital: Hospital, babies: Sequence[Baby]) -> tuple[float, int]:
    """Measure the node's probabilities against the truth; gives AUROC and the number of films judged."""
    from train.evaluation.statistics.ranking import auroc

    said = hospital.analyses()
    judged = [
        (baby.has_rds, said[baby.uid]["probability"])
        for baby in babies
        if said[baby.uid]["probability"] is not None
    ]
    if len({truth for truth, _ in judged}) < 2:
        return float("nan"), len(judged)
    return auroc([truth for truth, _ in judged], [value for _, value in judged]), len(judged)
