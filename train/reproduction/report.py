"""The report of a reproduction: what was done, at which budget, and the tables."""

from __future__ import annotations

from collections.abc import Sequence

from train.reproduction.films import Groups
from train.reproduction.plan import Plan
from train.reproduction.table1 import Row1
from train.reproduction.table23 import Row23
from train.reproduction.tables import table1, table23

_WORDS = {
    "SYNTHETIC": "**SYNTHETIC**: simulated films; no statement about newborns.",
    "STAND-IN": "**STAND-IN**: the label of Tables 2 and 3 is not respiratory distress syndrome.",
}
_ABOUT_1 = """\
At the films' own resolution, 95 % intervals by drawing patients again. The paper does not say which mean it
prints; its figure, on its validation films, stands beside the first. Films below the area limit are rotated:
30 % of the mean lung area of the training films, which is what 30,000 of 100,000 pixels means."""
_ABOUT_2 = """\
On the test films, threshold 0.5. Intervals of 95 %: Wilson, AUROC by DeLong. The paper's test had, by its
figures, 128 films (it prints 108 of 128 as 0.843); its interval is computed from that. Of three encoders that
the paper does not have, each stands beside the one in its place."""
_ABOUT_3 = "The paper has one figure a classifier, after the additional training on found lungs."
_NO_LABELS = "Tables 2 and 3 need a label for each film (column rds); this index has none."
_NOT_YET = "Tables 2 and 3 are being trained."


def document(
    groups: Groups, plan: Plan, ones: Sequence[Row1], others: Sequence[Row23], seconds: float
) -> str:
    """Write everything in Markdown."""
    title = f"{groups.words}: " if groups.words else ""
    parts = [f"# {title}the source paper's tables, budget {plan.budget}", _about(groups, plan, seconds)]
    parts += ["## Table 1: lungs", _ABOUT_1, table1(ones)]
    if not others:
        return "\n\n".join([*parts, _NOT_YET if groups.labelled else _NO_LABELS]) + "\n"
    parts += [f"## Table 2: {_label(groups)} on outlined lungs", _ABOUT_2, table23(2, others)]
    parts += ["## Table 3: lungs found first, then judged", _ABOUT_3, table23(3, others)]
    return "\n\n".join(parts) + "\n"


def _label(groups: Groups) -> str:
    return "the stand-in label" if "STAND-IN" in groups.words else "respiratory distress syndrome"


def _about(groups: Groups, plan: Plan, seconds: float) -> str:
    lines = [text for word, text in _WORDS.items() if word in groups.words]
    lines += [f"Films: {groups.dealt}.", *_budget(plan), *plan.notes]
    if groups.left_out:
        lines.append(f"{groups.left_out} films of the index have no lung outline or no label: left out.")
    lines.append(f"This call took {seconds / 60:.1f} minutes.")
    return "\n".join(f"* {line}" for line in lines)


def _budget(plan: Plan) -> tuple[str, str]:
    lungs, findings = plan.lungs, plan.findings
    batches = ", ".join(dict.fromkeys(str(one.fit.batch) for one in findings))
    return (
        f"U-Net with {lungs.architecture.encoder}: {_epochs(lungs.fit.epochs)} at {lungs.size} x "
        f"{lungs.size}, batch {lungs.fit.batch} (paper: B5, 150 epochs, 512 x 512, batch 16).",
        f"Classifiers: {_epochs(findings[0].fit.epochs)} and as many of additional training at "
        f"{findings[0].size} x {findings[0].size}, batch {batches} (paper: B0, B3 and B5, 100 epochs, 512 x "
        "512, batch 48, 24 and 12).",
    )


def _epochs(count: int) -> str:
    return f"{count} epoch{'s' * (count != 1)}"
