"""Many requests on one association while its reactor thread is slow to wake: no response may be lost."""

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from pydicom import Dataset
from pynetdicom import AE, evt
from pynetdicom.association import Association
from pynetdicom.presentation import build_context

from node.config.destinations import DestinationConfig
from node.network.contexts import STUDY_ROOT_FIND, VERIFICATION
from node.network.find_scu import Questions, make_identifier
from node.network.requestor import open_association
from node.network.sockets import socket_handlers

_REQUESTS = 300
_PEER_WAITS_S = 0.003
_WAKES_AFTER_S = 0.006
"""Longer than the peer takes to answer: a reactor that then takes a message takes the response."""


def answer_find(_event: evt.Event) -> Iterator[tuple[int, Dataset | None]]:
    """Give one match, soon after the request."""
    time.sleep(_PEER_WAITS_S)
    match = Dataset()
    match.QueryRetrieveLevel, match.StudyInstanceUID = "STUDY", "1.2.3"
    yield 0xFF00, match


@contextmanager
def peer() -> Iterator[DestinationConfig]:
    """Run a system that answers C-ECHO and C-FIND."""
    entity = AE("PEER")
    entity.add_supported_context(STUDY_ROOT_FIND)
    entity.add_supported_context(VERIFICATION)
    handlers = [(evt.EVT_C_FIND, answer_find), *socket_handlers()]
    server = entity.start_server(("127.0.0.1", 0), block=False, evt_handlers=handlers)
    try:
        port = server.server_address[1]
        yield DestinationConfig(name="peer", ae_title="PEER", host="127.0.0.1", port=port, dimse_timeout_s=2)
    finally:
        server.shutdown()


def wake_late(association: Association, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Let the reactor be taken off the processor after each pause; give who was delayed."""
    checkpoint, delayed = association._reactor_checkpoint, []
    wait = checkpoint.wait

    def wait_and_lose_the_processor(timeout: float | None = None) -> bool:
        is_set = wait(timeout)
        time.sleep(_WAKES_AFTER_S)
        delayed.append(threading.current_thread().name)
        return is_set

    monkeypatch.setattr(checkpoint, "wait", wait_and_lose_the_processor)
    return delayed


def test_no_answer_is_lost_on_a_reactor_that_wakes_late(monkeypatch) -> None:
    contexts = [build_context(STUDY_ROOT_FIND), build_context(VERIFICATION)]
    identifier = make_identifier("STUDY", {"StudyInstanceUID": ""})

    with peer() as destination, open_association(destination, "NEOLUNG", contexts) as association:
        delayed = wake_late(association, monkeypatch)
        questions = Questions("peer", association, STUDY_ROOT_FIND)
        for _ in range(_REQUESTS):
            assert [match.StudyInstanceUID for match in questions.find(identifier)] == ["1.2.3"]
            assert association.send_c_echo().Status == 0x0000

    assert set(delayed) == {association.name}
