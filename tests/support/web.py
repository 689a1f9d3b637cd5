"""A real DICOMweb server of ours on a free port, in this process, and clients to talk to it.

>>> with web_node(tmp_path) as web:
...     web.stow(make_film())
...     assert web.get("/studies").status_code == 200
"""

import logging
import ssl
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from io import BytesIO, StringIO
from pathlib import Path
from typing import Any

import httpx
from dicomweb_client import DICOMwebClient
from pydicom import Dataset

from node.composition.auditing import make_auditor
from node.composition.browsing import make_web_server
from node.config.schema import Config
from node.log import configure_logging
from node.web.server import WebServer
from storage.ledger import Ledger
from storage.objects import ObjectStore
from tests.support.films import part10_bytes

BOUNDARY = "a-line-of-the-test"


@dataclass(slots=True)
class WebNode:
    """The web process of a node, in this process."""

    config: Config
    ledger: Ledger
    objects: ObjectStore
    server: WebServer
    http: httpx.Client
    log: StringIO = field(default_factory=StringIO)

    @property
    def base(self) -> str:
        """Address of the service."""
        return f"{self.http.base_url}".rstrip("/")

    def client(self) -> DICOMwebClient:
        """Give a client of the dicomweb-client library."""
        return DICOMwebClient(self.base)

    def get(self, path: str, **options: Any) -> httpx.Response:
        """Read a resource; options are those of httpx, with ``accept`` for the header."""
        accept = options.pop("accept", None)
        headers = {**options.pop("headers", {}), **({"Accept": accept} if accept else {})}
        return self.http.get(path, headers=headers, **options)

    def stow(self, *datasets: Dataset, path: str = "/studies", accept: str = "*/*") -> httpx.Response:
        """Store objects, each with its File Meta."""
        return self.post(multipart_body(*map(part10_bytes, datasets)), path=path, accept=accept)

    def post(self, body: bytes, path: str = "/studies", **headers: str) -> httpx.Response:
        """Send any bytes as the body of a store request."""
        kind = f'multipart/related; type="application/dicom"; boundary={BOUNDARY}'
        given = {name.replace("_", "-"): value for name, value in headers.items()}
        return self.http.post(path, content=body, headers={"content-type": kind, **given})


@contextmanager
def web_node(
    folder: Path, *, client: ssl.SSLContext | None = None, **sections: Mapping[str, Any]
) -> Iterator[WebNode]:
    """Start ledger, object store and web server below ``folder``; drain and close them at the end.

    Parameters
    ----------
    client
        Whom the HTTP client believes, and what it shows, where the server speaks TLS.
    """
    folder.mkdir(parents=True, exist_ok=True)
    settings: dict[str, Any] = {
        "node": {"data_dir": str(folder)},
        "limits": {"min_free_bytes": 0, "drain_timeout_s": 1.0, **sections.pop("limits", {})},
        "web": {"port": 0, **sections.pop("web", {})},
        **sections,
    }
    config = Config.model_validate(settings, context={"base": folder})
    ledger, objects = Ledger.open(config.ledger_url), ObjectStore(config.objects_dir)
    log = StringIO()
    configure_logging("debug", "text", log)
    server = make_web_server(config, ledger, objects, make_auditor(config))
    try:
        with server:
            base = f"http{'s' * config.web.tls}://127.0.0.1:{server.port}/dicom-web"
            with httpx.Client(base_url=base, timeout=20, verify=client or True) as http:
                yield WebNode(config, ledger, objects, server, http, log)
    finally:
        ledger.close()
        logging.getLogger("neolung").handlers.clear()


def multipart_body(*parts: bytes, kind: str = "application/dicom") -> bytes:
    """Put parts together as a client would."""
    pieces = [f"--{BOUNDARY}\r\nContent-Type: {kind}\r\n\r\n".encode() + part + b"\r\n" for part in parts]
    return b"".join(pieces) + f"--{BOUNDARY}--\r\n".encode()


def parts_of(answer: httpx.Response) -> list[tuple[dict[str, str], bytes]]:
    """Take a multipart answer apart by other means than the node's own."""
    from email.parser import BytesParser

    head = f"Content-Type: {answer.headers['content-type']}\r\n\r\n".encode()
    message = BytesParser().parsebytes(head + answer.content)
    boundary = message.get_boundary()
    assert boundary is not None
    found = []
    for piece in answer.content.split(f"--{boundary}".encode())[1:-1]:
        headers, _, body = piece.removeprefix(b"\r\n").partition(b"\r\n\r\n")
        lines = dict(line.split(": ", 1) for line in headers.decode().split("\r\n"))
        found.append(({name.lower(): value for name, value in lines.items()}, body.removesuffix(b"\r\n")))
    return found


def read(part10: bytes) -> Dataset:
    """Read a Part 10 file."""
    from pydicom import dcmread

    return dcmread(BytesIO(part10))
