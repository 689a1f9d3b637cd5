"""Slow, silent, greedy and confused clients hold nothing up and bring nothing down."""

import socket
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path

import httpx
import pytest

from node.web.resources import TRANSACTIONS
from tests.integration.web.test_retrieve import path_of
from tests.support.films import make_film
from tests.support.waiting import wait_until
from tests.support.web import WebNode, web_node

IMPATIENT = {"timeout_s": 0.5}


def connect(web: WebNode) -> socket.socket:
    connection = socket.create_connection(("127.0.0.1", web.server.port))
    connection.settimeout(10)
    return connection


def closed_after(connection: socket.socket) -> float:
    """Wait for the other side to close; give the seconds."""
    started = time.monotonic()
    try:
        while connection.recv(65536):
            pass
    except ConnectionResetError:
        pass
    return time.monotonic() - started


@pytest.mark.parametrize("said", [b"", b"GET /dicom-web/studies HTTP/1.1\r\nHost: local"])
def test_a_client_that_never_asks_is_let_go(tmp_path: Path, said: bytes) -> None:
    with web_node(tmp_path, web=IMPATIENT) as web, connect(web) as connection:
        connection.sendall(said)

        assert 0.2 < closed_after(connection) < 5


def test_a_client_that_stops_in_the_middle_of_a_body_is_let_go(tmp_path: Path) -> None:
    head = (
        b"POST /dicom-web/studies HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1000\r\n"
        b"Content-Type: application/dicom\r\n\r\nhalf"
    )
    with web_node(tmp_path, web=IMPATIENT) as web, connect(web) as connection:
        connection.sendall(head)
        answer = connection.recv(1000)

        assert answer.startswith(b"HTTP/1.1 408 ")
        assert closed_after(connection) < 5


def test_a_client_that_takes_nothing_is_let_go(tmp_path: Path) -> None:
    film = make_film(rows=2500, columns=2500)
    with web_node(tmp_path, web=IMPATIENT) as web, connect(web) as connection:
        web.stow(film)
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        connection.sendall(f"GET /dicom-web{path_of(film)} HTTP/1.1\r\nHost: localhost\r\n\r\n".encode())
        wait_until(lambda: "path=/dicom-web/studies/" in web.log.getvalue(), 20)
        # One more may be the test's own client.
        wait_until(lambda: web.server.connections <= 1, 20)

        received = web.get(path_of(film), accept="application/dicom")
        assert len(received.content) > 12_000_000


def test_more_requests_than_may_be_are_told_to_come_again(tmp_path: Path) -> None:
    with web_node(tmp_path, web={"max_requests": 2}) as web:
        head = "POST /dicom-web/studies HTTP/1.1\r\nHost: localhost\r\nContent-Length: 9\r\n"
        waiting = [connect(web) for _ in range(2)]
        for connection in waiting:
            connection.sendall(f"{head}Content-Type: application/dicom\r\n\r\nx".encode())
        time.sleep(0.3)
        answer = web.get("/studies")
        assert (answer.status_code, answer.headers["retry-after"]) == (503, "5")

        for connection in waiting:
            connection.close()
        deadline = time.monotonic() + 30
        while web.get("/studies").status_code == 503 and time.monotonic() < deadline:
            time.sleep(0.05)
        assert web.get("/studies").status_code == 204


@pytest.mark.parametrize(
    "junk",
    [
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
        b"\x01\x00\x00\x00\x00\xd0\x00\x01\x00\x00NEOLUNG",
        b"GET / HTTP/9.9\r\n\r\n",
        b"GET /dicom-web/studies HTTP/1.1\r\n" + b"X: y\r\n" * 20_000,
        b"POST /dicom-web/studies HTTP/1.1\r\nHost: localhost\r\nContent-Length: -5\r\n\r\n",
        b"POST /dicom-web/studies HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\nZZ\r\n",
    ],
)
def test_junk_is_closed_and_the_service_goes_on(web: WebNode, junk: bytes) -> None:
    with connect(web) as connection:
        connection.settimeout(1)
        connection.sendall(junk)
        with suppress(TimeoutError):
            closed_after(connection)

    assert web.get("/studies").status_code == 204


def test_many_clients_at_once_get_their_answers(web: WebNode) -> None:
    film = make_film(rows=300, columns=300)
    web.stow(film)
    paths = ["/studies", path_of(film), path_of(film) + "/metadata", path_of(film) + "/thumbnail"] * 15

    def ask(path: str) -> int:
        return httpx.get(web.base + path, timeout=20).status_code

    with ThreadPoolExecutor(12) as clients:
        assert set(clients.map(ask, paths)) == {200}


def test_a_stopping_server_lets_an_answer_end(tmp_path: Path) -> None:
    film = make_film(rows=2000, columns=2000)
    received: list[int] = []
    with web_node(tmp_path, limits={"drain_timeout_s": 5.0}) as web:
        web.stow(film)

        def read_slowly() -> None:
            with httpx.stream(
                "GET", web.base + path_of(film), headers={"Accept": "application/dicom"}
            ) as answer:
                for chunk in answer.iter_raw(1 << 20):
                    received.append(len(chunk))
                    time.sleep(0.05)

        reader = threading.Thread(target=read_slowly)
        reader.start()
        while not received:
            time.sleep(0.01)
        web.server.stop()
        reader.join(10)
        assert sum(received) > 2000 * 2000 * 2
        with pytest.raises(httpx.ConnectError):
            httpx.get(web.base + "/studies")


def test_every_resource_answers_and_is_listed(web: WebNode) -> None:
    film = make_film(rows=130, columns=130)
    web.stow(film)
    uids = {"study": film.StudyInstanceUID, "series": film.SeriesInstanceUID, "instance": film.SOPInstanceUID}
    listed = web.http.request("OPTIONS", "/studies", headers={"Accept": "application/json"}).json()
    assert len(listed["transactions"]) == len(TRANSACTIONS) + 2

    for entry in TRANSACTIONS:
        path = entry.path.replace(":path}", "}").format(**uids, frames="1", element="7FE00010")
        answer = web.get(path)
        assert answer.status_code == 200, path
        kind = answer.headers["content-type"]
        assert any(media_type in kind for media_type in entry.media_types), path
    wadl = web.http.request("OPTIONS", "/")
    assert wadl.headers["content-type"] == "application/vnd.sun.wadl+xml"
    assert wadl.content.count(b"<method") == len(TRANSACTIONS) + 2


def test_a_method_that_is_not_offered_says_which_are(web: WebNode) -> None:
    answer = web.http.delete("/studies")

    assert answer.status_code == 405
    assert set(answer.headers["allow"].split(", ")) == {"GET", "HEAD", "OPTIONS", "POST"}
