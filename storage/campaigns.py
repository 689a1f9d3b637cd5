"""Campaigns: what is fetched from a PACS, by whose wish and how far it has come.

::

    OPEN       to be worked on by `neolung fetch`, whether a process does so now or not
    PAUSED     by an operator
    CANCELLED  by an operator
    DONE       everything was searched, no study is left to fetch

A round is one search through all days of the criteria. The cursor and the studies found
(``campaign_studies``) move in one transaction, so that a process that dies at any moment leaves a campaign
that another one goes on with.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import Connection, Row, and_, select, update

from storage.databases import database_now, insert_new
from storage.errors import CampaignNotChangeable, NotInLedger
from storage.jobs import to_error
from storage.tables import campaign


class CampaignState(StrEnum):
    """Where a campaign stands."""

    OPEN = "open"
    PAUSED = "paused"
    CANCELLED = "cancelled"
    DONE = "done"


@dataclass(frozen=True, slots=True)
class Campaign:
    """One campaign.

    Attributes
    ----------
    destination
        Name of the system that is asked.
    criteria
        What is looked for, as the node wrote it.
    round
        Number of the search, from 1.
    search_next, search_to
        First day that was not searched yet, and the last day of this round.
    error
        Why it last stopped before its end; empty when it did not.
    """

    campaign_id: int
    name: str
    destination: str
    criteria: Mapping[str, object]
    state: CampaignState
    round: int
    search_next: date
    search_to: date
    error: str
    created_at: datetime
    changed_at: datetime

    @property
    def is_searched(self) -> bool:
        """Whether this round's search is at its end."""
        return self.search_next > self.search_to


def add_campaign(
    connection: Connection,
    name: str,
    destination: str,
    criteria: Mapping[str, object],
    days: tuple[date, date],
) -> Campaign:
    """Open a campaign whose first round searches the days from the first to the second.

    Raises
    ------
    CampaignNotChangeable
        If there is one of that name.
    """
    now = database_now(connection)
    values = {
        "name": name,
        "destination": destination,
        "criteria": dict(criteria),
        "state": CampaignState.OPEN,
        "round": 1,
        "search_next": days[0].isoformat(),
        "search_to": days[1].isoformat(),
        "error": "",
        "created_at": now,
        "changed_at": now,
    }
    if connection.scalar(insert_new(connection, campaign, campaign.c.campaign_id), values) is None:
        message = f"There is a campaign {name} already; 'neolung fetch repeat {name}' searches once more."
        raise CampaignNotChangeable(message)
    return get_campaign(connection, name)


def get_campaign(connection: Connection, name: str) -> Campaign:
    """Give a campaign by its name.

    Raises
    ------
    NotInLedger
        If there is none.
    """
    row = connection.execute(select(campaign).where(campaign.c.name == name)).one_or_none()
    if row is None:
        message = f"There is no campaign {name}; 'neolung fetch list' shows the campaigns."
        raise NotInLedger(message)
    return _to_campaign(row)


def list_campaigns(connection: Connection, limit: int = 100) -> list[Campaign]:
    """Give the campaigns, the newest first."""
    rows = connection.execute(select(campaign).order_by(campaign.c.campaign_id.desc()).limit(limit))
    return [_to_campaign(row) for row in rows]


def change_state(
    connection: Connection, name: str, state: CampaignState, *, of: Collection[CampaignState], error: str = ""
) -> Campaign:
    """Move a campaign from one of some states to another.

    Raises
    ------
    NotInLedger
        If there is none of that name.
    CampaignNotChangeable
        If it is in none of these states.
    """
    values = {"state": state, "error": to_error(error), "changed_at": database_now(connection)}
    allowed = and_(campaign.c.name == name, campaign.c.state.in_(of))
    changed = connection.execute(update(campaign).where(allowed).values(values)).rowcount
    found = get_campaign(connection, name)
    if not changed:
        message = f"Campaign {name} is {found.state}; 'neolung fetch show {name}' says more."
        raise CampaignNotChangeable(message)
    return found


def note_error(connection: Connection, campaign_id: int, error: str) -> None:
    """Write down why a campaign stopped before its end; an empty text takes it back."""
    values = {"error": to_error(error), "changed_at": database_now(connection)}
    connection.execute(update(campaign).where(campaign.c.campaign_id == campaign_id).values(values))


def begin_round(connection: Connection, name: str, days: tuple[date, date]) -> Campaign:
    """Search once more from the beginning; what failed is tried again.

    Raises
    ------
    NotInLedger
        If there is none of that name.
    """
    known = get_campaign(connection, name)
    values = {
        "state": CampaignState.OPEN,
        "round": known.round + 1,
        "search_next": days[0].isoformat(),
        "search_to": days[1].isoformat(),
        "error": "",
        "changed_at": database_now(connection),
    }
    connection.execute(update(campaign).where(campaign.c.name == name).values(values))
    return get_campaign(connection, name)


def _to_campaign(row: Row[Any]) -> Campaign:
    values = {**row._mapping, "state": CampaignState(row.state)}  # noqa: SLF001 - SQLAlchemy's public name
    values |= {name: date.fromisoformat(values[name]) for name in ("search_next", "search_to")}
    return Campaign(**values)
