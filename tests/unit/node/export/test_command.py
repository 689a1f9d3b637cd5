"""``neolung export`` as a person gives it, in a process of its own."""

import fcntl
import json
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
import yaml

from tests.support.films import make_film
from tests.support.node import run_neolung
from tests.support.work import open_desk

BABIES = 6


@pytest.fixture(scope="module")
def config(tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    """Give the options that name a node which holds films of some babies."""
    folder = tmp_path_factory.mktemp("node")
    desk = open_desk(folder / "var")
    for number in range(BABIES):
        desk.receive(make_film(rows=144, columns=128, PatientID=f"BABY{number}", seed=number))
    desk.analyse_all()
    desk.ledger.close()
    path = folder / "config.yaml"
    path.write_text(yaml.safe_dump({"node": {"data_dir": str(desk.data_dir)}}))
    return ["--config", str(path)]


def files(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_it_says_what_was_given_out(config: list[str], out: Path) -> None:
    done = run_neolung("export", str(out), *config)

    assert done.returncode == 0, done.stderr
    assert f"{BABIES} films of {BABIES} patients" in done.stdout
    assert "neolung-train retrain --data" in done.stdout
    assert "WARNING" not in done.stderr


def test_json_is_the_report(config: list[str], out: Path) -> None:
    done = run_neolung("export", str(out), "--judged", "--json", *config)
    report = json.loads(done.stdout)

    assert report["films"] == BABIES
    assert report["identifiers_searched"] > BABIES
    assert report == json.loads((out / "report.json").read_text()) | {"folder": str(out)}


def test_identified_warns_loudly(config: list[str], out: Path) -> None:
    done = run_neolung("export", str(out), "--identified", *config)

    assert done.returncode == 0
    assert "WARNING: --identified removes NOTHING" in done.stderr


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (["--since", "yesterday"], 2, "yesterday"),
        (["--black-borders", "1,2"], 1, "percent"),
        (["--annotated"], 1, "no film"),
        (["--identified", "--black-borders", "1,1,1,1"], 1, "as they came"),
    ],
)
def test_wrong_wishes_are_said(
    config: list[str], out: Path, arguments: list[str], code: int, words: str
) -> None:
    done = run_neolung("export", str(out), *arguments, *config)

    assert done.returncode == code
    assert words in done.stderr
    assert "Traceback" not in done.stderr


def test_a_node_that_never_ran_is_said(tmp_path: Path) -> None:
    (tmp_path / "config.yaml").write_text("node:\n  data_dir: var\n")
    done = run_neolung("export", str(tmp_path / "out"), "--config", str(tmp_path / "config.yaml"))

    assert done.returncode == 1
    assert "no ledger" in done.stderr
    assert not (tmp_path / "var").exists()


@pytest.mark.slow
def test_killed_at_any_moment_it_ends_the_same(config: list[str], tmp_path: Path) -> None:
    assert run_neolung("export", str(tmp_path / "whole"), *config).returncode == 0
    parts = tmp_path / "parts"
    command = [sys.executable, "-m", "node", "export", str(parts), *config]
    for lines in (1, 3, 6):
        process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        while process.poll() is None and _journal_lines(parts) < lines:
            time.sleep(0.005)
        process.send_signal(signal.SIGKILL)
        process.wait()
    assert run_neolung("export", str(parts), *config).returncode == 0

    assert files(parts) == files(tmp_path / "whole")


def _journal_lines(folder: Path) -> int:
    journal = folder / "journal.jsonl"
    return journal.read_bytes().count(b"\n") if journal.exists() else 0


def test_two_exports_into_one_folder_do_not_mix(config: list[str], out: Path) -> None:
    assert run_neolung("export", str(out), *config).returncode == 0
    with (out / "journal.jsonl").open("a") as journal:
        fcntl.flock(journal.fileno(), fcntl.LOCK_EX)
        done = run_neolung("export", str(out), *config)

    assert done.returncode == 1
    assert "another export" in done.stderr
