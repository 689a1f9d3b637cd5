"""What people said of films: outlines, the finding, its grade; kept whether or not the film is here yet."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import Connection, Row, insert, select

from storage.databases import database_now
from storage.tables import annotation

_AT_ONCE = 500
"""Films in one question: databases take only so many values."""


class Channel(StrEnum):
    """How an annotation came in."""

    SEGMENTATION = "seg"
    REPORT = "sr"
    TABLE = "csv"


@dataclass(frozen=True, slots=True)
class FilmAnnotation:
    """One thing that one person said of one film.

    Attributes
    ----------
    film_uid
        SOP Instance UID of the film.
    object_instance_id
        Row of the SEG or report that says it; None for tables.
    has_lungs
        Whether that object outlines the lungs.
    rds, grade
        None where nothing is said of it.
    said_at
        When it was said, local time in ISO 8601; "" where nobody knows.
    noted_at
        When it came in; None before it is written.
    """

    film_uid: str
    channel: Channel
    object_instance_id: int | None = None
    has_lungs: bool = False
    rds: bool | None = None
    grade: int | None = None
    author: str = ""
    said_at: str = ""
    noted_at: datetime | None = None


def add_annotations(connection: Connection, found: Iterable[FilmAnnotation]) -> int:
    """Keep annotations; give how many are new. What was said once in the same words is not kept again."""
    added = 0
    for one in found:
        values = {
            "film_uid": one.film_uid,
            "channel": str(one.channel),
            "object_instance_id": one.object_instance_id,
            "has_lungs": one.has_lungs,
            "rds": one.rds,
            "grade": one.grade,
            "author": one.author[:200],
            "said_at": one.said_at,
        }
        same = [annotation.c[name] == value for name, value in values.items() if value is not None]
        same += [annotation.c[name].is_(None) for name, value in values.items() if value is None]
        if connection.execute(select(annotation.c.annotation_id).where(*same).limit(1)).first() is None:
            connection.execute(insert(annotation).values(**values, noted_at=database_now(connection)))
            added += 1
    return added


def annotations_of(connection: Connection, film_uids: Sequence[str]) -> dict[str, list[FilmAnnotation]]:
    """Give what was said of films, by film, the newest last; films of which nothing was said are left out."""
    found: dict[str, list[FilmAnnotation]] = {}
    for start in range(0, len(film_uids), _AT_ONCE):
        of_films = annotation.c.film_uid.in_(film_uids[start : start + _AT_ONCE])
        wanted = select(annotation).where(of_films).order_by(annotation.c.annotation_id)
        for row in connection.execute(wanted):
            found.setdefault(row.film_uid, []).append(_to_value(row))
    return found


def list_annotations(connection: Connection, limit: int = 100) -> list[FilmAnnotation]:
    """Give the newest annotations, the newest first."""
    wanted = select(annotation).order_by(annotation.c.annotation_id.desc()).limit(limit)
    return [_to_value(row) for row in connection.execute(wanted)]


def _to_value(row: Row[Any]) -> FilmAnnotation:
    values = {name: getattr(row, name) for name in FilmAnnotation.__dataclass_fields__}
    return FilmAnnotation(**values | {"channel": Channel(row.channel)})
