"""Reads the configuration: file, then environment, then validation; every problem is told at once."""

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml
from pydantic import ValidationError

from node.config.crosschecks import cross_check
from node.config.environment import Override, apply_override, read_overrides
from node.config.marks import KeyPath, MarkedYaml, parse_marked
from node.config.problems import dotted, explain
from node.config.schema import Config
from node.config.variables import CONFIG_VARIABLE
from node.errors import ConfigError

DEFAULT_FILE = Path("config.yaml")


def find_config_file(path: Path | None, environment: Mapping[str, str] = os.environ) -> Path | None:
    """Choose the file: the one asked for, then ``$NEOLUNG_CONFIG``, then ``./config.yaml``, then none."""
    if path is not None:
        return path
    named = environment.get(CONFIG_VARIABLE)
    if named:
        return Path(named)
    return DEFAULT_FILE if DEFAULT_FILE.is_file() else None


def load_config(path: Path | None = None, environment: Mapping[str, str] | None = None) -> Config:
    """Read and check the configuration.

    Parameters
    ----------
    path
        None looks for ``$NEOLUNG_CONFIG``, then ``./config.yaml``; where there is neither, the defaults hold
        and relative paths start at the working directory.
    environment
        Variables that override keys; None takes those of this process.

    Raises
    ------
    ConfigError
        If the file cannot be read, is no YAML, or holds unknown keys or values that are not allowed. All
        problems of file and environment are in the one error.
    """
    environment = os.environ if environment is None else environment
    file = find_config_file(path, environment)
    document = _read(file) if file else MarkedYaml({}, {}, ())
    return _validate(file, document, read_overrides(Config, environment))


def _read(file: Path) -> MarkedYaml:
    try:
        document = parse_marked(file.read_text(encoding="utf-8"))
    except OSError as error:
        raise ConfigError(str(file), (f"cannot be read: {error.strerror}",)) from error
    except UnicodeDecodeError as error:
        raise ConfigError(str(file), ("is not UTF-8 text",)) from error
    except yaml.YAMLError as error:
        raise ConfigError(str(file), (_syntax_problem(file, error),)) from error
    if document.value is None:
        return MarkedYaml({}, {}, ())
    if not isinstance(document.value, dict):
        raise ConfigError(str(file), (f"{file}:1: the file must be a mapping of sections",))
    return document


def _syntax_problem(file: Path, error: yaml.YAMLError) -> str:
    mark = getattr(error, "problem_mark", None)
    where = f"{file}:{mark.line + 1}" if mark else str(file)
    return f"{where}: not valid YAML: {getattr(error, 'problem', None) or error}"


def _validate(file: Path | None, document: MarkedYaml, overrides: list[Override]) -> Config:
    problems = [
        f"{file}:{line}: {dotted(path)} stands here a second time" for path, line in document.repeated
    ]
    values: dict[str, Any] = {str(key): value for key, value in document.value.items()}
    sources: dict[KeyPath, str] = {}
    for override in overrides:
        problem = override.problem or apply_override(values, override)
        if problem:
            problems.append(": ".join(filter(None, (override.variable, dotted(override.path), problem))))
        sources[override.path] = override.variable
    _fill_sections(values)
    base = file.resolve().parent if file else Path.cwd()

    def place(path: KeyPath) -> str:
        return _place(path, file, document.lines, sources)

    try:
        config = Config.model_validate(values, context={"base": base})
        problems += [f"{place(path)}: {dotted(path)}: {text}" for path, text in cross_check(config)]
    except ValidationError as error:
        problems += explain(Config, error, place)
    if problems:
        raise ConfigError(str(file) if file else "configuration", tuple(problems))
    return config


def _fill_sections(values: dict[str, Any]) -> None:
    """Make missing and empty sections explicit, so that their defaults are validated with our context."""
    for name, field in Config.model_fields.items():
        if values.get(name) is None:
            values[name] = [] if field.default == () else {}


def _place(path: KeyPath, file: Path | None, lines: dict[KeyPath, int], sources: dict[KeyPath, str]) -> str:
    """Where the nearest known part of a path was set; the environment wins over the file."""
    for length in range(len(path), 0, -1):
        part = path[:length]
        if part in sources:
            return sources[part]
        if part in lines:
            return f"{file}:{lines[part]}"
    return str(file) if file else "defaults"
