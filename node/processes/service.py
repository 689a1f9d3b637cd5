"""What every process of the node does around its work: log, lock, signals, and a clear end."""

import hashlib
import socket
from collections.abc import Callable

from node.config.schema import Config
from node.errors import AlreadyRunning, NodeError
from node.log import EventLog, configure_logging
from node.processes.lifetime import Drain, follow_supervisor, hold_lock, install_signals
from node.processes.supervisor import CANNOT_START
from storage.errors import StorageFailed

_ORPHAN_GRACE_S = 5.0
"""What a process may take to finish when its supervisor is gone."""
_LOCK_WAIT_S = 20.0
"""Longer than that, so that a new supervisor's processes follow on the orphans of the last."""

_log = EventLog("service")


def run_service(role: str, config: Config, body: Callable[[Drain], None]) -> int:
    """Run the one process of its role on this data folder until it is asked to stop.

    Parameters
    ----------
    body
        The work; returns when the wish to stop is fulfilled.

    Returns
    -------
    int
        Exit code: 0, or under a supervisor what tells it whether starting again can help.

    Raises
    ------
    NodeError, StorageFailed
        If the process cannot start, and nobody supervises it.
    """
    configure_logging(config.log.level, config.log.format)
    drain = Drain()
    install_signals(drain)
    is_supervised = follow_supervisor(drain, _ORPHAN_GRACE_S)
    try:
        with hold_lock(config.node.data_dir, lock_name(role, config), wait_s=_LOCK_WAIT_S * is_supervised):
            body(drain)
    except NodeError as error:
        if not is_supervised:
            raise
        _log.error("cannot start", service=role, reason=str(error))
        return 1 if isinstance(error, AlreadyRunning) else CANNOT_START
    except StorageFailed as error:
        if not is_supervised:
            raise
        _log.error("the ledger does not answer", service=role, reason=str(error))
        return 1
    return 0


def lock_name(role: str, config: Config) -> str:
    """Name the lock of a role: with PostgreSQL several machines may share the data folder."""
    is_shared = config.ledger_url.startswith("postgresql")
    return f"{role}@{socket.gethostname()}" if is_shared else role


def owner_name(role: str, config: Config) -> str:
    """Name this process among all that work on the queue; the same again after a restart.

    Two nodes on one machine differ by their data folders; the lock makes it one process a role and folder.
    """
    folder = hashlib.sha256(str(config.node.data_dir.resolve()).encode()).hexdigest()[:8]
    return f"{socket.gethostname()}:{role}:{folder}"
