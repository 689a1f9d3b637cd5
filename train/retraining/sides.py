"""Films about which the new bundle says otherwise than the old one, as pictures."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from train.data.index import IndexedFilm
from train.evaluation.document import Plot, Section
from train.evaluation.pictures import draw_film
from train.evaluation.results import FilmResult

_MOST = 12


def changed_sides(
    new: Sequence[FilmResult], old: Sequence[FilmResult]
) -> list[tuple[FilmResult, FilmResult]]:
    """Pair the films whose answers differ, the largest change of probability first."""
    before = {one.known.film: one for one in old}
    pairs = [(one, before[one.known.film]) for one in new]
    changed = [pair for pair in pairs if pair[0].said.outcome != pair[1].said.outcome]
    return sorted(changed, key=lambda pair: -_change(*pair))


def sides_section(
    pairs: Sequence[tuple[FilmResult, FilmResult]], films: Mapping[str, IndexedFilm], masks: Path
) -> Section:
    """Show them.

    Parameters
    ----------
    films
        By their name in the results.
    masks
        Folder of the masks that the new bundle found.
    """
    if not pairs:
        return Section("Films that changed sides", ["Both bundles give every film the same answer."])
    better = sum(_is_right(new) and not _is_right(old) for new, old in pairs)
    worse = sum(_is_right(old) and not _is_right(new) for new, old in pairs)
    text = [
        f"{len(pairs)} films have another answer than before: {better} are right now and were not, {worse} "
        f"were right and are not. The {min(len(pairs), _MOST)} with the largest change are shown."
    ]
    plots = [
        Plot(
            f"side-{rank}", draw_film(films[new.known.film], new, masks).png, _caption(new, old), is_svg=False
        )
        for rank, (new, old) in enumerate(pairs[:_MOST], start=1)
        if new.known.film in films and films[new.known.film].mask is not None
    ]
    return Section("Films that changed sides", text, plots=plots)


def _caption(new: FilmResult, old: FilmResult) -> str:
    truth = {True: "truth: present", False: "truth: absent", None: "no label"}[new.known.rds]
    return f"{new.known.film}: {_answer(old)} before, {_answer(new)} now; {truth}."


def _answer(one: FilmResult) -> str:
    probability = "" if one.said.probability is None else f" ({one.said.probability:.2f})"
    return f"{one.said.outcome}{probability}"


def _is_right(one: FilmResult) -> bool:
    return one.known.rds is not None and one.said.outcome == ("present" if one.known.rds else "absent")


def _change(new: FilmResult, old: FilmResult) -> float:
    return abs((new.said.probability or 0.0) - (old.said.probability or 0.0))
