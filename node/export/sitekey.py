"""The secret of a site, from which every replacement in an export follows."""

import hmac
import os
import re
import secrets
import stat
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import timedelta
from hashlib import sha256
from pathlib import Path
from uuid import UUID

from node.errors import ExportRefused, in_words

KEY_BYTES = 32
FEWEST_DAYS, MOST_DAYS = 366, 3650
"""Dates go back by a number of days between these."""

_HEX = re.compile(r"[0-9a-f]{64}")
_PATIENT_DIGITS, _NAME_DIGITS = 16, 8
_MOST_ORDINAL = 9999


@dataclass(frozen=True, slots=True)
class SiteKey:
    """Makes replacements that nobody can undo or repeat without the secret.

    Each is HMAC-SHA256 (RFC 2104) of the kind of value and the value, so the same value has the same
    replacement in every export with this key, and values of two kinds never meet. Replacements are written in
    decimal digits, so that they never spell a name.
    """

    secret: bytes = field(repr=False)

    def digest(self, kind: str, value: str) -> bytes:
        """Give the 32 bytes that stand for a value of a kind."""
        return hmac.digest(self.secret, f"{kind}\0{value}".encode(), sha256)

    def uid(self, uid: str) -> str:
        """Replace a UID by one below 2.25 (PS3.5 B.2), made of a UUID of version 8 (RFC 9562)."""
        octets = bytearray(self.digest("uid", uid)[:16])
        octets[6] = octets[6] & 0x0F | 0x80
        octets[8] = octets[8] & 0x3F | 0x80
        return f"2.25.{UUID(bytes=bytes(octets)).int}"

    def patient_id(self, patient_key: str) -> str:
        """Replace whatever tells a patient from another."""
        return f"P{self._number('patient', patient_key, 10**_PATIENT_DIGITS):0{_PATIENT_DIGITS}d}"

    def name(self, kind: str, name: str) -> str:
        """Replace the name of a ``maker`` or ``model``: alike stays alike, no text of the source is left."""
        return f"{kind}-{self._number(kind, name, 10**_NAME_DIGITS):0{_NAME_DIGITS}d}"

    def ordinal(self, kind: str, value: str) -> str:
        """Replace a number that only counts, as that of a series: 1 to 9999, alike stays alike."""
        return str(1 + self._number(kind, value, _MOST_ORDINAL))

    def shift(self, patient_key: str) -> timedelta:
        """Give what is added to every date of a patient; whole days, so that intervals and age stay."""
        days = FEWEST_DAYS + self._number("days", patient_key, MOST_DAYS - FEWEST_DAYS + 1)
        return -timedelta(days=days)

    def _number(self, kind: str, value: str, below: int) -> int:
        return int.from_bytes(self.digest(kind, value)[:16], "big") % below


def load_key(path: Path) -> SiteKey:
    """Read the key of this site; make one where there is none, readable by its owner only.

    Raises
    ------
    ExportRefused
        If the file is no key, others may read it, or it cannot be made.
    """
    try:
        if not path.exists():
            _create(path)
        mode, text = path.stat().st_mode, path.read_text(encoding="ascii").strip()
    except (OSError, UnicodeDecodeError) as error:
        reason = in_words(error) if isinstance(error, OSError) else f"{path} is no key of this program"
        raise ExportRefused(f"the key of the export cannot be used; {reason}") from error
    if stat.S_IMODE(mode) & 0o077:
        raise ExportRefused(f"others than its owner may read {path}; make it private: chmod 600 {path}")
    if not _HEX.fullmatch(text):
        raise ExportRefused(f"{path} is no key; restore it from a backup, or name another file with --key")
    return SiteKey(bytes.fromhex(text))


def _create(path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_name(f"{path.name}.{os.getpid()}")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(descriptor, "w", encoding="ascii") as file:
            file.write(secrets.token_hex(KEY_BYTES) + "\n")
            file.flush()
            os.fsync(file.fileno())
        with suppress(FileExistsError):
            os.link(draft, path)  # unlike a rename, never replaces what another process made first
    finally:
        draft.unlink()
