"""DICOMweb: where it listens, who may call, and how much it takes on at once."""

from ipaddress import ip_address
from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from node.config.section import Section
from node.config.types import Allowed, Bytes, Count, Flag, Host, ListenPort, Seconds

WebUrl = Annotated[
    str,
    Field(pattern=r"^https?://[^\s/?#]+(/[^\s?#]*)?$"),
    Allowed("a URL as https://pacs.hospital.example/neolung"),
]
Origin = Annotated[
    str,
    Field(pattern=r"^(\*|https?://[^\s/?#]+)$"),
    Allowed('an origin as https://viewer.hospital.example, or "*"'),
]


class WebConfig(Section):
    """DICOMweb (QIDO-RS, WADO-RS, STOW-RS), in a process of its own; docs/dicomweb.md shows how to use it."""

    enabled: Flag = False
    """Whether neolung run starts it."""
    listen: Host = "127.0.0.1"
    """Address to listen on. Any other than this machine's own needs tls and authentication."""
    port: ListenPort = 8112
    """TCP port to listen on."""
    tls: Flag = False
    """Speak HTTPS with the certificate of the section tls, by its rules for the certificates of callers."""
    authentication: Literal["none", "token", "certificate"] = "none"
    """Who may call. token: who shows a bearer token that neolung tokens made. certificate: who has one of
    tls.authorities. none: everybody who reaches the port."""
    services: tuple[Literal["read", "store"], ...] = ("read", "store")
    """What is offered at all. read: search and retrieve. store: STOW-RS. A token may allow less."""
    allow_insecure: Flag = False
    """Listen beyond this machine without tls or without authentication all the same: only where something in
    front, as a reverse proxy in the same container network, does both."""
    url: WebUrl | None = None
    """Address at which clients reach the service, for links in answers, where a reverse proxy stands in
    front; null: the one that each request names."""
    origins: tuple[Origin, ...] = ()
    """Origins of web pages, as viewers, that may call (CORS); "*" stands for any."""
    max_requests: Count = 32
    """Requests answered at one time; further ones get 503."""
    max_upload_bytes: Bytes = 4294967296
    """Largest request to store, with all its objects; larger ones get 413. 0: no limit."""
    timeout_s: Seconds = 60.0
    """Longest silence of a client in the middle of a request or of an answer."""

    @property
    def is_local(self) -> bool:
        """Whether only this machine can reach the port."""
        if self.listen == "localhost":
            return True
        try:
            return ip_address(self.listen).is_loopback
        except ValueError:
            return False

    @model_validator(mode="after")
    def _open_ports_are_guarded(self) -> Self:
        if self.is_local or self.allow_insecure:
            return self
        if not self.tls or self.authentication == "none":
            raise ValueError(
                f"listen, {self.listen}, opens the port beyond this machine: set tls: true and "
                "authentication: token (or certificate), or allow_insecure: true"
            )
        return self
