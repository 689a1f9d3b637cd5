"""The data folder, made where it is not there, or refused in words."""

from pathlib import Path

from node.errors import StartRefused, in_words


def make_data_folder(folder: Path) -> None:
    """Make the data folder if it is not there yet.

    Raises
    ------
    StartRefused
        If it cannot be made, or something else stands in its place.
    """
    require_folder(folder)
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise StartRefused(f"node.data_dir cannot be made; {in_words(error)}") from error


def require_folder(folder: Path) -> None:
    """Refuse a data folder that is none; it may be missing.

    Raises
    ------
    StartRefused
        If something else stands in its place.
    """
    if folder.exists() and not folder.is_dir():
        raise StartRefused(f"node.data_dir, {folder}, is a file; name a folder")
