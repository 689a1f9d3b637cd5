"""Analyses are kept as they were found."""

import math

import pytest

from storage.analyses import add_analysis, latest_analysis, list_analyses
from storage.ledger import Ledger
from tests.support.ledgers import add, analysis_of


def test_an_analysis_comes_back_as_it_was_kept(ledger: Ledger) -> None:
    with ledger.begin() as connection:
        record = analysis_of(add(connection).instance_id)
        add_analysis(connection, record)

        assert latest_analysis(connection, record.source_instance_id) == record


def test_an_analysis_without_a_finding_is_kept_too(ledger: Ledger) -> None:
    nothing = dict.fromkeys(("probability", "threshold", "area_pixels", "area_mm2"))
    with ledger.begin() as connection:
        record = analysis_of(add(connection).instance_id, outcome="not eligible", details={}, **nothing)
        add_analysis(connection, record)

        assert latest_analysis(connection, record.source_instance_id) == record


def test_the_newest_analysis_counts(ledger: Ledger) -> None:
    with ledger.begin() as connection:
        first, second = add(connection, 1).instance_id, add(connection, 2).instance_id
        for instance_id, version in ((first, "1"), (first, "2"), (second, "3")):
            add_analysis(connection, analysis_of(instance_id, pipeline_version=version))

        latest = latest_analysis(connection, first)
        assert latest is not None
        assert latest.pipeline_version == "2"
        assert [record.pipeline_version for record in list_analyses(connection, 2)] == ["3", "2"]
        assert latest_analysis(connection, 99) is None


@pytest.mark.parametrize("changes", [{"probability": math.nan}, {"area_mm2": math.inf}])
def test_numbers_that_are_none_are_refused(ledger: Ledger, changes: dict[str, object]) -> None:
    with ledger.begin() as connection:
        record = analysis_of(add(connection).instance_id, **changes)
        with pytest.raises(ValueError, match="finite"):
            add_analysis(connection, record)


def keep(ledger: Ledger, details: dict[str, object]) -> None:
    with ledger.begin() as connection:
        add_analysis(connection, analysis_of(add(connection).instance_id, details=details))


@pytest.mark.parametrize("details", [{"seconds": math.nan}, {"array": object()}])
def test_details_that_are_no_json_are_refused(ledger: Ledger, details: dict[str, object]) -> None:
    with pytest.raises((ValueError, TypeError)):
        keep(ledger, details)
    with ledger.read() as connection:
        assert list_analyses(connection) == []
