"""What was measured, on whom, and what it comes to."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from train.evaluation.classification import PointFigures
from train.evaluation.document import Section, Table, capital, interval, percent
from train.evaluation.evaluation import Evaluation, Films


@dataclass(frozen=True, slots=True)
class Subject:
    """What the report is about.

    Attributes
    ----------
    disclaimer
        The bundle's own.
    finding
        What the labels mean.
    made
        Rows of "how this report was made".
    """

    bundle: str
    disclaimer: str
    index: str
    split: str
    validation: str
    rival: str
    finding: str
    made: Sequence[tuple[str, str]]


def banners(evaluation: Evaluation, subject: Subject) -> list[str]:
    """Say what must be known before any figure is read."""
    films, said = evaluation.tested, []
    if films.synthetic:
        said.append(
            f"SYNTHETIC: {films.synthetic} of {films.films} films are simulated or painted on. Their "
            "figures show that the software works, not how it does on newborns."
        )
    if films.stand_in:
        said.append(
            f"STAND-IN: the label of {films.stand_in} of {films.films} films is not respiratory distress "
            "syndrome. Their figures show that the method works, not how well it tells this disease."
        )
    return [*said, subject.disclaimer]


def label_word(films: Films) -> str:
    """Short mark of what the figures were measured on, for headings and captions."""
    marks = [name for name, count in (("SYNTHETIC", films.synthetic), ("STAND-IN", films.stand_in)) if count]
    return f" ({', '.join(marks)})" if marks else ""


def film_word(films: Films) -> str:
    """Short mark for figures that do not depend on labels."""
    return " (SYNTHETIC)" if films.synthetic else ""


def summary(evaluation: Evaluation, subject: Subject) -> Section:
    """Give the main figures in words."""
    films = evaluation.tested
    text = [
        f"The bundle {subject.bundle} was asked about {films.films} films of {films.patients} patients "
        f"(split {subject.split} of {subject.index}). Intervals are 95 %."
    ]
    if evaluation.lungs:
        lungs = evaluation.lungs
        text.append(
            f"Lungs{film_word(films)}: the outlines agree with the drawn ones to a mean IoU of "
            f"{interval(lungs.miou_fg_image)}; one film in twenty stays below "
            f"{lungs.iou_5th_percentile.value:.3f}."
        )
    if evaluation.finding and evaluation.selective:
        text += _finding_sentences(evaluation, subject)
    return Section("In short", text)


def _finding_sentences(evaluation: Evaluation, subject: Subject) -> list[str]:
    finding, selective, films = evaluation.finding, evaluation.selective, evaluation.tested
    if finding is None or selective is None:
        return []
    shares = finding.points[0].proportions
    answers = (
        f"The node answers {percent(selective.judged)} of the labelled films and turns the others away. It "
        f"reports {percent(selective.reported)} of all films with {subject.finding} and wrongly "
        f"{percent(selective.falsely_reported)} of those without."
    )
    return [
        f"{capital(subject.finding)}{label_word(films)}: AUROC {interval(finding.auroc)} on "
        f"{finding.films} films, {finding.positives} with it. At the threshold as shipped, sensitivity "
        f"{percent(shares['sensitivity'])}, specificity {percent(shares['specificity'])}.",
        answers,
    ]


def films_section(evaluation: Evaluation, subject: Subject) -> Section:
    """Tell who was measured."""
    tested, chosen = evaluation.tested, evaluation.validation
    rows = [
        ("films", tested.films, chosen.films),
        ("patients", tested.patients, chosen.patients),
        ("with a drawn outline of the lungs", tested.outlined, chosen.outlined),
        ("of these with a known pixel spacing", tested.with_spacing, chosen.with_spacing),
        ("with a label", tested.labelled, chosen.labelled),
        ("of these positive", tested.positives, chosen.positives),
        ("of the labelled, with a probability", tested.judgeable, chosen.judgeable),
    ]
    headers = ("", f"measured ({subject.split})", f"thresholds and temperature ({subject.validation})")
    counts = Table(headers, [[name, str(one), str(other)] for name, one, other in rows])
    sources = Table(("source of film and label", "films"), _pairs(tested.provenance))
    outcomes = Table(("what the node answers", "films"), _pairs(tested.outcomes))
    return Section("Whom it was measured on", (), (counts, sources, outcomes))


def caveats(evaluation: Evaluation, subject: Subject) -> Section:
    """List what these figures cannot tell."""
    films, notes = evaluation.tested, [
        "Whether the bundle was trained or tuned on these films cannot be seen from here; its model card "
        "says on what it was. Only the splits of this index were checked against each other.",
        "Labels and outlines are taken as the index gives them. Readers differ (neonatal films: kappa 0.25 "
        "to 0.44 between two radiologists, Bloomfield 1999), so a perfect score is neither reachable nor "
        "wanted.",
    ]  # fmt: skip
    if films.patients < films.films:
        notes.append(
            f"{films.films} films come from {films.patients} patients. Bootstrap intervals allow for that; "
            "Wilson's and DeLong's take films for independent and are somewhat too narrow."
        )
    if evaluation.finding:
        notes += _finding_notes(evaluation, evaluation.finding.points[0])
    if evaluation.lungs and evaluation.lungs.films_with_spacing < evaluation.lungs.films:
        notes.append(
            f"Distances in millimetres are of the {evaluation.lungs.films_with_spacing} films whose pixel "
            f"spacing is known, of {evaluation.lungs.films}; in pixels they depend on the size of the "
            "films."
        )
    return Section("What these figures cannot tell", (), (), (), notes)


def _finding_notes(evaluation: Evaluation, shipped: PointFigures) -> list[str]:
    films, accuracy = evaluation.tested, shipped.proportions["accuracy"]
    half = 50 * (accuracy.high - accuracy.low)
    notes = []
    if math.isfinite(half):
        notes.append(
            f"With {films.judgeable} films the interval of the accuracy reaches about ±{half:.0f} "
            "percentage points: nothing is better or worse by less than that."
        )
    if evaluation.temperature is None:
        notes.append(
            "No validation films of both classes: only the threshold and the temperature as shipped are "
            "shown."
        )
    if films.judgeable < films.labelled:
        notes.append(
            f"{films.labelled - films.judgeable} labelled films have no probability, as no lung was found "
            "or they could not be read. They are not in the ROC curve, but count among the films turned "
            "away."
        )
    return notes


def made_section(subject: Subject) -> Section:
    """Tell how to make this report again."""
    return Section("How this report was made", (), (Table(("", ""), [list(row) for row in subject.made]),))


def _pairs(counts: dict[str, int]) -> list[list[str]]:
    return [[name, str(count)] for name, count in counts.items()]
