"""Whatever is put together as multipart is taken apart again, however the bytes are cut; junk is refused."""

from contextlib import suppress
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from node.errors import WebRefused
from node.web.multipart import (
    MAX_HEADERS,
    MultipartParser,
    PartBegins,
    PartData,
    PartEnds,
    join_parts,
    part_head,
)

BOUNDARY = "line"
PIECES = st.sampled_from([b"\r\n", b"--", b"-", b"\r", b"\n", BOUNDARY.encode(), b"\r\n--lin", b"x", b"\0"])
BODIES = st.lists(PIECES, max_size=12).map(b"".join).filter(lambda body: b"\r\n--line" not in b"\r\n" + body)


def take_apart(body: bytes, cuts: list[int] | None = None) -> list[tuple[dict[str, str], bytes]]:
    """Feed a body cut at the given places; give headers and bytes of each part."""
    parser = MultipartParser(BOUNDARY)
    places = [0, *sorted(cut % (len(body) + 1) for cut in cuts or []), len(body)]
    found: list[tuple[dict[str, str], bytes]] = []
    ended = 0
    for start, end in pairwise(places):
        for event in parser.feed(body[start:end]):
            match event:
                case PartBegins(headers):
                    assert ended == len(found)
                    found.append((dict(headers), b""))
                case PartData(data):
                    found[-1] = (found[-1][0], found[-1][1] + data)
                case PartEnds():
                    ended += 1
    parser.close()
    assert ended == len(found)
    return found


def put_together(*bodies: bytes) -> bytes:
    return b"".join(
        join_parts(BOUNDARY, ((part_head(BOUNDARY, "application/dicom"), body) for body in bodies))
    )


@given(st.lists(BODIES, min_size=1, max_size=4), st.lists(st.integers(0, 10_000), max_size=20))
def test_parts_come_apart_as_they_were_however_they_are_cut(bodies: list[bytes], cuts: list[int]) -> None:
    found = take_apart(put_together(*bodies), cuts)

    assert [body for _, body in found] == bodies
    assert all(headers == {"content-type": "application/dicom"} for headers, _ in found)


@given(st.lists(BODIES, min_size=1, max_size=3))
def test_every_byte_alone_is_the_same(bodies: list[bytes]) -> None:
    body = put_together(*bodies)

    assert [part for _, part in take_apart(body, list(range(len(body))))] == bodies


@given(st.lists(BODIES, min_size=1, max_size=3), st.integers(1, 200))
def test_a_body_that_is_cut_off_is_refused(bodies: list[bytes], missing: int) -> None:
    body = put_together(*bodies).removesuffix(b"--\r\n")

    with pytest.raises(WebRefused):
        take_apart(body[: max(0, len(body) - missing)])


@given(st.binary(max_size=400))
def test_junk_is_refused_and_nothing_else(junk: bytes) -> None:
    with suppress(WebRefused):
        take_apart(b"--line\r\n" + junk)


def test_preamble_epilogue_padding_and_odd_headers_are_understood() -> None:
    body = (
        b"before\r\n--line \t\r\nCONTENT-TYPE:a/b\r\nX: y: z\r\n\r\nbody\r\n--line--\r\nafter\r\n--line\r\n"
    )

    assert take_apart(body) == [({"content-type": "a/b", "x": "y: z"}, b"body")]


def test_parts_may_lack_headers_and_be_empty() -> None:
    assert take_apart(b"--line\r\n\r\nbody\r\n--line\r\nA: b\r\n\r\n--line--") == [
        ({}, b"body"),
        ({"a": "b"}, b""),
    ]


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"--line",
        b"--line\r\nno colon\r\n\r\nbody\r\n--line--",
        b"--line\r\nA: b\r\n\r\nbody\r\n--lineage\r\n\r\n\r\n--line--",
        b"--line\r\n" + b"A: b\r\n" * MAX_HEADERS,
        b"--other\r\n\r\nbody\r\n--other--",
    ],
)
def test_what_is_not_well_formed_is_refused(body: bytes) -> None:
    with pytest.raises(WebRefused):
        take_apart(body)


def test_a_part_is_not_complete_before_its_boundary_is() -> None:
    parser = MultipartParser(BOUNDARY)
    events = list(parser.feed(b"--line\r\n\r\nbody\r\n--line"))

    assert PartEnds() not in events
    assert list(parser.feed(b"--")) == [PartEnds()]


@pytest.mark.parametrize("boundary", ["", "a b ", "a\r\nb", "ü", "x" * 300])
def test_a_boundary_that_is_none_is_refused(boundary: str) -> None:
    with pytest.raises(WebRefused):
        MultipartParser(boundary)
