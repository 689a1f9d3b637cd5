"""The configuration: every key, its kind and its default.

The sentence below each key is its documentation: ``docs/configuration.md`` is made from it.
"""

from pathlib import Path
from typing import Literal

from pydantic import Field, ValidationInfo, field_validator

from node.config.access import AccessConfig, PeerConfig
from node.config.audit import AuditConfig
from node.config.commitment import CommitmentConfig
from node.config.destinations import DestinationConfig, RetryConfig
from node.config.drift import DriftConfig
from node.config.fetch import FetchConfig
from node.config.gate import GateConfig
from node.config.metrics import MetricsConfig
from node.config.routes import RouteConfig
from node.config.section import Section
from node.config.studies import StudiesConfig
from node.config.tls import TlsConfig
from node.config.types import (
    UID,
    AETitle,
    Bytes,
    Charset,
    Count,
    Days,
    Flag,
    Folder,
    Host,
    Limit,
    ListenPort,
    PduBytes,
    Seconds,
    ShortText,
    Url,
    UtcOffset,
)
from node.config.web import WebConfig

__all__ = ["Config", "DestinationConfig", "GateConfig", "PeerConfig", "RetryConfig", "TlsConfig", "WebConfig"]


class NodeConfig(Section):
    """Who the node is and where it listens and keeps its files."""

    ae_title: AETitle = "NEOLUNG"
    """AE title that peers call."""
    listen: Host = "127.0.0.1"
    """Address to listen on. 0.0.0.0 opens all interfaces: then list the peers under access."""
    port: ListenPort = 11112
    """TCP port to listen on."""
    data_dir: Folder = Path("var")
    """Folder of the ledger and the object files. Back it up as a whole."""
    station_name: ShortText = "neolung"
    """Station Name (0008,1010) and observer name in result objects."""
    device_uid: UID | None = None
    """UID of this installation in result objects; null: made once and kept in data_dir."""
    utc_offset: UtcOffset | None = None
    """Offset of times in results when the radiograph states none; null: that of this machine."""


class LedgerConfig(Section):
    """The database of index, queue and deliveries."""

    url: Url | None = None
    """Database; null: SQLite in data_dir. Use PostgreSQL when several machines work on one queue."""
    keep_days: Days = 90
    """How long jobs that have ended and the history are kept; 0: for ever. Open work, dead letters,
    weeks of drift and the index are kept in any case."""


class LimitsConfig(Section):
    """How much the node takes on at once."""

    max_associations: Count = 20
    """Associations open at one time; further ones are refused as a passing condition."""
    max_pdu_bytes: PduBytes = 131072
    """Largest PDU that the node offers to receive."""
    acse_timeout_s: Seconds = 30.0
    """Longest wait for an association message."""
    dimse_timeout_s: Seconds = 60.0
    """Longest wait for the rest of a begun message, beside a second for each kilobyte of it."""
    network_timeout_s: Seconds = 120.0
    """Longest silence on an open association before it is aborted."""
    drain_timeout_s: Seconds = 30.0
    """How long a stopping node lets open associations and running batches finish."""
    query_limit: Limit = 5000
    """Most responses to one C-FIND; the query then ends with status A700. 0: no limit."""
    max_object_bytes: Bytes = 536870912
    """Largest object that is accepted; larger ones are answered with A700. 0: no limit."""
    max_buffered_bytes: Bytes = 2147483648
    """Bytes of objects that all associations together may have in memory, and once more all uploads by
    DICOMweb; what goes beyond is answered with A700 (503) and may be sent again. 0: no limit."""
    min_free_bytes: Bytes = 268435456
    """Free space on the disk of data_dir below which C-STORE is answered with A700."""
    max_queue: Limit = 100000
    """Radiographs waiting for analysis above which further ones are answered with A700. 0: no limit."""


class ReceiveConfig(Section):
    """How received objects are taken in."""

    duplicate_policy: Literal["accept", "report"] = "accept"
    """Answer to other bytes under a known SOP Instance UID, which are always kept beside the first ones and
    flagged. accept: 0000. report: 0111, duplicate SOP instance."""
    process_secondary_capture: Flag = False
    """Analyse Secondary Captures (digitised films) too, not only CR and DX."""
    undeclared_charsets: tuple[Charset, ...] = ("utf-8", "cp949")
    """Character sets to try, in this order, for text outside ASCII that declares none."""


class ModelConfig(Section):
    """Which model bundle judges."""

    bundle: Folder | None = None
    """Folder of the model bundle; null: the reference bundle that ships with neolung."""
    warm_bundles: Count = 2
    """Most bundles that each worker process keeps in memory, where routes name several. The one used longest
    ago makes room for another, which takes some seconds."""


class WorkConfig(Section):
    """How radiographs are analysed."""

    engine: Literal["auto", "cpu", "cuda"] = "auto"
    """What runs the networks. auto: CUDA where a device is present, else the processor."""
    executor: Literal["process", "ray"] = "process"
    """process: processes on this machine. ray: a Ray cluster (extra "ray")."""
    ray_address: str | None = None
    """Address of the Ray cluster; null: as Ray finds it."""
    processes: Literal["auto"] | Count = "auto"
    """Worker processes. auto: one for each CUDA device, or as many as the processor serves well."""
    batch: Count = 8
    """Radiographs claimed and analysed together."""
    lease_s: Seconds = 60.0
    """How long a claim holds without a sign of life; then another worker takes over."""
    batch_timeout_s: Seconds = 300.0
    """Longest time for one batch before its process is given up."""
    poll_s: Seconds = 0.5
    """Pause before an empty queue is looked at again."""
    max_attempts: Count = 5
    """Tries before an analysis becomes a dead letter."""
    first_delay_s: Seconds = 5.0
    """Pause after the first failed try; it doubles with each further one, with jitter."""
    max_delay_s: Seconds = 3600.0
    """Longest pause between tries."""


class ResultsConfig(Section):
    """Which results leave the node."""

    send_not_eligible: Flag = True
    """Send a report also for films that the gate turned away, with the coded reason."""
    keep_overlay: Flag = True
    """Keep a picture with the lung contour beside the result objects."""


class LogConfig(Section):
    """What the node writes to standard error: UIDs only, never patient data."""

    level: Literal["debug", "info", "warning", "error"] = "info"
    """Least important events that are written."""
    format: Literal["text", "json"] = "text"
    """One line an event, for people or for machines."""


class Config(Section):
    """The whole configuration."""

    node: NodeConfig = Field(default_factory=NodeConfig)
    ledger: LedgerConfig = Field(default_factory=LedgerConfig)
    access: AccessConfig = Field(default_factory=AccessConfig)
    tls: TlsConfig = Field(default_factory=TlsConfig)
    limits: LimitsConfig = Field(default_factory=LimitsConfig)
    receive: ReceiveConfig = Field(default_factory=ReceiveConfig)
    commitment: CommitmentConfig = Field(default_factory=CommitmentConfig)
    gate: GateConfig = Field(default_factory=GateConfig)
    model: ModelConfig = Field(default_factory=ModelConfig)
    work: WorkConfig = Field(default_factory=WorkConfig)
    destinations: tuple[DestinationConfig, ...] = ()
    """Systems that get the results."""
    routes: tuple[RouteConfig, ...] = ()
    """What becomes of which films: the first route that matches wins; a film that none matches is analysed by
    model.bundle, and its results go to all destinations. Without routes that holds for every film."""
    studies: StudiesConfig = Field(default_factory=StudiesConfig)
    fetch: FetchConfig = Field(default_factory=FetchConfig)
    results: ResultsConfig = Field(default_factory=ResultsConfig)
    web: WebConfig = Field(default_factory=WebConfig)
    drift: DriftConfig = Field(default_factory=DriftConfig)
    metrics: MetricsConfig = Field(default_factory=MetricsConfig)
    audit: AuditConfig = Field(default_factory=AuditConfig)
    log: LogConfig = Field(default_factory=LogConfig)

    @property
    def ledger_url(self) -> str:
        """Where the ledger is, the default filled in."""
        return self.ledger.url or f"sqlite:///{self.node.data_dir / 'ledger.sqlite'}"

    @property
    def audit_dir(self) -> Path:
        """Folder of the audit trail, the default filled in."""
        return self.audit.folder or self.node.data_dir / "audit"

    @property
    def objects_dir(self) -> Path:
        """Root of the object store."""
        return self.node.data_dir / "objects"

    @field_validator("destinations")
    @classmethod
    def _tls_destinations_know_the_files(
        cls, destinations: tuple[DestinationConfig, ...], info: ValidationInfo
    ) -> tuple[DestinationConfig, ...]:
        files = info.data.get("tls")
        if files is None:  # itself wrong, and told so
            return destinations
        if not files.connects and any(destination.tls for destination in destinations):
            raise ValueError("tls: true needs tls.authorities, the file of those who vouch for destinations")
        return tuple(destination.with_tls_files(files) for destination in destinations)

    @field_validator("destinations")
    @classmethod
    def _names_are_unique(cls, destinations: tuple[DestinationConfig, ...]) -> tuple[DestinationConfig, ...]:
        names = [destination.name for destination in destinations]
        twice = sorted({name for name in names if names.count(name) > 1})
        if twice:
            raise ValueError(f"the name {', '.join(twice)} is used more than once")
        return destinations
