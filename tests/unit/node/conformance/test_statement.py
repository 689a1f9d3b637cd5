"""The Conformance Statement is current, and its tables say what the node does."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from pynetdicom import AE, evt

from node.audit.auditor import Auditor
from node.config.destinations import DestinationConfig
from node.conformance import make_statement
from node.conformance.document import TABLES
from node.conformance.markdown import name_of
from node.conformance.network import proposals
from node.conformance.objects import made
from node.conformance.origins import origin
from node.conformance.security import EVENTS
from node.network.commitment import offers_commitment
from node.network.contexts import STORAGE_CLASSES, decodable_syntaxes
from node.network.find_scu import open_questions
from node.network.sender import Sender
from pipeline.codecs.table import CODECS
from pipeline.results import to_part10
from pipeline.results.equipment import IMPLEMENTATION_CLASS_UID
from tests.support.validators import dciodvfy

ROOT = Path(__file__).parents[4]


@pytest.fixture(scope="module")
def statement() -> str:
    return make_statement()


def test_the_page_is_current(statement: str) -> None:
    assert set(decodable_syntaxes()) == {codec.transfer_syntax_uid for codec in CODECS}
    assert (ROOT / "docs/conformance.md").read_text(encoding="utf-8") == statement, (
        "run: neolung conformance > docs/conformance.md"
    )


def test_every_table_has_its_place_and_every_place_its_table(statement: str) -> None:
    template = (ROOT / "node/conformance/statement.md").read_text(encoding="utf-8")

    assert sorted(re.findall(r"^\{(\w+)\}$", template, re.MULTILINE)) == sorted([*TABLES, "contents"])
    assert "{{" not in statement


def test_the_contents_lead_to_headings(statement: str) -> None:
    titles = [line.lstrip("# ") for line in statement.splitlines() if line.startswith("##")]
    listed = re.findall(r"^ *- \[(.+)\]\(#(.+)\)$", statement, re.MULTILINE)

    assert len(listed) > 40
    assert {title for title, _ in listed} <= set(titles)
    for title, anchor in listed:
        assert re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-") == anchor


def test_every_storage_class_and_transfer_syntax_is_named(statement: str) -> None:
    for uid in (*STORAGE_CLASSES, *decodable_syntaxes()):
        assert f"| {name_of(uid)} | `{uid}` |" in statement


def test_every_status_of_the_web_service_is_named(statement: str) -> None:
    sources = "".join(path.read_text(encoding="utf-8") for path in (ROOT / "node/web").glob("*.py"))
    statuses = set(re.findall(r"(?:WebRefused\(|answers\.text\(|return )\s*([2-5]\d\d)\b", sources))

    assert len(statuses) >= 12
    section = statement.partition("#### 7.3.5")[2].partition("## 8")[0]
    assert [status for status in statuses if not re.search(rf"\b{status}\b", section)] == []


def test_every_audit_event_that_is_recorded_is_named_and_no_other() -> None:
    sources = [path.read_text(encoding="utf-8") for path in (ROOT / "node").rglob("*.py")]
    methods = [name for name in vars(Auditor) if not name.startswith("_")]
    recorded = {name for name in methods if any(re.search(rf"[\w)]\.{name}\(", text) for text in sources)}

    assert recorded == set(EVENTS)


@pytest.mark.parametrize(
    ("first", "second", "told"),
    [
        (["a"], ["a"], "`a`"),
        (["I-1"], ["I-2"], "film"),
        (["NODE1"], ["NODE2"], "`node.station_name`"),
        (["p=1"], ["p=2"], "`p=`..."),
        (["1"], ["2", "3"], "computed"),
        (["x"], ["y"], "computed"),
        (["x"], [], "where the film has it"),
        ([""], [""], "empty"),
    ],
)
def test_where_values_come_from_is_told(first: list[str], second: list[str], told: str) -> None:
    assert origin("PatientID", first, second) == told


def test_the_objects_that_it_is_read_from_are_valid(tmp_path: Path) -> None:
    for each in made():
        for number, dataset in enumerate(each.pair):
            path = tmp_path / f"{each.kind}-{number}.dcm"
            path.write_bytes(to_part10(dataset))
            assert dciodvfy(path) == [], path.name


class Listener:
    """Notes what is proposed, and accepts it."""

    def __init__(self) -> None:
        self.proposed: list[dict[str, list[str]]] = []
        self.implementations: set[str] = set()
        entity = AE("LISTENER")
        for proposal in proposals():
            for sop_class in proposal.sop_classes:
                entity.add_supported_context(sop_class, list(proposal.syntaxes))
        entity.add_supported_context("1.2.840.10008.1.1")
        handlers: list[Any] = [(evt.EVT_REQUESTED, self._note), (evt.EVT_C_ECHO, lambda _event: 0)]
        self.server = entity.start_server(("127.0.0.1", 0), block=False, evt_handlers=handlers)

    def _note(self, event: Any) -> None:
        requestor = event.assoc.requestor
        self.implementations.add(str(requestor.implementation_class_uid))
        contexts = requestor.requested_contexts
        self.proposed.append({str(each.abstract_syntax): list(each.transfer_syntax) for each in contexts})


@pytest.fixture
def listener() -> Iterator[Listener]:
    made = Listener()
    yield made
    made.server.shutdown()


def test_what_the_table_says_is_proposed(listener: Listener) -> None:
    port = listener.server.server_address[1]
    there = DestinationConfig(name="x", ae_title="LISTENER", host="127.0.0.1", port=port)
    stated = {each.use: each for each in proposals()}
    echo, commitment = stated["Probe of a destination"], stated["Storage commitment"]
    query = stated["`neolung query`, `neolung fetch`"]

    Sender(there, "NEOLUNG").echo()
    offers_commitment(there, "NEOLUNG")
    for model in query.sop_classes:
        with open_questions(there, "NEOLUNG", model):
            pass

    wanted = [(echo, echo.sop_classes[0]), (commitment, commitment.sop_classes[0])]
    wanted += [(query, model) for model in query.sop_classes]
    assert listener.proposed == [{str(uid): list(proposal.syntaxes)} for proposal, uid in wanted]
    assert listener.implementations == {IMPLEMENTATION_CLASS_UID}
