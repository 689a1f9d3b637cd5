"""What ``neolung doctor`` looks at of TLS: certificate, authorities, revocation lists, and for how long."""

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

from node.certificates import check_identity, days_left, read_certificates, read_revocations
from node.config.tls import TlsConfig
from node.errors import TlsUnusable

SOON_DAYS = 30

Finding = tuple[bool | None, str]
"""Whether it is in order (None: worth knowing), and what was found."""


def examine_tls(tls: TlsConfig) -> Finding:
    """Look at all files of the section ``tls``.

    Raises
    ------
    TlsUnusable
        If one cannot be used at all.
    """
    if not tls.listens and not tls.connects:
        return (
            None,
            "not configured: DICOM travels unencrypted, tolerable only on this machine or a closed network",
        )
    findings = list(_findings(tls))
    verdicts = [ok for ok, _ in findings]
    ok = False if False in verdicts else None if None in verdicts else True
    return ok, "; ".join(text for _, text in findings)


def _findings(tls: TlsConfig) -> Iterator[Finding]:
    if tls.certificate is not None and tls.key is not None:
        yield _lasting("certificate", tls.certificate, days_left(check_identity(tls.certificate, tls.key)))
    if tls.authorities is not None:
        left = [days_left(each) for each in read_certificates("authorities", tls.authorities)]
        yield _lasting(f"authorities ({len(left)})", tls.authorities, min(left))
    if tls.revocations is not None:
        yield _revocations(tls.revocations)
    if tls.listens and not tls.require_peer_certificate:
        yield None, "peers need no certificate (require_peer_certificate: false)"


def _lasting(what: str, file: Path, days: float) -> Finding:
    if days < 0:
        return False, f"{what}: one in {file} has expired or has not begun; put a new one in its place"
    if days < SOON_DAYS:
        return None, f"{what}: one in {file} ends in {int(days)} days; renew it"
    return True, f"{what} good for {int(days)} days"


def _revocations(file: Path) -> Finding:
    ends = [each.next_update_utc for each in read_revocations(file)]
    if not ends:
        raise TlsUnusable(f"tls.revocations, {file}, holds no revocation list in PEM")
    days = min((end - datetime.now(UTC)).total_seconds() / 86400 for end in ends if end) if any(ends) else 0
    if days < 0:
        return False, f"revocation list in {file} is out of date, so nobody is let in; fetch a new one"
    return True, f"revocation lists good for {days:.1f} days"
