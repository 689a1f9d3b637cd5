"""What a monitoring system reads: the state of the ledger at the moment, and no patient data."""

from pathlib import Path
from urllib.request import urlopen

import pytest
from prometheus_client.parser import text_string_to_metric_families

from node.config.schema import Config
from node.errors import ListenFailed
from node.metrics import offering_metrics
from tests.support.films import make_film
from tests.support.work import Desk, open_desk

DESTINATION = {"name": "pacs", "ae_title": "PACS", "host": "127.0.0.1", "port": 1}


def _open(folder: Path, port: int | None = 0) -> Desk:
    return open_desk(folder, metrics={"port": port}, destinations=[DESTINATION])


def _read(port: int) -> tuple[str, dict[str, float]]:
    with urlopen(f"http://127.0.0.1:{port}/metrics", timeout=10) as answer:
        page = answer.read().decode()
    samples = {
        " ".join(
            [sample.name, *(f"{name}={value}" for name, value in sorted(sample.labels.items()))]
        ): sample.value
        for family in text_string_to_metric_families(page)
        for sample in family.samples
    }
    return page, samples


def test_the_figures_are_those_of_the_ledger_at_the_moment(tmp_path: Path) -> None:
    desk = _open(tmp_path)
    with offering_metrics(desk.config, desk.ledger) as port:
        desk.receive(make_film(rows=64, columns=52, PatientName="Muster^Erika", PatientID="SECRET1"))
        page, waiting = _read(port)
        desk.analyse_all()
        _, done = _read(port)
    desk.ledger.close()
    assert waiting["neolung_ledger_up"] == 1
    assert waiting["neolung_jobs destination= kind=analyse state=ready"] == 1
    assert waiting["neolung_oldest_waiting_seconds destination= kind=analyse"] >= 0
    assert waiting["neolung_destination_up destination=pacs"] == 1
    assert done["neolung_jobs destination= kind=analyse state=done"] == 1
    assert done["neolung_jobs destination=pacs kind=deliver state=ready"] == 2
    assert done["neolung_analyses outcome=present"] == 1
    assert any(name.startswith("neolung_model ") for name in done)
    assert "Muster" not in page
    assert "SECRET1" not in page


def test_a_ledger_that_is_gone_is_said_not_hidden(tmp_path: Path) -> None:
    desk = _open(tmp_path)
    with offering_metrics(desk.config, desk.ledger) as port:
        for file in tmp_path.glob("ledger.sqlite*"):
            file.write_bytes(b"no database any more" * 400)
        desk.ledger.close()
        _, samples = _read(port)
    assert samples == {"neolung_ledger_up": 0.0}


def test_no_port_no_page_and_a_port_in_use_is_named(tmp_path: Path) -> None:
    desk = _open(tmp_path / "none", None)
    with offering_metrics(desk.config, desk.ledger) as port:
        assert port == 0
    desk.ledger.close()
    desk = _open(tmp_path / "some")
    with offering_metrics(desk.config, desk.ledger) as port:
        taken = Config.model_validate({"metrics": {"port": port}})
        with pytest.raises(ListenFailed, match=r"set\s+metrics\.port"), offering_metrics(taken, desk.ledger):
            pass
    desk.ledger.close()
