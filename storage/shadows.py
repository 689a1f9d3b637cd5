"""What the bundle in shadow said of films: never sent, never found by query, kept for comparison."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, func, insert, select, update

from storage.analyses import to_values
from storage.promotions import Part, current
from storage.queue import enqueue
from storage.tables import analysis, instance, shadow
from storage.values import AnalysisRecord, Claim, JobKind, NewJob, StoredFile

_LOW = -10
_ATTEMPTS = 3


@dataclass(frozen=True, slots=True)
class Pair:
    """One film judged by both bundles.

    Attributes
    ----------
    active
        The newest analysis by the bundle that is compared with.
    """

    sop_instance_uid: str
    film: StoredFile
    active: AnalysisRecord
    shadow: AnalysisRecord


def ask_shadow(connection: Connection, judged: Claim, active_digest: str) -> None:
    """Ask the bundle in shadow, if one runs, about a film that the active bundle has judged.

    Parameters
    ----------
    judged
        The claim on the film's own job.
    """
    chosen = current(connection, Part.SHADOW)
    if chosen is None or chosen.digest == active_digest:
        return
    job = NewJob(
        kind=JobKind.SHADOW,
        key=f"{judged.key}@{chosen.digest[:16]}",
        instance_id=judged.instance_id,
        priority=_LOW,
        max_attempts=_ATTEMPTS,
    )
    enqueue(connection, [job])


def add_shadow(connection: Connection, record: AnalysisRecord) -> None:
    """Keep what a bundle in shadow said; said again, it replaces what it said before."""
    this = (shadow.c.source_instance_id == record.source_instance_id) & (
        shadow.c.bundle_digest == record.bundle_digest
    )
    values = to_values(record)
    if connection.execute(update(shadow).where(this).values(values)).rowcount == 0:
        connection.execute(insert(shadow).values(values))


def count_shadows(connection: Connection) -> dict[str, int]:
    """Count the films that each bundle has judged in shadow, by its digest."""
    counted = select(shadow.c.bundle_digest, func.count().label("films")).group_by(shadow.c.bundle_digest)
    return {row.bundle_digest: row.films for row in connection.execute(counted)}


def pairs(
    connection: Connection, shadow_digest: str, active_digest: str, since: datetime | None = None
) -> Iterator[Pair]:
    """Give the films that both bundles judged, oldest first.

    Parameters
    ----------
    since
        Leaves out films that were judged in shadow before.
    """
    newest = (
        select(func.max(analysis.c.analysis_id))
        .where(analysis.c.bundle_digest == active_digest)
        .group_by(analysis.c.source_instance_id)
    )
    wanted = (
        select(
            instance.c.sop_instance_uid,
            *(instance.c[name] for name in ("path", "sha256", "size_bytes")),
            *(analysis.c[name].label(f"active_{name}") for name in _names()),
            *(shadow.c[name].label(f"shadow_{name}") for name in _names()),
        )
        .select_from(
            shadow.join(analysis, analysis.c.source_instance_id == shadow.c.source_instance_id).join(
                instance, instance.c.instance_id == shadow.c.source_instance_id
            )
        )
        .where(shadow.c.bundle_digest == shadow_digest, analysis.c.analysis_id.in_(newest))
        .order_by(shadow.c.shadow_id)
    )
    if since is not None:
        wanted = wanted.where(shadow.c.analysed_at >= since)
    for row in connection.execute(wanted).mappings():
        yield Pair(
            row["sop_instance_uid"],
            StoredFile(row["path"], row["sha256"], row["size_bytes"]),
            _record(row, "active"),
            _record(row, "shadow"),
        )


def _names() -> Sequence[str]:
    return tuple(AnalysisRecord.__dataclass_fields__)


def _record(row: Any, part: str) -> AnalysisRecord:
    return AnalysisRecord(**{name: row[f"{part}_{name}"] for name in _names()})
