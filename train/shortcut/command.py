"""What ``neolung-train shortcuts`` does."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

from train.shortcut.arms import ShortcutPlan, audit_shortcuts
from train.shortcut.report import write_report


@dataclass(frozen=True, slots=True)
class Budget:
    """What the audit may cost: phantoms to train each arm on, babies to test on, epochs, size, threads."""

    count: int = 320
    test: int = 200
    epochs: int = 8
    size: int = 192
    threads: int = 2


def run_shortcuts(run: Path, out: Path, budget: Budget) -> str:
    """Train the arms, test them, and write the tables; gives their text."""
    plan = ShortcutPlan(training=budget.count, validation=max(20, budget.count // 4), test=budget.test)
    fit = replace(plan.findings.fit, epochs=budget.epochs, threads=budget.threads)
    plan = replace(plan, findings=replace(plan.findings, size=budget.size, fit=fit))
    command = (
        f"neolung-train shortcuts --run {run} --out {out}"
        f" --count {budget.count} --test {budget.test} --epochs {budget.epochs} --size {budget.size}"
    )
    return write_report(out, audit_shortcuts(run, plan), plan, command)
