"""Which attributes belong to which module of an object's IOD (PS3.3), as highdicom's tables have them."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any

_SHORT = {"lut", "sc", "sop", "sr", "voi"}

Path = tuple[str, ...]
"""Keywords from the Data Set down to an attribute."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where an attribute stands in the standard.

    Attributes
    ----------
    usage
        Of the module in the IOD: M, C or U.
    kind
        Type of the attribute: 1, 1C, 2, 2C or 3.
    """

    module: str
    usage: str
    kind: str


def places(sop_class_uid: str) -> dict[Path, Place]:
    """Give the attributes of an object's IOD, in the order of its modules; each where it comes first."""
    found: dict[Path, Place] = {}
    for path, place in _attributes(sop_class_uid):
        found.setdefault(path, place)
    return found


def _attributes(sop_class_uid: str) -> Iterator[tuple[Path, Place]]:
    iod = _table("sop_class_iod_map").get(sop_class_uid)
    for module in _table("iod_module_map").get(iod, ()):
        name = _name(module["key"])
        for attribute in _table("module_attribute_map")[module["key"]]:
            path = (*attribute["path"], attribute["keyword"])
            yield path, Place(name, module["usage"], attribute["type"])


def _name(key: str) -> str:
    words = [word.upper() if word in _SHORT else word for word in key.split("-")]
    return words[0][0].upper() + " ".join(words)[1:]


@cache
def _table(name: str) -> Any:
    # Data of a library, not its interface: it is looked at only to describe objects, never to make one.
    return json.loads((files("highdicom") / "_standard" / f"{name}.json").read_text(encoding="utf-8"))
