"""Fetched films are told from those that somebody sends, and only they wait behind all others."""

from datetime import timedelta

import pytest

from node.config.schema import Config
from node.network.fetched import FetchedFilms
from node.routing.values import LOW, NORMAL, STAT
from storage.admission import Admission

PACS = {"name": "pacs", "ae_title": "PACS", "host": "127.0.0.1"}
CONFIG = Config.model_validate({"destinations": [PACS, PACS | {"name": "other", "calling_ae_title": "NEO2"}]})


def admission(priority):
    return Admission(
        is_queued=True,
        priority=priority,
        max_attempts=3,
        delay=timedelta(0),
        exposure={},
        route="",
        decision=None,
    )


@pytest.mark.parametrize(
    ("caller", "originator", "is_expected", "is_fetched"),
    [
        ("PACS", "NEOLUNG", False, True),
        ("PACS", "NEO2", False, True),
        ("OTHER", "NEOLUNG", False, True),
        ("PACS", "VIEWER", True, False),
        ("PACS", "", True, True),
        ("PACS", "PACS", True, True),
        ("PACS", "PACS", False, False),
        ("PACS", "", False, False),
        ("MODALITY", "", True, False),
    ],
)
def test_who_asked_decides(caller, originator, is_expected, is_fetched):
    for priority in (NORMAL, STAT, LOW):
        lowered = FetchedFilms(CONFIG).lower(admission(priority), caller, originator, lambda: is_expected)
        assert lowered.priority == (LOW if is_fetched else priority)


def test_the_ledger_is_not_asked_about_films_of_modalities():
    def fail():
        raise AssertionError

    FetchedFilms(CONFIG).lower(admission(NORMAL), "MODALITY", "", fail)
