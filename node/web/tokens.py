"""Bearer tokens (RFC 6750): made once, shown once, kept as digests in one file of the data folder.

A token has 256 random bits, so a plain digest cannot be turned back; passwords, which people choose, would
need a slow one.
"""

import hashlib
import json
import os
import re
import secrets
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path

from node.errors import TokenRefused
from node.locking import changing

FILE_NAME = "web-tokens.json"
PREFIX = "neolung_"
"""Begins each token, so that scanners for leaked secrets know it."""
RIGHTS = ("read", "store")

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")
_MODE = 0o600


@dataclass(frozen=True, slots=True)
class Token:
    """What is kept of a token.

    Attributes
    ----------
    rights
        Of ``RIGHTS``.
    sha256
        Lower-case hexadecimal digest of the whole token.
    made_at
        UTC, ISO 8601.
    """

    name: str
    rights: tuple[str, ...]
    sha256: str
    made_at: str


def token_file(data_dir: Path) -> Path:
    """Give the place of the token file."""
    return data_dir / FILE_NAME


def digest(token: str) -> str:
    """Give the digest under which a token is kept."""
    return hashlib.sha256(token.encode("utf-8", "replace")).hexdigest()


def read_tokens(file: Path) -> tuple[Token, ...]:
    """Read all tokens; none where there is no file.

    Raises
    ------
    TokenRefused
        If the file is damaged.
    """
    try:
        entries = json.loads(file.read_text(encoding="utf-8"))
        return tuple(Token(**{**entry, "rights": tuple(entry["rights"])}) for entry in entries)
    except FileNotFoundError:
        return ()
    except (ValueError, TypeError, KeyError) as error:
        raise TokenRefused(
            f"{file} is damaged; take it away and make the tokens anew by neolung tokens"
        ) from error


def add_token(file: Path, name: str, rights: Sequence[str]) -> str:
    """Make a token and keep its digest; the token itself is given only here.

    Raises
    ------
    TokenRefused
        If the name is no name or taken, or a right is none.
    """
    if not _NAME.fullmatch(name):
        raise TokenRefused(f"{name!r} is no name: 1 to 64 letters, digits, dots, hyphens or underscores")
    unknown = sorted(set(rights) - set(RIGHTS))
    if unknown or not rights:
        raise TokenRefused(f"there is no right {', '.join(unknown) or '(none given)'}; use read or store")
    secret = PREFIX + secrets.token_urlsafe(32)
    made = Token(name, tuple(sorted(set(rights))), digest(secret), f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%SZ}")
    with changing(file):
        tokens = read_tokens(file)
        if any(token.name == name for token in tokens):
            raise TokenRefused(f"there is a token {name} already; take another name or remove it first")
        _write(file, [*tokens, made])
    return secret


def remove_token(file: Path, name: str) -> None:
    """Forget a token; requests that show it are refused from now on.

    Raises
    ------
    TokenRefused
        If there is none of that name.
    """
    with changing(file):
        tokens = read_tokens(file)
        left = [token for token in tokens if token.name != name]
        if len(left) == len(tokens):
            raise TokenRefused(f"there is no token {name}; neolung tokens list names them")
        _write(file, left)


def _write(file: Path, tokens: Iterable[Token]) -> None:
    text = json.dumps([asdict(token) for token in tokens], indent=2) + "\n"
    draft = file.with_name(f"{file.name}.{os.getpid()}")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, _MODE)
    with os.fdopen(descriptor, "w", encoding="utf-8") as stream:
        stream.write(text)
        stream.flush()
        os.fsync(stream.fileno())
    draft.replace(file)
