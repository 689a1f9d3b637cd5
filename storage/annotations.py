"""What people said of films: outlines, the finding, its grade; kept whether or not the film is here yet."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
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
        When it was said, in ISO 8601, local time where it names no offset; "" where nobody knows.
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
    """Keep annotations; give how many are new. The same twice in a row by one person is one."""
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
        if _last_of(connection, one) != values:
            connection.execute(insert(annotation).values(**values, noted_at=database_now(connection)))
            added += 1
    return added


def _last_of(connection: Connection, one: FilmAnnotation) -> dict[str, Any] | None:
    """Give what the same person said last of the same film in the same way; None when nothing."""
    names = [column.name for column in annotation.c if column.name not in ("annotation_id", "noted_at")]
    wanted = (
        select(*(annotation.c[name] for name in names))
        .where(
            annotation.c.film_uid == one.film_uid,
            annotation.c.author == one.author[:200],
            annotation.c.channel == str(one.channel),
        )
        .order_by(annotation.c.annotation_id.desc())
        .limit(1)
    )
    row = connection.execute(wanted).mappings().first()
    return None if row is None else dict(row)


def annotations_of(connection: Connection, film_uids: Sequence[str]) -> dict[str, list[FilmAnnotation]]:
    """Give what was said of films, by film, the newest last; films of which nothing was said are left out.

    The newest is what was said last, not what came in last; see `moment_said`. What names no time was said
    when it came in, and nothing was said later than that.
    """
    found: dict[str, list[Row[Any]]] = {}
    for start in range(0, len(film_uids), _AT_ONCE):
        of_films = annotation.c.film_uid.in_(film_uids[start : start + _AT_ONCE])
        wanted = select(annotation).where(of_films).order_by(annotation.c.annotation_id)
        for row in connection.execute(wanted):
            found.setdefault(row.film_uid, []).append(row)
    return {film: [_to_value(row) for row in sorted(rows, key=_when)] for film, rows in found.items()}


def moment_said(said_at: str) -> datetime | None:
    """Read when something was said, in UTC; None where that is no date of ISO 8601.

    A time without an offset is the local time of this machine; a day alone counts to its end.

    >>> moment_said("2026-03-01T10:15+01:00")
    datetime.datetime(2026, 3, 1, 9, 15, tzinfo=datetime.timezone.utc)
    """
    try:
        moment = datetime.fromisoformat(said_at)
        is_day = len(said_at) <= len("2026-03-01")
        return (moment + timedelta(days=1) if is_day else moment).astimezone(UTC)
    except (ValueError, OverflowError):
        return None


def _when(row: Row[Any]) -> datetime:
    noted: datetime = row.noted_at
    return min(moment_said(row.said_at) or noted, noted)


def list_annotations(connection: Connection, limit: int = 100) -> list[FilmAnnotation]:
    """Give the annotations that came in last, the last one first."""
    wanted = select(annotation).order_by(annotation.c.annotation_id.desc()).limit(limit)
    return [_to_value(row) for row in connection.execute(wanted)]


def _to_value(row: Row[Any]) -> FilmAnnotation:
    values = {name: getattr(row, name) for name in FilmAnnotation.__dataclass_fields__}
    return FilmAnnotation(**values | {"channel": Channel(row.channel)})
