"""The process that delivers: two loops for each destination, and one that makes the summaries of studies."""

import threading
from time import monotonic

from node.audit.auditor import Auditor
from node.composition.auditing import auditing
from node.composition.stores import open_stores
from node.config.addressee import own_address
from node.config.destinations import DestinationConfig
from node.config.schema import Config
from node.identity import utc_offset
from node.processes.lifetime import Drain
from node.processes.service import owner_name
from node.work.circuit import Circuit
from node.work.committer import Committer, make_report_handler
from node.work.deliverer import Deliverer
from node.work.loops import start_loop
from node.work.outbox import Outbox
from node.work.own_receiver import OwnReceiver
from node.work.summariser import Summariser
from storage.ledger import Ledger
from storage.objects import ObjectStore
from storage.queue import release_owned

_LOOK_S = 0.5


def deliver(config: Config, drain: Drain) -> None:
    """Deliver results until the wish to stop."""
    with auditing(config) as auditor:
        _deliver(config, auditor, drain)


def _deliver(config: Config, auditor: Auditor, drain: Drain) -> None:
    ledger, store = open_stores(config)
    release_owned(ledger, owner_name("deliver", config))
    threads = [
        thread
        for destination in config.destinations
        for thread in start_delivery(config, destination, auditor, ledger, store, drain)
    ]
    if any("summary" in destination.send for destination in config.destinations):
        threads.append(start_summaries(config, ledger, store, drain))
    while not drain.wait(_LOOK_S):
        if not all(thread.is_alive() for thread in threads):
            raise RuntimeError("a loop ended unexpectedly; its traceback stands above")
    deadline = monotonic() + config.limits.drain_timeout_s
    for thread in threads:
        thread.join(max(0.0, deadline - monotonic()))
    ledger.close()


def start_summaries(config: Config, ledger: Ledger, store: ObjectStore, drain: Drain) -> threading.Thread:
    """Start the loop that makes the summaries of studies."""
    summariser = Summariser(config, ledger, store, owner_name("deliver", config), utc_offset(config))
    return start_loop("summarise", summariser.turn, config.node.data_dir, drain, config.work.poll_s)


def start_delivery(
    config: Config,
    destination: DestinationConfig,
    auditor: Auditor,
    ledger: Ledger,
    store: ObjectStore,
    drain: Drain,
) -> list[threading.Thread]:
    """Start the loops of one destination, each in a thread of its own; under shadow nothing is delivered."""
    node = config.node
    owner = owner_name("deliver", config)
    outbox = Outbox(ledger, store, destination, node.ae_title, owner, node.data_dir, auditor)
    circuit = Circuit(ledger, destination)
    circuit.start_afresh()
    receiver = OwnReceiver(*own_address(config))
    turns = {
        "deliver": Deliverer(outbox, circuit, drain).turn,
        "commit": Committer(outbox, circuit, make_report_handler(ledger), receiver).turn,
    }
    if destination.shadow:
        del turns["deliver"]
    return [
        start_loop(f"{kind}.{destination.name}", turn, node.data_dir, drain, config.work.poll_s)
        for kind, turn in turns.items()
    ]
