"""Writes an export: film by film, again where it stopped, and nothing is called finished before its check."""

import json
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TypeVar

from node.errors import ExportFailed
from node.export.check import Examiner, Hit
from node.export.folder import EXCLUDED, INDEX, REPORT, Entry, ExportFolder, as_failure
from node.export.identifiers import Identifiers
from node.export.index import COLUMNS, opinion, table
from node.export.making import DeIdentified, Excluded, Loaded, Method
from node.export.report import Report, make_report
from node.export.selection import Wanted
from pipeline.errors import PipelineError
from pipeline.part10 import read_part10
from storage.errors import ObjectLost
from storage.objects import ObjectStore

T = TypeVar("T")
Progress = Callable[[Iterable[T], str, int], Iterable[T]]
UNREADABLE_FILE = "its file is lost or damaged"
_MOST_HITS = 20


@dataclass(frozen=True, slots=True)
class Exporter:
    """One export of the films wanted.

    Parameters
    ----------
    progress
        Passes items on while a bar shows how far the work is: items, description, total.
    """

    store: ObjectStore
    method: Method
    progress: Progress[Wanted]

    def write(self, films: list[Wanted], path: Path) -> Report:
        """Write folder, index and report.

        Raises
        ------
        ExportRefused
            If the folder holds something else.
        ExportFailed
            If the disk is full, or the check found what must not be there; then there is no index.
        """
        folder = ExportFolder(path, self.method.settings)
        with folder.opened() as known, as_failure(path):
            folder.withdraw()
            for wanted in self.progress(films, "Exporting", len(films)):
                self._export(wanted, folder, known)
            entries = [(wanted, known[self.method.name(wanted)]) for wanted in films]
            folder.remove_others({file for _, entry in entries for file in entry.files})
            searched = self._check(folder, entries)
            folder.rewrite(entry for _, entry in entries)
            return self._conclude(folder, [entry for _, entry in entries], searched)

    def _export(self, wanted: Wanted, folder: ExportFolder, known: dict[str, Entry]) -> None:
        name, state = self.method.name(wanted), self.method.seal(_state(wanted))
        before = known.get(name)
        if before is not None and before.state == state and folder.holds(before):
            return
        entry, files = self._make(wanted, name, state)
        for relative, part10 in files.items():
            folder.write(relative, part10)
        folder.note(entry)
        known[name] = entry

    def _make(self, wanted: Wanted, name: str, state: str) -> tuple[Entry, Mapping[str, bytes]]:
        try:
            made = self.method.make(wanted, self._load(wanted))
        except Excluded as error:
            return Entry(name, state, reason=str(error)), {}
        tally: dict[str, dict[str, int]] = {}
        for (attribute, action), count in sorted(made.tally.items()):
            tally.setdefault(attribute, {})[action] = count
        return Entry(name, state, made.row, made.remark, tuple(made.files), tally), made.files

    def _load(self, wanted: Wanted) -> Loaded:
        """Read film and outline; an outline that cannot be read counts as none."""
        if wanted.refusal:
            raise Excluded(wanted.refusal)
        outline = wanted.truth.outline
        try:
            part10 = self.store.read(wanted.source.film.file)
            film = read_part10(part10)
        except (ObjectLost, PipelineError) as error:
            raise Excluded(UNREADABLE_FILE) from error
        if outline is None:
            return Loaded(film, part10)
        try:
            drawn_part10 = self.store.read(outline.instance.file)
            return Loaded(film, part10, read_part10(drawn_part10), drawn_part10)
        except (ObjectLost, PipelineError):
            return Loaded(film, part10)

    def _check(self, folder: ExportFolder, entries: list[tuple[Wanted, Entry]]) -> int:
        """Search every file for what the films were known by; give the number of identifiers searched for."""
        method = self.method
        if not isinstance(method, DeIdentified):
            return 0
        given_out = [(wanted, entry) for wanted, entry in entries if entry.files]
        by_film = {wanted.source.film.instance_id: self._identifiers(wanted) for wanted, _ in given_out}
        examiner = Examiner(by_film.values())
        entry_of = {wanted.source.film.instance_id: entry for wanted, entry in given_out}
        hits: list[Hit] = []
        for wanted in self.progress([wanted for wanted, _ in given_out], "Checking", len(given_out)):
            number, disguise = wanted.source.film.instance_id, method.disguise(wanted)
            entry = entry_of[number]
            found = [
                hit
                for relative in entry.files
                for hit in examiner.examine(folder.path, relative, by_film[number], disguise)
            ]
            if found:
                folder.note(
                    replace(entry, state="")
                )  # made anew by the next run, should only a disk have erred
            hits += found
        if hits:
            raise ExportFailed(_complaint(folder.path, hits))
        return examiner.identifiers

    def _identifiers(self, wanted: Wanted) -> Identifiers:
        found, loaded = Identifiers(), self._load(wanted)
        found.add_text(wanted.source.patient_key)
        found.add_dataset(loaded.film)
        if loaded.drawn is not None:
            found.add_dataset(loaded.drawn)
        return found

    def _conclude(self, folder: ExportFolder, entries: list[Entry], searched: int) -> Report:
        rows = [entry.row for entry in entries if entry.row is not None]
        rows.sort(key=lambda row: (str(row["patient"]), str(row["sop_instance_uid"])))
        left_out = [entry for entry in entries if entry.reason]
        left_out.sort(key=lambda entry: entry.film)
        report = make_report(entries, self.method.settings, searched)
        folder.write(INDEX, table(COLUMNS, rows).encode())
        reasons = [{"film": entry.film, "reason": entry.reason} for entry in left_out]
        folder.write(EXCLUDED, table(("film", "reason"), reasons).encode())
        folder.write(REPORT, (json.dumps(report.to_json(), indent=2) + "\n").encode())
        return report


def _state(wanted: Wanted) -> str:
    """Name everything that a film's files and row follow from."""
    truth, outline = wanted.truth, wanted.truth.outline
    parts = (
        wanted.source.film.file.sha256,
        wanted.source.patient_key,
        wanted.refusal,
        outline.instance.file.sha256 + outline.drawn if outline else "",
        f"{truth.rds} {truth.grade}",
        repr(opinion(truth)),
    )
    return "\x1f".join(parts)


def _complaint(folder: Path, hits: list[Hit]) -> str:
    counted = Counter(str(hit) for hit in hits)
    lines = [f"  {line}" for line in list(counted)[:_MOST_HITS]]
    more = len(counted) - len(lines)
    return "\n".join(
        (
            f"the check found what must not be in {folder}; do not give it away. It has no {INDEX}.",
            *lines,
            *((f"  and {more} more",) if more > 0 else ()),
        )
    )
