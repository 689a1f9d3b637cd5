"""Users that peers may name, with their passcodes as scrypt hashes: one line a user in a file of the site."""

import hashlib
import hmac
import os
import secrets
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from node.errors import UsersUnusable, in_words
from node.locking import changing

_COST, _BLOCK, _PARALLEL = 1 << 14, 8, 1
"""Of scrypt (RFC 7914): 16 MiB and some 50 ms a try."""
_SALT_BYTES, _HASH_BYTES = 16, 32
_KIND = "scrypt"
_HEAD = "# Users of neolung: kept by 'neolung users'.\n"


class Users:
    """The users in a file, which is read again for each question: an added user counts at once."""

    def __init__(self, file: Path) -> None:
        self._file = file

    def knows(self, name: bytes, passcode: bytes | None) -> bool:
        """Tell whether a user is known, and has this passcode where one is given.

        A name that is not known takes as long as one that is, so that the time does not tell which are.
        """
        try:
            record = self._read().get(name.decode("utf-8"))
        except (UsersUnusable, UnicodeDecodeError):
            return False
        if passcode is None:
            return record is not None
        fits = hmac.compare_digest(*_compare(record or _make_record(""), passcode))
        return record is not None and fits

    def names(self) -> list[str]:
        """List the users.

        Raises
        ------
        UsersUnusable
            If the file cannot be read or holds other things.
        """
        return sorted(self._read())

    def put(self, name: str, passcode: str) -> None:
        """Add a user, or give one another passcode.

        Raises
        ------
        UsersUnusable
            If the name cannot be one, the passcode is empty, or the file cannot be read or written.
        """
        if not name or ":" in name or name.startswith("#") or not name.isprintable():
            raise UsersUnusable(f"{name!r} cannot be a user name: no colon, no # in front, nothing invisible")
        if not passcode:
            raise UsersUnusable(f"the passcode of {name} is empty; give one")
        record = _make_record(passcode)
        with self._changing():
            self._write(self._read() | {name: record})

    def remove(self, name: str) -> None:
        """Remove a user.

        Raises
        ------
        UsersUnusable
            If there is no such user, or the file cannot be read or written.
        """
        with self._changing():
            records = self._read()
            if name not in records:
                raise UsersUnusable(f"there is no user {name!r} in {self._file}")
            self._write({known: record for known, record in records.items() if known != name})

    @contextmanager
    def _changing(self) -> Iterator[None]:
        try:
            self._file.parent.mkdir(parents=True, exist_ok=True)
            with changing(self._file):
                yield
        except OSError as error:
            raise UsersUnusable(f"access.users cannot be changed; {in_words(error)}") from error

    def _read(self) -> dict[str, str]:
        try:
            lines = self._file.read_text(encoding="utf-8").splitlines()
        except FileNotFoundError:
            return {}
        except OSError as error:
            raise UsersUnusable(f"access.users cannot be read; {in_words(error)}") from error
        except UnicodeDecodeError as error:
            raise UsersUnusable(f"access.users, {self._file}, is not UTF-8 text") from error
        records = dict(line.split(":", 1) for line in lines if ":" in line and not line.startswith("#"))
        for name, record in records.items():
            if record.split("$")[0] != _KIND or record.count("$") != 5:
                raise UsersUnusable(f"access.users, {self._file}: the entry of {name!r} is not understood")
        return records

    def _write(self, records: dict[str, str]) -> None:
        text = _HEAD + "".join(f"{name}:{record}\n" for name, record in sorted(records.items()))
        try:
            # mkstemp makes it readable for its owner alone.
            descriptor, path = tempfile.mkstemp(dir=self._file.parent, prefix=f".{self._file.name}.")
            with os.fdopen(descriptor, "w", encoding="utf-8") as file:
                file.write(text)
                file.flush()
                os.fsync(file.fileno())
            Path(path).replace(self._file)
        except OSError as error:
            raise UsersUnusable(f"access.users cannot be written; {in_words(error)}") from error


def _make_record(passcode: str) -> str:
    salt = secrets.token_bytes(_SALT_BYTES)
    made = _hash(passcode.encode(), salt, _COST, _BLOCK, _PARALLEL)
    return f"{_KIND}${_COST}${_BLOCK}${_PARALLEL}${salt.hex()}${made.hex()}"


def _compare(record: str, passcode: bytes) -> tuple[bytes, bytes]:
    """Give the hash that a record keeps, and that of a passcode under the same terms."""
    _, cost, block, parallel, salt, kept = record.split("$")
    made = _hash(passcode, bytes.fromhex(salt), int(cost), int(block), int(parallel))
    return bytes.fromhex(kept), made


def _hash(passcode: bytes, salt: bytes, cost: int, block: int, parallel: int) -> bytes:
    return hashlib.scrypt(passcode, salt=salt, n=cost, r=block, p=parallel, dklen=_HASH_BYTES)
