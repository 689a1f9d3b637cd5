"""Where results are sent: one PACS or viewer each."""

from typing import Literal, Self

from pydantic import Field, PrivateAttr, field_validator

from node.config.section import Section
from node.config.tls import TlsConfig
from node.config.types import (
    AETitle,
    CertificateName,
    Count,
    Flag,
    Host,
    Name,
    PduBytes,
    Port,
    Seconds,
    Side,
)


class RetryConfig(Section):
    """How a delivery that failed for a passing reason is tried again."""

    max_attempts: Count = 12
    """Tries before the job becomes a dead letter that an operator must look at."""
    first_delay_s: Seconds = 5.0
    """Pause after the first failure; it doubles with each further one, with jitter."""
    max_delay_s: Seconds = 3600.0
    """Longest pause."""
    breaker_failures: Count = 3
    """Failed associations in a row after which the destination is left alone for a while."""
    breaker_pause_s: Seconds = 60.0
    """How long it is left alone; doubles while it stays unreachable, up to max_delay_s."""
    probe_s: Seconds = 15.0
    """How often it is asked by C-ECHO meanwhile whether it is back; an answer ends the pause."""


class DestinationConfig(Section):
    """One destination of results."""

    name: Name
    """Name in commands, logs and the ledger. Keep it: what waits under an old name is not sent."""
    ae_title: AETitle
    """AE title of the destination (called AE title)."""
    host: Host
    """Host name or address of the destination."""
    port: Port = 104
    """TCP port of the destination."""
    tls: Flag = False
    """Connect by TLS: the node shows its certificate and believes only tls.authorities."""
    certificate: CertificateName | None = None
    """Whose certificate the destination must show; null: one for its host, as browsers ask. Where the
    certificate names no host: its common name or fingerprint; "*": any of the authorities."""
    calling_ae_title: AETitle | None = None
    """AE title that the node shows to this destination; null: that of the node."""
    send: tuple[Literal["seg", "sr", "pr", "sc", "pdf", "summary"], ...] = ("seg", "sr")
    """Which result objects are sent. seg: Segmentation; sr: Structured Report; pr: presentation state with
    the lung outline; sc: Secondary Capture, a picture that every viewer shows; pdf: a page in an Encapsulated
    PDF; summary: one report on all films of a study, see studies. []: gets no result by itself."""
    shadow: Flag = False
    """Make and store everything for this destination, and send nothing there by itself. What was made under
    shadow is not sent when it ends."""
    sc_longest_side: Side = 2048
    """Most rows and columns of a Secondary Capture; a film that is smaller is not enlarged to it."""
    transfer_syntax: Literal["auto", "explicit", "implicit"] = "auto"
    """Encoding that is proposed for uncompressed objects. auto: Explicit VR Little Endian, and Implicit where
    that is not accepted; the others: that one alone."""
    sr_class: Literal["auto", "comprehensive-3d", "enhanced"] = "auto"
    """SOP Class of the report. auto: Comprehensive 3D SR, and Enhanced SR where that is not accepted."""
    charset: Literal["utf-8", "source"] = "utf-8"
    """Character set of results: Unicode, or that of the radiograph."""
    storage_commitment: Flag = True
    """Ask the destination to commit to each result; a result counts as delivered only then. Where the service
    is not offered, results are stored, not committed. false: do not ask."""
    commitment_timeout_s: Seconds = 3600.0
    """Longest wait for the commitment report before asking again; the first wait is two minutes, and each
    further one twice as long."""
    retrieve: Literal["move", "get"] = "move"
    """How `neolung fetch` retrieves from here. move: C-MOVE; the system must know this node as a destination,
    and access.peers must let it store. get: C-GET, which needs neither, where the system offers it."""
    batch: Count = 16
    """Objects sent over one association."""
    max_pdu_bytes: PduBytes = 131072
    """Largest PDU that the node offers to receive."""
    connect_timeout_s: Seconds = 10.0
    """Longest wait for the TCP connection."""
    acse_timeout_s: Seconds = 30.0
    """Longest wait for the answer to an association request."""
    dimse_timeout_s: Seconds = 60.0
    """Longest wait for the response to a C-STORE or N-ACTION request."""
    network_timeout_s: Seconds = 60.0
    """Longest silence on an open connection."""
    retry: RetryConfig = Field(default_factory=RetryConfig)

    @field_validator("send")
    @classmethod
    def _kinds_are_unique(cls, send: tuple[str, ...]) -> tuple[str, ...]:
        twice = sorted({kind for kind in send if send.count(kind) > 1})
        if twice:
            raise ValueError(f"{', '.join(twice)} is named more than once")
        return send

    _tls_files: TlsConfig | None = PrivateAttr(default=None)

    @property
    def tls_files(self) -> TlsConfig | None:
        """The node's certificate and authorities, for a destination by TLS."""
        return self._tls_files

    def with_tls_files(self, files: TlsConfig) -> Self:
        """Give the same destination, which then knows the node's certificate and authorities."""
        known = self.model_copy()
        known._tls_files = files  # noqa: SLF001 - its own
        return known
