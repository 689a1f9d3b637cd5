"""The examples of docs/routing.md are configurations, and do what the page says."""

import re
from pathlib import Path

import pytest

from node.config.loading import load_config
from node.config.routes import GateAnswers, RouteConfig, TagCondition, WhenConfig
from node.routing.router import Router
from node.routing.values import Decision, Sender
from tests.support.films import make_film

PAGE = (Path(__file__).parents[4] / "docs" / "routing.md").read_text(encoding="utf-8")
NICU, SHADOW, EMERGENCY = re.findall(r"```yaml\n(.*?)```", PAGE, re.DOTALL)


def decide(folder: Path, text: str, calling: str, **header: object) -> Decision:
    file = folder / "config.yaml"
    file.write_text(text, encoding="utf-8")
    film = make_film(rows=144, columns=144, **header)
    return Router.of(load_config(file, {})).decide(film, Sender(calling, "NEOLUNG", "10.3.0.7"))


@pytest.mark.parametrize(
    ("calling", "header", "route"),
    [
        ("NICU1", {"StationName": "Mobile 3"}, "nicu-mobile"),
        ("MOBILE1", {"StationName": "MOBIL"}, "nicu-mobile"),
        ("NICU1", {"StationName": "Mobile 3", "PatientAge": "003M"}, "others"),
        ("ER1", {"StationName": "Mobile 3"}, "others"),
    ],
)
def test_the_nicu_example(tmp_path: Path, calling: str, header: dict[str, str], route: str) -> None:
    decision = decide(tmp_path, NICU, calling, **header)
    assert (decision.route, decision.process) == (route, route == "nicu-mobile")


def test_the_shadow_example(tmp_path: Path) -> None:
    assert decide(tmp_path, SHADOW, "NICU1").destinations == ()
    assert decide(tmp_path, SHADOW, "NICU1").process


@pytest.mark.parametrize(
    ("calling", "header", "route", "priority"),
    [
        ("ER2", {}, "emergency", 10),
        ("NICU1", {"AcquisitionTime": "221500"}, "night", 10),
        ("NICU1", {"PatientAge": "045Y", "PatientBirthDate": ""}, "not-newborn", None),
        ("NICU1", {}, "", None),
    ],
)
def test_the_emergency_example(
    tmp_path: Path, calling: str, header: dict[str, str], route: str, priority: int | None
) -> None:
    decision = decide(tmp_path, EMERGENCY, calling, **header)
    assert (decision.route, decision.priority) == (route, priority)


@pytest.mark.parametrize("section", [WhenConfig, RouteConfig, TagCondition])
def test_every_key_of_a_route_is_on_the_page(section: type) -> None:
    keys = set(section.model_fields) - {"when"}  # type: ignore[attr-defined]
    assert [key for key in keys if key not in PAGE] == []
    assert "eligible" in GateAnswers.model_fields
