"""Keeps objects that are too large from filling the memory before they can be refused."""

from io import BytesIO
from typing import Any


class Overflow(BytesIO):
    """Stands in for a Data Set that outgrew the limit, and forgets what else comes."""

    def write(self, buffer: Any, /) -> int:
        """Forget the bytes."""
        return len(buffer)


class SizeGuard:
    """Watches the messages that come in (handler of EVT_PDU_RECV)."""

    def __init__(self, max_object_bytes: int) -> None:
        self._max_object_bytes = max_object_bytes

    def __call__(self, event: Any) -> None:
        """Drop the Data Set under way when it is over the limit; the receiver then refuses it."""
        message = event.assoc.dimse.message
        if message is None or isinstance(message.data_set, Overflow):
            return
        if message.data_set is not None and message.data_set.tell() > self._max_object_bytes:
            message.data_set = Overflow()
