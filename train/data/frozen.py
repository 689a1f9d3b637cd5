"""Splits frozen to JSON: nobody deals the cards again after having seen them."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict
from hashlib import sha256
from pathlib import Path
from typing import Any

from train.data.index import IndexedFilm
from train.data.splits import Split
from train.errors import UnusableSplit

SPLIT_NAME = "split.json"
_FORMAT = 1
_AGAIN = "prepare the films again into another folder, and train anew"


def freeze(path: Path, split: Split, films: Sequence[IndexedFilm]) -> str:
    """Write a split with the digest of the index that it belongs to and a digest of its own.

    Returns
    -------
    str
        SHA-256 of the split, for the record of a training.

    Raises
    ------
    UnusableSplit
        If the file holds another split: that one is frozen.
    """
    document = {"format": _FORMAT, "index_sha256": index_digest(films), **asdict(split)}
    digest = _digest(document)
    if path.exists() and _read(path).get("sha256") != digest:
        raise UnusableSplit(
            f"{path} was frozen for other films, labels or outlines than there are now; "
            "prepare into another folder"
        )
    path.write_text(json.dumps({**document, "sha256": digest}, indent=1) + "\n", encoding="utf-8")
    return digest


def thaw(path: Path, films: Sequence[IndexedFilm]) -> Split:
    """Read a frozen split.

    Raises
    ------
    UnusableSplit
        If the file is damaged or was changed, or the films are others than those that were dealt, or the
        column ``split`` of the index says something else.
    """
    document = _read(path)
    stated = document.pop("sha256", None)
    if stated != _digest(document):
        raise UnusableSplit(f"{path} was changed after it was frozen: its digest does not match; {_AGAIN}")
    if document.get("format") != _FORMAT:
        raise UnusableSplit(f"{path} has format {document.get('format')}, not {_FORMAT}; {_AGAIN}")
    if document["index_sha256"] != index_digest(films):
        raise UnusableSplit(f"{path} was frozen for other films than its index lists now; {_AGAIN}")
    split = _split(document)
    for line, (film, dealt) in enumerate(zip(films, split.written(films), strict=True), start=2):
        if film.split != dealt.split:
            raise UnusableSplit(
                f"{path.parent / 'index.csv'}, line {line}: split is {film.split!r}, but {path.name} has "
                f"{dealt.split!r}; undo the change"
            )
    return split


def index_digest(films: Sequence[IndexedFilm]) -> str:
    """Return the SHA-256 of what a split depends on: the films' pictures, patients, labels and lungs."""
    rows = [[film.digest, film.patient, film.rds, film.roi_area, film.sop_instance_uid] for film in films]
    return _digest(rows)


def _read(path: Path) -> dict[str, Any]:
    try:
        document = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise UnusableSplit(f"{path} cannot be read as JSON ({error}); {_AGAIN}") from error
    if not isinstance(document, dict):
        raise UnusableSplit(f"{path} is no frozen split; {_AGAIN}")
    return document


def _split(document: dict[str, Any]) -> Split:
    return Split(
        name=document["name"],
        groups=tuple(tuple(group) for group in document["groups"]),
        training=tuple(document["training"]),
        validation=tuple(document["validation"]),
        test=tuple(document["test"]),
        words=tuple(document["words"]),
    )


def _digest(document: object) -> str:
    return sha256(json.dumps(document, sort_keys=True, separators=(",", ":")).encode()).hexdigest()
