"""Bounds what one association, and all together, can make the node hold in memory and wait for."""

import threading
import time
from io import BytesIO
from typing import Any
from weakref import WeakKeyDictionary

from pynetdicom.dimse_messages import C_STORE_RQ, N_ACTION_RQ

from node.config.schema import LimitsConfig
from node.log import EventLog

_MOST_COMMAND_BYTES = 1 << 16
"""Of the command set of one message; the longest of the standard has some hundred."""
_MOST_REQUEST_BYTES = 1 << 20
"""Of the Data Set of a message that brings no object; one that names a thousand UIDs has a tenth of it."""
_MOST_ACTION_BYTES = 4 << 20
"""Of an N-ACTION: a request for commitment names up to 10,000 objects."""
MOST_WAITING = 4
"""Requests that wait for the one before them: nobody may send the next before the answer (PS3.7 D.3.3.3)."""
_SLOWEST = 1024
"""Bytes a second below which a message is taken for a trick and not for a slow line."""

_log = EventLog("network")


class Overflow(BytesIO):
    """Stands in for a Data Set that outgrew a limit, and forgets what else comes."""

    def write(self, buffer: Any, /) -> int:
        """Forget the bytes."""
        return len(buffer)


class Budget:
    """Bytes of objects that all senders to one process may have in its memory together; shared by threads.

    Parameters
    ----------
    most
        0 for no limit.
    """

    def __init__(self, most: int) -> None:
        self._most = most
        self._lock = threading.Lock()
        self._held: WeakKeyDictionary[Any, int] = WeakKeyDictionary()

    def hold(self, holder: object, size: int) -> bool:
        """Note how much one sender has in memory now; tell whether all together are within the limit."""
        with self._lock:
            self._held[holder] = size
            return not 0 < self._most < sum(self._held.values())

    def release(self, holder: object) -> None:
        """Forget what a sender had; one that is gone is forgotten by itself."""
        with self._lock:
            self._held.pop(holder, None)

    @property
    def held(self) -> int:
        """Bytes that are held now."""
        with self._lock:
            return sum(self._held.values())


class MessageGuard:
    """Watches the messages that come in on all associations (handler of EVT_PDU_RECV).

    A Data Set that is too large is dropped, and its service refuses the request in due order. Whoever sends
    what no honest peer sends is cut off.
    """

    def __init__(self, limits: LimitsConfig) -> None:
        self._limits = limits
        self._lock = threading.Lock()
        self._budget = Budget(limits.max_buffered_bytes)
        self._begun: WeakKeyDictionary[Any, float] = WeakKeyDictionary()

    def __call__(self, event: Any) -> None:
        """Look at the message under way after one more of its parts."""
        association = event.assoc
        message = association.dimse.message
        if association.dimse.msg_queue.qsize() > MOST_WAITING:
            self._cut_off(association, "requests sent without waiting for answers")
        if message is None:
            return
        size = message.data_set.tell() if message.data_set is not None else 0
        if message.encoded_command_set.tell() > _MOST_COMMAND_BYTES:
            self._cut_off(association, "command set too large")
        elif self._is_dribble(message, size):
            self._cut_off(association, "message too slow")
        elif not isinstance(message, C_STORE_RQ) and size > _most_of(message):
            message.data_set = Overflow()
            self._cut_off(association, "request too large")
        elif self._is_too_much(association, size) and not isinstance(message.data_set, Overflow):
            message.data_set = Overflow()

    def note_answer(self, event: Any) -> None:
        """Forget the size of a message that was answered (handler of EVT_DIMSE_SENT)."""
        self._budget.release(event.assoc)

    def _is_too_much(self, association: Any, size: int) -> bool:
        is_within = self._budget.hold(association, size)
        return not is_within or 0 < self._limits.max_object_bytes < size

    def _is_dribble(self, message: Any, size: int) -> bool:
        now = time.monotonic()
        with self._lock:
            begun = self._begun.setdefault(message, now)
        return now - begun > self._limits.dimse_timeout_s + size / _SLOWEST

    def _cut_off(self, association: Any, reason: str) -> None:
        _log.warning("association cut off", reason=reason, address=association.requestor.address)
        # Not abort(): that waits for the thread in which this runs.
        association.dul.socket.close()


def _most_of(message: Any) -> int:
    """Give how large a Data Set may be that is no object."""
    return _MOST_ACTION_BYTES if isinstance(message, N_ACTION_RQ) else _MOST_REQUEST_BYTES
