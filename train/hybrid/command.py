"""What ``neolung-train hybrids`` and ``carry-over`` do, as functions that return what to print."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

from train.data.prepared import read_prepared
from train.hybrid.base import BaseFilms
from train.hybrid.folder import write_hybrids
from train.hybrid.page import write_page

_PAGE_ROWS = 6


@dataclass(frozen=True, slots=True)
class Budget:
    """What one row of the carry-over table may cost: films to train on and to test on, epochs, size."""

    count: int = 320
    test: int = 160
    epochs: int = 8
    size: int = 192
    threads: int = 2


def run_hybrids(
    films: Path, out: Path, seeds: range, split: str, advance: Callable[[], None] = lambda: None
) -> str:
    """Write hybrids on the films of a split, which they keep."""
    bases = BaseFilms.choose(read_prepared(films), split)
    for _ in write_hybrids(seeds, bases, out, split=split or "train"):
        advance()
    return f"{len(seeds)} SYNTHETIC films in {out}, on {len(bases)} films without disease"


def run_page(films: Path, page: Path, seed: int, split: str) -> str:
    """Write one picture of a few films with every grade."""
    bases = BaseFilms.choose(read_prepared(films), split)
    write_page(page, range(seed, seed + min(_PAGE_ROWS, len(bases))), bases)
    return f"SYNTHETIC films in {page}"


def run_carry_over(films: Path, run: Path, out: Path, budget: Budget) -> str:
    """Train on phantoms, hybrids and mixtures, test on both, and write the table."""
    from train.hybrid.carry_over import CarryOverPlan, carry_over
    from train.hybrid.carry_over_report import write_report

    plan = CarryOverPlan(training=budget.count, validation=max(20, budget.count // 4), test=budget.test)
    fit = replace(plan.findings.fit, epochs=budget.epochs, threads=budget.threads)
    plan = replace(plan, findings=replace(plan.findings, size=budget.size, fit=fit))
    index = read_prepared(films)
    seen, unseen = BaseFilms.choose(index, "train"), BaseFilms.choose(index, "val")
    table = carry_over(seen, unseen, run, plan)
    command = (
        f"neolung-train carry-over --films {films} --run {run} --out {out}"
        f" --count {budget.count} --test {budget.test} --epochs {budget.epochs} --size {budget.size}"
    )
    write_report(out, table, plan, command)
    return out.read_text(encoding="utf-8")
