"""The frozen reference window: numbers and words of its films, in a file of the data folder."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path

from node.config.schema import Config
from node.drift.windows import Window, window_of
from node.errors import NoReference, in_words
from storage.histories import FilmHistory, film_histories
from storage.ledger import Ledger

_FORMAT = "neolung-drift-reference 1"
_LEAST_FILMS = 50


@dataclass(frozen=True, slots=True)
class Reference:
    """What later windows are held against."""

    window: Window
    frozen_at: str


def reference_file(config: Config) -> Path:
    """Name the file."""
    return config.node.data_dir / "drift" / "reference.json"


def freeze(config: Config, ledger: Ledger, first: date | None = None, last: date | None = None) -> Reference:
    """Freeze the films of some days as the reference, in place of an older one.

    Parameters
    ----------
    first, last
        Both included; None: from the first film on, to the last one.

    Raises
    ------
    NoReference
        If there are too few films.
    """
    window = window_of(read_films(ledger), first, last)
    if window is None:
        raise NoReference("no film has been judged yet; there is nothing to freeze")
    if window.first > window.last:
        raise NoReference(f"{window.name} ends before it begins; --from and --to are the days of the films")
    if window.films < _LEAST_FILMS:
        raise NoReference(
            f"{window.name} has {window.films} judged films, by the day that each film itself names; a "
            f"reference needs {_LEAST_FILMS} at least: choose a longer time with --from and --to"
        )
    reference = Reference(window, f"{datetime.now(UTC):%Y-%m-%d %H:%M} UTC")
    _write(reference_file(config), reference)
    return reference


def window_before(config: Config) -> str:
    """Name the window that is frozen by now; empty where there is none that can be read."""
    try:
        return read_reference(config).window.name
    except NoReference:
        return ""


def read_reference(config: Config) -> Reference:
    """Read the frozen reference.

    Raises
    ------
    NoReference
        If none was frozen, or its file is damaged.
    """
    path = reference_file(config)
    try:
        document = json.loads(path.read_text(encoding="utf-8"))
        if document["format"] == _FORMAT:
            first, last = (date.fromisoformat(document[end]) for end in ("first", "last"))
            window = Window(first, last, document["films"], document["features"])
            return Reference(window, document["frozen_at"])
    except FileNotFoundError as error:
        raise NoReference(
            "no reference is frozen yet: neolung drift --freeze --from DATE --to DATE"
        ) from error
    except OSError as error:
        raise NoReference(f"the reference cannot be read; {in_words(error)}") from error
    except (ValueError, KeyError, TypeError):
        pass
    raise NoReference(f"{path} is no reference of this version; freeze it again: neolung drift --freeze")


def read_films(ledger: Ledger) -> Iterator[FilmHistory]:
    """Read every judged film, one after the other."""
    with ledger.read() as connection:
        yield from film_histories(connection)


def _write(path: Path, reference: Reference) -> None:
    window = reference.window
    document = {
        "format": _FORMAT,
        "frozen_at": reference.frozen_at,
        "first": window.first.isoformat(),
        "last": window.last.isoformat(),
        "films": window.films,
        "features": {name: list(sample) for name, sample in window.features.items()},
    }
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_suffix(".partial")
    partial.write_text(json.dumps(document) + "\n", encoding="utf-8")
    partial.replace(path)
