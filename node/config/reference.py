"""Makes ``docs/configuration.md`` from the schema: the sentence below each key is its documentation."""

import json
from collections.abc import Iterator
from pathlib import PurePath
from typing import Any

from pydantic import BaseModel
from pydantic.fields import FieldInfo

from node.config.describe import describe_field, model_of
from node.config.documentation import documented_keys, section_text
from node.config.schema import Config

_HEAD = """# Configuration

Made from the schema by `python -m node.config.reference`; do not edit it here.

`neolung` reads one file: that of `--config`, else that of the variable `NEOLUNG_CONFIG`, else `config.yaml`
in the working directory; without any the defaults hold. Relative paths start at the folder of that file.
Unknown keys and values that are not allowed are errors that name file, line and key.

Every key can be overridden from the environment: `NEOLUNG_` and the key in capitals, with two underscores for
each step down, as `NEOLUNG_NODE__PORT=104` or `NEOLUNG_DESTINATIONS__0__HOST=pacs`. A list or a whole section
is given as YAML: `NEOLUNG_DESTINATIONS='[{name: pacs, ae_title: PACS, host: pacs, port: 104}]'`.
A variable that begins with `NEOLUNG_` and sets no key is an error that names the one it may have meant. What
Kubernetes makes up for a service called neolung (`NEOLUNG_PORT=tcp://...`, `NEOLUNG_SERVICE_HOST`) is let be.
"""


def sections(model: type[BaseModel] = Config, path: str = "") -> Iterator[tuple[str, type[BaseModel]]]:
    """Yield every section with the dotted path of its keys, in the order of the schema."""
    if path:
        yield path, model
    for name, field in model.model_fields.items():
        below = model_of(field.annotation)
        if below is not None:
            is_list = field.annotation is not below
            yield from sections(below, f"{path}.{name}".lstrip(".") + ("[]" if is_list else ""))


def make_reference() -> str:
    """Write the whole page."""
    parts = [_HEAD]
    for path, model in sections():
        rows = section_rows(model)
        if rows:
            parts.append(f"## {path}\n\n{section_text(model)}\n\n| key | default | allowed | meaning |")
            parts.append("|---|---|---|---|\n" + "\n".join(rows) + "\n")
    return "\n".join(parts)


def section_rows(model: type[BaseModel]) -> list[str]:
    """Write the table rows of a section: key, default, allowed, meaning."""
    texts = documented_keys(model)
    return [
        f"| `{name}` | {_default(field)} | {describe_field(field)} | {texts[name]} |"
        for name, field in model.model_fields.items()
        if name in texts
    ]


def _default(field: FieldInfo) -> str:
    if field.is_required():
        return "(needed)"
    return f"`{json.dumps(_plain(field.default), ensure_ascii=False)}`"


def _plain(value: Any) -> Any:
    if isinstance(value, BaseModel):
        return value.model_dump(mode="json", exclude_unset=True)
    if isinstance(value, tuple):
        return [_plain(part) for part in value]
    return str(value) if isinstance(value, PurePath) else value


if __name__ == "__main__":
    import sys

    sys.stdout.write(make_reference())
