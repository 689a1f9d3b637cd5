"""YAML text as plain values that remember where they stood."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import yaml

KeyPath = tuple[str | int, ...]


@dataclass(frozen=True, slots=True)
class MarkedYaml:
    """A parsed document.

    Attributes
    ----------
    value
        Plain Python values; None for an empty document.
    lines
        Line, from 1, of each key path; of a mapping's entry it is the line of its key.
    repeated
        Key paths that stand more than once.
    """

    value: Any
    lines: dict[KeyPath, int]
    repeated: tuple[tuple[KeyPath, int], ...]


def parse_marked(text: str) -> MarkedYaml:
    """Parse YAML.

    Raises
    ------
    yaml.YAMLError
        If the text is no YAML.
    """
    loader = yaml.SafeLoader(text)
    try:
        root = loader.get_single_node()
        lines: dict[KeyPath, int] = {}
        repeated: list[tuple[KeyPath, int]] = []
        if root is not None:
            for path, line in _walk(root, (), frozenset()):
                if path in lines:
                    repeated.append((path, line))
                else:
                    lines[path] = line
        value = None if root is None else loader.construct_document(root)
    finally:
        loader.dispose()
    return MarkedYaml(value, lines, tuple(repeated))


def _walk(node: yaml.Node, path: KeyPath, above: frozenset[int]) -> Iterator[tuple[KeyPath, int]]:
    """Yield every key path below ``node``; ``above`` guards against an alias that holds itself."""
    if id(node) in above:
        return
    above = above | {id(node)}
    for key, mark, child in _children(node):
        yield (*path, key), mark.line + 1
        yield from _walk(child, (*path, key), above)


def _children(node: yaml.Node) -> Iterator[tuple[str | int, yaml.Mark, yaml.Node]]:
    if isinstance(node, yaml.MappingNode):
        for key, child in node.value:
            yield str(key.value), key.start_mark, child
    elif isinstance(node, yaml.SequenceNode):
        for index, child in enumerate(node.value):
            yield index, child.start_mark, child


def parse_plain(text: str) -> Any:
    """Parse one YAML value.

    Raises
    ------
    yaml.YAMLError
        If the text is no YAML.
    """
    return yaml.safe_load(text)
