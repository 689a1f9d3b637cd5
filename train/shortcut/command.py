"""What ``neolung-train shortcuts`` does."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from train.shortcut.arms import ShortcutPlan, audit_shortcuts
from train.shortcut.report import write_report


def run_shortcuts(run: Path, out: Path, *, count: int, test: int, epochs: int, size: int) -> str:
    """Train the arms, test them, and write the tables; gives their text."""
    plan = ShortcutPlan(training=count, validation=max(20, count // 4), test=test)
    fit = replace(plan.findings.fit, epochs=epochs)
    plan = replace(plan, findings=replace(plan.findings, size=size, fit=fit))
    command = (
        f"neolung-train shortcuts --run {run} --out {out}"
        f" --count {count} --test {test} --epochs {epochs} --size {size}"
    )
    return write_report(out, audit_shortcuts(run, plan), plan, command)
