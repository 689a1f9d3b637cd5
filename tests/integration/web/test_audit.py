"""What the web service writes into the audit trail: who searched, read and stored what, who was refused."""

import base64
from pathlib import Path
from xml.etree.ElementTree import Element

from node.web.tokens import add_token, token_file
from tests.integration.web.test_retrieve import path_of
from tests.support.audit import event_of, objects_of, read_trail
from tests.support.films import make_film
from tests.support.web import WebNode, multipart_body, web_node

QUERY, TRANSFERRED, ACCESSED, ALERT = "110112", "110104", "110103", "110113"


def messages(web: WebNode) -> list[Element]:
    return list(read_trail(web.config.audit_dir))


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
        told = messages(web)

    assert [event_of(message) for message in told] == [TRANSFERRED, TRANSFERRED, ACCESSED, ACCESSED]
    for message in told:
        assert "viewer" in users(message)
        assert objects_of(message)["110180"].get("ParticipantObjectID") == film.StudyInstanceUID
        assert objects_of(message)["2"].get("ParticipantObjectID") == "AUDITED-7"
    actions = [message.find("EventIdentification").get("EventActionCode") for message in told]  # type: ignore[union-attr]
    assert actions == ["C", "R", "R", "R"]


def test_a_search_is_told_with_its_query(web: WebNode) -> None:
    web.get("/studies?PatientID=AUDITED*")
    web.get("/studies?Nonsense=1")
    first, second = messages(web)

    assert event_of(first) == event_of(second) == QUERY
    asked = base64.b64decode(first.findtext(".//ParticipantObjectQuery") or "").decode()
    assert asked == f"{web.base}/studies?PatientID=AUDITED*"
    outcomes = [each.find("EventIdentification").get("EventOutcomeIndicator") for each in (first, second)]  # type: ignore[union-attr]
    assert outcomes == ["0", "4"]


def test_what_could_not_be_stored_is_told_as_failed(web: WebNode) -> None:
    web.post(multipart_body(b"junk"))
    (message,) = messages(web)

    assert event_of(message) == TRANSFERRED
    assert message.find("EventIdentification").get("EventOutcomeIndicator") == "4"  # type: ignore[union-attr]


def test_who_is_refused_is_told(tmp_path: Path) -> None:
    with web_node(tmp_path, web={"authentication": "token"}) as web:
        web.get("/studies")
        (message,) = messages(web)

    assert event_of(message) == ALERT
    assert "127.0.0.1" in users(message)
