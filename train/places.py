"""Where a bundle may be written: what is there before is replaced, so nobody may need it."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from pipeline.bundle.manifest import MANIFEST_NAME
from train.errors import UnusableFolder


def refuse_out(out: Path, needed: Mapping[str, Path]) -> None:
    """Refuse a folder that may not be replaced by a bundle.

    Parameters
    ----------
    out
        May be missing, empty, or hold a bundle, which is replaced.
    needed
        What must not lie in it, by what to call it.

    Raises
    ------
    UnusableFolder
        Says what is there.
    """
    if out.name in ("", "..") or out.is_symlink() or (out.exists() and not out.is_dir()):
        raise UnusableFolder(f"{out} is no folder's own name; give a new folder (--out)")
    for what, path in needed.items():
        if path.resolve().is_relative_to(out.resolve()):
            raise UnusableFolder(
                f"{out} would be replaced, but {what} ({path}) lies there; give another folder (--out)"
            )
    if out.exists() and any(out.iterdir()) and not (out / MANIFEST_NAME).is_file():
        raise UnusableFolder(
            f"{out} holds files that would be lost, and is no bundle; give a new or an empty folder (--out)"
        )
