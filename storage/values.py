"""The values that the ledger takes and gives: received and stored instances, jobs, claims, analyses."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

Items = tuple[Mapping[str, str | None], ...]
"""The items of one sequence, each with its attributes by DICOM keyword."""

Attributes = Mapping[str, str | int | Items | None]
"""Indexed attributes of one SOP Instance by DICOM keyword (``PatientName``, ``Rows``...), text in Unicode."""


class Role(StrEnum):
    """Why an instance is in the ledger."""

    SOURCE = "source"
    """A radiograph that the node analyses."""
    SEGMENTATION = "segmentation"
    """A SEG that this node made."""
    REPORT = "report"
    """A Structured Report that this node made."""
    PRESENTATION = "presentation"
    """A presentation state (GSPS) that this node made."""
    CAPTURE = "capture"
    """A Secondary Capture that this node made."""
    DOCUMENT = "document"
    """An encapsulated PDF that this node made."""
    SUMMARY = "summary"
    """A Structured Report on several films of a study that this node made."""
    OTHER = "other"
    """Received and kept for retrieval, never analysed."""


class JobKind(StrEnum):
    """What a job asks for."""

    ANALYSE = "analyse"
    """Run the pipeline over one received radiograph."""
    DELIVER = "deliver"
    """Send one result object to one destination."""
    COMMIT = "commit"
    """Obtain the destination's storage commitment for one delivered object."""
    SUMMARISE = "summarise"
    """Make the summary of one study; the key is its Study Instance UID."""
    SHADOW = "shadow"
    """Let the bundle in shadow judge one radiograph; nothing of it leaves the node."""


class JobState(StrEnum):
    """Where a job stands; a running job is a READY one under a lease."""

    READY = "ready"
    DONE = "done"
    UNCOMMITTED = "uncommitted"
    """Of COMMIT jobs: stored, not committed, because the destination offers no Storage Commitment."""
    DEAD = "dead"
    CANCELLED = "cancelled"


@dataclass(frozen=True, slots=True)
class ReceivedInstance:
    """One SOP Instance as it came in.

    Attributes
    ----------
    attributes
        Indexed attributes by keyword; always holds the UIDs of the three levels and the SOP Class UID.
    transfer_syntax_uid
        Transfer syntax of the encoded bytes.
    calling_ae_title, called_ae_title
        AE titles of the association, without padding.
    peer_address
        IP address of the requestor.
    received_at
        UTC.
    part10
        The complete Part 10 file: preamble, File Meta, and the Data Set exactly as it was sent.
    """

    attributes: Attributes
    transfer_syntax_uid: str
    calling_ae_title: str
    called_ae_title: str
    peer_address: str
    received_at: datetime
    part10: bytes


@dataclass(frozen=True, slots=True)
class StoredFile:
    """A durable object file.

    Attributes
    ----------
    path
        Relative to the object store's root.
    sha256
        Lower-case hexadecimal digest of the whole file.
    """

    path: str
    sha256: str
    size_bytes: int


@dataclass(frozen=True, slots=True)
class StoredInstance:
    """One row of the index.

    Attributes
    ----------
    instance_id
        The ledger's own key.
    variant
        0 for the first bytes seen under this SOP Instance UID, 1.. for later, different bytes (kept and
        flagged).
    source_instance_id
        For results: the radiograph they were made from.
    """

    instance_id: int
    sop_instance_uid: str
    sop_class_uid: str
    series_instance_uid: str
    study_instance_uid: str
    role: Role
    variant: int
    transfer_syntax_uid: str
    calling_ae_title: str
    received_at: datetime
    file: StoredFile
    source_instance_id: int | None


@dataclass(frozen=True, slots=True)
class NewJob:
    """A job to be put in the queue.

    Attributes
    ----------
    key
        With ``kind`` and ``destination`` unique for ever: the same work is never queued twice.
    destination
        Name of the destination for DELIVER and COMMIT, else empty.
    priority
        Higher runs first; 0 is ordinary, 10 STAT, -10 a campaign, -20 films that are asked for again.
    delay
        How long it is not yet due.
    """

    kind: JobKind
    key: str
    instance_id: int
    destination: str = ""
    priority: int = 0
    max_attempts: int = 8
    delay: timedelta = timedelta(0)


@dataclass(frozen=True, slots=True)
class Claim:
    """A worker's right to one job until its lease ends.

    Attributes
    ----------
    attempt
        Number of this try, from 1; counted when claimed, so a crash counts.
    token
        Fences every later write: a claim whose lease was taken over changes nothing.
    """

    job_id: int
    kind: JobKind
    key: str
    destination: str
    instance_id: int
    attempt: int
    max_attempts: int
    token: str
    lease_expires_at: datetime


@dataclass(frozen=True, slots=True)
class Job:
    """One job as an operator sees it (``neolung jobs``)."""

    job_id: int
    kind: JobKind
    key: str
    destination: str
    instance_id: int
    state: JobState
    running: bool
    priority: int
    attempts: int
    max_attempts: int
    run_at: datetime
    owner: str
    error: str
    enqueued_at: datetime
    finished_at: datetime | None

    @property
    def standing(self) -> str:
        """Where the job stands, in a word or two: its state, or what goes on under its lease."""
        if not self.running:
            return str(self.state)
        return "running" if self.owner else "awaits report"


@dataclass(frozen=True, slots=True)
class QueueCount:
    """How many jobs of one kind and destination are in one state.

    Attributes
    ----------
    running
        Those of ``jobs`` that are under a lease now.
    oldest_waiting
        How long ago the oldest job that waits was queued; None when none waits.
    """

    kind: JobKind
    destination: str
    state: JobState
    jobs: int
    running: int
    oldest_waiting: timedelta | None


JUDGED = ("present", "absent")
"""Outcomes that say something of the finding."""


@dataclass(frozen=True, slots=True)
class AnalysisRecord:
    """What one analysis found, as the ledger keeps it.

    Attributes
    ----------
    outcome
        ``present``, ``absent``, ``not eligible``, ``not assessable`` or ``failed``.
    probability, threshold
        In [0, 1]; None without a finding.
    area_mm2
        Both lungs; None without a known pixel spacing.
    details
        Gate verdicts, timings and parameters, JSON-able.
    generation
        How often the film had been asked for again.
    """

    source_instance_id: int
    bundle_digest: str
    pipeline_version: str
    outcome: str
    explanation: str
    probability: float | None
    threshold: float | None
    area_pixels: int | None
    area_mm2: float | None
    details: Mapping[str, object]
    analysed_at: datetime
    generation: int = 0
