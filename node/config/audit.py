"""The audit trail: where it is kept, and the audit repository that gets it."""

from typing import Literal

from pydantic import Field

from node.config.section import Section
from node.config.types import CertificateName, Count, Days, Flag, Folder, Host, Port, Seconds, ShortText


class SyslogConfig(Section):
    """The audit repository (PS3.15 A.6, A.7)."""

    host: Host | None = None
    """Host name or address of the audit repository; null: audit messages are only kept in files."""
    port: Port = 6514
    """Its port; 6514 for TLS, 514 for UDP as a rule."""
    transport: Literal["tls", "udp"] = "tls"
    """tls: RFC 5425, with the node's certificate, believing tls.authorities. udp: RFC 5426, unencrypted and
    without any sign whether a message arrives."""
    certificate: CertificateName | None = None
    """Whose certificate it must show, as for destinations; null: one for its host."""
    timeout_s: Seconds = 10.0
    """Longest wait for the connection, and for messages to be taken."""


class AuditConfig(Section):
    """DICOM audit messages of who saw and sent what (PS3.15 A.5). They name patients."""

    enabled: Flag = True
    """Keep an audit trail."""
    folder: Folder | None = None
    """Folder of the trail's files, for their owner alone; null: audit in node.data_dir."""
    max_file_bytes: Count = 16777216
    """Size at which the next file begins; each day begins one too."""
    keep_days: Days = 0
    """How long files are kept, once they are forwarded where that is configured; 0: for ever."""
    enterprise_site: ShortText | None = None
    """Name of the site in messages."""
    syslog: SyslogConfig = Field(default_factory=SyslogConfig)
