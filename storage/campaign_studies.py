"""The studies of a campaign.

::

    FOUND    to be fetched, perhaps again, when run_at has come
    FETCHED  all that is wanted of it is here
    FAILED   its attempts are used up; the next round tries again
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum
from typing import Any

from sqlalchemy import Connection, Row, and_, case, func, select, update

from storage.campaigns import Campaign
from storage.conditions import text_condition
from storage.databases import database_now, insert_new
from storage.jobs import to_error
from storage.matching import OneOf
from storage.tables import campaign, campaign_study, instance


class StudyState(StrEnum):
    """Where a study of a campaign stands."""

    FOUND = "found"
    FETCHED = "fetched"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class CampaignStudy:
    """One study of a campaign.

    Attributes
    ----------
    wanted
        Instances at the PACS that fit, when it was last asked.
    held
        Those of them that the node had before.
    fetched
        Those that came, in all rounds.
    """

    study_row: int
    study_instance_uid: str
    state: StudyState
    attempts: int
    wanted: int
    held: int
    fetched: int
    error: str
    run_at: datetime


@dataclass(frozen=True, slots=True)
class CampaignCount:
    """Sums over the studies of a campaign."""

    found: int = 0
    fetched: int = 0
    failed: int = 0
    instances_fetched: int = 0
    instances_held: int = 0

    @property
    def studies(self) -> int:
        """Count all studies."""
        return self.found + self.fetched + self.failed


_STUDY_ROW = campaign_study.c.study_row
_TO_DO = campaign_study.c.state == StudyState.FOUND


def add_studies(
    connection: Connection, found_in: Campaign, study_instance_uids: Sequence[str], search_next: date
) -> int:
    """Add what was found and move the cursor; give the number of studies that this round did not know."""
    now = database_now(connection)
    fresh = {"state": StudyState.FOUND, "attempts": 0, "run_at": now, "round": found_in.round, "error": ""}
    counts = {"wanted": 0, "held": 0, "fetched": 0}
    of = {"campaign_id": found_in.campaign_id}
    rows = [{**of, "study_instance_uid": uid, **fresh, **counts} for uid in study_instance_uids]
    added = 0
    if rows:
        added = len(connection.execute(insert_new(connection, campaign_study, _STUDY_ROW), rows).all())
        again = and_(
            campaign_study.c.campaign_id == found_in.campaign_id,
            campaign_study.c.round < found_in.round,
            text_condition(
                campaign_study.c.study_instance_uid,
                OneOf(tuple(study_instance_uids)),
                connection.dialect.name,
            ),
        )
        added += connection.execute(update(campaign_study).where(again).values(fresh)).rowcount
    moved = {"search_next": search_next.isoformat(), "changed_at": now}
    connection.execute(update(campaign).where(campaign.c.campaign_id == found_in.campaign_id).values(moved))
    return added


def due_studies(connection: Connection, campaign_id: int, limit: int) -> list[CampaignStudy]:
    """Give studies to be fetched now, those that wait longest first."""
    due = and_(_TO_DO, campaign_study.c.run_at <= database_now(connection))
    wanted = select(campaign_study).where(campaign_study.c.campaign_id == campaign_id, due)
    in_order = wanted.order_by(campaign_study.c.run_at, _STUDY_ROW)
    return [_to_study(row) for row in connection.execute(in_order.limit(limit))]


def next_due(connection: Connection, campaign_id: int) -> timedelta | None:
    """Tell how long it is until another study is due; None when none is left."""
    of_this = and_(campaign_study.c.campaign_id == campaign_id, _TO_DO)
    run_at: datetime | None = connection.scalar(select(func.min(campaign_study.c.run_at)).where(of_this))
    if run_at is None:
        return None
    return max(timedelta(0), run_at - database_now(connection))


def list_studies(
    connection: Connection, campaign_id: int, *, state: StudyState | None = None, limit: int = 100
) -> list[CampaignStudy]:
    """Give studies of a campaign in the order in which they were found."""
    wanted = select(campaign_study).where(campaign_study.c.campaign_id == campaign_id)
    if state is not None:
        wanted = wanted.where(campaign_study.c.state == state)
    return [_to_study(row) for row in connection.execute(wanted.order_by(_STUDY_ROW).limit(limit))]


def expect_study(connection: Connection, study_row: int, window: timedelta) -> None:
    """Say that instances of a study will come in, so that they are known as the campaign's."""
    values = {"expected_until": database_now(connection) + window}
    connection.execute(update(campaign_study).where(campaign_study.c.study_row == study_row).values(values))


def is_expected(connection: Connection, study_instance_uid: str) -> bool:
    """Tell whether a campaign fetches this study just now."""
    now = database_now(connection)
    expected = and_(
        campaign_study.c.study_instance_uid == study_instance_uid, campaign_study.c.expected_until > now
    )
    return connection.scalar(select(func.count()).where(expected)) != 0


def finish_study(connection: Connection, study_row: int, *, wanted: int, held: int, fetched: int) -> None:
    """Write down that all that is wanted of a study is here."""
    _change_study(
        connection,
        study_row,
        state=StudyState.FETCHED,
        wanted=wanted,
        held=held,
        fetched=campaign_study.c.fetched + fetched,
        error="",
    )


def put_off_study(
    connection: Connection, study: CampaignStudy, error: str, delay: timedelta | None, *, fetched: int = 0
) -> None:
    """Write down that a study did not come whole; None for the delay ends it as failed.

    Parameters
    ----------
    fetched
        Instances that did come.
    """
    _change_study(
        connection,
        study.study_row,
        state=StudyState.FAILED if delay is None else StudyState.FOUND,
        attempts=study.attempts + 1,
        run_at=database_now(connection) + (delay or timedelta(0)),
        fetched=campaign_study.c.fetched + fetched,
        error=to_error(error),
    )


def count_studies(connection: Connection, campaign_id: int) -> CampaignCount:
    """Sum up a campaign."""
    of = campaign_study.c
    states = (func.sum(case((of.state == state, 1), else_=0)) for state in StudyState)
    sums = select(*states, func.sum(of.fetched), func.sum(of.held)).where(of.campaign_id == campaign_id)
    return CampaignCount(*(int(number or 0) for number in connection.execute(sums).one()))


def known_uids(connection: Connection, sop_instance_uids: Sequence[str]) -> set[str]:
    """Give those of some SOP Instance UIDs that the ledger knows."""
    wanted = text_condition(
        instance.c.sop_instance_uid, OneOf(tuple(sop_instance_uids)), connection.dialect.name
    )
    return set(connection.scalars(select(instance.c.sop_instance_uid).where(wanted).distinct()))


def _change_study(connection: Connection, study_row: int, **values: object) -> None:
    connection.execute(update(campaign_study).where(campaign_study.c.study_row == study_row).values(values))


def _to_study(row: Row[Any]) -> CampaignStudy:
    return CampaignStudy(
        study_row=row.study_row,
        study_instance_uid=row.study_instance_uid,
        state=StudyState(row.state),
        attempts=row.attempts,
        wanted=row.wanted,
        held=row.held,
        fetched=row.fetched,
        error=row.error,
        run_at=row.run_at,
    )
