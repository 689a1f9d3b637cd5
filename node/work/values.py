"""What travels between the worker loop and the engine's processes: small, picklable values."""

from dataclasses import dataclass
from datetime import datetime

from node.work.retry import Failure
from storage.values import AnalysisRecord, Attributes, Role, StoredFile


@dataclass(frozen=True, slots=True)
class Film:
    """One radiograph to be analysed.

    Attributes
    ----------
    received_at
        UTC; result objects are dated by it, so that a second run makes the same objects.
    is_last_attempt
        A software failure is then reported to the destinations instead of tried again.
    """

    instance_id: int
    sop_instance_uid: str
    file: StoredFile
    received_at: datetime
    is_last_attempt: bool = False


@dataclass(frozen=True, slots=True)
class ResultInstance:
    """One result object, durable already, not yet in the ledger.

    Attributes
    ----------
    charset
        ``utf-8`` or ``source``: which destinations it is meant for.
    """

    role: Role
    charset: str
    attributes: Attributes
    transfer_syntax_uid: str
    file: StoredFile


@dataclass(frozen=True, slots=True)
class FilmResult:
    """What one film's analysis made."""

    record: AnalysisRecord
    instances: tuple[ResultInstance, ...]


@dataclass(frozen=True, slots=True)
class FilmFailure:
    """Why one film of a batch has no result.

    Attributes
    ----------
    error
        For the operator; names no patient.
    """

    failure: Failure
    error: str


FilmOutcome = FilmResult | FilmFailure
