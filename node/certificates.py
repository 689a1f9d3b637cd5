"""Looks into certificate files: whether they can be used, for how long, and who they name."""

import stat
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from node.errors import TlsUnusable, in_words

if TYPE_CHECKING:
    from cryptography.x509 import Certificate, CertificateRevocationList


@dataclass(frozen=True, slots=True)
class PeerCertificate:
    """What a verified certificate says of its owner.

    Attributes
    ----------
    names
        Common name and alternative names (DNS, address, URI), in small letters.
    fingerprint
        SHA-256 of the certificate, in small hexadecimal digits.
    subject
        The common name as it is written, for people.
    """

    names: frozenset[str]
    fingerprint: str
    subject: str

    def is_called(self, wanted: str) -> bool:
        """Whether the certificate is the wanted one: ``*``, a name, or ``sha256:`` and a fingerprint."""
        kind, _, digits = wanted.partition(":")
        if kind.lower() == "sha256":
            return digits.replace(":", "").lower() == self.fingerprint
        return wanted == "*" or wanted.lower() in self.names


def peer_certificate(connection: Any) -> PeerCertificate | None:
    """Give the verified certificate of the other end; None without TLS or certificate.

    Parameters
    ----------
    connection
        A socket, or None where it is closed already.
    """
    look = getattr(connection, "getpeercert", None)
    encoded: bytes | None = look(binary_form=True) if look else None
    described: dict[str, Any] = look() if look and encoded else {}
    # Of a certificate that was shown but not verified the library tells nothing but its bytes.
    if not encoded or not described:
        return None
    import hashlib

    common = [value for part in described["subject"] for key, value in part if key == "commonName"]
    alternative = [value for _, value in described.get("subjectAltName", ())]
    names = frozenset(name.lower() for name in (*common, *alternative))
    fingerprint = hashlib.sha256(encoded).hexdigest()
    return PeerCertificate(names, fingerprint, (*common, *alternative, fingerprint)[0])


def check_identity(certificate: Path, key: Path) -> "Certificate":
    """Make sure that certificate and key can be used together, and give the certificate.

    Raises
    ------
    TlsUnusable
        If a file cannot be read, is of another kind, others can read the key, or the two do not match.
    """
    from cryptography.hazmat.primitives.serialization import load_pem_private_key

    leaf = read_certificates("certificate", certificate)[0]
    _check_mode(key)
    try:
        private = load_pem_private_key(_read("key", key), password=None)
    except TypeError as error:
        raise TlsUnusable(
            f"tls.key, {key}, has a passphrase, which nobody can type in at a start: openssl pkey -in {key} "
            "-out NEW writes one without"
        ) from error
    except ValueError as error:
        raise TlsUnusable(f"tls.key, {key}, is no private key in PEM") from error
    if private.public_key() != leaf.public_key():
        raise TlsUnusable(f"tls.key, {key}, does not belong to tls.certificate, {certificate}")
    return leaf


def read_certificates(name: str, file: Path) -> Sequence["Certificate"]:
    """Read all certificates of a PEM file.

    Raises
    ------
    TlsUnusable
        If it cannot be read or holds none.
    """
    from cryptography.x509 import load_pem_x509_certificates

    try:
        return load_pem_x509_certificates(_read(name, file))
    except ValueError as error:
        raise TlsUnusable(f"tls.{name}, {file}, holds no certificate in PEM") from error


def read_revocations(file: Path) -> Sequence["CertificateRevocationList"]:
    """Read all certificate revocation lists of a PEM file.

    Raises
    ------
    TlsUnusable
        If it cannot be read or one of them is broken.
    """
    from cryptography.x509 import load_pem_x509_crl

    begin = b"-----BEGIN X509 CRL-----"
    parts = _read("revocations", file).split(begin)[1:]
    try:
        return [load_pem_x509_crl(begin + part) for part in parts]
    except ValueError as error:
        raise TlsUnusable(f"tls.revocations, {file}, holds a broken revocation list") from error


def days_left(certificate: "Certificate", now: datetime | None = None) -> float:
    """Count the days until a certificate ends; negative when it has ended or has not begun."""
    now = now or datetime.now(UTC)
    begun = (now - certificate.not_valid_before_utc).total_seconds()
    left = (certificate.not_valid_after_utc - now).total_seconds()
    return (left if begun >= 0 else begun) / 86400


def _read(name: str, file: Path) -> bytes:
    try:
        return file.read_bytes()
    except OSError as error:
        raise TlsUnusable(f"tls.{name} cannot be read; {in_words(error)}") from error


def _check_mode(key: Path) -> None:
    """Refuse a key that others can read or change; a group may read one that belongs to root."""
    try:
        found = key.stat()
    except OSError as error:
        raise TlsUnusable(f"tls.key cannot be read; {in_words(error)}") from error
    open_bits = stat.S_IRWXO | stat.S_IWGRP | stat.S_IXGRP | (stat.S_IRGRP if found.st_uid else 0)
    if found.st_mode & open_bits:
        mode = stat.S_IMODE(found.st_mode)
        raise TlsUnusable(f"tls.key, {key}, is open to others (mode {mode:04o}); chmod 600 {key}")
