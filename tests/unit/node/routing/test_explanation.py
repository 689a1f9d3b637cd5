"""What is said to people about a film's way agrees with the way it goes."""

from typing import Any

import pytest
from pydicom.uid import SecondaryCaptureImageStorage, SegmentationStorage

from node.config.schema import Config
from node.routing.explanation import explain_routes, objects_for
from node.routing.router import Router
from node.routing.values import Sender
from node.work.wishes import Wishes
from pipeline.results.equipment import MANUFACTURER, MODEL_NAME
from pipeline.values import Outcome
from tests.support.analyses import make_analysis
from tests.support.films import make_film

FILM = make_film(rows=144, columns=144)
SENDER = Sender("NICU1", "NEOLUNG", "10.3.0.7")
EVERYTHING = ["seg", "sr", "pr", "sc", "pdf", "summary"]


def config(*routes: dict[str, Any], **results: bool) -> Config:
    systems = [
        {"name": "pacs", "ae_title": "A", "host": "h", "send": EVERYTHING},
        {"name": "ward", "ae_title": "B", "host": "h", "send": ["sr"]},
        {"name": "later", "ae_title": "C", "host": "h", "send": ["sr"], "shadow": True},
    ]
    return Config.model_validate({"destinations": systems, "routes": list(routes), "results": results})


def test_routes_behind_the_winner_are_shown_too() -> None:
    two = [{"name": "a", "when": {"calling_ae_title": "NICU1"}}, {"name": "b"}]
    found = explain_routes(config(*two), FILM, SENDER)

    assert found.decision.route == "a"
    assert [(route.route, route.matches) for route in found.routes] == [("a", True), ("b", True)]
    assert found.decision == Router.of(config(*two)).decide(FILM, SENDER)


@pytest.mark.parametrize(
    ("choice", "sentence"),
    [
        ({}, "Route a wins."),
        ({"process": False}, "Route a wins: the film is stored, and nothing else."),
        ({"shadow": True}, "Route a wins: the film is analysed, and nothing is sent (shadow)."),
    ],
)
def test_a_sentence_says_what_was_decided(choice: dict[str, bool], sentence: str) -> None:
    assert explain_routes(config({"name": "a", **choice}), FILM, SENDER).summary == sentence


@pytest.mark.parametrize(
    "header",
    [
        {"SOPClassUID": SecondaryCaptureImageStorage},
        {"SOPClassUID": SegmentationStorage},
        {"Manufacturer": MANUFACTURER, "ManufacturerModelName": MODEL_NAME},
    ],
    ids=["capture", "no image", "a result"],
)
def test_what_is_never_analysed_is_said_to_be_stored(header: dict[str, str]) -> None:
    found = explain_routes(config({"name": "a"}), make_film(rows=144, columns=144, **header), SENDER)

    assert not found.is_analysed
    assert found.summary == "It is of no kind that is analysed: it is stored, and nothing else."


def test_without_a_match_it_says_so_and_the_film_s_own_priority_counts() -> None:
    urgent = make_film(rows=144, columns=144, RequestedProcedurePriority="STAT")
    found = explain_routes(config(), urgent, SENDER)

    assert (found.summary, found.priority, found.waits_s) == ("No route matches.", "stat", 0)


def test_a_raw_image_is_said_to_wait() -> None:
    raw = make_film(rows=144, columns=144, PresentationIntentType="FOR PROCESSING")
    assert explain_routes(config(), raw, SENDER).waits_s == 20


@pytest.mark.parametrize("outcome", list(Outcome))
@pytest.mark.parametrize("send_not_eligible", [True, False])
def test_objects_are_those_that_are_made_and_sent(outcome: Outcome, send_not_eligible: bool) -> None:
    settings = config(send_not_eligible=send_not_eligible)
    decision = Router.of(settings).decide(FILM, SENDER)
    gets = objects_for(settings, decision, make_analysis(outcome, FILM))

    made = {form.kind for form in Wishes.of(settings).forms_of(decision.destinations, outcome)}
    assert set(gets) == {"pacs", "ward", "later"}
    assert gets["later"] == []
    assert set(gets["pacs"]) - {"summary"} <= made
    if outcome is Outcome.NOT_ELIGIBLE and not send_not_eligible:
        assert gets["pacs"] == gets["ward"] == []
    else:
        assert gets["ward"] == ["sr"]
    assert ("seg" in gets["pacs"]) is (outcome in (Outcome.PRESENT, Outcome.ABSENT))
