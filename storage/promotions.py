"""Which model bundle works, and which one runs in its shadow: decisions of people, append-only."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from sqlalchemy import Connection, insert, select

from storage.databases import database_now
from storage.tables import promotion


class Part(StrEnum):
    """What a bundle does on this node."""

    ACTIVE = "active"
    """Its results leave the node."""
    SHADOW = "shadow"
    """It judges the same films; nothing that it says leaves the node."""


@dataclass(frozen=True, slots=True)
class Promotion:
    """One decision.

    Attributes
    ----------
    digest
        SHA-256 of the bundle's manifest; empty when the part was taken from every bundle.
    name
        Name and version of the bundle.
    verdict
        How it came about: ``passed``, ``overridden``, ``rolled back``...
    by, reason
        Who decided, and why; no patient data.
    at
        UTC; None before it is written.
    """

    part: Part
    digest: str
    name: str
    verdict: str
    by: str
    reason: str
    at: datetime | None = None


def decide(connection: Connection, decision: Promotion) -> None:
    """Write a decision, dated by the database; from the commit on it holds."""
    values = {
        "part": str(decision.part),
        "digest": decision.digest,
        "name": decision.name,
        "verdict": decision.verdict,
        "decided_by": decision.by,
        "reason": decision.reason,
        "at": database_now(connection),
    }
    connection.execute(insert(promotion).values(values))


def decisions(connection: Connection, part: Part, *, limit: int | None = None) -> list[Promotion]:
    """Give the decisions about a part, the newest first."""
    wanted = select(promotion).where(promotion.c.part == str(part)).order_by(promotion.c.promotion_id.desc())
    return [
        Promotion(Part(row.part), row.digest, row.name, row.verdict, row.decided_by, row.reason, row.at)
        for row in connection.execute(wanted.limit(limit))
    ]


def current(connection: Connection, part: Part) -> Promotion | None:
    """Give the decision that holds; None when none was ever taken, or the part was taken away."""
    newest = decisions(connection, part, limit=1)
    return newest[0] if newest and newest[0].digest else None
