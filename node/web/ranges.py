"""Range requests (RFC 9110 14): a part of one body of known length."""

import re
from collections.abc import Mapping

from starlette.responses import Response, StreamingResponse

from node.errors import WebRefused
from node.web.answers import whole

_RANGE = re.compile(r"bytes=(?:([0-9]{1,15})-([0-9]{1,15})?|-([0-9]{1,15}))")


def part_of(body: bytes, content_type: str, wanted: str) -> Response:
    """Answer with the body, or with 206 and the part of it that is asked for.

    Parameters
    ----------
    wanted
        The header field Range; several ranges, or what is none, give the whole, as the RFC allows.

    Raises
    ------
    WebRefused
        With 416 for a range beyond the end.
    """
    accepts: Mapping[str, str] = {"Accept-Ranges": "bytes"}
    found = _RANGE.fullmatch(wanted.replace(" ", ""))
    if found is None:
        return whole(body, content_type, accepts)
    size = len(body)
    first = max(0, size - int(found[3])) if found[3] else int(found[1])
    last = size - 1 if found[3] or not found[2] else min(int(found[2]), size - 1)
    if first > last:
        raise WebRefused(416, f"There are {size} bytes.", Content_Range=f"bytes */{size}")
    answer: StreamingResponse = whole(
        body[first : last + 1], content_type, {**accepts, "Content-Range": f"bytes {first}-{last}/{size}"}
    )
    answer.status_code = 206
    return answer
