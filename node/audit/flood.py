"""Keeps those who are turned away from filling the disk with the messages of it."""

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from ipaddress import IPv6Address, ip_address

from node.log import EventLog

PAUSE_S = 60.0
"""Between two alerts about one address."""
_MOST_ADDRESSES = 1024
"""That are told apart; all further ones count as one."""
_OTHERS = "other addresses"

_log = EventLog("audit")


@dataclass(slots=True)
class _Told:
    """When an alert about an address was last written, and how many were not since."""

    at: float
    left_out: int = 0


class Flood:
    """Lets one message a minute through for each address, and counts the others; shared by threads.

    The caller's own line in the ordinary log, which is rotated, stands for each that is left out.

    Parameters
    ----------
    has_room
        Whether the disk has room for what anybody at all can make the node write.
    clock
        Seconds, never going back.
    """

    def __init__(
        self, has_room: Callable[[], bool] = lambda: True, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._has_room = has_room
        self._clock = clock
        self._lock = threading.Lock()
        self._told: dict[str, _Told] = {}

    def admit(self, address: str) -> int | None:
        """Decide about one message.

        Returns
        -------
        int or None
            How many about this address were left out since the last; None: leave this one out too.
        """
        with self._lock:
            key = self._key(address)
            known = self._told.get(key)
            if known is not None and self._clock() - known.at < PAUSE_S:
                known.left_out += 1
                return None
            if not self._has_room():
                _log.warning("no room for an alert in the audit trail, see this log", address=address)
                return None
            self._told[key] = _Told(self._clock())
            return known.left_out if known else 0

    def remains(self, *, everything: bool = False) -> dict[str, int]:
        """Forget the addresses whose pause is over, or all; give how many messages each had left out."""
        with self._lock:
            over = {
                key: told.left_out
                for key, told in self._told.items()
                if everything or self._clock() - told.at >= PAUSE_S
            }
            for key in over:
                del self._told[key]
        return {key: left_out for key, left_out in over.items() if left_out}

    def _key(self, address: str) -> str:
        """Give what counts as one address: of IPv6 the network, in which a machine has them all."""
        try:
            parsed = ip_address(address)
        except ValueError:
            key = address
        else:
            key = f"{IPv6Address(int(parsed) >> 64 << 64)}/64" if parsed.version == 6 else address
        return key if key in self._told or len(self._told) < _MOST_ADDRESSES else _OTHERS


def counted(left_out: int) -> str:
    """Say behind a reason how many messages of the kind were left out; nothing for none."""
    return f"; {left_out} more in the minute before" if left_out else ""
