"""The films of a study beside each other: what their exposures are, and how far each has come."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Select, and_, func, insert, select

from storage.attributes import clean_text
from storage.tables import analysis, exposure, instance, job, series, study
from storage.values import JobKind, JobState, Role, StoredFile


@dataclass(frozen=True, slots=True)
class StoredFilm:
    """One radiograph with all that is known of its way through the node.

    Attributes
    ----------
    called_ae_title, peer_address
        As it came in; see `ReceivedInstance`.
    facts
        Of its exposure; empty where none were kept.
    is_waiting
        Whether its analysis is still to come, or goes on.
    outcome
        Of its newest analysis; "" without one.
    judged_by, judged_generation
        Digest of the bundle of its newest analysis, and for which asking that was; "" and -1 without one.
    generation
        How often it was asked for again.
    asked_at
        When that was last; the moment of receipt where it was never asked for again.
    """

    instance_id: int
    sop_instance_uid: str
    study_instance_uid: str
    calling_ae_title: str
    called_ae_title: str
    peer_address: str
    received_at: datetime
    file: StoredFile
    facts: Mapping[str, Any]
    is_waiting: bool
    outcome: str
    judged_by: str
    judged_generation: int
    generation: int
    asked_at: datetime

    @property
    def is_asked_again(self) -> bool:
        """Whether it was judged, and is to be judged once more."""
        return 0 <= self.judged_generation < self.generation


def add_exposure(connection: Connection, instance_id: int, facts: Mapping[str, object]) -> None:
    """Keep what a film says of its exposure."""
    connection.execute(insert(exposure).values(instance_id=instance_id, facts=dict(facts)))


def films_beside(connection: Connection, instance_ids: Sequence[int]) -> dict[str, list[StoredFilm]]:
    """Give all films of the studies that some instances belong to, oldest first, by Study Instance UID."""
    of_studies = select(series.c.study_row).join(instance).where(instance.c.instance_id.in_(instance_ids))
    rows = connection.execute(_films().where(series.c.study_row.in_(of_studies)))
    return _by_study(rows.mappings())


def films_of_accession(connection: Connection, accession_number: str) -> list[str]:
    """Give the SOP Instance UIDs of the films of an order, oldest first."""
    wanted = (
        select(instance.c.sop_instance_uid)
        .select_from(instance.join(series).join(study))
        .where(
            study.c.accession_number == clean_text(accession_number),
            instance.c.role == Role.SOURCE,
            instance.c.variant == 0,
        )
        .order_by(instance.c.instance_id)
    )
    return list(connection.scalars(wanted))


def films_of_study(connection: Connection, study_instance_uid: str) -> list[StoredFilm]:
    """Give the films of one study, oldest first."""
    rows = connection.execute(_films().where(study.c.study_instance_uid == study_instance_uid))
    return _by_study(rows.mappings()).get(study_instance_uid, [])


def _films() -> Select[Any]:
    newest = (
        select(func.max(analysis.c.analysis_id))
        .where(analysis.c.source_instance_id == instance.c.instance_id)
        .correlate(instance)
        .scalar_subquery()
    )
    is_job = and_(job.c.instance_id == instance.c.instance_id, job.c.kind == JobKind.ANALYSE)
    return (
        select(
            *(instance.c[name] for name in ("instance_id", "sop_instance_uid", "calling_ae_title")),
            *(instance.c[name] for name in ("called_ae_title", "peer_address", "received_at")),
            *(instance.c[name] for name in ("path", "sha256", "size_bytes")),
            study.c.study_instance_uid,
            exposure.c.facts,
            *(job.c[name] for name in ("state", "generation", "enqueued_at")),
            *(analysis.c[name] for name in ("outcome", "bundle_digest")),
            analysis.c.generation.label("judged_generation"),
        )
        .select_from(
            instance.join(series)
            .join(study)
            .outerjoin(exposure)
            .outerjoin(job, is_job)
            .outerjoin(analysis, analysis.c.analysis_id == newest)
        )
        .where(instance.c.role == Role.SOURCE, instance.c.variant == 0)
        .order_by(instance.c.instance_id)
    )


def _by_study(rows: Iterable[Mapping[Any, Any]]) -> dict[str, list[StoredFilm]]:
    found: dict[str, list[StoredFilm]] = {}
    for row in rows:
        found.setdefault(row["study_instance_uid"], []).append(_to_film(row))
    return found


def _to_film(row: Mapping[Any, Any]) -> StoredFilm:
    return StoredFilm(
        instance_id=row["instance_id"],
        sop_instance_uid=row["sop_instance_uid"],
        study_instance_uid=row["study_instance_uid"],
        calling_ae_title=row["calling_ae_title"],
        called_ae_title=row["called_ae_title"],
        peer_address=row["peer_address"],
        received_at=row["received_at"],
        file=StoredFile(path=row["path"], sha256=row["sha256"], size_bytes=row["size_bytes"]),
        facts=row["facts"] or {},
        is_waiting=row["state"] == JobState.READY,
        outcome=row["outcome"] or "",
        judged_by=row["bundle_digest"] or "",
        judged_generation=-1 if row["judged_generation"] is None else row["judged_generation"],
        generation=row["generation"] or 0,
        asked_at=row["enqueued_at"] if row["generation"] else row["received_at"],
    )
