"""TLS by the profiles of PS3.15 B.12 and B.13, with files that may change while the node runs."""

import select
import ssl
import time
from collections.abc import Callable
from functools import lru_cache, partial
from pathlib import Path
from threading import Lock
from typing import Any

from node.certificates import check_identity, days_left
from node.config.tls import TlsConfig
from node.errors import TlsUnusable
from node.log import EventLog
from node.tls_trouble import in_short

CIPHERS = {
    # RFC 9325 4.2: ephemeral elliptic curves and authenticated encryption. TLS 1.3 has nothing else.
    "bcp195": "@SECLEVEL=2:ECDHE+AESGCM:ECDHE+CHACHA20:!aNULL",
    # B.13 lets DHE in too; security level 2 asks for 2048 bits there and for 224, so 256, with curves.
    "bcp195-modified": "@SECLEVEL=2:ECDHE+AESGCM:ECDHE+CHACHA20:DHE+AESGCM:!aNULL:!aDSS",
}
"""Cipher suites of TLS 1.2 by ``tls.profile``, as OpenSSL writes them."""
_SOON_DAYS = 30
_VERSIONS = {"1.2": ssl.TLSVersion.TLSv1_2, "1.3": ssl.TLSVersion.TLSv1_3}

_log = EventLog("tls")

_Make = Callable[[TlsConfig], ssl.SSLContext]
_Stamp = tuple[tuple[int, int, int] | None, ...]


class RenewedContext:
    """A TLS context that is made anew when one of its files has changed.

    A new file that cannot be used leaves the old context in place and is told once in the log: certificate
    and key are two files, so that for a moment they do not match.
    """

    def __init__(self, config: TlsConfig, make: _Make) -> None:
        self._config = config
        self._make = make
        self._lock = Lock()
        self._stamp: _Stamp | None = None
        self._context: ssl.SSLContext | None = None

    def current(self) -> ssl.SSLContext:
        """Give the context for the next connection.

        Raises
        ------
        TlsUnusable
            If the files cannot be used and never could.
        """
        with self._lock:
            stamp = _stamp(self._config)
            if stamp != self._stamp or self._context is None:
                self._renew(stamp)
            assert self._context is not None
            return self._context

    def _renew(self, stamp: _Stamp) -> None:
        try:
            context = self._make(self._config)
        except TlsUnusable as error:
            if self._context is None:
                raise
            _log.error("changed TLS files cannot be used, the old ones stay", reason=str(error))
        else:
            if self._context is not None:
                _log.info("TLS files renewed")
            self._context = context
        self._stamp = stamp


@lru_cache(maxsize=16)
def server_contexts(config: TlsConfig) -> RenewedContext:
    """Give the source of contexts for accepting connections, one for each configuration."""
    return RenewedContext(config, _make_server_context)


@lru_cache(maxsize=16)
def client_contexts(config: TlsConfig, *, checks_host: bool = True) -> RenewedContext:
    """Give the source of contexts for opening connections, one for each configuration."""
    return RenewedContext(config, partial(_make_client_context, checks_host))


def server_context(config: TlsConfig) -> ssl.SSLContext | None:
    """Make a context for a server that takes only one for its whole life; None without a certificate.

    It hands each handshake over to the newest files, from the ClientHello on.

    Raises
    ------
    TlsUnusable
        If the files cannot be used.
    """
    if not config.listens:
        return None
    contexts = server_contexts(config)
    contexts.current()
    front = _make_server_context(config)

    def hand_over(connection: Any, _server_name: str | None, _context: ssl.SSLContext) -> None:
        connection.context = contexts.current()

    front.sni_callback = hand_over
    return front


def client_context(config: TlsConfig, *, checks_host: bool = True) -> ssl.SSLContext:
    """Give the context for the next connection that the node opens.

    Parameters
    ----------
    checks_host
        Whether the certificate must be one for the host; false where the caller looks at it.

    Raises
    ------
    TlsUnusable
        If the files cannot be used, or no authorities are named.
    """
    return client_contexts(config, checks_host=checks_host).current()


def shake_hands(connection: ssl.SSLSocket, seconds: float) -> None:
    """Make the TLS handshake within a time that bounds the whole of it, however slowly the peer sends.

    Raises
    ------
    OSError
        If the peer is not acceptable, closes the connection or is too slow.
    """
    deadline = time.monotonic() + seconds
    connection.setblocking(False)
    poller = select.poll()
    while True:
        try:
            connection.do_handshake()
        except ssl.SSLWantReadError:
            poller.register(connection, select.POLLIN)
        except ssl.SSLWantWriteError:
            poller.register(connection, select.POLLOUT)
        else:
            connection.settimeout(seconds)
            return
        left_s = deadline - time.monotonic()
        if left_s <= 0 or not poller.poll(left_s * 1000):
            raise TimeoutError(f"no TLS handshake within {seconds:g} s")


def _make_server_context(config: TlsConfig) -> ssl.SSLContext:
    context = _common_context(ssl.PROTOCOL_TLS_SERVER, config)
    # A resumed session would skip the look at certificate and revocation list.
    context.options |= ssl.OP_NO_TICKET
    context.num_tickets = 0
    if config.authorities is not None:
        context.verify_mode = ssl.CERT_REQUIRED if config.require_peer_certificate else ssl.CERT_OPTIONAL
    return context


def _make_client_context(checks_host: bool, config: TlsConfig) -> ssl.SSLContext:
    if config.authorities is None:
        raise TlsUnusable("tls.authorities is missing: nobody vouches for the destination's certificate")
    context = _common_context(ssl.PROTOCOL_TLS_CLIENT, config)
    context.check_hostname = checks_host
    return context


def _common_context(protocol: int, config: TlsConfig) -> ssl.SSLContext:
    context = ssl.SSLContext(protocol)
    context.minimum_version = _VERSIONS[config.minimum_version]
    context.set_ciphers(CIPHERS[config.profile])
    context.options |= ssl.OP_NO_COMPRESSION | ssl.OP_NO_RENEGOTIATION | ssl.OP_CIPHER_SERVER_PREFERENCE
    if config.certificate is not None and config.key is not None:
        _load_identity(context, config.certificate, config.key)
    if config.authorities is not None:
        _load_trusted(context, "authorities", config.authorities)
        # Each certificate in the file is believed, be it a root, an intermediate or a peer's own.
        context.verify_flags |= ssl.VERIFY_X509_PARTIAL_CHAIN
    if config.revocations is not None:
        _load_trusted(context, "revocations", config.revocations)
        context.verify_flags |= ssl.VERIFY_CRL_CHECK_LEAF
    return context


def _load_identity(context: ssl.SSLContext, certificate: Path, key: Path) -> None:
    days = days_left(check_identity(certificate, key))
    if days < 0:
        _log.error("certificate has expired or has not begun: peers will not believe it", file=certificate)
    elif days < _SOON_DAYS:
        _log.warning("certificate ends soon", days=round(days), file=certificate)
    try:
        context.load_cert_chain(certificate, key, password=_no_passphrase)
    except (OSError, ValueError) as error:
        raise TlsUnusable(f"tls.certificate, {certificate}, cannot be used: {in_short(error)}") from error


def _no_passphrase() -> str:
    raise ValueError("the key has a passphrase")


def _load_trusted(context: ssl.SSLContext, name: str, file: Path) -> None:
    try:
        context.load_verify_locations(file)
    except OSError as error:
        raise TlsUnusable(f"tls.{name}, {file}, cannot be used: {in_short(error)}") from error


def _stamp(config: TlsConfig) -> _Stamp:
    files = (config.certificate, config.key, config.authorities, config.revocations)
    return tuple(_file_stamp(file) for file in files)


def _file_stamp(file: Path | None) -> tuple[int, int, int] | None:
    if file is None:
        return None
    try:
        found = file.stat()
    except OSError:
        return None
    return found.st_mtime_ns, found.st_size, found.st_ino
