"""The kinds of value that the configuration holds, each with the sentence that says what is allowed."""

import codecs
import re
from dataclasses import dataclass
from ipaddress import IPv4Network, IPv6Network, ip_network
from pathlib import Path
from typing import Annotated, Any

from pydantic import AfterValidator, BeforeValidator, Field, ValidationInfo

MAX_AE_TITLE = 16


@dataclass(frozen=True, slots=True)
class Allowed:
    """What a value may be, in words; shown in errors and in the reference of all keys."""

    text: str


def _ae_title(text: str) -> str:
    """Strip insignificant spaces and refuse what is no AE title (PS3.5, table 6.2-1, VR AE)."""
    title = text.strip(" ")
    if not 1 <= len(title) <= MAX_AE_TITLE:
        raise ValueError(f"has {len(title)} characters")
    if "\\" in title or not (title.isascii() and title.isprintable()):
        raise ValueError("holds a backslash, a control character or one outside ASCII")
    return title


def resolve_path(path: Path, info: ValidationInfo) -> Path:
    """Resolve a relative path against the folder of the configuration file."""
    base = (info.context or {}).get("base", Path.cwd())
    return Path(base, path.expanduser()).resolve()


def _network(value: Any) -> IPv4Network | IPv6Network:
    if isinstance(value, IPv4Network | IPv6Network):
        return value
    if not isinstance(value, str):
        raise ValueError("is not text")  # noqa: TRY004 - pydantic collects ValueError
    try:
        return ip_network(value.strip(), strict=False)
    except ValueError as error:
        raise ValueError("is no address and no network") from error


def _offset(text: str) -> str:
    """Refuse what is no offset from UTC as DICOM writes it (PS3.3 C.12.1.1.8)."""
    minutes = int(text[1:3]) * 60 + int(text[3:])
    if not (minutes <= 14 * 60 if text[0] == "+" else 0 < minutes <= 12 * 60) or int(text[3:]) > 59:
        raise ValueError("is no offset that is in use")
    return text


def _charset(name: str) -> str:
    try:
        codecs.lookup(name)
    except LookupError as error:
        raise ValueError("is no character set") from error
    return name


def _certificate_name(text: str) -> str:
    """Refuse an empty name and what is no fingerprint though it says so."""
    kind, _, digits = text.strip().partition(":")
    if not kind:
        raise ValueError("is empty")
    if kind.lower() == "sha256" and not re.fullmatch("[0-9a-fA-F]{64}", digits.replace(":", "")):
        raise ValueError("is no SHA-256 fingerprint")
    return text.strip()


def _database_url(url: str, info: ValidationInfo) -> str:
    """Resolve the path of an SQLite file against the folder of the configuration file."""
    scheme, _, path = url.partition("sqlite:///")
    return url if scheme else f"sqlite:///{resolve_path(Path(path), info)}"


AETitle = Annotated[
    str, AfterValidator(_ae_title), Allowed("an AE title: 1 to 16 ASCII characters, no backslash")
]
Address = Annotated[
    IPv4Network | IPv6Network,
    BeforeValidator(_network),
    Allowed("an IP address or a network as 10.1.0.0/16"),
]
Count = Annotated[int, Field(strict=True, ge=1), Allowed("a whole number, 1 or more")]
Limit = Annotated[int, Field(strict=True, ge=0), Allowed("a whole number, 0 or more")]
Bytes = Annotated[int, Field(strict=True, ge=0), Allowed("a whole number of bytes, 0 or more")]
Days = Annotated[int, Field(strict=True, ge=0), Allowed("a whole number of days, 0 or more")]
PduBytes = Annotated[
    int, Field(strict=True, ge=4096, le=1 << 20), Allowed("a whole number of bytes from 4096 to 1048576")
]
Side = Annotated[
    int, Field(strict=True, ge=512, le=8192), Allowed("a whole number of pixels from 512 to 8192")
]
ListenPort = Annotated[
    int,
    Field(strict=True, ge=0, le=65535),
    Allowed("a whole number from 0 to 65535; 0 takes any free port"),
]
Port = Annotated[int, Field(strict=True, ge=1, le=65535), Allowed("a whole number from 1 to 65535")]
Seconds = Annotated[float, Field(strict=True, gt=0, allow_inf_nan=False), Allowed("seconds, more than 0")]
Delay = Annotated[float, Field(strict=True, ge=0, allow_inf_nan=False), Allowed("seconds, 0 or more")]
Positive = Annotated[float, Field(strict=True, gt=0, allow_inf_nan=False), Allowed("a number, more than 0")]
Share = Annotated[float, Field(strict=True, ge=0, le=1), Allowed("a number from 0 to 1")]
Flag = Annotated[bool, Field(strict=True), Allowed("true or false")]
Name = Annotated[
    str,
    Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$"),
    Allowed("1 to 64 letters, digits, dots, hyphens or underscores"),
]
Host = Annotated[str, Field(pattern=r"^[^\s/]+$"), Allowed("a host name or an IP address")]
Folder = Annotated[
    Path,
    AfterValidator(resolve_path),
    Allowed("a path; a relative one starts at the folder of the configuration file"),
]
File = Annotated[
    Path,
    AfterValidator(resolve_path),
    Allowed("a file; a relative path starts at the folder of the configuration file"),
]
CertificateName = Annotated[
    str,
    AfterValidator(_certificate_name),
    Allowed('"*", a name as pacs.hospital.example, or sha256: and 64 hexadecimal digits'),
]
UID = Annotated[
    str,
    Field(pattern=r"^(0|[1-9]\d*)(\.(0|[1-9]\d*))+$", max_length=64),
    Allowed("a DICOM UID: digits and dots, at most 64 characters"),
]
ShortText = Annotated[
    str,
    Field(pattern=r"^[ -\[\]-~]{1,16}$"),
    Allowed("1 to 16 ASCII characters, no backslash"),
]
Date = Annotated[str, Field(pattern=r"^[0-9]{8}$"), Allowed('a date as "19000101"')]
CodeText = Annotated[
    str,
    Field(pattern=r"^[A-Z0-9 _]{1,16}$"),
    Allowed("1 to 16 capitals, digits, blanks or underscores"),
]
UtcOffset = Annotated[
    str, Field(pattern=r"^[+-]\d{4}$"), AfterValidator(_offset), Allowed('an offset from UTC as "+0900"')
]
Url = Annotated[
    str,
    Field(pattern=r"^(sqlite:///|postgresql(\+psycopg)?://).+"),
    AfterValidator(_database_url),
    Allowed("sqlite:///PATH or postgresql+psycopg://USER:PASSWORD@HOST/DATABASE"),
]
Charset = Annotated[
    str, AfterValidator(_charset), Allowed("a character set that Python knows, as utf-8 or cp949")
]
