"""What travels between the worker loop and the engine's processes: small, picklable values."""

from collections.abc import Mapping
from concurrent.futures import BrokenExecutor
from dataclasses import dataclass
from datetime import datetime
from types import MappingProxyType

from node.log import describe_exception
from node.routing.values import Decision, Sender
from node.work.retry import Failure
from pipeline.errors import PipelineError
from pipeline.results import Form, Kind
from pipeline.results.predecessors import NO_PAST, Past
from storage.errors import StorageError
from storage.values import AnalysisRecord, Attributes, Role, StoredFile

_ROLES: Mapping[Kind, Role] = MappingProxyType(
    {
        "seg": Role.SEGMENTATION,
        "sr": Role.REPORT,
        "pr": Role.PRESENTATION,
        "sc": Role.CAPTURE,
        "pdf": Role.DOCUMENT,
    }
)


def kind_of(role: Role) -> Kind | None:
    """Give the name that ``send`` has for results of a role; None for what is no result."""
    return next((kind for kind, made_as in _ROLES.items() if made_as is role), None)


@dataclass(frozen=True, slots=True)
class Film:
    """One radiograph to be analysed.

    Attributes
    ----------
    asked_at
        UTC; when it was received, or asked for again. Result objects are dated by it, so that a second run
        makes the same objects.
    generation
        How often it was asked for again.
    sender
        By which, among others, routes choose.
    stands_for_it
        SOP Instance UID of the film whose result counts for both; "" where this one is looked at itself.
    past
        Its reports so far.
    is_last_attempt
        A software failure is then reported to the destinations instead of tried again.
    """

    instance_id: int
    sop_instance_uid: str
    file: StoredFile
    asked_at: datetime
    sender: Sender
    generation: int = 0
    stands_for_it: str = ""
    past: Past = NO_PAST
    is_last_attempt: bool = False


@dataclass(frozen=True, slots=True)
class ResultInstance:
    """One result object, durable already, not yet in the ledger.

    Attributes
    ----------
    form
        Kind, character set and size: which destinations it is meant for.
    """

    form: Form
    attributes: Attributes
    transfer_syntax_uid: str
    file: StoredFile

    @property
    def role(self) -> Role:
        """Role in the ledger."""
        return _ROLES[self.form.kind]


@dataclass(frozen=True, slots=True)
class FilmResult:
    """What one film's analysis made.

    Attributes
    ----------
    decision
        Where the results go, and why.
    """

    record: AnalysisRecord
    instances: tuple[ResultInstance, ...]
    decision: Decision


@dataclass(frozen=True, slots=True)
class KeptBack:
    """A film that a route takes out of the queue: it stays stored, without an analysis."""

    decision: Decision


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


FilmOutcome = FilmResult | KeptBack | FilmFailure


def describe_failure(error: BaseException) -> str:
    """Describe a failure of the engine; only our own messages are known to name no patient."""
    return _told(error) or describe_exception(error)


def describe_warm_up(error: BaseException) -> str:
    """Describe why the engine does not start: no film is involved yet, so every message may be shown."""
    return _told(error) or f"{type(error).__name__}, {error}"


def _told(error: BaseException) -> str:
    if isinstance(error, BrokenExecutor):
        return "the engine's process died"
    return str(error) if isinstance(error, (PipelineError, StorageError)) else ""
