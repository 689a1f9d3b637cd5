"""Turns what the validation found into lines that say where, what was given and what is allowed."""

from collections.abc import Callable
from difflib import get_close_matches
from typing import Any

from pydantic import BaseModel, ValidationError

from node.config.describe import describe_at, field_at, section_at
from node.config.marks import KeyPath

Place = Callable[[KeyPath], str]
"""Where a key path was set: ``config.yaml:12`` or ``NEOLUNG_NODE__PORT``."""


def dotted(path: KeyPath) -> str:
    """``("destinations", 0, "host")`` as ``destinations[0].host``."""
    text = ""
    for part in path:
        text += f"[{part}]" if isinstance(part, int) else f".{part}" if text else str(part)
    return text


def explain(root: type[BaseModel], error: ValidationError, place: Place) -> list[str]:
    """List the problems, each once, in the order in which the keys are declared."""
    lines: dict[str, None] = {}
    for problem in error.errors(include_url=False):
        path = _real_path(root, problem["loc"])
        text = _text(root, problem["type"], path, problem)
        lines[f"{place(path)}: {text}" if path else f"{place(path)}: {text.removeprefix(': ')}"] = None
    return list(lines)


def _text(root: type[BaseModel], kind: str, path: KeyPath, problem: Any) -> str:
    if kind == "extra_forbidden":
        return f"{dotted(path)}: unknown key{_suggestion(root, path)}"
    field = field_at(root, path)
    if kind == "missing":
        return f"{dotted(path)} is missing; needed: {describe_at(root, path)}"
    if field is None:
        return f"{dotted(path)}: {problem['msg'].removeprefix('Value error, ')}"
    why = _why(kind, problem)
    if kind == "value_error" and not isinstance(problem["input"], str):
        return f"{dotted(path)}: {why}"
    given = f"{dotted(path)}: {_shown(problem['input'])} is not allowed" + (f", it {why}" if why else "")
    return f"{given}; allowed: {describe_at(root, path)}"


def _why(kind: str, problem: Any) -> str:
    if kind == "value_error":
        return str(problem["msg"]).removeprefix("Value error, ")
    if kind == "string_type" and isinstance(problem["input"], int | float):
        return "is no text for YAML: put it in quotes"
    return ""


def _real_path(root: type[BaseModel], location: tuple[str | int, ...]) -> KeyPath:
    """Leave out the parts that pydantic adds for the branches of a union."""
    path: KeyPath = ()
    for part in location:
        longer = (*path, part)
        section = section_at(root, longer)
        if isinstance(part, str) and section is None and path:
            break
        path = longer
    return path


def _suggestion(root: type[BaseModel], path: KeyPath) -> str:
    section = section_at(root, path)
    known = sorted(section.model_fields) if section else []
    close = get_close_matches(str(path[-1]), known, n=1)
    hint = f'; did you mean "{close[0]}"? Known' if close else "; known"
    return f"{hint} here: {', '.join(known)}"


def _shown(value: object) -> str:
    if isinstance(value, str):
        return f'"{value[:80]}"'
    if isinstance(value, bool) or value is None:
        return {True: "true", False: "false", None: "null"}[value]
    if isinstance(value, int | float):
        return str(value)
    return "a list" if isinstance(value, list | tuple) else "a mapping" if isinstance(value, dict) else "this"
