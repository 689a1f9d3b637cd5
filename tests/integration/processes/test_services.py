"""The node's own processes, killed as often as it takes."""

import os
import random
import signal
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
import yaml

from storage.instances import results_of
from storage.values import JobKind, JobState, Role
from tests.support.pacs import Pacs, Special
from tests.support.waiting import wait_until
from tests.support.work import Desk, open_desk

QUICK = {
    "first_delay_s": 0.05,
    "max_delay_s": 0.5,
    "breaker_failures": 3,
    "breaker_pause_s": 0.2,
    "max_attempts": 100,
}
SEED = 11


def configured(folder: Path, **sections: Any) -> tuple[Path, Desk]:
    """Write a configuration file and open its stores."""
    settings = {"node": {"data_dir": str(folder / "var"), "port": 0}, **sections}
    file = folder / "config.yaml"
    file.write_text(yaml.safe_dump(settings), encoding="utf-8")
    return file, open_desk(folder / "var", **sections)


def start(role: str, config: Path) -> subprocess.Popen[bytes]:
    with (config.parent / "log").open("ab") as log:
        command = [sys.executable, "-m", "node", role, "--config", str(config)]
        return subprocess.Popen(command, stdout=log, stderr=log)


def read_log(config: Path) -> str:
    return (config.parent / "log").read_text(errors="replace")


def stop(process: subprocess.Popen[bytes]) -> int:
    process.terminate()
    return process.wait(60)


@pytest.mark.slow
def test_a_sender_killed_again_and_again_delivers_everything_once_by_uid(tmp_path: Path) -> None:
    chance = random.Random(SEED)
    with Pacs() as pacs:
        pacs.answer = lambda _uid: chance.choice([0xA700, Special.ABORT]) if chance.random() < 0.1 else 0x0000
        target = {"name": "pacs", "ae_title": "PACS", "host": "127.0.0.1", "port": pacs.port}
        target |= {"storage_commitment": False, "batch": 4, "retry": QUICK}
        config, desk = configured(tmp_path, destinations=[target])
        sources = [desk.receive().instance_id for _ in range(24)]
        desk.analyse_all()
        with desk.ledger.read() as connection:
            expected = {result.sop_instance_uid for one in sources for result in results_of(connection, one)}
        kills = 0
        process = start("deliver", config)
        deadline = time.monotonic() + 90
        while not desk.is_done(JobKind.DELIVER) and time.monotonic() < deadline:
            seen = len(pacs.objects)
            wait_until(
                lambda at_least=seen: len(pacs.objects) > at_least or desk.is_done(JobKind.DELIVER),
                30,
                lambda: read_log(config)[-3000:],
            )
            if kills < 4:
                time.sleep(chance.random() * 0.05)
                process.kill()
                process.wait(10)
                kills += 1
                process = start("deliver", config)
        assert stop(process) == 0

        assert kills >= 3
        assert set(pacs.objects) == expected
        assert {job.state for job in desk.jobs(JobKind.DELIVER)} == {JobState.DONE}
        # One object at most is sent again for each kill: the one whose answer was not written down.
        assert sum(count - 1 for count in pacs.accepted.values()) <= kills
        desk.ledger.close()


@pytest.mark.slow
def test_a_worker_killed_with_its_engine_loses_no_film(tmp_path: Path) -> None:
    """The real cascade with the bundle that ships; the engine's processes must die with the worker."""
    config, desk = configured(tmp_path, work={"lease_s": 60, "processes": 1})
    sources = [desk.receive() for _ in range(6)]
    process = start("work", config)
    wait_until(lambda: bool(desk.jobs(JobKind.ANALYSE, JobState.DONE)), 60, lambda: read_log(config))
    engine = [pid for pid in _children(process.pid) if b"spawn_main" in _command(pid)]
    assert engine
    process.kill()
    process.wait(10)
    wait_until(lambda: not any(Path(f"/proc/{pid}").exists() for pid in engine), 20)
    process = start("work", config)
    wait_until(lambda: desk.is_done(JobKind.ANALYSE), 60, lambda: read_log(config))
    (victim,) = [pid for pid in _children(process.pid) if b"spawn_main" in _command(pid)]
    os.kill(victim, signal.SIGKILL)
    last = desk.receive()
    wait_until(lambda: desk.is_done(JobKind.ANALYSE), 60, lambda: read_log(config))

    assert stop(process) == 0
    assert Counter(job.state for job in desk.jobs(JobKind.ANALYSE)) == {JobState.DONE: 7}
    assert "resource_tracker" not in read_log(config)
    with desk.ledger.read() as connection:
        for source in (*sources, last):
            roles = [result.role for result in results_of(connection, source.instance_id)]
            assert roles.count(Role.REPORT) == 1
    desk.ledger.close()


def test_a_process_that_cannot_start_says_why(tmp_path: Path) -> None:
    config, desk = configured(tmp_path, model={"bundle": str(tmp_path / "nothing")})
    desk.ledger.close()
    process = start("work", config)

    assert process.wait(60) == 1
    assert "manifest.json" in read_log(config)
    assert "Traceback" not in read_log(config)


@pytest.mark.parametrize("role", ["serve", "work", "deliver"])
def test_a_data_folder_that_is_a_file_is_said_so(role: str, tmp_path: Path) -> None:
    config, desk = configured(tmp_path)
    desk.ledger.close()
    (tmp_path / "var").rename(tmp_path / "elsewhere")
    (tmp_path / "var").write_text("a file", encoding="utf-8")

    assert start(role, config).wait(60) == 1
    assert read_log(config).strip() == f"neolung: node.data_dir, {tmp_path / 'var'}, is a file; name a folder"


def test_two_of_a_kind_do_not_run_on_one_folder(tmp_path: Path) -> None:
    config, desk = configured(tmp_path)
    desk.ledger.close()
    first = start("deliver", config)
    wait_until(lambda: (tmp_path / "var" / "locks" / "deliver").exists(), 30)
    second = start("deliver", config)

    assert second.wait(60) == 1
    assert f"already runs on {tmp_path / 'var'} (process {first.pid})" in read_log(config)
    assert stop(first) == 0


def _children(pid: int) -> list[int]:
    return [
        int(child)
        for task in Path(f"/proc/{pid}/task").iterdir()
        for child in (task / "children").read_text().split()
    ]


def _command(pid: int) -> bytes:
    return Path(f"/proc/{pid}/cmdline").read_bytes()
