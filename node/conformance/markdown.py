"""Tables in Markdown, and the sentences that the code says about its own enumerations."""

import ast
import inspect
from collections.abc import Iterable, Iterator, Sequence
from enum import Enum
from itertools import pairwise
from typing import TypeVar

from pydicom.uid import UID

_NEWER = {"1.2.840.10008.5.1.4.1.1.66.7": "Label Map Segmentation Storage"}

Member = TypeVar("Member", bound=Enum)


def table(head: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    """Write a table; bars inside cells are escaped."""
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join("| " + " | ".join(_cell(cell) for cell in line) + " |" for line in lines)


def _cell(value: object) -> str:
    if value is None:
        return ""
    parts = " ".join(str(value).split()).replace("|", "\\|").split("`")
    # Outside of code a star would begin emphasis, and an angle bracket a tag.
    parts[::2] = (part.replace("*", "\\*").replace("<", "&lt;") for part in parts[::2])
    return "`".join(parts)


def code(text: object) -> str:
    """Set text as code."""
    return f"`{text}`"


def name_of(uid: str) -> str:
    """Name a SOP Class or transfer syntax, also one that pydicom's dictionary is too old for."""
    return _NEWER.get(uid) or UID(uid).name


def sentences(enumeration: type[Member]) -> Iterator[tuple[Member, str]]:
    """Give each member with the sentence below it in the source; members without one are left out."""
    (body,) = (node.body for node in ast.parse(inspect.getsource(enumeration)).body if hasattr(node, "body"))
    for member, below in pairwise(body):
        if not isinstance(member, ast.Assign) or not isinstance(member.targets[0], ast.Name):
            continue
        if isinstance(below, ast.Expr) and isinstance(below.value, ast.Constant):
            yield enumeration[member.targets[0].id], " ".join(str(below.value.value).split())
