"""Every transaction of the service, once: its path, its name and what answers it (PS3.18 table 10.3-1)."""

from collections.abc import Callable
from dataclasses import dataclass
from operator import attrgetter
from typing import Literal

from starlette.responses import Response

from node.web.frames import COMPRESSED_TYPES, Frames
from node.web.inquiry import Inquiry
from node.web.media import DICOM, DICOM_JSON, DICOM_XML, OCTETS
from node.web.picture import FORMATS
from node.web.rendered import PDF, Rendered
from node.web.retrieve import Retrieve
from node.web.search import Search
from node.web.store import Store

Answer = Callable[[Inquiry], Response]
Event = Literal["search", "transfer", "access"]

STUDY = "/studies/{study}"
SERIES = STUDY + "/series/{series}"
INSTANCE = SERIES + "/instances/{instance}"
BULK_DATA = INSTANCE + "/bulkdata/{element:path}"
FRAMES = INSTANCE + "/frames/{frames}"
STORES = ("/studies", STUDY)
"""Paths to which objects can be sent."""

SEARCHED = ("limit", "offset", "includefield", "fuzzymatching")
DRAWN = ("window", "viewport", "quality")
_MODELS = (DICOM_JSON, DICOM_XML)
_PICTURES = tuple(FORMATS)
_FRAMES = (OCTETS, *dict.fromkeys(COMPRESSED_TYPES.values()))


@dataclass(frozen=True, slots=True)
class Services:
    """What the answers come from."""

    search: Search
    retrieve: Retrieve
    frames: Frames
    rendered: Rendered
    store: Store


@dataclass(frozen=True, slots=True)
class Transaction:
    """What can be read at one path.

    Attributes
    ----------
    path
        Below the root of the service, with its parameters in braces.
    title
        As the standard names it.
    method
        Service and method that answer it.
    media_types
        Of the answer, or of its parts where it is multipart; the default first.
    query
        Parameters of the query, beside ``accept`` and the attributes of a search.
    """

    path: str
    title: str
    method: str
    media_types: tuple[str, ...]
    query: tuple[str, ...] = ()

    @property
    def event(self) -> Event:
        """What the audit trail calls it."""
        if self.method.startswith("search"):
            return "search"
        return "transfer" if self.media_types == (DICOM,) else "access"

    def answer(self, services: Services) -> Answer:
        """Give what answers it."""
        found: Answer = attrgetter(self.method)(services)
        return found


TRANSACTIONS = (
    Transaction("/studies", "Search for Studies", "search.studies", _MODELS, SEARCHED),
    Transaction("/series", "Search for Series", "search.series", _MODELS, SEARCHED),
    Transaction("/instances", "Search for Instances", "search.instances", _MODELS, SEARCHED),
    Transaction(f"{STUDY}/series", "Search for Study's Series", "search.series", _MODELS, SEARCHED),
    Transaction(f"{STUDY}/instances", "Search for Study's Instances", "search.instances", _MODELS, SEARCHED),
    Transaction(f"{SERIES}/instances", "Search for Series' Instances", "search.instances", _MODELS, SEARCHED),
    Transaction(STUDY, "Retrieve Study", "retrieve.instances", (DICOM,)),
    Transaction(SERIES, "Retrieve Series", "retrieve.instances", (DICOM,)),
    Transaction(INSTANCE, "Retrieve Instance", "retrieve.instances", (DICOM,)),
    Transaction(f"{STUDY}/metadata", "Retrieve Study Metadata", "retrieve.metadata", _MODELS),
    Transaction(f"{SERIES}/metadata", "Retrieve Series Metadata", "retrieve.metadata", _MODELS),
    Transaction(f"{INSTANCE}/metadata", "Retrieve Instance Metadata", "retrieve.metadata", _MODELS),
    Transaction(
        f"{INSTANCE}/bulkdata/{{element:path}}", "Retrieve Bulkdata", "retrieve.bulk_data", (OCTETS,)
    ),
    Transaction(FRAMES, "Retrieve Frames", "frames.frames", _FRAMES),
    Transaction(f"{STUDY}/rendered", "Retrieve Rendered Study", "rendered.rendered", _PICTURES, DRAWN),
    Transaction(f"{SERIES}/rendered", "Retrieve Rendered Series", "rendered.rendered", _PICTURES, DRAWN),
    Transaction(
        f"{INSTANCE}/rendered", "Retrieve Rendered Instance", "rendered.rendered", (*_PICTURES, PDF), DRAWN
    ),
    Transaction(f"{FRAMES}/rendered", "Retrieve Rendered Frames", "rendered.frames", _PICTURES, DRAWN),
    Transaction(f"{STUDY}/thumbnail", "Retrieve Study Thumbnail", "rendered.thumbnail", _PICTURES, DRAWN),
    Transaction(f"{SERIES}/thumbnail", "Retrieve Series Thumbnail", "rendered.thumbnail", _PICTURES, DRAWN),
    Transaction(
        f"{INSTANCE}/thumbnail", "Retrieve Instance Thumbnail", "rendered.thumbnail", _PICTURES, DRAWN
    ),
    Transaction(f"{FRAMES}/thumbnail", "Retrieve Frame Thumbnail", "rendered.thumbnail", _PICTURES, DRAWN),
)
