"""Who signs results: the installation's own Device UID, made once and kept, and its time zone."""

import os
import uuid
from contextlib import suppress
from datetime import datetime
from pathlib import Path

from node.config.schema import Config

_FILE = "device_uid"


def device_uid(config: Config) -> str:
    """Give the UID of this installation: the configured one, or one made once and kept in the data folder.

    Processes that start together agree on one.
    """
    if config.node.device_uid is not None:
        return str(config.node.device_uid)
    path = config.node.data_dir / _FILE
    if not path.exists():
        _create(path)
    return path.read_text(encoding="ascii").strip()


def utc_offset(config: Config) -> str:
    """Give the offset of content times, ``+0900``: the configured one, or this machine's."""
    return config.node.utc_offset or datetime.now().astimezone().strftime("%z")


def _create(path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_name(f"{_FILE}.{os.getpid()}")
    draft.write_text(f"2.25.{uuid.uuid4().int}\n", encoding="ascii")
    with suppress(FileExistsError):
        os.link(draft, path)  # unlike a rename, never replaces what another process made first
    draft.unlink()
