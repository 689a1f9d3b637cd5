"""What the audit trail says of C-MOVE and C-GET: who asked, who got what, and what failed."""

from tests.integration.node.test_retrieve import STUDY, fill, film, get, move, node_and_pacs
from tests.support.audit import event_of, objects_of, read_trail
from tests.support.network import listening_node
from tests.support.waiting import wait_until

BEGIN, DONE = "110102", "110104"
OURS = "AETITLES=NEOLUNG"


def sent(node):
    """Give the messages about what the node sends, once they are complete."""

    def own():
        trail = read_trail(node.config.audit_dir)
        return [
            each for each in trail if next(each.iter("ActiveParticipant")).get("AlternativeUserID") == OURS
        ]

    wait_until(lambda: any(event_of(message) == DONE for message in own()), 10)
    return own()


def requestors(message):
    return [
        each.get("AlternativeUserID")
        for each in message.iter("ActiveParticipant")
        if each.get("UserIsRequestor") == "true"
    ]


def test_a_move_names_source_destination_and_who_asked(tmp_path):
    with node_and_pacs(tmp_path) as (node, pacs):
        films = fill(node, film(1), film(2), film(3))
        pacs.answer = lambda uid: 0xC000 if uid == films[1].SOPInstanceUID else 0x0000
        move(node)
        begin, done, failed = sent(node)
    assert [event_of(each) for each in (begin, done, failed)] == [BEGIN, DONE, DONE]
    assert requestors(done) == ["AETITLES=TESTER"]
    names = [each.get("AlternativeUserID") for each in done.iter("ActiveParticipant")]
    assert names == [OURS, "AETITLES=PACS", "AETITLES=TESTER"]
    counts = [
        objects_of(each)["110180"].find(".//SOPClass").get("NumberOfInstances") for each in (done, failed)
    ]
    assert counts == ["2", "1"]
    outcomes = [each.find("EventIdentification").get("EventOutcomeIndicator") for each in (done, failed)]
    assert outcomes == ["0", "4"]
    assert objects_of(done)["110180"].get("ParticipantObjectID") == STUDY
    assert objects_of(done)["2"].get("ParticipantObjectID") == films[0].PatientID


def test_a_get_names_the_requestor_as_destination(tmp_path):
    with listening_node(tmp_path / "node") as node:
        fill(node, film(1), film(2))
        get(node)
        _, done = sent(node)
    assert requestors(done) == ["AETITLES=TESTER"]
    assert [each.get("AlternativeUserID") for each in done.iter("ActiveParticipant")] == [
        OURS,
        "AETITLES=TESTER",
    ]
