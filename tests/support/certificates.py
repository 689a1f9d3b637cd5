"""Certificates made for one test: an authority, the node's and its peers' certificates, revocation lists.

>>> hospital = Authority(tmp_path)
>>> hospital.issue("node", "127.0.0.1", "localhost")
>>> with listening_node(tmp_path, tls=hospital.tls("node")) as node: ...
"""

import datetime as dt
import ssl
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import trustme
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.serialization import Encoding, load_pem_private_key


@dataclass(frozen=True, slots=True)
class Identity:
    """A certificate and its key in files."""

    certificate: Path
    key: Path

    @property
    def fingerprint(self) -> str:
        """SHA-256 of the certificate."""
        return self.loaded.fingerprint(hashes.SHA256()).hex()

    @property
    def loaded(self) -> x509.Certificate:
        """The certificate itself, without those between it and its authority."""
        return x509.load_pem_x509_certificate(self.certificate.read_bytes())


class Authority:
    """A certificate authority below a folder of its own."""

    def __init__(self, folder: Path, name: str = "authority") -> None:
        self._folder = folder / name
        self._folder.mkdir(parents=True)
        self._ca = trustme.CA(organization_name=name)
        self.file = self._folder / "ca.pem"
        self._ca.cert_pem.write_to_path(self.file)

    def issue(self, name: str, *hosts: str, days: tuple[float, float] = (-1, 365)) -> Identity:
        """Make a certificate with a common name, for some hosts; it holds from and to days from now."""
        now = dt.datetime.now(dt.UTC)
        begin, end = (now + dt.timedelta(days=count) for count in days)
        made = self._ca.issue_cert(
            *(hosts or (f"{name.lower()}.example",)), common_name=name, not_before=begin, not_after=end
        )
        identity = Identity(self._folder / f"{name}.crt", self._folder / f"{name}.key")
        for number, blob in enumerate(made.cert_chain_pems):
            blob.write_to_path(identity.certificate, append=number > 0)
        identity.key.unlink(missing_ok=True)
        identity.key.touch(mode=0o600)
        made.private_key_pem.write_to_path(identity.key)
        return identity

    def tls(self, node: Identity, **settings: Any) -> dict[str, Any]:
        """Give a section ``tls`` on any free port."""
        return {
            "certificate": str(node.certificate),
            "key": str(node.key),
            "authorities": str(self.file),
            "port": 0,
            **settings,
        }

    def client(self, identity: Identity | None = None) -> tuple[ssl.SSLContext, str]:
        """Give what pynetdicom's requestor takes: it believes this authority, and shows a certificate."""
        context = ssl.create_default_context(cafile=str(self.file))
        if identity is not None:
            context.load_cert_chain(identity.certificate, identity.key)
        return context, "127.0.0.1"

    def revoke(self, *identities: Identity, days: float = 7) -> Path:
        """Write a revocation list that holds so many days."""
        issuer = x509.load_pem_x509_certificate(self._ca.cert_pem.bytes())
        now = dt.datetime.now(dt.UTC)
        begin = now - dt.timedelta(days=30)
        made = x509.CertificateRevocationListBuilder(issuer.subject, begin, now + dt.timedelta(days=days))
        for identity in identities:
            entry = x509.RevokedCertificateBuilder(identity.loaded.serial_number, begin)
            made = made.add_revoked_certificate(entry.build())
        key = load_pem_private_key(self._ca.private_key_pem.bytes(), None)
        file = self._folder / "revoked.pem"
        file.write_bytes(made.sign(key, hashes.SHA256()).public_bytes(Encoding.PEM))  # type: ignore[arg-type]
        return file
