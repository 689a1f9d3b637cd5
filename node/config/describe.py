"""What a key may hold, in words, taken from its annotation."""

import types
from typing import Annotated, Any, Literal, Union, get_args, get_origin

from pydantic import BaseModel
from pydantic.fields import FieldInfo

from node.config.marks import KeyPath
from node.config.types import Allowed

_PLAIN: dict[Any, str] = {
    str: "text",
    int: "a whole number",
    float: "a number",
    bool: "true or false",
    type(None): "null",
}


def describe_field(field: FieldInfo) -> str:
    """Say what a field may hold."""
    for extra in field.metadata:
        if isinstance(extra, Allowed):
            return extra.text
    return describe(field.annotation)


def describe(annotation: Any) -> str:
    """Say what an annotation allows."""
    origin, arguments = get_origin(annotation), get_args(annotation)
    if origin is Annotated:
        texts = [extra.text for extra in arguments[1:] if isinstance(extra, Allowed)]
        return texts[0] if texts else describe(arguments[0])
    if origin is Literal:
        return "one of: " + ", ".join(str(choice) for choice in arguments)
    if origin is tuple:
        return f"a list, each entry {describe(arguments[0])}"
    if origin in (Union, types.UnionType):
        return ", or ".join(describe(part) for part in arguments)
    if model_of(annotation) is not None:
        return "a mapping of keys"
    return _PLAIN.get(annotation, "text")


def model_of(annotation: Any) -> type[BaseModel] | None:
    """Give the section that an annotation holds, by itself or in a list."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    arguments = get_args(annotation)
    return model_of(arguments[0]) if get_origin(annotation) is tuple else None


def section_at(root: type[BaseModel], path: KeyPath) -> type[BaseModel] | None:
    """Find the section whose key is the last part of ``path``; None if it leads outside the schema."""
    model: type[BaseModel] | None = root
    for part in path[:-1]:
        if isinstance(part, int):
            continue
        field = model.model_fields.get(part) if model else None
        model = model_of(field.annotation) if field else None
    return model


def field_at(root: type[BaseModel], path: KeyPath) -> FieldInfo | None:
    """Find the field at a path of keys and list positions; None where there is none."""
    named = path
    while named and isinstance(named[-1], int):
        named = named[:-1]
    section = section_at(root, named) if named else None
    return section.model_fields.get(str(named[-1])) if section else None


def describe_at(root: type[BaseModel], path: KeyPath) -> str:
    """Say what may stand at a path, which may end in a list position."""
    field = field_at(root, path)
    if field is None:
        return "a value"
    if isinstance(path[-1], int) and get_origin(field.annotation) is tuple:
        return describe(get_args(field.annotation)[0])
    return describe_field(field)
