"""Which environment variables are meant for the node, and what a misspelt one may have meant."""

import re
from collections.abc import Iterator, Mapping
from difflib import get_close_matches

from pydantic import BaseModel

from node.config.describe import model_of

PREFIX = "NEOLUNG_"
CONFIG_VARIABLE = "NEOLUNG_CONFIG"
"""Names the configuration file; sets no key."""

_OF_KUBERNETES = re.compile(
    r"(\w+_)?(SERVICE_HOST|SERVICE_PORT(_\w+)?|PORT_\d+_(TCP|UDP|SCTP)(_PROTO|_PORT|_ADDR)?)"
)


def own_variables(environment: Mapping[str, str]) -> list[str]:
    """List, sorted, the variables that are meant for the node: a section stands before its keys.

    Left out is what Kubernetes invents for services whose names begin with ``neolung``
    (``NEOLUNG_PORT=tcp://10.0.0.1:104``, ``NEOLUNG_SERVICE_HOST``).
    """
    return [
        variable
        for variable in sorted(environment)
        if variable.upper().startswith(PREFIX)
        and variable != CONFIG_VARIABLE
        and not _is_invented(variable.removeprefix(PREFIX), environment[variable])
    ]


def explain_unknown(root: type[BaseModel], variable: str) -> str:
    """Say that a variable sets no key, and which one it may have meant."""
    entry = next(iter(re.findall(r"\d+", variable)), "0")
    known = {_words(name): name for name in (CONFIG_VARIABLE, *_names(root, PREFIX, entry))}
    # Where only the section is missing, the first one that has such a key is meant.
    close = [words for words in known if words.endswith(f"_{_words(variable)}")]
    close = close or get_close_matches(_words(variable), known, n=1)
    if close:
        return f"sets no key; did you mean {known[close[0]]}?"
    return f"sets no key; names are made as {PREFIX}NODE__PORT"


def _is_invented(name: str, value: str) -> bool:
    is_address = name.endswith("PORT") and "://" in value
    return "__" not in name and (is_address or _OF_KUBERNETES.fullmatch(name) is not None)


def _names(section: type[BaseModel], prefix: str, entry: str) -> Iterator[str]:
    """Name every variable that sets a section or a key; of lists the one of the given entry."""
    for key, field in section.model_fields.items():
        name = f"{prefix}{key.upper()}"
        yield name
        below = model_of(field.annotation)
        if below is not None:
            step = "__" if field.annotation is below else f"__{entry}__"
            yield from _names(below, name + step, entry)


def _words(name: str) -> str:
    """Leave only what people remember of a name: not its case, nor how many underscores stand between."""
    return name.upper().removeprefix(PREFIX).replace("__", "_")
