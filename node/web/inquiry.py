"""One request as the services see it: who asks, for what, in which form, and how links are written."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from urllib.parse import unquote_to_bytes

from starlette.requests import Request

from node.errors import WebRefused
from node.web.media import Choice, MediaType, Offer, choose, parse_accept
from node.web.visitors import Visitor
from storage.matching import Level

ROOT = "/dicom-web"
"""Path of the service below the address."""
UNIQUE_KEYS: Mapping[str, str] = {
    "study": "StudyInstanceUID",
    "series": "SeriesInstanceUID",
    "instance": "SOPInstanceUID",
}
_LEVELS = {"study": Level.STUDY, "series": Level.SERIES, "instance": Level.IMAGE}
_UID = re.compile(r"[0-9.]{1,64}")
_MAX_QUERY = 16384
_ACCEPT = "accept"


@dataclass(frozen=True, slots=True)
class Links:
    """Addresses of resources, below the service's own."""

    base: str

    def study(self, study: str) -> str:
        """Give the address of a study."""
        return f"{self.base}/studies/{study}"

    def series(self, study: str, series: str) -> str:
        """Give the address of a series."""
        return f"{self.study(study)}/series/{series}"

    def instance(self, study: str, series: str, instance: str) -> str:
        """Give the address of an instance."""
        return f"{self.series(study, series)}/instances/{instance}"


@dataclass(frozen=True, slots=True)
class Inquiry:
    """One request.

    Attributes
    ----------
    path
        Parameters of the path by name: ``study``, ``series``, ``instance``, ``frames``, ``element``.
    query
        Names and values of the query, in its order, without what says which form is wanted.
    accepts
        What the client takes; the query parameter ``accept`` comes before the header.
    takes_gzip
        Whether the body may be compressed.
    range
        The header field Range, or empty.
    address
        The URL that was asked for, with its query: it may hold patient data.
    """

    visitor: Visitor
    path: Mapping[str, str]
    query: tuple[tuple[str, str], ...]
    accepts: Sequence[MediaType]
    links: Links
    takes_gzip: bool
    range: str = ""
    address: str = ""

    @property
    def level(self) -> Level:
        """The lowest level that the path names an entry of; STUDY when it names none."""
        named = [level for name, level in _LEVELS.items() if name in self.path]
        return named[-1] if named else Level.STUDY

    @property
    def keys(self) -> dict[str, str]:
        """Unique keys of the path, by keyword.

        Raises
        ------
        WebRefused
            With 400 when one is no UID.
        """
        keys = {UNIQUE_KEYS[name]: uid for name, uid in self.path.items() if name in UNIQUE_KEYS}
        wrong = [keyword for keyword, uid in keys.items() if not _UID.fullmatch(uid)]
        if wrong:
            raise WebRefused(400, f"The {wrong[0]} in the path is no UID.")
        return keys

    def choose(self, *offers: Offer) -> Choice:
        """Choose the form that the client likes best; the first when it does not care.

        Raises
        ------
        WebRefused
            With 406.
        """
        return choose(self.accepts, offers)


def make_inquiry(request: Request, visitor: Visitor, address: str | None) -> Inquiry:
    """Understand a request.

    Parameters
    ----------
    address
        Public address of the service, where one is configured.

    Raises
    ------
    WebRefused
        With 400 or 414 when the query cannot be read.
    """
    query = read_query(request.scope.get("query_string", b""))
    accept = [value for name, value in query if name.lower() == _ACCEPT]
    # Many clients write the plus of dicom+json as it is, which stands for a blank.
    wanted = ",".join(accept).replace("dicom ", "dicom+") or request.headers.get("accept", "")
    return Inquiry(
        visitor=visitor,
        path=request.path_params,
        query=tuple((name, value) for name, value in query if name.lower() not in (_ACCEPT, "charset")),
        accepts=parse_accept(wanted),
        links=Links((address or _own_address(request)).rstrip("/") + ROOT),
        takes_gzip="gzip" in request.headers.get("accept-encoding", "").lower(),
        range=request.headers.get("range", ""),
        address=str(request.url),
    )


def _own_address(request: Request) -> str:
    """Give the address that the client used; some leave the port out of the header field Host."""
    base, server = request.base_url, request.scope.get("server")
    port = server[1] if server else None
    if base.port is None and port not in (None, 80, 443):
        base = base.replace(port=port)
    return str(base)


def read_query(encoded: bytes) -> list[tuple[str, str]]:
    """Read the query of a URL; its text is UTF-8 (PS3.18 8.3).

    Raises
    ------
    WebRefused
        With 400 when it is not UTF-8, with 414 when it is too long.
    """
    if len(encoded) > _MAX_QUERY:
        raise WebRefused(414, f"The query is longer than {_MAX_QUERY} characters.")
    pairs = [pair.partition(b"=") for pair in encoded.replace(b"+", b" ").split(b"&") if pair]
    try:
        return [(_decoded(name), _decoded(value)) for name, _, value in pairs]
    except UnicodeDecodeError as error:
        raise WebRefused(400, "The query is not in UTF-8.") from error


def _decoded(text: bytes) -> str:
    return unquote_to_bytes(text).decode("utf-8").strip()
