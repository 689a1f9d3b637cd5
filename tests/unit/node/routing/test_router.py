"""The first route that matches wins, whatever comes behind it, and each condition says what it saw."""

import pickle
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydicom import Dataset
from pydicom.dataelem import RawDataElement
from pydicom.tag import Tag

from node.config.crosschecks import covers
from node.config.routes import RouteConfig, WhenConfig
from node.config.schema import Config
from node.routing.router import Router
from node.routing.values import Decision, Sender
from tests.support.films import make_film

SENDER = Sender("NICU1", "NEOLUNG", "10.3.0.7")
FILM = make_film(
    rows=144, columns=144, StationName="MOBILE-2", PatientWeight="1.2", SeriesDescription="Thorax ap"
)


def router(*routes: dict[str, Any], destinations: tuple[str, ...] = ("pacs", "research")) -> Router:
    named = [{"name": f"r{number}", **route} for number, route in enumerate(routes)]
    systems = [{"name": name, "ae_title": "A", "host": "h"} for name in destinations]
    return Router.of(Config.model_validate({"routes": named, "destinations": systems}))


def decide(*routes: dict[str, Any], film: Dataset = FILM, sender: Sender = SENDER) -> Decision:
    return router(*routes).decide(film, sender)


def matches(when: dict[str, Any], film: Dataset = FILM, sender: Sender = SENDER) -> bool:
    return decide({"when": when}, film=film, sender=sender).route == "r0"


def test_without_routes_everything_goes_everywhere() -> None:
    decision = decide()

    assert (decision.route, decision.process, decision.priority) == ("", True, None)
    assert decision.destinations == ("pacs", "research")


def test_a_film_that_no_route_matches_is_treated_as_without_routes() -> None:
    decision = decide({"when": {"calling_ae_title": "ER"}, "process": False})

    assert (decision.route, decision.process, decision.destinations) == ("", True, ("pacs", "research"))
    assert [verdict.matches for verdict in decision.verdicts] == [False]


def test_a_route_that_matches_everything_wins_everything() -> None:
    assert decide({}, {"when": {"calling_ae_title": "NICU1"}}).route == "r0"


@pytest.mark.parametrize(
    ("when", "is_met"),
    [
        ({"calling_ae_title": "NICU*"}, True),
        ({"calling_ae_title": "NICU?"}, True),
        ({"calling_ae_title": "NICU"}, False),
        ({"calling_ae_title": "nicu1"}, False),
        ({"calling_ae_title": ["ER", "NICU1"]}, True),
        ({"calling_ae_title": "NIC.1"}, False),
        ({"called_ae_title": "NEOLUNG"}, True),
        ({"called_ae_title": "OTHER"}, False),
        ({"addresses": "10.3.0.0/16"}, True),
        ({"addresses": ["10.4.0.0/16", "10.3.0.8"]}, False),
        ({"calling_ae_title": "NICU1", "addresses": "10.4.0.0/16"}, False),
    ],
)
def test_who_sends(when: dict[str, Any], is_met: bool) -> None:
    assert matches(when) is is_met


def test_an_ipv4_peer_on_an_ipv6_socket_is_the_same_peer() -> None:
    assert matches({"addresses": "10.3.0.0/16"}, sender=Sender("A", "B", "::ffff:10.3.0.7"))
    assert not matches({"addresses": "10.3.0.0/16"}, sender=Sender("A", "B", ""))


@pytest.mark.parametrize(
    ("condition", "is_met"),
    [
        ({"tag": "BodyPartExamined", "values": "CHEST"}, True),
        ({"tag": "BodyPartExamined", "values": ["ABDOMEN", "che*"]}, True),
        ({"tag": "BodyPartExamined", "values": "CHE"}, False),
        ({"tag": "(0018,0015)", "values": "CHEST"}, True),
        ({"tag": "00180015", "values": "CHEST"}, True),
        ({"tag": "ImageType", "values": "PRIMARY"}, True),
        ({"tag": "SeriesDescription", "values": "*THORAX*"}, True),
        ({"tag": "StationName", "values": "MOBILE-?"}, True),
        ({"tag": "Rows", "at_least": 144, "at_most": 144}, True),
        ({"tag": "Rows", "at_least": 145}, False),
        ({"tag": "PatientWeight", "at_least": 0, "at_most": 1.5}, True),
        ({"tag": "PatientWeight", "at_most": 1.1}, False),
        ({"tag": "PatientAge", "at_most": "028D"}, True),
        ({"tag": "PatientAge", "at_least": "001W"}, False),
        ({"tag": "StudyDate", "at_least": "20240301", "at_most": "20240302"}, True),
        ({"tag": "StudyDate", "at_most": "202402"}, False),
        ({"tag": "StudyTime", "at_least": "07", "at_most": "07"}, True),
        ({"tag": "StudyTime", "at_least": "0731"}, False),
        ({"tag": "PatientSize", "at_least": 0}, False),
        ({"tag": "PatientSize", "present": False}, True),
        ({"tag": "PatientSize", "present": True}, False),
        ({"tag": "ReferringPhysicianName", "present": False}, True),
        ({"tag": "PatientID", "present": True}, True),
        ({"tag": "StationName", "present": True, "values": "FIXED*"}, False),
    ],
)
def test_what_an_attribute_holds(condition: dict[str, Any], is_met: bool) -> None:
    assert matches({"tags": [condition]}) is is_met


def test_any_item_of_a_sequence_will_do() -> None:
    steps = [Dataset(), Dataset()]
    steps[1].ScheduledProcedureStepID = "NICU-77"
    film = make_film(rows=16, columns=16, RequestAttributesSequence=steps)
    path = "RequestAttributesSequence.ScheduledProcedureStepID"

    assert matches({"tags": [{"tag": path, "values": "NICU*"}]}, film)
    assert not matches({"tags": [{"tag": path, "values": "ER*"}]}, film)
    assert matches({"tags": [{"tag": "RequestAttributesSequence", "present": True}]}, film)
    assert not matches({"tags": [{"tag": path, "present": True}]}, FILM)


def test_korean_that_nobody_declared_is_compared_as_it_reads() -> None:
    film = make_film(rows=16, columns=16, SpecificCharacterSet=None)
    raw = "흉부 정면".encode("cp949")
    film[0x0008103E] = RawDataElement(Tag(0x0008103E), "LO", len(raw), raw, 0, False, True)

    assert matches({"tags": [{"tag": "SeriesDescription", "values": "흉부*"}]}, film)


def test_a_damaged_value_meets_nothing_and_harms_nobody() -> None:
    film = make_film(rows=16, columns=16)
    film[0x00101030] = RawDataElement(Tag(0x00101030), "DS", 4, b"1,2x", 0, False, True)
    film[0x00280010] = RawDataElement(Tag(0x00280010), "US", 1, b"\x01", 0, False, True)

    assert not matches({"tags": [{"tag": "PatientWeight", "at_least": 0}]}, film)
    assert not matches({"tags": [{"tag": "Rows", "at_least": 0}]}, film)


@pytest.mark.parametrize(
    ("gate", "is_met"),
    [
        ({"age": "yes", "view": "yes", "body_part": "yes", "eligible": "yes"}, True),
        ({"age": "no"}, False),
        ({"age": ["unknown", "yes"]}, True),
        ({"eligible": "no"}, False),
    ],
)
def test_what_the_gate_says(gate: dict[str, Any], is_met: bool) -> None:
    assert matches({"gate": gate}) is is_met


def test_the_answers_that_can_be_asked_for_are_the_rules_of_the_gate() -> None:
    from node.config.routes import GateAnswers
    from node.routing.router import gate_answers

    answers = gate_answers(FILM, router().gate)

    assert set(answers) == set(GateAnswers.model_fields)


def test_what_a_route_chooses() -> None:
    route = {"destinations": ["research"], "priority": "low", "bundle": "reference"}
    decision = decide(route)

    assert (decision.priority, decision.destinations) == (-10, ("research",))
    assert decision.bundle == router().default_bundle
    assert decide({"priority": "stat"}).priority == 10
    assert decide({"destinations": []}).destinations == ()


@pytest.mark.parametrize(("choice", "process"), [({"shadow": True}, True), ({"process": False}, False)])
def test_nothing_leaves_the_node_of_films_that_are_shadowed_or_not_processed(
    choice: dict[str, Any], process: bool
) -> None:
    decision = decide({"destinations": ["pacs"], **choice})

    assert decision.destinations == ()
    assert decision.process is process


def test_the_record_names_conditions_and_never_values_of_the_film() -> None:
    film = make_film(rows=16, columns=16, PatientName="Secret^Baby", PatientID="S-4711")
    routes = (
        {
            "when": {
                "tags": [{"tag": "PatientName", "values": "Other*"}, {"tag": "PatientID", "present": False}]
            }
        },
        {"when": {"tags": [{"tag": "PatientID", "values": "S*"}], "gate": {"age": "yes"}}},
    )
    record = decide(*routes, film=film).as_record()

    first, second = record["verdicts"]  # type: ignore[misc]
    assert first["conditions"][0] == {
        "condition": "PatientName is Other*",
        "met": False,
        "seen": "another value",
    }
    assert second["conditions"][1] == {"condition": "gate says of age: yes", "met": True, "seen": "yes"}
    assert "Secret" not in str(record)
    assert "S-4711" not in str(record)


def test_only_the_attributes_that_are_asked_for_need_be_read() -> None:
    target = router(
        {"when": {"tags": [{"tag": "RequestAttributesSequence.ScheduledProcedureStepID", "values": "A"}]}}
    )

    assert target.tags == {0x00400275}
    assert not target.asks_the_gate
    assert router({"when": {"gate": {"age": "yes"}}}).asks_the_gate


def test_the_router_travels_to_other_processes() -> None:
    target = router({"when": {"calling_ae_title": "NICU*"}})

    assert pickle.loads(pickle.dumps(target)).decide(FILM, SENDER) == target.decide(FILM, SENDER)
    assert hash(target) == hash(pickle.loads(pickle.dumps(target)))


titles = st.lists(st.sampled_from(["*", "NICU*", "NICU1", "NICU?", "ER", "ER*"]), max_size=3).map(tuple)
conditions = st.lists(
    st.sampled_from(
        [
            {"tag": "BodyPartExamined", "values": ("CHEST",)},
            {"tag": "PatientWeight", "at_most": "1"},
            {"tag": "StationName", "present": True},
        ]
    ),
    max_size=2,
)
answers = st.fixed_dictionaries({}, optional={"age": st.sampled_from(["yes", "no", "unknown"])})
whens = st.builds(
    lambda calling, tags, gate: {"calling_ae_title": calling, "tags": tags, "gate": gate},
    titles, conditions, answers,
)  # fmt: skip
senders = st.builds(
    Sender, st.sampled_from(["NICU1", "NICU22", "ER", "X"]), st.just("N"), st.just("10.0.0.1")
)
films = st.sampled_from(
    [FILM, make_film(rows=16, columns=16, PatientAge=None, PatientBirthDate=None, PatientWeight="0.9")]
)


@given(st.lists(whens, max_size=5), senders, films)
def test_the_winner_is_the_first_route_that_matches_alone(
    given_whens: list[dict[str, Any]], sender: Sender, film: Dataset
) -> None:
    alone = [matches(when, film, sender) for when in given_whens]
    decision = decide(*({"when": when} for when in given_whens), film=film, sender=sender)

    assert decision.route == (f"r{alone.index(True)}" if any(alone) else "")
    assert [verdict.matches for verdict in decision.verdicts] == alone[: len(decision.verdicts)]


@given(st.lists(whens, min_size=1, max_size=4), whens, senders, films)
def test_what_stands_behind_the_winner_changes_nothing(
    given_whens: list[dict[str, Any]], more: dict[str, Any], sender: Sender, film: Dataset
) -> None:
    routes = [{"when": when} for when in given_whens]
    decision = decide(*routes, film=film, sender=sender)

    if decision.route:
        assert decide(*routes, {"when": more}, film=film, sender=sender) == decision


@given(st.lists(whens, min_size=2, max_size=2), senders, films)
def test_a_route_that_is_said_to_be_covered_never_wins(
    pair: list[dict[str, Any]], sender: Sender, film: Dataset
) -> None:
    earlier, later = (WhenConfig.model_validate(when) for when in pair)
    if covers(earlier, later):
        assert decide(*({"when": when} for when in pair), film=film, sender=sender).route != "r1"


def test_bundles_are_listed_once_that_of_unrouted_films_first(tmp_path: Path) -> None:
    (tmp_path / "manifest.json").touch()
    target = router({"when": {"called_ae_title": "A"}, "bundle": str(tmp_path)}, {"bundle": "reference"})

    assert target.bundles == (target.default_bundle, tmp_path)
    assert all(one != other for one, other in pairwise(target.bundles))
    assert isinstance(target.routes[0], RouteConfig)
