"""TLS: the node's certificate, and which certificates of others it believes (PS3.15 B.12, B.13)."""

from typing import Literal, Self

from pydantic import model_validator

from node.config.section import Section
from node.config.types import File, Flag, ListenPort


class TlsConfig(Section):
    """Encrypted, mutually authenticated connections; files that change are used by the next association."""

    certificate: File | None = None
    """The node's certificate, followed by those between it and its authority, as PEM; null: no TLS port."""
    key: File | None = None
    """The certificate's private key as PEM, without passphrase, readable by the node alone."""
    authorities: File | None = None
    """Certificates of the authorities that vouch for peers and destinations, as PEM. Nobody else is believed,
    not those whom the operating system trusts."""
    revocations: File | None = None
    """Certificate revocation lists, as PEM, one for each authority; null: nothing is revoked."""
    port: ListenPort = 2762
    """TCP port for DICOM over TLS, on the address node.listen."""
    plain: Flag = True
    """Open node.port too, without TLS. false: only the TLS port is open, once there is a certificate."""
    require_peer_certificate: Flag = True
    """Refuse peers without a certificate of the authorities (mutual authentication). false: encryption alone;
    a certificate that is shown must still be good."""
    profile: Literal["bcp195", "bcp195-modified"] = "bcp195"
    """Secure Transport Connection Profile. bcp195: PS3.15 B.12. bcp195-modified: B.13, fewer algorithms."""
    minimum_version: Literal["1.2", "1.3"] = "1.2"
    """Oldest version of TLS that is spoken; 1.3 is taken wherever the peer offers it. Write it in quotes."""

    @property
    def listens(self) -> bool:
        """Whether a TLS port is open."""
        return self.certificate is not None

    @property
    def connects(self) -> bool:
        """Whether destinations can be reached by TLS."""
        return self.authorities is not None

    @model_validator(mode="after")
    def _files_go_together(self) -> Self:
        if (self.certificate is None) != (self.key is None):
            raise ValueError("certificate and key go together: name both, or neither")
        if self.certificate is not None and self.require_peer_certificate and self.authorities is None:
            raise ValueError(
                "authorities is missing: name the file of the authorities that vouch for peers, or set "
                "require_peer_certificate: false"
            )
        if self.certificate is None and not self.plain:
            raise ValueError("plain: false needs a certificate and a key, else no port would be open")
        if self.revocations is not None and self.authorities is None:
            raise ValueError("revocations needs authorities")
        return self
