"""What was decided about films by the routes of the configuration, for audit and for what follows from it."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from sqlalchemy import Connection, insert, select

from storage.databases import database_now
from storage.tables import routing


class Stage(StrEnum):
    """When a decision was taken."""

    RECEIPT = "receipt"
    """Whether the film is analysed at all, and how soon."""
    ANALYSIS = "analysis"
    """By which models, and who gets the results."""


@dataclass(frozen=True, slots=True)
class RoutingRecord:
    """One decision about one film.

    Attributes
    ----------
    route
        Name of the route that won; "" when none matched.
    decision
        JSON-able: the verdict of every condition, and what was chosen.
    """

    instance_id: int
    stage: Stage
    route: str
    decision: Mapping[str, object]
    decided_at: datetime


def add_routing(
    connection: Connection, instance_id: int, stage: Stage, route: str, decision: Mapping[str, object]
) -> None:
    """Keep a decision."""
    values = {
        "instance_id": instance_id,
        "stage": stage,
        "route": route,
        "decision": dict(decision),
        "decided_at": database_now(connection),
    }
    connection.execute(insert(routing).values(values))


def list_routing(connection: Connection, instance_id: int) -> list[RoutingRecord]:
    """Give all decisions about a film, the newest first."""
    mine = select(routing).where(routing.c.instance_id == instance_id)
    return [
        RoutingRecord(row.instance_id, Stage(row.stage), row.route, row.decision, row.decided_at)
        for row in connection.execute(mine.order_by(routing.c.routing_id.desc()))
    ]


def latest_routing(connection: Connection, instance_id: int, stage: Stage) -> RoutingRecord | None:
    """Give the newest decision about a film that was taken at a stage, if there is any."""
    return next((one for one in list_routing(connection, instance_id) if one.stage is stage), None)
