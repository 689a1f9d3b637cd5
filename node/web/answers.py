"""Responses: models in JSON or XML, parts of multipart/related, streams in pieces for slow clients."""

import gzip
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence

from starlette.responses import Response, StreamingResponse

from node.web.dicom_json import Model
from node.web.inquiry import Inquiry
from node.web.media import DICOM_JSON, DICOM_XML, MULTIPART, Offer
from node.web.multipart import join_parts, make_boundary, part_head
from node.web.native_xml import to_xml

PIECE_BYTES = 1 << 18
"""Bytes handed to the connection at one time: the time-out of a silent client counts for each."""
MODEL_OFFERS = (Offer(DICOM_JSON), Offer(DICOM_XML, is_multipart=True), Offer("application/json"))
_WORTH_COMPRESSING = 1024

Part = tuple[str, str, bytes]
"""Content type, location (or empty) and bytes of one part."""


def models(inquiry: Inquiry, found: Sequence[Model], headers: Mapping[str, str] | None = None) -> Response:
    """Answer with models in the form that the client likes best.

    Raises
    ------
    WebRefused
        With 406.
    """
    offer = inquiry.choose(*MODEL_OFFERS).offer
    if offer.is_multipart:
        return multipart(DICOM_XML, ((DICOM_XML, "", to_xml(model)) for model in found), headers)
    return compressed(inquiry, to_json(found), offer.name, headers)


def to_json(found: Model | Sequence[Model]) -> bytes:
    """Write models as JSON in UTF-8."""
    return json.dumps(found, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "replace")


def compressed(
    inquiry: Inquiry, body: bytes, media_type: str, headers: Mapping[str, str] | None = None
) -> Response:
    """Answer with text, compressed where the client takes that."""
    given = {**(headers or {}), "Vary": "Accept, Accept-Encoding"}
    if inquiry.takes_gzip and len(body) >= _WORTH_COMPRESSING:
        body = gzip.compress(body, 4, mtime=0)
        given["Content-Encoding"] = "gzip"
    return whole(body, media_type, given)


def multipart(
    inner: str, parts: Iterable[Part], headers: Mapping[str, str] | None = None
) -> StreamingResponse:
    """Answer with multipart/related, each part made when its turn comes."""
    boundary = make_boundary()
    body = join_parts(boundary, ((part_head(boundary, kind, place), data) for kind, place, data in parts))
    kind = f'{MULTIPART}; type="{inner}"; boundary={boundary}'
    return StreamingResponse(_in_pieces(body), headers={**(headers or {}), "Content-Type": kind})


def whole(body: bytes, content_type: str, headers: Mapping[str, str] | None = None) -> StreamingResponse:
    """Answer with one body of known length."""
    length = {"Content-Type": content_type, "Content-Length": str(len(body))}
    return StreamingResponse(_in_pieces([body]), headers={**(headers or {}), **length})


def text(status: int, sentence: str, headers: Mapping[str, str] | None = None) -> Response:
    """Answer with a sentence that says what is wrong; it must not hold patient data."""
    return Response(f"{sentence}\n", status, headers, "text/plain; charset=utf-8")


def _in_pieces(chunks: Iterable[bytes]) -> Iterator[bytes]:
    for chunk in chunks:
        if len(chunk) <= PIECE_BYTES:
            yield chunk
            continue
        view = memoryview(chunk)
        for start in range(0, len(view), PIECE_BYTES):
            yield bytes(view[start : start + PIECE_BYTES])
