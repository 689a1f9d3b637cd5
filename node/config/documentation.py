"""The documentation of sections and keys, read from the source of the schema."""

import ast
import inspect

from pydantic import BaseModel


def section_text(model: type[BaseModel]) -> str:
    """Give the sentence that says what a section is for."""
    return " ".join((inspect.getdoc(model) or "").split())


def documented_keys(model: type[BaseModel]) -> dict[str, str]:
    """Give the sentence below each key of a section."""
    tree = ast.parse(inspect.getsource(model))
    (section,) = (node for node in tree.body if isinstance(node, ast.ClassDef))
    texts: dict[str, str] = {}
    for key, below in zip(section.body, section.body[1:], strict=False):
        if not isinstance(key, ast.AnnAssign) or not isinstance(key.target, ast.Name):
            continue
        if isinstance(below, ast.Expr) and isinstance(below.value, ast.Constant):
            texts[key.target.id] = " ".join(str(below.value.value).split())
    return texts
