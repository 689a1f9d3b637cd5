"""The settings that the statement depends on, with their defaults."""

from collections.abc import Iterator

from node.config.reference import section_rows, sections
from node.config.schema import Config
from node.conformance.markdown import code, table

_STATED = (
    "node",
    "access",
    "access.peers[]",
    "tls",
    "limits",
    "receive",
    "commitment",
    "destinations[]",
    "destinations[].retry",
    "web",
    "audit",
    "audit.syslog",
)
"""Sections that change what peers see."""


def keys() -> str:
    """List the keys of the sections that change what peers see."""
    parts = [
        f"{code(path)}\n\n| key | default | allowed | meaning |\n|---|---|---|---|\n" + "\n".join(rows)
        for path, rows in _sections()
    ]
    return "\n\n".join(parts)


def _sections() -> Iterator[tuple[str, list[str]]]:
    for path, model in sections():
        if path in _STATED:
            yield path, section_rows(model)


def ports() -> str:
    """List the ports that are open, and those that are called."""
    config = Config()
    rows = [
        ("in", config.node.port, "`node.port`", "DICOM"),
        ("in", config.tls.port, "`tls.port`", "DICOM over TLS, where there is a certificate"),
        ("in", config.web.port, "`web.port`", "DICOMweb, with `web.enabled`; HTTPS with `web.tls`"),
        ("out", "as set", "`destinations[].port`", "DICOM, with `tls` over TLS"),
        ("out", config.audit.syslog.port, "`audit.syslog.port`", "syslog over TLS, or UDP"),
        ("out", "as set", "`ledger.url`", "PostgreSQL, where that is chosen"),
    ]
    return table(("direction", "default", "key", "protocol"), rows)
