"""The table of the carry-over experiment as Markdown."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from train.evaluation.statistics.values import Interval
from train.hybrid.carry_over import HYBRIDS, PHANTOMS, CarryOverPlan, Row
from train.hybrid.film import HYBRID_VERSION
from train.phantom import GENERATOR_VERSION

_WHAT = """\
The classifier is trained on one kind of simulated film and tested on the other. Phantoms are drawn from first
principles; hybrids are real films of children without disease, into whose lungs the disease is painted by a
generator of its own. What holds on both is more likely to be the disease. Nothing here is a statement about
newborns.
"""
_HOW = """\
Each row: {plan.training} training films, {fit.epochs} epochs, batch {fit.batch}, {backbone} at {size},
ImageNet start. The epoch was chosen on {plan.validation} other films of the same mixture, the hybrids among
them on films of other patients. Tested once, on {plan.test} phantoms of other seeds and on {plan.test}
hybrids on films of the patients in split `val`, with the lungs that the shipped segmenter finds.
Phantom generator {phantoms}, hybrid generator {hybrids}.
"""


def write_report(out: Path, table: Mapping[str, Row], plan: CarryOverPlan, command: str) -> None:
    """Write the table, how it was made, and which mixture carries over best."""
    how = _HOW.format(
        plan=plan,
        fit=plan.findings.fit,
        backbone=plan.findings.architecture.backbone,
        size=f"{plan.findings.size} x {plan.findings.size}",
        phantoms=GENERATOR_VERSION,
        hybrids=HYBRID_VERSION,
    )
    lines = [
        "# Does it learn the disease or the generator? (SYNTHETIC)",
        "",
        _WHAT,
        "AUROC with 95 % interval (2,000 draws of patients):",
        "",
        "| trained on | hybrids among the training films | tested on phantoms | tested on hybrids |",
        "| --- | --- | --- | --- |",
        *(_line(name, row, plan) for name, row in table.items()),
        "",
        f"Carries over best, by the lower of its two AUROCs: **{best_mixture(table)}**.",
        "",
        how,
        f"    {command}",
        "",
    ]
    out.parent.mkdir(parents=True, exist_ok=True)
    out.write_text("\n".join(lines), encoding="utf-8")


def best_mixture(table: Mapping[str, Row]) -> str:
    """Name the mixture whose weaker kind of test film is judged best."""
    return max(table, key=lambda name: min(table[name][PHANTOMS].value, table[name][HYBRIDS].value))


def _line(name: str, row: Row, plan: CarryOverPlan) -> str:
    part = plan.mixtures[name]
    return f"| {name} | {part:.0%} | {_figure(row[PHANTOMS])} | {_figure(row[HYBRIDS])} |"


def _figure(interval: Interval) -> str:
    return f"{interval.value:.3f} ({interval.low:.3f} to {interval.high:.3f})"
