"""What a client accepts, and which of the forms that a resource has fits best (PS3.18 8.7, RFC 9110 12.5)."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from node.errors import WebRefused

DICOM = "application/dicom"
DICOM_JSON = "application/dicom+json"
DICOM_XML = "application/dicom+xml"
OCTETS = "application/octet-stream"
MULTIPART = "multipart/related"
ANY_SYNTAX = "*"
"""Value of the parameter transfer-syntax for: as it is stored."""
MAX_ACCEPT = 8192
"""Characters of an Accept header that are looked at."""

# Wider than the grammar's token: many write type=application/dicom without quotes.
_TOKEN = r"[^\s;,=\"]+"
_QUOTED = r"\"(?:[^\"\\]|\\.)*\""
_PARAMETER = re.compile(rf"\s*;\s*(?:({_TOKEN})\s*=\s*({_QUOTED}|{_TOKEN})?)?")
_TYPE = re.compile(r"\s*([^\s;,/\"]+/[^\s;,/\"]+|\*)")
_QUALITY = re.compile(r"0(?:\.[0-9]{0,9})?|1(?:\.0{0,9})?")
_REST = re.compile(rf"(?:{_QUOTED}|[^,\"])*(?:,|$|\")")


@dataclass(frozen=True, slots=True)
class MediaType:
    """A media type, or a range of them, with its parameters.

    Attributes
    ----------
    name
        ``type/subtype`` in small letters; ``*/*`` and ``image/*`` in ranges.
    parameters
        By name in small letters, without quotes.
    quality
        0 to 1; 0 for what must not be sent.
    """

    name: str
    parameters: Mapping[str, str] = field(default_factory=dict)
    quality: float = 1.0

    @property
    def inner(self) -> str:
        """What the parts of a multipart type hold; empty when it does not say."""
        return self.parameters.get("type", "").lower()

    @property
    def syntax(self) -> str:
        """Transfer syntax UID, ``*``, or empty for the default of the type."""
        return self.parameters.get("transfer-syntax", "").strip()


@dataclass(frozen=True, slots=True)
class Offer:
    """One form in which a resource can be sent.

    Attributes
    ----------
    name
        Media type of the whole, or of each part.
    is_multipart
        Whether it is sent as parts of multipart/related.
    """

    name: str
    is_multipart: bool = False


@dataclass(frozen=True, slots=True)
class Choice:
    """The form that fits best.

    Attributes
    ----------
    syntaxes
        Transfer syntaxes that the client takes in it, the preferred first: UIDs, ``*``, or empty for the
        default of the media type.
    """

    offer: Offer
    syntaxes: tuple[str, ...]


def parse_media_type(text: str) -> MediaType | None:
    """Read a Content-Type; None when it is none."""
    return next(_parse(text), None)


def parse_accept(text: str) -> tuple[MediaType, ...]:
    """Read an Accept header; what is no media range in it is passed over. Nothing stands for everything."""
    return tuple(_parse(text[:MAX_ACCEPT])) or (MediaType("*/*"),)


def choose(ranges: Sequence[MediaType], offers: Sequence[Offer]) -> Choice:
    """Choose what the client likes best.

    Parameters
    ----------
    offers
        Among those that the client likes alike, the first is taken.

    Raises
    ------
    WebRefused
        With 406 when the client takes none of them.
    """
    qualities = [_quality(offer, ranges) for offer in offers]
    if not offers or max(qualities) <= 0:
        names = ", ".join(_name(offer) for offer in offers) or "nothing"
        raise WebRefused(406, f"This resource can be had as {names}.")
    offer = offers[qualities.index(max(qualities))]
    fitting = sorted(
        (entry for entry in ranges if entry.quality > 0 and _rank(offer, entry)),
        key=lambda entry: -entry.quality,
    )
    return Choice(offer, tuple(dict.fromkeys(entry.syntax for entry in fitting)))


def _quality(offer: Offer, ranges: Sequence[MediaType]) -> float:
    """Give the quality of the most specific range that covers an offer, the best among equals."""
    ranked = [(_rank(offer, entry), entry.quality) for entry in ranges]
    rank = max((rank for rank, _ in ranked), default=0)
    return max((quality for own, quality in ranked if own == rank), default=0.0) if rank else 0.0


def _rank(offer: Offer, entry: MediaType) -> int:
    """Tell how closely a range covers an offer: 0 not at all, 1 anything, 2 a family, 3 this type."""
    name = entry.name
    if name == MULTIPART:
        if not offer.is_multipart:
            return 0
        # Without a type, a family of parts: the first that is offered as such.
        return _covers(entry.inner or "*/*", offer.name)
    if offer.is_multipart:
        return 1 if name in ("*/*", "multipart/*") else 0
    return _covers(name, offer.name)


def _covers(pattern: str, name: str) -> int:
    if pattern == name:
        return 3
    if pattern == "*/*":
        return 1
    return 2 if pattern.endswith("/*") and name.startswith(pattern[:-1]) else 0


def _name(offer: Offer) -> str:
    return f'{MULTIPART}; type="{offer.name}"' if offer.is_multipart else offer.name


def _parse(text: str) -> Iterator[MediaType]:
    position = 0
    while position < len(text):
        found = _TYPE.match(text, position)
        if found:
            position = found.end()
            parameters: dict[str, str] = {}
            while parameter := _PARAMETER.match(text, position):
                position = parameter.end()
                if parameter[1]:
                    parameters.setdefault(parameter[1].lower(), _unquoted(parameter[2] or ""))
            quality = _read_quality(parameters.pop("q", "1"))
            name = found[1].lower()
            yield MediaType("*/*" if name == "*" else name, parameters, quality)
        # On to the next element, over whatever is left of this one.
        rest = _REST.match(text, position)
        position = max(rest.end() if rest else len(text), position + 1)


def _read_quality(text: str) -> float:
    return float(text) if _QUALITY.fullmatch(text) else 1.0


def _unquoted(text: str) -> str:
    if text[:1] != '"':
        return text
    return re.sub(r"\\(.)", r"\1", text[1:-1])
