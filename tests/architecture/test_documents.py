"""What the documents say is there, is there; and nothing is there that they leave out."""

import configparser
import re
from pathlib import Path

import click
import pytest
import typer

from node.cli import app
from node.config.schema import LimitsConfig
from node.network.status import ActionStatus, FailureReason, FindStatus, RetrieveStatus, StoreStatus
from node.processes.supervisor import CANNOT_START

ROOT = Path(__file__).parents[2]
PAGES = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md"), *(ROOT / "node").rglob("*.md")])


def text_of(name: str) -> str:
    return (ROOT / name).read_text(encoding="utf-8")


def commands() -> list[str]:
    group = typer.main.get_command(app)
    assert isinstance(group, click.Group) or hasattr(group, "commands")
    return sorted(group.commands)


@pytest.mark.parametrize("command", commands())
def test_every_command_is_in_the_readme_or_the_operators_page(command: str) -> None:
    assert f"neolung {command}" in text_of("README.md") + text_of("docs/operating.md")


@pytest.mark.parametrize(
    "status", [*StoreStatus, *FindStatus, *RetrieveStatus, *ActionStatus, *FailureReason], ids=str
)
def test_every_status_is_documented(status: int) -> None:
    assert f"{status:04X}" in text_of("docs/objects.md")


@pytest.mark.parametrize("page", PAGES, ids=lambda path: str(path.relative_to(ROOT)))
def test_links_between_documents_lead_somewhere(page: Path) -> None:
    links = re.findall(r"\]\((?!https?://|#)([^)#]+)", page.read_text(encoding="utf-8"))

    assert [link for link in links if not (page.parent / link).exists()] == []


@pytest.mark.parametrize("page", PAGES, ids=lambda path: str(path.relative_to(ROOT)))
def test_files_named_in_documents_exist(page: Path) -> None:
    named = re.findall(r"`((?:node|pipeline|storage|train|docs)/[\w/.-]+)`", page.read_text(encoding="utf-8"))

    assert [name for name in named if not (ROOT / name).exists()] == []


def test_the_service_unit_fits_the_program() -> None:
    (unit,) = re.findall(r"```ini\n(.*?)```", text_of("docs/operating.md"), re.DOTALL)
    parsed = configparser.ConfigParser(interpolation=None)
    parsed.optionxform = str  # type: ignore[assignment,method-assign]  # systemd tells capitals from small letters
    parsed.read_string(unit)
    service = parsed["Service"]
    program, command, *arguments = service["ExecStart"].split()

    assert program.endswith("/.venv/bin/neolung")
    assert command in commands()
    assert arguments == ["--config", "/etc/neolung/config.yaml"]
    assert int(service["RestartPreventExitStatus"]) == CANNOT_START
    assert float(service["TimeoutStopSec"]) > LimitsConfig().drain_timeout_s
    assert service["KillMode"] == "mixed"
