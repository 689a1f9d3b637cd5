"""Overrides from the environment: ``NEOLUNG_SECTION__KEY=value``."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, get_args, get_origin

import yaml
from pydantic import BaseModel

from node.config.describe import field_at, model_of
from node.config.marks import KeyPath, parse_plain
from node.config.variables import PREFIX, explain_unknown, own_variables


@dataclass(frozen=True, slots=True)
class Override:
    """One key set by the environment.

    Attributes
    ----------
    path
        Empty for a variable that sets no key.
    problem
        Why it cannot be used.
    """

    variable: str
    path: KeyPath
    value: Any
    problem: str | None = None


def read_overrides(root: type[BaseModel], environment: Mapping[str, str]) -> list[Override]:
    """Read the variables that override keys, sorted so that a section comes before its keys.

    A variable that is meant for the node and sets no key is an override with a problem.
    """
    return [_read(root, variable, environment[variable]) for variable in own_variables(environment)]


def _read(root: type[BaseModel], variable: str, text: str) -> Override:
    path = _path(variable.removeprefix(PREFIX))
    if variable.startswith(PREFIX) and (len(path) > 1 or path[0] in root.model_fields):
        return _override(root, variable, path, text)
    return Override(variable, (), None, problem=explain_unknown(root, variable))


def _path(name: str) -> KeyPath:
    """``DESTINATIONS__0__HOST`` as ``("destinations", 0, "host")``."""
    parts = name.lower().split("__")
    return tuple(int(part) if part.isdecimal() else part for part in parts)


def _override(root: type[BaseModel], variable: str, path: KeyPath, text: str) -> Override:
    field = field_at(root, path)
    if field is not None and _takes_text(field.annotation) and not isinstance(path[-1], int):
        is_null = text in ("", "null") and type(None) in get_args(field.annotation)
        return Override(variable, path, None if is_null else text)
    try:
        return Override(variable, path, parse_plain(text))
    except yaml.YAMLError:
        return Override(variable, path, None, problem="is no YAML value")


def _takes_text(annotation: Any) -> bool:
    """Whether a value from the environment is meant literally: text, or text or null."""
    if model_of(annotation) is not None or get_origin(annotation) is tuple:
        return False
    parts = [part for part in get_args(annotation) if part is not type(None)]
    if get_origin(annotation) is None or not parts:
        return annotation not in (int, float, bool)
    return all(_takes_text(part) if not isinstance(part, str) else True for part in parts)


def apply_override(document: dict[str, Any], override: Override) -> str | None:
    """Put one override into the document; returns what stood in the way, if anything."""
    place: Any = document
    for part, following in zip(override.path, override.path[1:], strict=False):
        if isinstance(part, int):
            if not isinstance(place, list) or part >= len(place):
                return f"there is no entry {part} to change; set the whole list instead"
            place = place[part]
        elif isinstance(place, dict):
            if place.get(part) is None:
                place[part] = [] if isinstance(following, int) else {}
            place = place[part]
        else:
            return "leads into a value that has no keys"
    return _put(place, override)


def _put(place: Any, override: Override) -> str | None:
    last = override.path[-1]
    if isinstance(place, dict) and isinstance(last, str):
        place[last] = override.value
        return None
    if isinstance(place, list) and isinstance(last, int) and last < len(place):
        place[last] = override.value
        return None
    return "leads into a value that has no such key"
