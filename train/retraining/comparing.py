"""The candidate and its start bundle asked about the locked babies, as evidence and as a report."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TypeVar

from rich.progress import track

from pipeline.bundle import Bundle, load_bundle
from pipeline.bundle.evidence import Evidence
from train.data.index import IndexedFilm
from train.data.splits import TEST, VALIDATION
from train.display import CONSOLE
from train.evaluation.asking import Questions, film_set
from train.evaluation.chapters.whom import Subject
from train.evaluation.document import Document, Section
from train.evaluation.evaluation import Answers, Evaluation, evaluate
from train.evaluation.pictures import draw_film, poorest
from train.evaluation.report import HTML, compose, write_report
from train.retraining.lock import Lock
from train.retraining.lungs import is_drawn
from train.retraining.sides import changed_sides, sides_section
from train.retraining.start import StartBundle
from train.retraining.verdict import weigh

_Item = TypeVar("_Item")


@dataclass(frozen=True, slots=True)
class Asked:
    """What both bundles are asked.

    Attributes
    ----------
    films
        With their splits.
    out
        Folder of answers and report.
    repeats
        Draws of the bootstrap.
    """

    films: Sequence[IndexedFilm]
    index: Path
    lock: Lock
    out: Path
    repeats: int

    def of(self, split: str) -> list[IndexedFilm]:
        """Films of a split; outlines that a machine drew are no truth to be measured by."""
        chosen = [film for film in self.films if film.split == split]
        return [film if is_drawn(film) else replace(film, mask=None) for film in chosen]


def compare(bundle: Bundle, start: StartBundle, asked: Asked) -> tuple[Evidence, bytes]:
    """Ask both, and give the evidence and the report as HTML."""
    answers = _ask(bundle, start, asked)
    evaluation = evaluate(answers, asked.repeats)
    old = start.manifest.segmenter.device_uid == bundle.manifest.segmenter.device_uid
    evidence = weigh(evaluation.comparison, evaluation.tested, start, asked.lock, same_lungs=old)
    write_report(_document(bundle, start, asked, answers, evaluation, evidence), evaluation, asked.out)
    return evidence, (asked.out / HTML).read_bytes()


def _ask(bundle: Bundle, start: StartBundle, asked: Asked) -> Answers:
    old = load_bundle(start.path, device="auto")
    locked = film_set(asked.of(TEST), asked.index)
    questions = Questions(bundle, asked.out, _watch)
    return Answers(
        threshold=bundle.manifest.classifier.threshold,
        tested=questions.predictions("locked", locked, keep=True),
        validation=questions.predictions("validation", film_set(asked.of(VALIDATION), asked.index)),
        rival=Questions(old, asked.out / "old", _watch).predictions("locked", locked, keep=True),
        rival_threshold=old.manifest.classifier.threshold,
    )


def _document(
    bundle: Bundle,
    start: StartBundle,
    asked: Asked,
    answers: Answers,
    evaluation: Evaluation,
    evidence: Evidence,
) -> Document:
    films = asked.of(TEST)
    masks = asked.out / "masks"
    of_name = {one.known.film: film for one, film in zip(answers.tested, films, strict=True)}
    pictures = [draw_film(of_name[one.known.film], one, masks) for one in poorest(answers.tested)]
    sides = sides_section(changed_sides(answers.tested, answers.rival), of_name, masks)
    whole = compose(evaluation, answers, _subject(bundle, start, asked), pictures)
    verdict = Section("May it take the old one's place?", [_verdict(evidence), *evidence.sentences])
    return replace(whole, sections=[verdict, *whole.sections[:-2], sides, *whole.sections[-2:]])


def _verdict(evidence: Evidence) -> str:
    if evidence.passes:
        return f"Yes: on the locked babies it is surely not worse than {evidence.against_name}."
    return (
        f"Not by these films: it may be worse than {evidence.against_name}, or too few locked babies have "
        "labels and outlines to tell. Promoting it needs a reason that is written down."
    )


def _subject(bundle: Bundle, start: StartBundle, asked: Asked) -> Subject:
    manifest = bundle.manifest
    return Subject(
        bundle=f"{manifest.name} {manifest.version}",
        disclaimer=manifest.disclaimer,
        index=asked.index.name,
        split="locked babies",
        validation=VALIDATION,
        rival=f"{start.name} (the bundle it started from)",
        finding="respiratory distress syndrome",
        made=[
            ("segmenter", manifest.segmenter.device_uid),
            ("classifier", manifest.classifier.device_uid),
            ("against", f"{start.name}, SHA-256 of its manifest {start.digest}"),
            ("locked babies", f"{len(asked.lock.locked)}, SHA-256 of their pseudonyms {asked.lock.digest}"),
            ("bootstrap", f"{asked.repeats} draws of patients, percentile intervals"),
            ("date", datetime.now(UTC).date().isoformat()),
        ],
    )


def _watch(name: str, count: int, items: Iterator[_Item]) -> Iterable[_Item]:
    return track(items, name, count, console=CONSOLE, disable=not CONSOLE.is_terminal, transient=True)
