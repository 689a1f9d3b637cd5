"""The table of the shortcut audit as Markdown."""

from __future__ import annotations

from pathlib import Path

from train.evaluation.statistics.values import Interval
from train.phantom import GENERATOR_VERSION
from train.shortcut.arms import INDEPENDENT, REVERSED, TOLD, Audit, ShortcutPlan

_WHAT = """\
Babies in intensive care have tubes and lines, and babies with respiratory distress are in intensive care: a
classifier may learn the tubes. Here it is tempted on purpose. On the phantoms to train on and to choose the
epoch by, tracheal tubes and umbilical lines go along with the label (strength {tell:g}). The test babies are
drawn three times: with devices that go along with the label as in training, that do not, and that go along
with the opposite label. Nothing here is a statement about newborns.

* masked: the box around the lungs, all else painted over, as the recommended recipe has it;
* cropped: the same box, nothing painted over;
* unmasked: the whole film.
"""
_HOW = """\
Each arm: {plan.training} phantoms, {fit.epochs} epochs, batch {fit.batch}, {backbone} at {size}, ImageNet
start, the epoch chosen on {plan.validation} others; tested on {plan.test} babies. Lungs as drawn. Phantom
generator {phantoms}, films {plan.long_side} pixels long.
"""


def write_report(out: Path, audit: Audit, plan: ShortcutPlan, command: str) -> str:
    """Write the tables, what they show, and how they were made; gives the text."""
    how = _HOW.format(
        plan=plan,
        fit=plan.findings.fit,
        backbone=plan.findings.architecture.backbone,
        size=f"{plan.findings.size} x {plan.findings.size}",
        phantoms=GENERATOR_VERSION,
    )
    text = "\n".join(
        [
            "# Does it learn the lungs or the tubes? (SYNTHETIC)",
            "",
            _WHAT.format(tell=plan.tell),
            "AUROC, and what is lost of it, with 95 % intervals (2,000 draws of babies):",
            "",
            "| arm | devices as trained | independent | lost | reversed | lost |",
            "| --- | --- | --- | --- | --- | --- |",
            *(_line(arm, audit) for arm in audit.auroc),
            "",
            *(_verdict(kind, audit.excess[kind]) for kind in (INDEPENDENT, REVERSED)),
            "",
            how,
            f"    {command}",
            "",
        ]
    )
    out.parent.mkdir(parents=True, exist_ok=True)
    out.write_text(text, encoding="utf-8")
    return text


def _line(arm: str, audit: Audit) -> str:
    areas, lost = audit.auroc[arm], audit.loss[arm]
    cells = [areas[TOLD], areas[INDEPENDENT], lost[INDEPENDENT], areas[REVERSED], lost[REVERSED]]
    return f"| {arm} | {' | '.join(_figure(cell) for cell in cells)} |"


def _verdict(kind: str, excess: Interval) -> str:
    surely = "more" if excess.low > 0 else "less" if excess.high < 0 else "not surely more or less"
    return f"* With {kind} devices the unmasked arm loses {surely} than the masked one: by {_figure(excess)}."


def _figure(interval: Interval) -> str:
    return f"{interval.value:.3f} ({interval.low:.3f} to {interval.high:.3f})"
