"""Who a request comes from, and whether that one may do what it asks."""

import threading
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal
from urllib.parse import urlsplit

from node.config.web import WebConfig
from node.errors import TokenRefused, WebRefused
from node.log import EventLog
from node.network.access import Caller
from node.web.tokens import Token, digest, read_tokens

Right = Literal["read", "store"]

ANONYMOUS = "DICOMWEB"
"""Stands in the ledger for the calling AE title of one who shows no token."""
_LOCAL_NAMES = frozenset({"localhost", "127.0.0.1", "::1"})
_LONGEST_TITLE = 16

_log = EventLog("web")


@dataclass(frozen=True, slots=True)
class Visitor:
    """The sender of one request.

    Attributes
    ----------
    name
        Of its token; `ANONYMOUS` without one.
    address
        IP address of the connection.
    """

    name: str
    address: str
    rights: frozenset[str]

    def require(self, right: Right) -> None:
        """Refuse what this visitor may not do.

        Raises
        ------
        WebRefused
            With 403.
        """
        if right not in self.rights:
            raise WebRefused(403, f"You may not {right} here.")

    def as_caller(self, ae_title: str) -> Caller:
        """Name the visitor as the ledger names those who store."""
        return Caller(self.name[:_LONGEST_TITLE], ae_title, self.address)


class Authenticator:
    """Tells who a request comes from, by the configuration and the token file; shared by threads."""

    def __init__(self, config: WebConfig, tokens: Path) -> None:
        self._config = config
        self._rights = frozenset(config.services)
        self._tokens = TokenBook(tokens)
        public = urlsplit(config.url or "").hostname
        self._hosts = _LOCAL_NAMES | {config.listen.lower()} | ({public} if public else set())

    def admit(self, headers: Mapping[str, str], address: str) -> Visitor:
        """Name the visitor.

        Parameters
        ----------
        headers
            By name in small letters.

        Raises
        ------
        WebRefused
            With 401 without a good token where one is needed; with 400 or 403 for a wrong host name.
        """
        host = _host_name(headers.get("host", ""))
        if self._config.authentication == "none" and self._config.is_local and host not in self._hosts:
            # A web page may have sent it through its visitor's browser by a name of its own (DNS rebinding).
            raise WebRefused(403, "The request names a host that this service is not; see web.url.")
        if self._config.authentication != "token":
            # With "certificate" the TLS handshake has already turned everybody else away.
            return Visitor(ANONYMOUS, address, self._rights)
        scheme, _, secret = headers.get("authorization", "").partition(" ")
        token = self._tokens.find(secret.strip()) if scheme.lower() == "bearer" else None
        if token is None:
            _log.warning("request without a good token", address=address)
            raise WebRefused(
                401,
                "Show a bearer token; neolung tokens add makes one.",
                WWW_Authenticate='Bearer realm="neolung"',
            )
        return Visitor(token.name, address, self._rights & frozenset(token.rights))


def _host_name(host: str) -> str:
    try:
        return urlsplit(f"//{host}").hostname or ""
    except ValueError as error:
        raise WebRefused(400, "The header field Host names no host.") from error


class TokenBook:
    """The token file, read again when it has changed."""

    def __init__(self, file: Path) -> None:
        self._file = file
        self._lock = threading.Lock()
        self._stamp: tuple[int, int] | None = None
        self._tokens: Mapping[str, Token] = {}

    def find(self, secret: str) -> Token | None:
        """Find the token that was shown; the comparison by digest gives nothing away by its time."""
        with self._lock:
            self._refresh()
            return self._tokens.get(digest(secret)) if secret else None

    def _refresh(self) -> None:
        try:
            found = self._file.stat()
        except OSError:
            self._stamp, self._tokens = None, {}
            return
        stamp = (found.st_mtime_ns, found.st_ino)
        if stamp == self._stamp:
            return
        try:
            self._tokens = {token.sha256: token for token in read_tokens(self._file)}
        except TokenRefused as error:
            _log.error("token file cannot be read: nobody is let in", reason=str(error))
            self._tokens = {}
        self._stamp = stamp
