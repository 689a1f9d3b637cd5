"""Which radiographs have been analysed: in a study, or since a moment."""

from datetime import datetime

from sqlalchemy import Connection, select

from storage.instances import STORED, to_stored
from storage.tables import analysis, instance, study
from storage.values import StoredInstance


def analysed_films(
    connection: Connection, *, study_instance_uid: str | None = None, since: datetime | None = None
) -> list[StoredInstance]:
    """Give the radiographs that have results, in the order of their arrival.

    Parameters
    ----------
    study_instance_uid
        Only those of one study.
    since
        Only those analysed at or after a moment, UTC.
    """
    analysed = select(analysis.c.source_instance_id)
    if since is not None:
        analysed = analysed.where(analysis.c.analysed_at >= since)
    wanted = STORED.where(instance.c.instance_id.in_(analysed)).order_by(instance.c.instance_id)
    if study_instance_uid is not None:
        wanted = wanted.where(study.c.study_instance_uid == study_instance_uid)
    return [to_stored(row) for row in connection.execute(wanted).mappings()]
