"""Routes are checked when the configuration is read: each problem names its key and its cure."""

from pathlib import Path

import pytest
import yaml

from node.config.crosschecks import covers
from node.config.loading import load_config
from node.config.routes import WhenConfig
from node.errors import ConfigError

PACS = [{"name": "pacs", "ae_title": "PACS", "host": "pacs"}]


def load(folder: Path, *routes: dict[str, object]):
    file = folder / "config.yaml"
    file.write_text(yaml.safe_dump({"destinations": PACS, "routes": list(routes)}), encoding="utf-8")
    return load_config(file, {})


def problems(folder: Path, *routes: dict[str, object]) -> str:
    with pytest.raises(ConfigError) as raised:
        load(folder, *routes)
    return "\n".join(raised.value.problems)


def test_yes_and_no_without_quotes_mean_what_they_say(tmp_path):
    file = tmp_path / "config.yaml"
    file.write_text(
        "routes: [{name: a, when: {gate: {age: yes, view: [no, unknown]}, calling_ae_title: NICU*}}]",
        encoding="utf-8",
    )
    when = load_config(file, {}).routes[0].when
    assert (when.gate.age, when.gate.view) == (("yes",), ("no", "unknown"))
    assert when.calling_ae_title == ("NICU*",)


def test_numbers_and_dates_without_quotes_are_texts(tmp_path):
    file = tmp_path / "config.yaml"
    file.write_text(
        "routes: [{name: a, when: {tags: [{tag: SeriesNumber, values: 7},"
        "{tag: StudyDate, at_least: 2025-01-31}, {tag: PatientWeight, at_most: 3.5}]}}]",
        encoding="utf-8",
    )
    series, study, weight = load_config(file, {}).routes[0].when.tags
    assert (series.values, study.at_least, weight.at_most) == (("7",), "20250131", "3.5")


@pytest.mark.parametrize(
    ("tag", "said"),
    [
        ({"tag": "BodyPartExamind", "values": ["CHEST"]}, 'did you mean "BodyPartExamined"?'),
        ({"tag": "Qwertz", "present": True}, "names no DICOM attribute"),
        ({"tag": "PatientName.PatientID", "present": True}, "which is no sequence"),
        ({"tag": "PixelData", "present": True}, "is no attribute of the header"),
        ({"tag": "TransferSyntaxUID", "present": True}, "is no attribute of the header"),
        ({"tag": "PatientWeight"}, "asks nothing; give values, at_least, at_most or present"),
        ({"tag": "PatientWeight", "present": False, "at_most": 3}, "asks for a value and for none"),
        ({"tag": "PatientWeight", "at_most": "heavy"}, "is compared with a number, not with heavy"),
        ({"tag": "StudyDate", "at_least": "spring"}, "is compared with a date as 20250131"),
        ({"tag": "PatientAge", "at_most": "28"}, "is compared with an age as 028D, not with 28"),
        ({"tag": "PatientName", "at_most": "5"}, "give values instead"),
    ],
)
def test_a_condition_on_a_tag_that_cannot_be_meant_is_refused(tmp_path, tag, said):
    assert said in problems(tmp_path, {"name": "a", "when": {"tags": [tag]}})


def test_a_destination_that_is_not_there_is_named_with_those_that_are(tmp_path):
    text = problems(tmp_path, {"name": "a", "destinations": ["pacs", "pac"]})
    assert (
        'routes[0].destinations[1]: there is no destination "pac"; the names under destinations: pacs' in text
    )


def test_a_folder_without_a_bundle_is_refused_with_both_ways_out(tmp_path):
    text = problems(tmp_path, {"name": "a", "bundle": "nowhere"})
    assert "routes[0].bundle" in text
    assert "holds no manifest.json" in text
    assert '"reference" for the one that ships' in text


def test_the_shipped_bundle_and_a_folder_that_holds_one_are_taken(tmp_path):
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "manifest.json").touch()
    config = load(tmp_path, {"name": "a", "bundle": "reference", "when": {"called_ae_title": "A"}}, {
        "name": "b", "bundle": "mine"
    })  # fmt: skip
    assert [route.bundle for route in config.routes] == ["reference", str(tmp_path / "mine")]


def test_a_route_behind_one_that_takes_everything_is_refused(tmp_path):
    text = problems(tmp_path, {"name": "all"}, {"name": "nicu", "when": {"calling_ae_title": "NICU1"}})
    assert 'routes[1]: the route "nicu" can never match, because "all" before it takes the same films' in text


def test_names_are_unique(tmp_path):
    when = {"calling_ae_title": "A"}
    assert 'the name "a" is used more than once' in problems(
        tmp_path, {"name": "a", "when": when}, {"name": "a"}
    )


def test_the_whole_list_can_come_from_the_environment():
    config = load_config(None, {"NEOLUNG_ROUTES": "[{name: a, shadow: true}]"})
    assert [(route.name, route.shadow) for route in config.routes] == [("a", True)]


AGE = {"tags": [{"tag": "PatientAge", "at_most": "028D"}]}


@pytest.mark.parametrize(
    ("earlier", "later", "does"),
    [
        ({}, {"calling_ae_title": "A"}, True),
        ({"calling_ae_title": "A"}, {}, False),
        ({"calling_ae_title": "NICU*"}, {"calling_ae_title": ["NICU1", "NICU2*"]}, True),
        ({"calling_ae_title": "NICU*"}, {"calling_ae_title": ["NICU1", "ER"]}, False),
        ({"calling_ae_title": "A?"}, {"calling_ae_title": "A*"}, False),
        ({"addresses": "10.0.0.0/8"}, {"addresses": ["10.1.0.0/16", "10.2.0.1"]}, True),
        ({"addresses": "10.0.0.0/8"}, {"addresses": "fe80::1"}, False),
        ({"gate": {"age": ["yes", "unknown"]}}, {"gate": {"age": "yes"}}, True),
        ({"gate": {"age": "yes"}}, {"gate": {"age": ["yes", "unknown"]}}, False),
        (AGE, AGE | {"calling_ae_title": "A"}, True),
        (AGE, {"tags": [{"tag": "PatientAge", "at_most": "014D"}]}, False),
    ],
)
def test_a_route_covers_only_what_it_surely_takes(earlier, later, does):
    assert covers(WhenConfig.model_validate(earlier), WhenConfig.model_validate(later)) is does


@pytest.mark.parametrize("change", [{"host": "other"}, {"port": 11112}])
def test_one_ae_title_is_one_system(tmp_path, change):
    file = tmp_path / "config.yaml"
    same, other = PACS[0] | {"name": "again"}, PACS[0] | {"name": "other"} | change
    file.write_text(yaml.safe_dump({"destinations": [*PACS, same]}), encoding="utf-8")
    assert len(load_config(file, {}).destinations) == 2
    file.write_text(yaml.safe_dump({"destinations": [*PACS, other]}), encoding="utf-8")
    with pytest.raises(ConfigError) as raised:
        load_config(file, {})
    (problem,) = raised.value.problems
    assert "destinations[1].ae_title" in problem
    assert '"PACS" is that of "pacs" too' in problem
