"""Digest and perceptual hash of films whose index has none, kept so that no film is read for them twice."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from train.curves import replace_text
from train.data.index import IndexedFilm
from train.data.lookalikes import perceptual_hash
from train.data.many import each
from train.data.pictures import decode, digest_of
from train.display import CONSOLE

KEPT_NAME = "fingerprints.json"

Fingerprint = tuple[str, str]
"""Digest and perceptual hash."""


def with_fingerprints(films: Sequence[IndexedFilm], folder: Path) -> list[IndexedFilm]:
    """Give films the digest and the perceptual hash that `neolung-train prepare` would have written.

    Parameters
    ----------
    films
        What their index says stays. One that cannot be read gets none; whoever learns from it will be told.
    folder
        Where the fingerprints are kept, by path, size and time of change of the film's file.
    """
    bare = {_key(film): film for film in films if not (film.digest and film.perceptual_hash)}
    if not bare:
        return list(films)
    known = _read(folder / KEPT_NAME)
    new = [film for key, film in bare.items() if key not in known]
    found, _ = each("Reading films", _fingerprint, new, name=lambda film: str(film.path), console=CONSOLE)
    known |= {_key(film): fingerprint for film, fingerprint in found}
    folder.mkdir(parents=True, exist_ok=True)
    replace_text(folder / KEPT_NAME, json.dumps(known, indent=1) + "\n")
    return [_filled(film, known) for film in films]


def _fingerprint(film: IndexedFilm) -> Fingerprint:
    pixels = decode(film.path).pixels
    return digest_of(pixels), perceptual_hash(pixels)


def _filled(film: IndexedFilm, known: Mapping[str, Fingerprint]) -> IndexedFilm:
    if film.digest and film.perceptual_hash:
        return film
    digest, signs = known.get(_key(film), ("", ""))
    return replace(film, digest=film.digest or digest, perceptual_hash=film.perceptual_hash or signs)


def _key(film: IndexedFilm) -> str:
    path = film.path.resolve()
    stated = path.stat()
    return f"{path} {stated.st_size} {stated.st_mtime_ns}"


def _read(path: Path) -> dict[str, Fingerprint]:
    """Read what is kept; nothing where the file is missing or damaged, for films can be read again."""
    try:
        kept = json.loads(path.read_text(encoding="utf-8"))
        return {key: (digest, signs) for key, (digest, signs) in kept.items()}
    except (OSError, ValueError, TypeError, AttributeError):
        return {}
