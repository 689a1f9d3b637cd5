"""``neolung-train reproduce``: train, measure, write the tables; a second call goes on where one stopped."""

from __future__ import annotations

import json
import logging
import time
from collections.abc import Sequence
from dataclasses import asdict
from importlib.metadata import version
from pathlib import Path

from train.curves import replace_text
from train.data.frozen import index_digest
from train.errors import UnusableRun
from train.named_recipes import Changes
from train.processes import is_main
from train.reproduction.films import Groups, read_groups
from train.reproduction.plan import Plan, plan_of
from train.reproduction.report import document
from train.reproduction.table1 import Row1, measure, train_segmenter
from train.reproduction.table23 import Row23, classify, make_bench
from train.reproduction.tables import write_csv, write_films

TABLES, FIGURES, FILMS, RECORD = "tables.md", "tables.csv", "table1-films.csv", "record.json"
_log = logging.getLogger(__name__)


def run_reproduce(
    index: Path,
    out: Path,
    budget: str,
    *,
    changes: Changes | None = None,
    encoders: tuple[str, ...] = (),
    dealing: str = "auto",
) -> str:
    """Reproduce Tables 1 to 3, or Table 1 alone where the films have no labels.

    Parameters
    ----------
    index
        ``index.csv`` or its folder.
    out
        Folder of runs, caches and tables.
    changes, encoders
        See `train.reproduction.plan.plan_of`.
    dealing
        See `train.reproduction.films.read_groups`.

    Returns
    -------
    str
        The tables in Markdown.

    Raises
    ------
    UnusableIndex, UnusableSplit, UnknownRecipe, UnusableRun
        Names what is wrong and the cure.
    """
    started = time.monotonic()
    groups, plan = read_groups(index, dealing), plan_of(budget, changes or Changes(), encoders)
    out.mkdir(parents=True, exist_ok=True)
    _require_same_films(out, groups, plan)
    segmenter = train_segmenter(groups, plan.lungs, out)
    ones, measured = measure(segmenter, groups, plan)
    others: list[Row23] = []
    text = _write(out, document(groups, plan, ones, others, time.monotonic() - started), ones, others)
    if is_main():
        write_films(out / FILMS, measured)
    bench = make_bench(segmenter, groups, plan, out)
    for settings in plan.findings if groups.labelled else ():
        others.extend(classify(bench, settings, out))
        text = _write(out, document(groups, plan, ones, others, time.monotonic() - started), ones, others)
    return text


def _write(out: Path, text: str, ones: Sequence[Row1], others: Sequence[Row23]) -> str:
    """Write what is known so far, so that a stop after hours leaves it."""
    if is_main():
        write_csv(out / FIGURES, ones, others)
        replace_text(out / TABLES, text)
        _log.info("%s has %d rows of Table 1, %d of Tables 2 and 3", out / TABLES, len(ones), len(others))
    return text


def _require_same_films(out: Path, groups: Groups, plan: Plan) -> None:
    """Refuse to go on with other films; note which ones these are."""
    films = [*groups.training, *groups.validation, *groups.test]
    record = {
        "films": index_digest(films),
        "plan": asdict(plan),
        "packages": {
            name: version(name) for name in ("torch", "timm", "segmentation-models-pytorch", "numpy")
        },
    }
    path = out / RECORD
    if path.exists() and json.loads(path.read_text(encoding="utf-8"))["films"] != record["films"]:
        raise UnusableRun(f"{out} was begun with other films; name another folder with --out, or delete it")
    if is_main():
        replace_text(path, json.dumps(record, indent=1, default=str) + "\n")
