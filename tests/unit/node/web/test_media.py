"""The form that fits a client best is chosen (RFC 9110 12.5, PS3.18 8.7)."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from node.errors import WebRefused
from node.web.media import Choice, MediaType, Offer, choose, parse_accept, parse_media_type

JSON, XML = Offer("application/dicom+json"), Offer("application/dicom+xml", is_multipart=True)
FILES, FILE = Offer("application/dicom", is_multipart=True), Offer("application/dicom")
JPEG, PNG = Offer("image/jpeg"), Offer("image/png")
OFFERS = [JSON, XML, FILES, FILE, JPEG, PNG]


def chosen(accept: str, *offers: Offer) -> Choice:
    return choose(parse_accept(accept), offers)


@pytest.mark.parametrize(
    ("accept", "offer"),
    [
        ("", JPEG),
        ("*/*", JPEG),
        ("*", JPEG),
        ("image/*", JPEG),
        ("image/png", PNG),
        ("IMAGE/PNG; charset=x", PNG),
        ("image/jpeg;q=0.5, image/png", PNG),
        ("image/png;q=0.4, image/*;q=0.5", JPEG),
        ("image/jpeg;q=0, */*", PNG),
        ("image/jpeg;q=0.2, image/png;q=0.20", JPEG),
        ('text/html, image/png;q=0.1, junk, ;;, "', PNG),
        ('text/html;title="a, image/jpeg;", image/png', PNG),
    ],
)
def test_the_best_picture_is_chosen(accept: str, offer: Offer) -> None:
    assert chosen(accept, JPEG, PNG).offer == offer


@pytest.mark.parametrize(
    ("accept", "offer", "syntaxes"),
    [
        ("*/*", FILES, ("",)),
        ("multipart/related", FILES, ("",)),
        ('multipart/related; type="application/dicom"', FILES, ("",)),
        ("multipart/related; type=application/dicom; transfer-syntax=*", FILES, ("*",)),
        ("application/dicom; transfer-syntax=1.2.3", FILE, ("1.2.3",)),
        (
            'multipart/related; type="application/dicom"; transfer-syntax=1.2;q=0.1,'
            'multipart/related; type="application/dicom"; transfer-syntax=1.3;q=0.9',
            FILES,
            ("1.3", "1.2"),
        ),
    ],
)
def test_transfer_syntaxes_come_in_the_clients_order(
    accept: str, offer: Offer, syntaxes: tuple[str, ...]
) -> None:
    assert chosen(accept, FILES, FILE) == Choice(offer, syntaxes)


@pytest.mark.parametrize(
    "accept", ["text/html", "image/*;q=0", "multipart/related; type=image/jpeg", "audio/*"]
)
def test_what_a_client_does_not_take_is_not_acceptable(accept: str) -> None:
    with pytest.raises(WebRefused) as refusal:
        chosen(accept, JPEG, PNG)
    assert refusal.value.status == 406


QUALITIES = st.sampled_from(["0", "0.1", "0.5", "1", "1.000"])
NAMES = st.sampled_from(["*/*", "image/*", "image/jpeg", "image/png", "application/dicom", "application/*"])
RANGES = st.lists(st.builds("{};q={}".format, NAMES, QUALITIES), min_size=1, max_size=6).map(", ".join)


@given(RANGES, st.permutations(OFFERS))
def test_the_choice_is_never_worse_than_another_offer(accept: str, offers: list[Offer]) -> None:
    ranges = parse_accept(accept)
    try:
        best = choose(ranges, offers).offer
    except WebRefused:
        for offer in offers:
            with pytest.raises(WebRefused):
                choose(ranges, [offer])
        return
    assert best in offers
    assert choose(ranges, [best]).offer == best


@given(st.text(max_size=200))
def test_any_text_is_read(text: str) -> None:
    assert parse_accept(text)
    parse_media_type(text)


@given(st.text(st.characters(codec="ascii", exclude_categories=["Cc"]), max_size=30))
def test_a_quoted_parameter_holds_any_text(value: str) -> None:
    quoted = value.replace("\\", "\\\\").replace('"', '\\"')
    found = parse_media_type(f'Multipart/Related; Type="{quoted}"; boundary=b')

    assert found == MediaType("multipart/related", {"type": value, "boundary": "b"})
