"""What ``neolung-train retrain`` does."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

from pipeline.bundle import load_bundle, reference_bundle
from pipeline.bundle.evidence import EVIDENCE_NAME, REPORT_NAME, Evidence
from pipeline.bundle.manifest import sha256_of
from train.bundling import BundleParts
from train.data.index import IndexedFilm, index_file, read_index
from train.data.leaks import refuse_leaks
from train.data.splits import TEST, VALIDATION
from train.errors import UnusableIndex
from train.places import refuse_out
from train.processes import is_main
from train.retraining.candidate import calibrated, learnt_before, make_parts, write_candidate
from train.retraining.comparing import Asked, compare
from train.retraining.findings import can_learn, learn_findings
from train.retraining.fingerprints import with_fingerprints
from train.retraining.lock import LOCK_NAME, Lock, deal, refuse_learnt
from train.retraining.lungs import LEAST_FILMS, LungSchool
from train.retraining.plan import plan_of
from train.retraining.start import StartBundle, open_start


@dataclass(frozen=True, slots=True)
class Retraining:
    """What is asked for.

    Attributes
    ----------
    data
        Folder with an index of films, or its ``index.csv``.
    out
        Folder of the candidate: missing, empty, or an older bundle, which is replaced.
    start
        Bundle to start from, and to be compared with; None: the one that ships.
    lock
        File of the locked babies; None: ``locked.json`` beside the index.
    run
        Folder of checkpoints and caches, one for each set of films, splits and start; None: beside ``out``.
    """

    data: Path
    out: Path
    start: Path | None = None
    lock: Path | None = None
    run: Path | None = None
    budget: str = "full"
    version: str = ""
    repeats: int = 2000

    @property
    def index(self) -> Path:
        """The index of the films."""
        return index_file(self.data)

    @property
    def start_folder(self) -> Path:
        """Folder of the bundle to start from."""
        return self.start or reference_bundle()

    @property
    def lock_file(self) -> Path:
        """File of the locked babies."""
        return self.lock or self.index.with_name(LOCK_NAME)

    @property
    def run_folder(self) -> Path:
        """Folder of the folders of all trainings."""
        return self.run or self.out.parent / f"{self.out.name}.run"


def run_retrain(asked: Retraining) -> str:
    """Check, deal, learn, calibrate, compare and write; gives the lines to print.

    Raises
    ------
    TrainError
        If the films, the lock, the bundle or ``out`` cannot be used; the message names the cure.
    """
    _refuse_out(asked)
    start, plan = open_start(asked.start_folder), plan_of(asked.budget)
    films, lock = _dealt(asked, start)
    run = _run_folder(asked, start, films)
    school = LungSchool(films, start, plan, run)
    parts = make_parts(start, films, lock, plan, asked.version or f"{datetime.now(UTC):%Y.%m.%d}")
    lungs = school.learn() if school.can_learn else None
    learnt = learn_findings(films, school, start, plan, run) if can_learn(films) else None
    if lungs is None and learnt is None:
        raise UnusableIndex(
            f"{asked.data}: nothing to learn: fewer than {LEAST_FILMS} of the films to learn from, or of "
            "those to choose by, have an outline drawn by a person, and the labels of one of the two lack a "
            "class; correct outlines or label films, and export again"
        )
    if learnt is not None:
        parts = calibrated(parts, learnt)
    runs = (lungs, learnt.run if learnt else None)
    if not is_main():
        return ""
    evidence = _judge_and_write(asked, start, parts, runs, (films, lock, run))
    return "\n".join(_lines(asked.out, evidence, runs))


def _refuse_out(asked: Retraining) -> None:
    refuse_out(
        asked.out,
        {
            "the data": asked.index.parent,
            "the lock file": asked.lock_file,
            "the bundle to start from": asked.start_folder,
            "the run folder": asked.run_folder,
        },
    )


def _dealt(asked: Retraining, start: StartBundle) -> tuple[list[IndexedFilm], Lock]:
    known = with_fingerprints(read_index(asked.index), asked.run_folder)
    films, lock = deal(known, asked.lock_file)
    refuse_leaks(films)
    refuse_learnt(lock, learnt_before(start), start.name)
    for split in (TEST, VALIDATION):
        if not any(film.split == split for film in films):
            raise UnusableIndex(
                f"{asked.index}: {len({film.patient for film in films})} babies are too few: none of them is "
                f"{'locked for the comparison' if split == TEST else 'left to choose by'}; add films"
            )
    return films, lock


def _run_folder(asked: Retraining, start: StartBundle, films: Sequence[IndexedFilm]) -> Path:
    """Name the folder of this very training: other films, splits or another start bundle have another one."""
    lines = (
        f"{film.path} {film.digest} {film.mask} {film.roi_area} {film.rds} {film.split}" for film in films
    )
    parts = [start.digest, asked.budget, *lines, *(_mask_digest(film) for film in films)]
    return asked.run_folder / sha256_of("\n".join(parts).encode())[:16]


def _mask_digest(film: IndexedFilm) -> str:
    return sha256_of(film.mask.read_bytes()) if film.mask else ""


def _judge_and_write(
    asked: Retraining,
    start: StartBundle,
    parts: BundleParts,
    runs: tuple[Path | None, Path | None],
    dealt: tuple[Sequence[IndexedFilm], Lock, Path],
) -> Evidence:
    """Write a draft, compare it, and write the candidate with what the comparison found."""
    films, lock, run = dealt
    draft = run / "draft"
    write_candidate(draft, start, parts, runs, {})
    question = Asked(films, asked.index, lock, run / "compared", asked.repeats)
    evidence, report = compare(load_bundle(draft, device="auto"), start, question)
    figures = {one.figure: one.model_dump(exclude={"figure"}) for one in evidence.differences}
    measured = {"new minus old on locked babies": {"passes": evidence.passes, **figures}}
    extras = {EVIDENCE_NAME: evidence.model_dump_json(indent=1).encode() + b"\n", REPORT_NAME: report}
    unfinished = asked.out.with_name(f".{asked.out.name}.unfinished")
    write_candidate(unfinished, start, replace(parts, evaluation=measured), runs, extras)
    shutil.rmtree(asked.out, ignore_errors=True)
    unfinished.rename(asked.out)
    return evidence


def _lines(out: Path, evidence: Evidence, runs: tuple[Path | None, Path | None]) -> list[str]:
    kept = [name for name, run in zip(("segmenter", "classifier"), runs, strict=True) if run is None]
    verdict = "may take the old one's place" if evidence.passes else "must not take the old one's place yet"
    return [
        *(f"the {name} was kept as it is: too few films to learn from" for name in kept),
        " ".join([f"{evidence.films} films of {evidence.patients} locked babies", *evidence.marks]),
        *evidence.sentences,
        f"candidate in {out}; by the locked babies it {verdict}",
        f"report: {out / REPORT_NAME}",
    ]
