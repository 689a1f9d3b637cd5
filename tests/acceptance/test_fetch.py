"""``neolung fetch`` as operators use it: killed in the middle, gone on with, repeated; a PACS with limits."""

import json
import os
import signal
import subprocess
import sys
import time
from collections import Counter
from contextlib import closing, contextmanager
from datetime import date, timedelta

import pytest

from storage.campaign_studies import count_studies
from storage.campaigns import list_campaigns
from storage.jobs import list_jobs
from storage.ledger import Ledger
from tests.support.archive import load, running_archive
from tests.support.films import make_film
from tests.support.node import run_serve_only
from tests.support.orthanc import free_port, running_orthanc

FIRST = date(2026, 1, 1)


def films(number, per_day=1):
    """Make films of as many studies, one after the other."""
    for index in range(number):
        uid, day = f"1.2.840.99998.{index}", FIRST + timedelta(days=index // per_day)
        yield make_film(
            rows=16,
            columns=16,
            StudyInstanceUID=uid,
            SeriesInstanceUID=f"{uid}.1",
            SOPInstanceUID=f"{uid}.1.1",
            StudyDate=f"{day:%Y%m%d}",
            StudyTime=f"{index * 7 % 24:02}{index % 60:02}00",
            PatientID=f"K{index}",
        )


def destination(pacs, retrieve="move"):
    return {
        "name": "pacs",
        "ae_title": pacs.ae_title,
        "host": "127.0.0.1",
        "port": pacs.port,
        "retrieve": retrieve,
        "retry": {"first_delay_s": 0.1},
    }


@contextmanager
def reading(node):
    """Look into the ledger of a node from outside."""
    url = f"sqlite:///{node.folder / 'var' / 'ledger.sqlite'}"
    with closing(Ledger.open(url, migrate=False)) as ledger, ledger.read() as connection:
        yield connection


def jobs_of(node):
    with reading(node) as connection:
        return list_jobs(connection, limit=1000)


def fetched(node):
    """Count the objects that came, as the campaign knows them."""
    with reading(node) as connection:
        campaigns = list_campaigns(connection)
        return count_studies(connection, campaigns[0].campaign_id).instances_fetched if campaigns else 0


def kill_when(node, wanted, *arguments):
    """Start a command, and kill it as soon as the campaign has so many objects."""
    command = [sys.executable, "-m", "node", "fetch", *arguments, "--config", str(node.config_file)]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    deadline = time.monotonic() + 60
    while fetched(node) < wanted:
        assert process.poll() is None, process.communicate()[0]
        assert time.monotonic() < deadline
        time.sleep(0.02)
    os.kill(process.pid, signal.SIGKILL)
    process.communicate()


@pytest.mark.dcmtk
@pytest.mark.slow
@pytest.mark.parametrize("retrieve", ["move", "get"])
def test_a_campaign_survives_being_killed_again_and_again(tmp_path, retrieve):
    port = free_port()
    with running_archive(tmp_path / "pacs", "NEOLUNG", port) as pacs:
        load(tmp_path / "films", pacs.ae_title, pacs.port, list(films(24)))
        sections = {
            "node": {"port": port},
            "destinations": [destination(pacs, retrieve)],
            "fetch": {"objects_per_minute": 600, "days_per_query": 5, "associations": 2},
        }
        with run_serve_only(tmp_path / "node", **sections) as node:
            begin = [
                "--from",
                "pacs",
                "--from-date",
                "2026-01-01",
                "--to-date",
                "2026-01-31",
                "--name",
                "all",
            ]
            kill_when(node, 2, *begin)
            assert "interrupted" in node.command("fetch", "list").stdout
            for wanted in (8, 15):
                kill_when(node, wanted, "resume", "all")
            ended = node.command("fetch", "resume", "all", "--json")
            assert ended.returncode == 0, ended.stdout + ended.stderr
            assert json.loads(ended.stdout)["state"] == "done"
            assert Counter(job.key for job in jobs_of(node)) == Counter(
                made.SOPInstanceUID for made in films(24)
            )
            assert {job.priority for job in jobs_of(node)} == {-10}

            stored = node.log.count("instance stored")
            again = node.command("fetch", "repeat", "all")
            assert again.returncode == 0, again.stdout + again.stderr
            assert "done" in again.stdout
            assert node.log.count("instance stored") == stored
            assert len(jobs_of(node)) == 24
            shown = node.command("fetch", "show", "all").stdout
            assert "24 fetched" in shown
            assert "campaign_id" not in shown


@pytest.mark.orthanc
@pytest.mark.dcmtk
def test_a_pacs_that_gives_few_answers_is_asked_until_all_are_there(tmp_path):
    port = free_port()
    with running_orthanc(tmp_path, "NEOLUNG", port, LimitFindResults=7) as pacs:
        load(tmp_path / "films", pacs.ae_title, pacs.port, list(films(60, per_day=12)))
        sections = {"node": {"port": port}, "destinations": [destination(pacs)]}
        with run_serve_only(tmp_path / "node", **sections) as node:
            preview = node.command(
                "fetch", "--from", "pacs", "--from-date", "2025-12-01", "--dry-run", "--json"
            )
            assert preview.returncode == 0, preview.stderr
            found = json.loads(preview.stdout)
            assert len({study["study_instance_uid"] for study in found}) == 60
            assert sum(study["to_fetch"] for study in found) == 60
            assert jobs_of(node) == []


@pytest.mark.dcmtk
def test_the_commands_say_what_is_wrong(tmp_path):
    with run_serve_only(tmp_path / "node") as node:
        for arguments, words in (
            (["--from", "nobody", "--since", "3d"], "no destination is called 'nobody'"),
            (["show", "nothing"], "There is no campaign nothing"),
            (["pause", "nothing"], "fetch list"),
        ):
            result = node.command("fetch", *arguments)
            assert result.returncode == 1
            assert words in result.stderr
        for arguments in (["--from", "x"], ["--from", "x", "--since", "3d", "NoKey=1"], ["show", "../x"]):
            assert node.command("fetch", *arguments).returncode == 2
        assert node.command("fetch", "list").returncode == 0
