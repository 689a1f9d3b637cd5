"""Films in the order in which they were taken, with what the models said of them."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, func, select

from storage.tables import analysis, instance, series, study

_ROWS_AT_ONCE = 500


@dataclass(frozen=True, slots=True)
class FilmHistory:
    """One judged film.

    Attributes
    ----------
    taken_on
        Acquisition Date, else Study Date, ``YYYYMMDD``; "" where the film has neither.
    details
        Of its first analysis.
    """

    taken_on: str
    received_at: datetime
    analysed_at: datetime
    details: dict[str, object]


def film_histories(connection: Connection) -> Iterator[FilmHistory]:
    """Give every film that was judged, by its first analysis, in the order of analysis."""
    first = select(func.min(analysis.c.analysis_id)).group_by(analysis.c.source_instance_id)
    wanted = (
        select(
            func.coalesce(instance.c.acquisition_date, study.c.study_date, "").label("taken_on"),
            instance.c.received_at,
            analysis.c.analysed_at,
            analysis.c.details,
        )
        .select_from(
            analysis.join(instance, instance.c.instance_id == analysis.c.source_instance_id)
            .join(series)
            .join(study)
        )
        .where(analysis.c.analysis_id.in_(first))
        .order_by(analysis.c.analysis_id)
    )
    with connection.execute(wanted, execution_options={"yield_per": _ROWS_AT_ONCE}) as result:
        for row in result:
            yield FilmHistory(row.taken_on, row.received_at, row.analysed_at, row.details)
