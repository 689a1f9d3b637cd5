"""Data Sets in, analyses out: gate, decode, segment, gate again, classify; films fail one by one."""

from __future__ import annotations

import logging
import time
import traceback
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TypeVar

from pydicom import Dataset

from pipeline.bundle import Bundle
from pipeline.classify import FindingClassifier
from pipeline.errors import PipelineError, UndecodablePixels, UnsupportedInstance
from pipeline.gate import GateSettings, judge_header, judge_image
from pipeline.gate.verdicts import decide
from pipeline.pixels.grayscale import GreyScale
from pipeline.radiograph import header_of, read_radiograph
from pipeline.segment import LungSegmenter, SegmentedFilm
from pipeline.values import Analysis, BundleIdentity, Finding, Outcome, Radiograph, Reason, RuleVerdict

_log = logging.getLogger(__name__)
_Result = TypeVar("_Result")

FILM_FAULTS = (
    PipelineError,
    ValueError,
    TypeError,
    AttributeError,
    LookupError,
    ArithmeticError,
    RuntimeError,
)
"""What an odd film may raise in a stage; lack of memory and signals are not its fault and end the batch."""


@dataclass(slots=True, eq=False)
class _Film:
    """What is known so far of one film; it leaves the cascade as soon as its outcome is set."""

    dataset: Dataset
    header: Dataset
    outcome: Outcome | None = None
    radiograph: Radiograph | None = None
    segmented: SegmentedFilm | None = None
    finding: Finding | None = None
    reason: Reason | None = None
    explanation: str = ""
    verdicts: tuple[RuleVerdict, ...] = ()
    seconds: dict[str, float] = field(default_factory=dict)

    def fail(self, stage: str, error: Exception) -> None:
        """End this film's way by a fault of the software; an error's own text may quote the header."""
        text = str(error) if isinstance(error, PipelineError) else type(error).__name__
        self.turn_away(Outcome.FAILED, Reason.SOFTWARE_FAILURE, f"{stage} failed: {text}")

    def turn_away(self, outcome: Outcome, reason: Reason, explanation: str) -> None:
        """End this film's way."""
        self.outcome, self.reason, self.explanation = outcome, reason, explanation


class Cascade:
    """All stages of one bundle, warm, for batches of films.

    Parameters
    ----------
    bundle
        Verified models with their engines.
    gate
        Which films may be judged.
    """

    def __init__(self, bundle: Bundle, gate: GateSettings) -> None:
        self._bundle = bundle
        self._gate = gate
        is_paper = bundle.manifest.segmenter.postprocessing.profile == "paper"
        self._grey = GreyScale.PAPER if is_paper else GreyScale.RECOMMENDED
        self._limits = bundle.manifest.classifier.abstention
        self._segmenter = LungSegmenter(bundle.segmenter, bundle.manifest.segmenter)
        self._classifier = FindingClassifier(bundle.classifier, bundle.manifest.classifier)

    @property
    def identity(self) -> BundleIdentity:
        """Which models these are, and what their makers say about their use."""
        return self._bundle.identity

    def analyse(
        self, datasets: Sequence[Dataset], known: Sequence[Sequence[RuleVerdict]] = ()
    ) -> list[Analysis]:
        """Analyse films; one analysis each, in the same order.

        Parameters
        ----------
        known
            Verdicts that others have reached on each film already; they go before those of the gate, and a NO
            among them turns the film away. Empty: none on any film.

        A film that the gate turns away, that cannot be decoded or that breaks a stage ends with its own
        outcome and explanation; the others of the batch are not touched by it.
        """
        films = [_Film(dataset, header_of(dataset)) for dataset in datasets]
        for film, verdicts in zip(films, known, strict=False):
            film.verdicts = tuple(verdicts)
        self._one_by_one("header gate", films, self._judge_header)
        self._one_by_one("decode", films, self._decode)
        self._segment(films)
        self._one_by_one("image gate", films, self._judge_image)
        self._classify(films)
        return [self._conclude(film) for film in films]

    def _one_by_one(self, stage: str, films: list[_Film], work: Callable[[_Film], None]) -> None:
        for film in _open_films(films):
            with _timed([film], stage):
                try:
                    work(film)
                except FILM_FAULTS as error:
                    _report(film, error)
                    film.fail(stage, error)

    def _judge_header(self, film: _Film) -> None:
        decision = decide((*film.verdicts, *judge_header(film.header, self._gate).verdicts))
        film.verdicts, film.explanation = decision.verdicts, decision.explanation
        if not decision.passed:
            film.turn_away(Outcome.NOT_ELIGIBLE, decision.reason or Reason.OTHER, decision.explanation)

    def _decode(self, film: _Film) -> None:
        try:
            film.radiograph = read_radiograph(film.dataset, grey=self._grey, limits=self._gate.pixel_limits)
        except UnsupportedInstance as error:
            film.turn_away(Outcome.NOT_ELIGIBLE, Reason.OTHER, str(error))
        except UndecodablePixels as error:
            film.turn_away(Outcome.NOT_ASSESSABLE, Reason.NO_IMAGE, str(error))

    def _segment(self, films: list[_Film]) -> None:
        chosen = _open_films(films)
        with _timed(chosen, "segment"):
            results = _each_or_alone(
                lambda part: self._segmenter.segment([_decoded(film) for film in part]), chosen
            )
        for film, result in zip(chosen, results, strict=True):
            if isinstance(result, Exception):
                film.fail("segmentation", result)
            else:
                film.segmented = result

    def _judge_image(self, film: _Film) -> None:
        mask = _segmented(film).lung_mask
        decision = judge_image(_decoded(film), mask, self._gate)
        film.verdicts += decision.verdicts
        if not decision.passed:
            film.turn_away(Outcome.NOT_ASSESSABLE, decision.reason or Reason.OTHER, decision.explanation)
        elif mask.confidence < self._limits.least_confidence:
            film.turn_away(
                Outcome.NOT_ASSESSABLE, Reason.OTHER, f"the lungs are uncertain ({mask.confidence:.2f})"
            )

    def _classify(self, films: list[_Film]) -> None:
        chosen = _open_films(films)
        with _timed(chosen, "classify"):
            results = _each_or_alone(
                lambda part: self._classifier.classify([(_decoded(film), _segmented(film)) for film in part]),
                chosen,
            )
        for film, result in zip(chosen, results, strict=True):
            if isinstance(result, Exception):
                film.fail("classification", result)
            elif self._classifier.abstains(result):
                film.turn_away(
                    Outcome.NOT_ASSESSABLE,
                    Reason.OTHER,
                    f"the probability {result.probability:.2f} is too near the middle",
                )
            else:
                film.finding = result
                film.outcome = Outcome.PRESENT if result.is_present else Outcome.ABSENT

    def _conclude(self, film: _Film) -> Analysis:
        outcome = film.outcome or Outcome.FAILED
        return Analysis(
            header=film.header,
            outcome=outcome,
            bundle=self._bundle.identity,
            radiograph=film.radiograph,
            lung_mask=None if film.segmented is None else film.segmented.lung_mask,
            finding=film.finding,
            reason=film.reason,
            explanation=film.explanation,
            verdicts=film.verdicts,
            seconds=film.seconds,
        )


def _open_films(films: list[_Film]) -> list[_Film]:
    return [film for film in films if film.outcome is None]


def _decoded(film: _Film) -> Radiograph:
    if film.radiograph is None:
        raise AssertionError("a film reached a later stage without pixels")
    return film.radiograph


def _segmented(film: _Film) -> SegmentedFilm:
    if film.segmented is None:
        raise AssertionError("a film reached a later stage without lungs")
    return film.segmented


def _each_or_alone(
    stage: Callable[[list[_Film]], list[_Result]], films: list[_Film]
) -> list[_Result | Exception]:
    """Run a stage over all films at once; when that fails, film by film, so that only the bad ones fail."""
    if not films:
        return []
    try:
        return list(stage(films))
    except FILM_FAULTS as error:
        if len(films) == 1:
            _report(films[0], error)
            return [error]
    return [result for film in films for result in _each_or_alone(stage, [film])]


def _report(film: _Film, error: Exception) -> None:
    """Log where it broke, but not the error's text, which may quote the header."""
    uid = film.header.get("SOPInstanceUID", "without SOP Instance UID")
    frames = "".join(traceback.format_tb(error.__traceback__))
    _log.error("film %s broke the pipeline: %s at\n%s", uid, type(error).__name__, frames)


@contextmanager
def _timed(films: list[_Film], stage: str) -> Iterator[None]:
    """Add each film's share of the elapsed time to its stage."""
    started = time.perf_counter()
    yield
    for film in films:
        film.seconds[stage] = (time.perf_counter() - started) / len(films)
