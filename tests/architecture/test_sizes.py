"""The sizes we keep, so that every file can be read at one sitting."""

import ast
from pathlib import Path
from statistics import median

import pytest

ROOT = Path(__file__).parents[2]
PACKAGES = ("node", "pipeline", "storage", "train")
MODULES = sorted(path for package in PACKAGES for path in (ROOT / package).rglob("*.py"))
MOST_LINES, MEDIAN_LINES = 300, 130


@pytest.mark.parametrize("module", MODULES, ids=lambda path: str(path.relative_to(ROOT)))
def test_no_module_is_longer_than_300_lines(module: Path) -> None:
    assert len(module.read_text(encoding="utf-8").splitlines()) <= MOST_LINES


def test_the_median_module_is_short() -> None:
    assert median(len(path.read_text(encoding="utf-8").splitlines()) for path in MODULES) <= MEDIAN_LINES


def test_the_median_function_is_short() -> None:
    lengths = [length for path in MODULES for length in _function_lengths(path)]

    assert median(lengths) <= 10


def _function_lengths(path: Path) -> list[int]:
    """Count the lines of each function without its docstring."""
    functions = (node for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))) if _is_function(node))
    return [_lines(function) for function in functions]


def _is_function(node: ast.AST) -> bool:
    return isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)


def _lines(function: ast.AST) -> int:
    assert isinstance(function, ast.FunctionDef | ast.AsyncFunctionDef)
    body = function.body[1:] if ast.get_docstring(function) else function.body
    return sum((statement.end_lineno or 0) - statement.lineno + 1 for statement in body)
