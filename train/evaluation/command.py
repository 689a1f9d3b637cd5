"""What ``neolung-train evaluate`` does."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import TypeVar

from rich.progress import track

from pipeline.bundle import Bundle, load_bundle
from train.data.index import IndexedFilm
from train.data.prepared import read_prepared
from train.display import CONSOLE
from train.errors import UnusableIndex
from train.evaluation.asking import FilmSet, Questions, film_set
from train.evaluation.chapters.whom import Subject
from train.evaluation.document import interval
from train.evaluation.evaluation import Answers, Evaluation, evaluate
from train.evaluation.pictures import Picture, draw_film, poorest
from train.evaluation.report import HTML, compose, write_report
from train.evaluation.statistics.bootstrap import REPEATS

_Item = TypeVar("_Item")
_PACKAGES = ("neolung", "numpy", "scipy", "onnxruntime", "matplotlib")


@dataclass(frozen=True, slots=True)
class Plan:
    """What is evaluated.

    Attributes
    ----------
    index
        Prepared folder or its ``index.csv``.
    split, validation
        Names of the split that is measured, and of the one for thresholds and temperature.
    against
        Another bundle on the same films.
    swapped
        Index of films on which devices go along with the label otherwise.
    quick
        Leaves out the turned films and the films with their lungs painted over.
    """

    bundle: Path
    index: Path
    out: Path
    split: str = "test"
    validation: str = "val"
    against: Path | None = None
    swapped: Path | None = None
    quick: bool = False
    finding: str = "respiratory distress syndrome"
    threads: int = 1
    repeats: int = REPEATS
    seed: int = 0


def run_evaluate(plan: Plan) -> str:
    """Ask, measure and report; gives the lines to print."""
    bundle = load_bundle(plan.bundle, device="auto", threads=plan.threads)
    films = read_prepared(plan.index)
    tested = _chosen(films, plan.split, plan.index)
    answers = _ask(bundle, plan, tested, [film for film in films if film.split == plan.validation])
    evaluation = evaluate(answers, plan.repeats, plan.seed)
    pictures = _pictures(answers, tested, plan)
    document = compose(evaluation, answers, _subject(plan, bundle, film_set(tested, plan.index)), pictures)
    write_report(document, evaluation, plan.out)
    return "\n".join([*_lines(evaluation), f"report: {plan.out / HTML}"])


def _chosen(films: Sequence[IndexedFilm], split: str, index: Path) -> list[IndexedFilm]:
    chosen = [film for film in films if film.split == split]
    if not chosen:
        present = ", ".join(sorted({film.split or "(none)" for film in films}))
        raise UnusableIndex(
            f"{index} has no film of split {split}; it has {present}: choose one with --split"
        )
    if not any(film.mask or film.rds is not None for film in chosen):
        raise UnusableIndex(
            f"no film of split {split} has a lung mask or a label; there is nothing to measure: prepare "
            "the films with --masks or --labels"
        )
    return chosen


def _ask(bundle: Bundle, plan: Plan, tested: list[IndexedFilm], validation: list[IndexedFilm]) -> Answers:
    questions, asked = Questions(bundle, plan.out, _watch), film_set(tested, plan.index)
    answers = Answers(
        threshold=bundle.manifest.classifier.threshold,
        tested=questions.predictions("predictions", asked, keep=True),
        validation=questions.predictions("validation", film_set(validation, plan.index))
        if validation
        else (),
    )
    if not plan.quick:
        outlined = replace(asked, films=[film for film in tested if film.mask])
        answers = replace(
            answers,
            sideways=questions.predictions("sideways", outlined, turns=1) if outlined.films else (),
            without_lungs=questions.without_lungs("lungs-painted-over", asked) if _labels(tested) else (),
        )
    if plan.swapped is not None:
        others = _chosen(read_prepared(plan.swapped), plan.split, plan.swapped)
        answers = replace(answers, swapped=questions.predictions("swapped", film_set(others, plan.swapped)))
    return _ask_rival(answers, plan, asked)


def _ask_rival(answers: Answers, plan: Plan, asked: FilmSet) -> Answers:
    if plan.against is None:
        return answers
    rival = load_bundle(plan.against, device="auto", threads=plan.threads)
    return replace(
        answers,
        rival=Questions(rival, plan.out / "against", _watch).predictions("predictions", asked),
        rival_threshold=rival.manifest.classifier.threshold,
    )


def _labels(films: Sequence[IndexedFilm]) -> bool:
    return any(film.rds is not None for film in films)


def _pictures(answers: Answers, tested: list[IndexedFilm], plan: Plan) -> list[Picture]:
    """Draw the poorest films; answers and films go in the same order."""
    film_of = {id(result): film for result, film in zip(answers.tested, tested, strict=True)}
    return [draw_film(film_of[id(one)], one, plan.out / "masks") for one in poorest(answers.tested)]


def _subject(plan: Plan, bundle: Bundle, asked: FilmSet) -> Subject:
    manifest = bundle.manifest
    made = [
        ("bundle", f"{manifest.name} {manifest.version}, SHA-256 of its manifest {bundle.identity.digest}"),
        ("index", f"{plan.index}, SHA-256 {asked.digest}"),
        ("splits", f"measured: {plan.split}; thresholds and temperature: {plan.validation}"),
        ("bootstrap", f"{plan.repeats} draws of patients, seed {plan.seed}, percentile intervals"),
        ("device", bundle.segmenter.device),
        ("software", ", ".join(f"{name} {version(name)}" for name in _PACKAGES)),
        ("date", datetime.now(UTC).date().isoformat()),
        ("beside this report", "predictions.csv (a row a film), masks/, figures.json (every figure)"),
    ]
    return Subject(
        bundle=f"{manifest.name} {manifest.version}",
        disclaimer=manifest.disclaimer,
        index=str(plan.index),
        split=plan.split,
        validation=plan.validation,
        rival=str(plan.against or ""),
        finding=plan.finding,
        made=made,
    )


def _lines(evaluation: Evaluation) -> list[str]:
    """Say the main figures for the terminal."""
    marks = [
        word
        for word, count in (
            ("SYNTHETIC", evaluation.tested.synthetic),
            ("STAND-IN", evaluation.tested.stand_in),
        )
        if count
    ]
    lines = [" ".join([f"{evaluation.tested.films} films", *marks])]
    if evaluation.lungs:
        lines.append(f"lungs: mean IoU {interval(evaluation.lungs.miou_fg_image)}")
    if evaluation.finding:
        lines.append(f"finding: AUROC {interval(evaluation.finding.auroc)}")
    if evaluation.calibration:
        lines.append(f"calibration: ECE {interval(evaluation.calibration.ece)}")
    return lines


def _watch(name: str, count: int, items: Iterator[_Item]) -> Iterable[_Item]:
    return track(items, name, count, console=CONSOLE, disable=not CONSOLE.is_terminal, transient=True)
