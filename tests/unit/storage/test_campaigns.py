"""Campaigns go on where they were, whoever works on them, and never do the same work twice."""

from datetime import date, timedelta

import pytest
from sqlalchemy import Connection

from storage.campaign_studies import (
    CampaignCount,
    StudyState,
    add_studies,
    count_studies,
    due_studies,
    expect_study,
    finish_study,
    is_expected,
    known_uids,
    list_studies,
    next_due,
    put_off_study,
)
from storage.campaigns import (
    Campaign,
    CampaignState,
    add_campaign,
    begin_round,
    change_state,
    get_campaign,
    list_campaigns,
    note_error,
)
from storage.errors import CampaignNotChangeable, NotInLedger
from tests.support.ledgers import MINUTE, add

DAYS = (date(2026, 1, 1), date(2026, 1, 31))
CRITERIA = {"modalities": ["CR", "DX"], "max_age_days": 28}


@pytest.fixture
def january(connection: Connection) -> Campaign:
    return add_campaign(connection, "january", "pacs", CRITERIA, DAYS)


def uids_due(connection: Connection, campaign: Campaign) -> list[str]:
    return [study.study_instance_uid for study in due_studies(connection, campaign.campaign_id, 10)]


def test_a_campaign_is_what_was_asked_for(connection: Connection, january: Campaign) -> None:
    assert get_campaign(connection, "january") == january
    assert (january.state, january.round, january.criteria) == (CampaignState.OPEN, 1, CRITERIA)
    assert (january.search_next, january.search_to) == DAYS
    assert not january.is_searched
    assert count_studies(connection, january.campaign_id) == CampaignCount()


def test_a_name_stands_for_one_campaign(connection: Connection, january: Campaign) -> None:
    with pytest.raises(CampaignNotChangeable, match="fetch repeat january"):
        add_campaign(connection, "january", "pacs", {}, DAYS)
    with pytest.raises(NotInLedger, match="fetch list"):
        get_campaign(connection, "february")


def test_the_newest_campaigns_come_first(connection: Connection, january: Campaign) -> None:
    other = add_campaign(connection, "other", "pacs", {}, DAYS)

    assert list_campaigns(connection) == [other, january]
    assert list_campaigns(connection, 1) == [other]


def test_studies_are_added_once_and_the_cursor_moves(connection: Connection, january: Campaign) -> None:
    assert add_studies(connection, january, ["1.2", "1.3"], date(2026, 1, 8)) == 2
    assert add_studies(connection, january, ["1.3", "1.4"], date(2026, 2, 1)) == 1
    assert add_studies(connection, january, [], date(2026, 2, 1)) == 0

    assert get_campaign(connection, "january").is_searched
    assert uids_due(connection, january) == ["1.2", "1.3", "1.4"]


def test_studies_end_fetched_or_failed(connection: Connection, january: Campaign) -> None:
    add_studies(connection, january, ["1.2", "1.3", "1.4"], date(2026, 1, 8))
    one, two, three = due_studies(connection, january.campaign_id, 10)

    finish_study(connection, one.study_row, wanted=5, held=2, fetched=3)
    put_off_study(connection, two, "no answer", MINUTE, fetched=1)
    put_off_study(connection, three, "refused", None)

    assert uids_due(connection, january) == []
    assert timedelta(0) < (next_due(connection, january.campaign_id) or timedelta(0)) <= MINUTE
    assert count_studies(connection, january.campaign_id) == CampaignCount(1, 1, 1, 4, 2)
    first, second, third = list_studies(connection, january.campaign_id)
    assert (first.wanted, first.held, first.fetched) == (5, 2, 3)
    assert (second.state, second.attempts, second.error) == (StudyState.FOUND, 1, "no answer")
    assert list_studies(connection, january.campaign_id, state=StudyState.FAILED) == [third]


def test_a_campaign_without_studies_left_has_none_due(connection: Connection, january: Campaign) -> None:
    assert next_due(connection, january.campaign_id) is None


def test_a_new_round_searches_again_and_tries_what_it_finds_again(
    connection: Connection, january: Campaign
) -> None:
    add_studies(connection, january, ["1.2", "1.3"], date(2026, 2, 1))
    one, two = due_studies(connection, january.campaign_id, 10)
    finish_study(connection, one.study_row, wanted=1, held=0, fetched=1)
    put_off_study(connection, two, "refused", None)
    change_state(connection, "january", CampaignState.DONE, of=[CampaignState.OPEN])

    again = begin_round(connection, "january", (date(2026, 1, 1), date(2026, 2, 28)))
    assert (again.round, again.state, again.search_next) == (2, CampaignState.OPEN, date(2026, 1, 1))
    assert uids_due(connection, again) == []
    assert add_studies(connection, again, ["1.2", "1.3", "1.9"], date(2026, 3, 1)) == 3
    assert uids_due(connection, again) == ["1.2", "1.3", "1.9"]
    assert add_studies(connection, again, ["1.2"], date(2026, 3, 1)) == 0
    assert {study.attempts for study in due_studies(connection, again.campaign_id, 10)} == {0}
    assert count_studies(connection, again.campaign_id).instances_fetched == 1


def test_states_change_only_where_that_makes_sense(connection: Connection, january: Campaign) -> None:
    change_state(connection, "january", CampaignState.PAUSED, of=[CampaignState.OPEN])
    with pytest.raises(CampaignNotChangeable, match="january is paused"):
        change_state(connection, "january", CampaignState.PAUSED, of=[CampaignState.OPEN])
    with pytest.raises(NotInLedger):
        change_state(connection, "february", CampaignState.PAUSED, of=[CampaignState.OPEN])


def test_why_it_stopped_is_kept_until_it_goes_on(connection: Connection, january: Campaign) -> None:
    note_error(connection, january.campaign_id, "pacs does not answer\0")
    assert get_campaign(connection, "january").error == "pacs does not answer"
    note_error(connection, january.campaign_id, "")
    assert get_campaign(connection, "january").error == ""


def test_a_study_is_expected_for_a_while(connection: Connection, january: Campaign) -> None:
    add_studies(connection, january, ["1.2", "1.3"], date(2026, 1, 8))
    one, two = due_studies(connection, january.campaign_id, 10)
    expect_study(connection, one.study_row, MINUTE)
    expect_study(connection, two.study_row, -MINUTE)

    assert is_expected(connection, "1.2")
    assert not is_expected(connection, "1.3")
    assert not is_expected(connection, "9.9")


def test_what_the_ledger_knows_is_told_in_one_go(connection: Connection) -> None:
    for number in range(3):
        add(connection, number)
    uids = ["1.2.3.0.1.1", "1.2.3.2.1.1", *(f"9.{number}" for number in range(40_000))]

    assert known_uids(connection, uids) == {"1.2.3.0.1.1", "1.2.3.2.1.1"}
    assert known_uids(connection, []) == set()
