"""What an operator sees of a node and may do to it from the command line."""

import getpass
import json
import socket
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
import yaml

from storage.analyses import add_analysis
from storage.breaker import Breaker, note_failure
from storage.ledger import Ledger
from storage.queue import bury, claim, complete, postpone, settle
from storage.values import Claim, JobKind
from tests.support.films import make_film, part10_bytes
from tests.support.ledgers import add, analysis_of, queue_jobs
from tests.support.node import run_neolung, run_serve_only
from tests.support.orthanc import free_port
from tests.support.pacs import Commitment, Pacs

PACS = {"name": "pacs", "ae_title": "PACS", "host": "127.0.0.1", "port": 104}
MINUTE = timedelta(minutes=1)


@pytest.fixture
def config(tmp_path: Path) -> str:
    settings = {"node": {"data_dir": "var", "port": free_port()}, "destinations": [PACS]}
    path = tmp_path / "config.yaml"
    path.write_text(yaml.safe_dump(settings), encoding="utf-8")
    return str(path)


@pytest.fixture
def ledger(tmp_path: Path, config: str) -> Iterator[Ledger]:
    opened = Ledger.open(f"sqlite:///{tmp_path / 'var' / 'ledger.sqlite'}")
    yield opened
    opened.close()


def claims(ledger: Ledger, kind: JobKind = JobKind.ANALYSE, destination: str = "") -> list[Claim]:
    return claim(ledger, kind, destination, 8, lease=MINUTE, owner="host:1")


def end(ledger: Ledger, *, dead: bool = False, key: str = "1.2.3") -> int:
    """Queue a job and end it; give its number."""
    queue_jobs(ledger, key)
    (held,) = claims(ledger)
    with ledger.begin() as connection:
        if dead:
            bury(connection, held, "hopeless")
        else:
            complete(connection, held)
    return held.job_id


def test_a_job_that_is_done_is_left_alone_with_a_clear_message(ledger: Ledger, config: str) -> None:
    number = str(end(ledger))

    for command, advice in (("retry", f"jobs retry {number} --again"), ("cancel", "nothing left to cancel")):
        done = run_neolung("jobs", command, number, "--config", config)
        assert done.returncode == 1
        assert f"Job {number} is done" in done.stderr
        assert advice in done.stderr

    again = run_neolung("jobs", "retry", number, "--again", "--config", config)
    assert (again.returncode, again.stdout.strip()) == (0, "In the queue again: 1.")


def test_one_job_that_cannot_be_changed_leaves_all_as_they_are(ledger: Ledger, config: str) -> None:
    dead, done = end(ledger, dead=True), end(ledger, key="1.2.4")

    refused = run_neolung("jobs", "cancel", str(dead), str(done), "--config", config)

    shown = json.loads(run_neolung("jobs", "show", str(dead), "--json", "--config", config).stdout)
    assert refused.returncode == 1
    assert shown["state"] == "dead"
    assert shown["events"] == []


def test_the_history_says_who_did_what(ledger: Ledger, config: str) -> None:
    number = str(end(ledger, dead=True))

    assert run_neolung("jobs", "retry", number, "--config", config).returncode == 0
    assert run_neolung("jobs", "cancel", number, "--config", config).returncode == 0

    events = json.loads(run_neolung("jobs", "show", number, "--json", "--config", config).stdout)["events"]
    assert [event["what"] for event in events] == ["cancelled by operator", "retried by operator"]
    assert all(f"job {number} (analyse) by {getpass.getuser()}" in event["detail"] for event in events)
    assert all(event["at"] for event in events)


@pytest.mark.parametrize("number", ["abc", "0", "-1", "1.5", "99999999999999999999", "²"])
def test_what_is_no_job_number_is_said_so(number: str, ledger: Ledger, config: str) -> None:
    for command in ("show", "retry", "cancel"):
        done = run_neolung("jobs", command, "--config", config, "--", number)
        assert done.returncode == 2
        assert "is no job number" in done.stderr
        assert "neolung jobs list" in done.stderr.replace("\n", " ")


def test_status_counts_cancelled_and_uncommitted_jobs(ledger: Ledger, config: str) -> None:
    queue_jobs(ledger, "1.2.3.9", kind=JobKind.COMMIT, destination="pacs")
    (held,) = claims(ledger, JobKind.COMMIT, "pacs")
    with ledger.begin() as connection:
        settle(connection, held, "stored, not committed")
    run_neolung("jobs", "cancel", str(end(ledger, dead=True)), "--config", config)

    shown = run_neolung("status", "--config", config).stdout
    queue = {line["work"]: line for line in json.loads(_json("status", config))["queue"]}

    assert "cancelled" in shown
    assert "1 result stored, not committed: destination pacs offers no Storage Commitment." in shown
    assert queue["analyse"]["cancelled"] == 1
    assert (queue["commit pacs"]["uncommitted"], queue["commit pacs"]["done"]) == (1, 0)


def test_status_ends_with_zero_only_when_all_is_well(tmp_path: Path) -> None:
    with run_serve_only(tmp_path / "node", destinations=[PACS]) as node:  # type: ignore[arg-type]
        fine = node.command("status")
        assert (fine.returncode, "listens." in fine.stdout) == (0, True)

        ledger = Ledger.open(f"sqlite:///{node.folder / 'var' / 'ledger.sqlite'}")
        with ledger.begin() as connection:
            why = "pacs (PACS at 10.0.0.7:104): no connection"
            note_failure(connection, "pacs", why, breaker=Breaker(threshold=1))
        down = node.command("status")
        assert down.returncode == 1
        assert "Destination pacs (PACS at 10.0.0.7:104): no connection. Left alone until" in down.stdout
        assert "neolung jobs retry --destination pacs" in down.stdout

        assert node.command("jobs", "retry", "--destination", "pacs").returncode == 0
        assert node.command("status").returncode == 0

        number = end(ledger, dead=True)
        assert "1 dead letter: neolung jobs list --dead" in node.command("status").stdout
        assert node.command("status", "--json").returncode == 1
        node.command("jobs", "cancel", str(number))
        assert node.command("status").returncode == 0
        node.stop()
        silent = node.command("status")
        assert silent.returncode == 1
        assert "DOES NOT LISTEN" in silent.stdout
        ledger.close()


def test_a_commitment_that_awaits_its_report_is_shown_as_such_and_may_be_asked_again(
    ledger: Ledger, config: str
) -> None:
    queue_jobs(ledger, "1.2.3.9", kind=JobKind.COMMIT, destination="pacs")
    (held,) = claims(ledger, JobKind.COMMIT, "pacs")
    with ledger.begin() as connection:
        postpone(connection, held, 60 * MINUTE, error="no report yet")

    assert "awaits report" in run_neolung("jobs", "list", "--config", config).stdout
    assert run_neolung("jobs", "retry", str(held.job_id), "--config", config).returncode == 0
    assert len(claims(ledger, JobKind.COMMIT, "pacs")) == 1


def test_an_unknown_destination_cannot_be_hurried(ledger: Ledger, config: str) -> None:
    done = run_neolung("jobs", "retry", "--destination", "pasc", "--config", config)

    assert done.returncode == 1
    assert "configured: pacs" in done.stderr


def test_studies_say_why_a_film_was_not_judged(ledger: Ledger, config: str) -> None:
    with ledger.begin() as connection:
        film = add(connection).instance_id
        why = "age: 5 years; allowed: up to 28 days"
        turned_away = {"outcome": "not eligible", "explanation": why, "probability": None, "threshold": None}
        add_analysis(connection, analysis_of(film, **turned_away))

    shown = run_neolung("studies", "--config", config).stdout

    assert "1 analysis" in shown
    assert "remark" in shown
    assert why in shown


@pytest.mark.parametrize("commitment", [Commitment.NONE, Commitment.SAME_ASSOCIATION])
def test_doctor_notes_a_destination_without_storage_commitment(
    tmp_path: Path, commitment: Commitment
) -> None:
    pacs = Pacs()
    pacs.commitment = commitment
    with pacs:
        path = tmp_path / "config.yaml"
        destinations = [PACS | {"port": pacs.port}]
        path.write_text(yaml.safe_dump({"destinations": destinations}), encoding="utf-8")
        done = run_neolung("doctor", "--json", "--config", str(path))

    (check,) = [each for each in json.loads(done.stdout) if each["subject"] == "destination pacs"]
    assert check["ok"] is (True if commitment is Commitment.SAME_ASSOCIATION else None)
    assert ("stored, not committed" in check["detail"]) is (commitment is Commitment.NONE)


@pytest.mark.parametrize(
    ("setting", "cure"),
    [
        ("node: {data_dir: config.yaml}", "is a file; name a folder"),
        ("node: {data_dir: config.yaml/var}", "config.yaml/var: Not a directory"),
        ("node: {data_dir: var, listen: 192.0.2.1}", "set node.listen to an address of this machine"),
        ("ledger: {url: 'sqlite:///config.yaml'}", "is no SQLite database"),
        ("ledger: {url: 'sqlite:///folder'}", "it must be a file"),
        ("ledger: {url: 'postgresql://nobody:nothing@127.0.0.1:1/none'}", "check ledger.url"),
    ],
)
def test_what_keeps_a_node_from_starting_is_said_in_words(setting: str, cure: str, tmp_path: Path) -> None:
    (tmp_path / "folder").mkdir()
    path = tmp_path / "config.yaml"
    # Long enough to be looked at by SQLite, which takes a short file for a new database.
    path.write_text(setting + "\n" + "# a comment\n" * 100, encoding="utf-8")

    done = run_neolung("serve", "--config", str(path))

    assert done.returncode == 1
    assert cure in done.stderr
    assert "Errno" not in done.stderr
    assert "Traceback" not in done.stderr


def test_a_port_that_is_taken_is_said_so(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        path = tmp_path / "config.yaml"
        path.write_text(f"node: {{port: {other.getsockname()[1]}}}", encoding="utf-8")
        done = run_neolung("serve", "--config", str(path))

    assert done.returncode == 1
    assert "is another node running? Set node.port" in done.stderr


@pytest.mark.parametrize("command", ["send FILM", "query", "doctor"])
def test_a_node_on_any_free_port_is_not_looked_for(command: str, tmp_path: Path) -> None:
    path = tmp_path / "config.yaml"
    path.write_text("node: {port: 0}", encoding="utf-8")
    (tmp_path / "film.dcm").write_bytes(part10_bytes(make_film()))

    arguments = command.replace("FILM", str(tmp_path / "film.dcm")).split()
    done = run_neolung(*arguments, "--config", str(path))

    assert done.returncode == 1
    assert "node.port is 0" in done.stdout + done.stderr
    assert "Traceback" not in done.stderr


def test_numbers_and_nouns_agree(ledger: Ledger, config: str) -> None:
    end(ledger)
    assert run_neolung("jobs", "list", "--config", config).stdout.split()[:2] == ["1", "job"]
    end(ledger, key="1.2.4")
    assert run_neolung("jobs", "list", "--config", config).stdout.split()[:2] == ["2", "jobs"]


def _json(command: str, config: str) -> str:
    return run_neolung(command, "--json", "--config", config).stdout
