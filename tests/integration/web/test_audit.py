"""What the web service writes into the audit trail: who searched, read and stored what, who was refused."""

import base64
from pathlib import Path
from xml.etree.ElementTree import Element

import httpx
import pytest

from node.web.recorded import BROKEN_OFF
from node.web.tokens import add_token, token_file
from storage.matching import Level
from storage.retrieval import instances
from tests.integration.web.test_retrieve import path_of
from tests.support.audit import event_of, objects_of, read_trail
from tests.support.films import make_film
from tests.support.waiting import wait_until
from tests.support.web import WebNode, multipart_body, web_node

QUERY, TRANSFERRED, ACCESSED, ALERT = "110112", "110104", "110103", "110113"


def messages(web: WebNode, count: int) -> list[Element]:
    """Give that many messages; an answer is recorded only when its client has all of it."""

    def told() -> list[Element]:
        return list(read_trail(web.config.audit_dir))

    wait_until(lambda: len(told()) >= count, 10, lambda: f"{len(told())} messages")
    assert len(told()) == count
    return told()


def outcome(message: Element) -> tuple[str, str]:
    identification = message.find("EventIdentification")
    assert identification is not None
    return (
        identification.get("EventOutcomeIndicator") or "",
        identification.findtext("EventOutcomeDescription") or "",
    )


def users(message: Element) -> set[str]:
    return {str(each.get("UserID")) for each in message.iter("ActiveParticipant")}


def test_what_is_stored_and_read_is_told_with_its_patient(tmp_path: Path) -> None:
    film = make_film(rows=64, columns=64, PatientID="AUDITED-7")
    with web_node(tmp_path, web={"authentication": "token"}) as web:
        secret = add_token(token_file(web.config.node.data_dir), "viewer", ["read", "store"])
        web.http.headers["Authorization"] = f"Bearer {secret}"
        web.stow(film)
        web.get(path_of(film))
        web.get(path_of(film) + "/metadata")
        web.get(path_of(film) + "/frames/1")
        told = messages(web, 4)

    assert [event_of(message) for message in told] == [TRANSFERRED, TRANSFERRED, ACCESSED, ACCESSED]
    for message in told:
        assert "viewer" in users(message)
        assert objects_of(message)["110180"].get("ParticipantObjectID") == film.StudyInstanceUID
        assert objects_of(message)["2"].get("ParticipantObjectID") == "AUDITED-7"
    actions = [message.find("EventIdentification").get("EventActionCode") for message in told]  # type: ignore[union-attr]
    assert actions == ["C", "R", "R", "R"]


@pytest.mark.parametrize(
    ("resource", "event", "reason"),
    [
        ("/studies/1.2.3", TRANSFERRED, "status 404"),
        ("/studies/1.2.3/metadata", ACCESSED, "status 404"),
        ("/studies/Kim%00Baby", TRANSFERRED, "status 400"),
        ("/studies/1.2.3/series/x/instances/y/frames/1", ACCESSED, "status 400"),
    ],
)
def test_what_is_refused_is_told_as_failed(web: WebNode, resource: str, event: str, reason: str) -> None:
    assert web.get(resource).status_code == int(reason[-3:])
    (message,) = messages(web, 1)

    assert (event_of(message), outcome(message)) == (event, ("4", reason))


def test_the_head_of_an_answer_is_no_transfer(web: WebNode) -> None:
    film = make_film(rows=64, columns=64)
    web.stow(film)
    assert web.http.head(path_of(film)).status_code == 200

    assert event_of(messages(web, 2)[1]) == ACCESSED


def test_a_retrieval_is_told_at_its_end_and_as_failed_when_the_client_goes_away(web: WebNode) -> None:
    film = make_film(rows=3000, columns=3000)
    web.stow(film)
    with web.http.stream("GET", path_of(film), headers={"Accept": "application/dicom"}) as answer:
        assert next(answer.iter_raw(1 << 16))
        messages(web, 1)  # that of the upload
    _, message = messages(web, 2)

    assert (event_of(message), outcome(message)) == (TRANSFERRED, ("4", BROKEN_OFF))


def test_a_retrieval_that_breaks_in_the_middle_is_told_as_failed(web: WebNode) -> None:
    first = make_film(rows=64, columns=64)
    web.stow(first, make_film(rows=64, columns=64, StudyInstanceUID=first.StudyInstanceUID))
    with web.ledger.read() as connection:
        *_, last = instances(connection, Level.STUDY, {"StudyInstanceUID": (first.StudyInstanceUID,)})
    (web.config.objects_dir / last.file.path).unlink()
    with pytest.raises(httpx.RemoteProtocolError):
        web.get(path_of(first, 1))
    _, message = messages(web, 2)

    assert (event_of(message), outcome(message)) == (TRANSFERRED, ("4", BROKEN_OFF))


def test_a_search_is_told_with_its_query(web: WebNode) -> None:
    web.get("/studies?PatientID=AUDITED*")
    web.get("/studies?Nonsense=1")
    second, first = sorted(messages(web, 2), key=lambda each: outcome(each)[0], reverse=True)

    assert event_of(first) == event_of(second) == QUERY
    asked = base64.b64decode(first.findtext(".//ParticipantObjectQuery") or "").decode()
    assert asked == f"{web.base}/studies?PatientID=AUDITED*"
    assert [outcome(each)[0] for each in (first, second)] == ["0", "4"]


def test_what_could_not_be_stored_is_told_as_failed(web: WebNode) -> None:
    web.post(multipart_body(b"junk"))
    (message,) = messages(web, 1)

    assert event_of(message) == TRANSFERRED
    assert outcome(message)[0] == "4"


def test_who_is_refused_is_told(tmp_path: Path) -> None:
    with web_node(tmp_path, web={"authentication": "token"}) as web:
        web.get("/studies")
        (message,) = messages(web, 1)

    assert event_of(message) == ALERT
    assert "127.0.0.1" in users(message)
