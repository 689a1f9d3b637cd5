"""Makes the root's ``config.yaml`` from the schema: every key with its sentence and its default."""

import json
import textwrap
from collections.abc import Iterator, Mapping
from ipaddress import IPv4Network, IPv6Network
from pathlib import PurePath
from types import MappingProxyType
from typing import Any

from pydantic import BaseModel

from node.config.describe import describe_field, model_of
from node.config.documentation import documented_keys, section_text
from node.config.routes import RouteConfig, TagCondition, WhenConfig
from node.config.schema import Config, DestinationConfig

_WIDTH = 106
_HEAD = """\
The configuration of neolung. It runs as it is: every value below is the default.
Leave out what you do not change. docs/configuration.md says how files, paths and the environment go together.
Every key can be set by a variable instead: NEOLUNG_NODE__PORT=104, NEOLUNG_LOG__FORMAT=json.
"""

EXAMPLE = DestinationConfig(name="pacs", ae_title="PACS", host="pacs.hospital.example")
"""The destination that the file shows as a comment."""

EXAMPLES: Mapping[str, BaseModel] = MappingProxyType(
    {
        "destinations": EXAMPLE,
        "routes": RouteConfig(
            name="nicu",
            when=WhenConfig(
                calling_ae_title=("NICU*",), tags=(TagCondition(tag="BodyPartExamined", values=("CHEST",)),)
            ),
            destinations=("pacs",),
        ),
    }
)
"""The entries that the file shows as comments, by the list they stand in."""


def make_config_file() -> str:
    """Write the whole file."""
    lines = [f"# {line}" for line in _HEAD.splitlines()]
    for name, field in Config.model_fields.items():
        section = model_of(field.annotation)
        if section is None:
            continue
        lines.append("")
        is_list = field.annotation is not section
        if not is_list:
            lines += [f"# {section_text(section)}", f"{name}:", *(f"  {line}" for line in _keys(section()))]
        else:
            lines += _comment(documented_keys(Config)[name])
            lines += [f"{name}: []", f"# {name}:", *(f"#   {line}" for line in _entry(EXAMPLES[name]))]
    return "\n".join(lines) + "\n"


def _keys(section: BaseModel) -> Iterator[str]:
    texts = documented_keys(type(section))
    for name, field in type(section).model_fields.items():
        value = getattr(section, name)
        yield from _comment(texts.get(name) or section_text(type(value)))
        if isinstance(value, BaseModel):
            yield f"{name}:"
            yield from (f"  {line}" for line in _keys(value))
            continue
        yield from _comment(f"Allowed: {describe_field(field)}.")
        if isinstance(value, tuple) and value and isinstance(value[0], BaseModel):
            yield f"{name}:"
            for entry in value:
                yield from (f"  {line}" for line in _entry(entry))
        else:
            yield f"{name}: {_scalar(value)}"


def _entry(section: BaseModel) -> Iterator[str]:
    """Write one entry of a list: the hyphen stands before its first line."""
    for number, line in enumerate(_keys(section)):
        yield f"{'  ' if number else '- '}{line}"


def _comment(text: str) -> list[str]:
    return [f"# {line}" for line in textwrap.wrap(text, _WIDTH)]


def _scalar(value: Any) -> str:
    """Write a value in a line of YAML; texts that need it are quoted."""
    if isinstance(value, tuple):
        return "[" + ", ".join(_scalar(part) for part in value) + "]"
    if isinstance(value, PurePath):
        return f"./{value.name}"
    if isinstance(value, IPv4Network | IPv6Network):
        return json.dumps(str(value))
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    if isinstance(value, str) and value.replace("-", "").replace(".", "").isalnum() and value[0].isalpha():
        return value
    return json.dumps(value)


if __name__ == "__main__":
    import sys

    sys.stdout.write(make_config_file())
