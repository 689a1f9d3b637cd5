"""The judgement: discrimination, operating points, calibration, abstention."""

from __future__ import annotations

from collections.abc import Sequence

from train.evaluation.chapters.whom import label_word
from train.evaluation.classification import PREVALENCES, ClassificationFigures
from train.evaluation.document import NOTHING, Plot, Section, Table, capital, interval, number, percent
from train.evaluation.evaluation import Evaluation
from train.evaluation.selective import ConformalFigures, SelectiveFigures

_AT_POINT = ("accuracy", "sensitivity", "specificity", "ppv", "npv")
_DERIVED = ("balanced_accuracy", "f1", "mcc")
_NAMES = {
    "ppv": "positive predictive value",
    "npv": "negative predictive value",
    "balanced_accuracy": "balanced accuracy",
    "f1": "F1",
    "mcc": "Matthews correlation",
}
_CALIBRATION = {
    "negative log-likelihood": "nll",
    "Brier score": "brier",
    "Brier score, films with the finding": "brier_positive",
    "Brier score, films without": "brier_negative",
    "calibration slope (1 is right)": "slope",
    "calibration in the large (0 is right)": "intercept",
    "expected calibration error, 10 bins of equal mass": "ece",
}


def discrimination_section(evaluation: Evaluation, finding: str, plots: Sequence[Plot]) -> Section | None:
    """Give AUROC and the frozen operating points; None without labels."""
    figures = evaluation.finding
    if figures is None:
        return None
    areas = Table(
        ("", "value"),
        [
            ["films, positive", f"{figures.films}, {figures.positives}"],
            ["AUROC (DeLong)", interval(figures.auroc)],
            ["AUPRC (bootstrap)", f"{interval(figures.auprc)}; of chance {_prevalence(figures)}"],
        ],
    )
    text = [
        "Thresholds were chosen on validation films, or in the bundle, and frozen before these films were "
        "looked at. Films that the node turns away are in here too, with the probability that they would "
        "have had."
    ]
    tables = (areas, _points_table(figures), _prevalence_table(figures))
    return Section(f"{capital(finding)}{label_word(evaluation.tested)}", text, tables, plots)


def _points_table(figures: ClassificationFigures) -> Table:
    headers = ["", *(f"{one.point.name}: {one.point.threshold:.3g}" for one in figures.points)]
    rows = [
        [_NAMES.get(name, name), *(percent(one.proportions[name]) for one in figures.points)]
        for name in _AT_POINT
    ]
    rows += [[_NAMES[name], *(interval(one.derived[name]) for one in figures.points)] for name in _DERIVED]
    counts = [one.counts for one in figures.points]
    rows.append(
        ["right and wrong calls: TP, FP, FN, TN"]
        + [f"{c.true_positive}, {c.false_positive}, {c.false_negative}, {c.true_negative}" for c in counts]
    )
    return Table(
        headers, rows, "Proportions with Wilson's intervals, the others with bootstrap intervals by patient."
    )


def _prevalence_table(figures: ClassificationFigures) -> Table:
    headers = ["", *(one.point.name for one in figures.points)]
    rows = [
        [
            f"{_NAMES[kind]} at {prevalence:.0%}",
            *(percent(one.at_prevalence[f"{kind}_at_{prevalence:.0%}"]) for one in figures.points),
        ]
        for prevalence in PREVALENCES
        for kind in ("ppv", "npv")
    ]
    return Table(
        headers, rows, "Predictive values where the finding is as frequent as stated, by Bayes' rule."
    )


def _prevalence(figures: ClassificationFigures) -> str:
    return number(figures.positives / figures.films) if figures.films else NOTHING


def calibration_section(evaluation: Evaluation, plots: Sequence[Plot]) -> Section | None:
    """Tell whether a probability means what it says; None where a class is missing."""
    before, after = evaluation.calibration, evaluation.recalibrated
    if before is None:
        return None
    columns = [before] if after is None else [before, after]
    headers = ["", "as shipped", f"logits divided by {number(evaluation.temperature or 1)}"]
    rows = [
        [title, *(interval(getattr(one, name)) for one in columns)] for title, name in _CALIBRATION.items()
    ]
    text = ["The temperature was fitted on validation films alone; it changes no order and no AUROC."]
    return Section(
        f"Calibration{label_word(evaluation.tested)}",
        text,
        (Table(headers[: 1 + len(columns)], rows),),
        plots,
    )


def selective_section(evaluation: Evaluation, plots: Sequence[Plot]) -> Section | None:
    """Tell what turning films away costs and saves."""
    figures = evaluation.selective
    if figures is None:
        return None
    tables = [_node_table(figures)]
    if figures.reasons:
        rows = [[reason, str(count)] for reason, count in figures.reasons.items()]
        tables.append(Table(("why films were turned away", "films"), rows))
    if evaluation.conformal:
        tables.append(_conformal_table(evaluation.conformal))
    text = [
        "A film that cannot be judged gets a report that says so. The errors are at the threshold as shipped."
    ]
    return Section(f"Films that are turned away{label_word(evaluation.tested)}", text, tables, plots)


def _node_table(figures: SelectiveFigures) -> Table:
    rows = {
        "films answered present or absent": figures.judged,
        "error, if all films were judged": figures.error_of_all,
        "error among the films answered": figures.error_of_judged,
        "error that the films turned away would have had": figures.error_of_turned_away,
        "films with the finding that are reported, of all of them": figures.reported,
        "films without it that are reported, of all of them": figures.falsely_reported,
    }
    cells = [[name, percent(one)] for name, one in rows.items()]
    return Table(("", ""), [*cells, ["area under risk-coverage", interval(figures.curve.area)]])


def _conformal_table(figures: ConformalFigures) -> Table:
    rows = {
        "sets that hold the truth (90 % wanted)": figures.covered,
        "of films with the finding": figures.covered_positive,
        "of films without": figures.covered_negative,
        "sets of one class, the others undecided": figures.single,
    }
    return Table(
        (f"split-conformal sets, cut {number(figures.cut)} from validation", ""),
        [[name, percent(one)] for name, one in rows.items()],
    )
