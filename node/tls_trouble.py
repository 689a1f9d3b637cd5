"""What is wrong with TLS, in words, and what to do about it."""

import ssl
from collections.abc import Mapping
from types import MappingProxyType

_OWN = "renew tls.certificate, or have the other end trust its authority"
_CIPHERS = "no cipher in common; see tls.profile"
_VERSIONS = "no version of TLS in common; 1.2 is the oldest that is safe"
_NO_TLS = "the other end does not speak TLS on this port"

_CURES: Mapping[str, str] = MappingProxyType(
    {
        "TLSV1_ALERT_UNKNOWN_CA": "the other end does not trust who signed tls.certificate; tell it",
        "TLSV13_ALERT_CERTIFICATE_REQUIRED": "the other end wants a certificate; set tls.certificate and key",
        "SSLV3_ALERT_CERTIFICATE_EXPIRED": _OWN,
        "SSLV3_ALERT_CERTIFICATE_REVOKED": _OWN,
        "SSLV3_ALERT_CERTIFICATE_UNKNOWN": _OWN,
        "SSLV3_ALERT_BAD_CERTIFICATE": _OWN,
        "PEER_DID_NOT_RETURN_A_CERTIFICATE": "it showed no certificate; give it one of tls.authorities",
        "SSLV3_ALERT_HANDSHAKE_FAILURE": _CIPHERS,
        "NO_SHARED_CIPHER": _CIPHERS,
        "UNSUPPORTED_PROTOCOL": _VERSIONS,
        "TLSV1_ALERT_PROTOCOL_VERSION": _VERSIONS,
        "WRONG_VERSION_NUMBER": _NO_TLS,
        "HTTP_REQUEST": _NO_TLS,
        "RECORD_LAYER_FAILURE": _NO_TLS,
    }
)
"""By OpenSSL's name of the reason."""

_UNTRUSTED = "add the authority that signed it to tls.authorities"
_VERIFY_CURES: Mapping[int, str] = MappingProxyType(
    {
        3: "name the list of its authority in tls.revocations",
        10: "it has expired; have it renewed",
        12: "the list in tls.revocations is out of date; renew it",
        18: _UNTRUSTED,
        19: _UNTRUSTED,
        20: _UNTRUSTED,
        21: _UNTRUSTED,
        62: "it names another host; see `certificate` of destinations in security.md",
        64: "it names another address; see `certificate` of destinations in security.md",
    }
)
"""By X509_V_ERR, for certificates that are shown to this node."""


def in_short(error: BaseException) -> str:
    """Say what is wrong with TLS and what helps, without the library's file names and line numbers."""
    if isinstance(error, ssl.SSLCertVerificationError):
        return _with_cure(
            f"certificate not accepted: {error.verify_message}", _VERIFY_CURES.get(error.verify_code)
        )
    reason: str | None = getattr(error, "reason", None)
    if isinstance(error, ssl.SSLError) and reason:
        return _with_cure(reason.replace("_", " ").lower(), _CURES.get(reason))
    return (error.strerror if isinstance(error, OSError) else None) or str(error) or type(error).__name__


def _with_cure(what: str, cure: str | None) -> str:
    return f"{what} ({cure})" if cure else what
