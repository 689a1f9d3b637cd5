"""What `neolung-train prepare` prints when it is done."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from train.data.candidates import STAND_IN
from train.data.index import INDEX_NAME, IndexedFilm
from train.data.lookalikes import LOOK_ALIKE
from train.data.prepare import REJECTED_NAME, Prepared

_SHOWN = 30
_COLUMNS = ("split", "films", "patients", "with lungs", "label yes", "label no", "no label")


def show(prepared: Prepared, out: Path, console: Console) -> None:
    """Print the splits, what was turned away and why, and what the splits share."""
    console.print(_splits(prepared.films))
    _show_rejected(prepared, out, console)
    _show_leaks(prepared, console)
    if any(STAND_IN in film.provenance for film in prepared.films):
        console.print("The labels stand in for RDS: whatever is learnt from them is marked STAND-IN.")
    dealt = f", dealt by {prepared.split.name}" if prepared.split else ", not dealt"
    console.print(escape(f"{len(prepared.films)} films in {out / INDEX_NAME}{dealt}"), soft_wrap=True)


def _splits(films: Sequence[IndexedFilm]) -> Table:
    table = Table(*_COLUMNS)
    for name in (*sorted({film.split for film in films}), None):
        chosen = films if name is None else [film for film in films if film.split == name]
        counts = (
            len(chosen),
            len({film.patient for film in chosen}),
            sum(film.mask is not None for film in chosen),
            *(sum(film.rds is label for film in chosen) for label in (True, False, None)),
        )
        table.add_row("all" if name is None else escape(name or "(none)"), *map(str, counts))
    return table


def _show_rejected(prepared: Prepared, out: Path, console: Console) -> None:
    rejected = prepared.rejected
    if not rejected:
        console.print("Nothing was turned away.")
        return
    table = Table("not used", "because")
    for one in rejected[:_SHOWN]:
        table.add_row(escape(one.what), escape(one.reason))
    if len(rejected) > _SHOWN:
        table.add_row("...", f"{len(rejected) - _SHOWN} more")
    console.print(table)
    console.print(escape(f"{len(rejected)} not used, all in {out / REJECTED_NAME}"), soft_wrap=True)


def _show_leaks(prepared: Prepared, console: Console) -> None:
    if prepared.split is None:
        return
    if not prepared.leaks:
        console.print(
            "No two splits share a patient, a SOP Instance UID, a picture or a look-alike "
            f"(at most {LOOK_ALIKE} of 255 signs apart).",
            soft_wrap=True,
        )
        return
    console.print(f"{len(prepared.leaks)} LEAKS between splits; training refuses them:", style="bold red")
    for leak in prepared.leaks[:_SHOWN]:
        console.print(escape(f"  {leak.sentence(prepared.films)}"), soft_wrap=True)
    console.print("Put each baby into one split, or deal by --split patient.")
