"""Subgroups, shortcuts, and another bundle beside this one."""

from __future__ import annotations

from train.evaluation.chapters.whom import label_word
from train.evaluation.document import NOTHING, Section, Table, difference, interval, p_value, percent
from train.evaluation.evaluation import Evaluation
from train.evaluation.subgroups import FEW


def subgroups_section(evaluation: Evaluation) -> Section | None:
    """Give the pre-registered groups; None where none can be formed."""
    groups = evaluation.subgroups
    if not groups:
        return None
    headers = ("group", "films (positive)", "AUROC", "sensitivity", "specificity", "mean IoU")
    rows = [
        [
            f"{one.grouping}: {one.group}",
            f"{one.films} ({one.positives})",
            interval(one.auroc),
            percent(one.sensitivity),
            percent(one.specificity),
            interval(one.iou),
        ]
        for one in groups
    ]
    grey = frozenset(i for i, one in enumerate(groups) if one.is_small)
    notes = [
        f"Groups of fewer than {FEW} films are grey: nothing is to be concluded from them. Intervals are "
        "not widened for the number of groups; one in twenty leaves out the truth by chance."
    ]
    return Section(
        f"Subgroups{label_word(evaluation.tested)}",
        ["The list of groups was fixed beforehand; threshold as shipped."],
        (Table(headers, rows, grey=grey),),
        notes=notes,
    )


def audit_section(evaluation: Evaluation) -> Section | None:
    """Tell whether something other than the lungs could have been judged."""
    if not evaluation.audit:
        return None
    headers = (
        "in the place of the classifier",
        "films",
        "AUROC",
        "classifier's AUROC minus that",
        "p",
        "wanted",
        "",
    )
    words = {True: "as wanted", False: "NOT as wanted", None: "not told"}
    rows = [
        [
            row.name,
            str(row.films),
            interval(row.auroc),
            difference(row.against) if row.against else NOTHING,
            p_value(row.against.p) if row.against else NOTHING,
            row.wanted,
            words[row.passed],
        ]
        for row in evaluation.audit
    ]
    text = [
        "A classifier can seem good by things that only go along with the disease. Simple features were "
        "fitted on validation films; of shuffled labels the range that chance gives is shown."
    ]
    return Section(f"Shortcuts{label_word(evaluation.tested)}", text, (Table(headers, rows),))


def comparison_section(evaluation: Evaluation, rival: str) -> Section | None:
    """Set this bundle beside another on the same films."""
    if not evaluation.comparison:
        return None
    words = {True: "surely not worse", False: "may be worse", None: NOTHING}
    rows = [
        [
            one.figure,
            str(one.films),
            difference(one.result),
            p_value(one.result.p),
            one.test,
            NOTHING if one.margin is None else f"{one.margin:g}",
            words[one.is_not_inferior],
        ]
        for one in evaluation.comparison
    ]
    headers = ("figure", "films", "this minus the other", "p", "test", "margin", "within the margin")
    text = [f"The same films, judged by {rival} too, each at its own threshold as shipped."]
    return Section(f"Against another bundle{label_word(evaluation.tested)}", text, (Table(headers, rows),))
