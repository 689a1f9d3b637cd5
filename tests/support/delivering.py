"""The delivery loops of one destination, in threads of the test."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

from node.config.destinations import DestinationConfig
from node.processes.lifetime import Drain
from node.work.circuit import Circuit
from node.work.committer import Committer, make_report_handler
from node.work.deliverer import Deliverer
from node.work.doorbell import Doorbell
from node.work.loops import run_turns
from node.work.outbox import Outbox
from node.work.own_receiver import OwnReceiver
from storage.queue import release_owned
from tests.support.pacs import Pacs
from tests.support.work import Desk

QUICK = {
    "first_delay_s": 0.02,
    "max_delay_s": 0.2,
    "breaker_failures": 2,
    "breaker_pause_s": 0.1,
    "max_attempts": 30,
}


def destination(pacs: Pacs, **changes: Any) -> DestinationConfig:
    """Describe a test's PACS with short pauses."""
    values = {
        "name": "pacs",
        "ae_title": "PACS",
        "host": "127.0.0.1",
        "port": pacs.port,
        "storage_commitment": False,
        "dimse_timeout_s": 5.0,
        "retry": QUICK,
        **changes,
    }
    return DestinationConfig.model_validate(values)


def outbox_of(desk: Desk, target: DestinationConfig, owner: str = "test:deliver") -> Outbox:
    return Outbox(desk.ledger, desk.store, target, "NEOLUNG", owner, desk.data_dir)


@contextmanager
def delivering(
    desk: Desk, target: DestinationConfig, *, poll_s: float = 0.02, receiver: OwnReceiver | None = None
) -> Iterator[Drain]:
    """Run both loops of a destination; they drain at the end, and must not have died."""
    drain = Drain()
    outbox = outbox_of(desk, target)
    release_owned(desk.ledger, outbox.owner)
    circuit = Circuit(desk.ledger, target)
    report = make_report_handler(desk.ledger, timedelta(seconds=0.02))
    turns = {
        "deliver": Deliverer(outbox, circuit, drain).turn,
        "commit": Committer(outbox, circuit, report, receiver, linger_s=1.0).turn,
    }
    bells = [Doorbell(desk.data_dir, f"{kind}.{target.name}") for kind in turns]
    threads = [
        threading.Thread(target=run_turns, args=(turn, bell, drain, poll_s))
        for turn, bell in zip(turns.values(), bells, strict=True)
    ]
    for thread in threads:
        thread.start()
    try:
        yield drain
        assert all(thread.is_alive() for thread in threads) or drain.requested
    finally:
        drain.request()
        for thread in threads:
            thread.join(30)
        for bell in bells:
            bell.close()
