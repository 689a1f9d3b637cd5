"""Says in words what a peer answered, for logs and people; never about a patient."""

from collections.abc import Iterable

from pydicom.uid import UID
from pynetdicom.presentation import PresentationContext
from pynetdicom.status import STORAGE_SERVICE_CLASS_STATUS

_REASONS = {
    1: "rejected by the user",
    2: "no reason given",
    3: "it does not support this SOP Class",
    4: "it does not support this transfer syntax",
}
"""Result of a presentation context (PS3.8 9.3.3.2)."""


def store_status(status: int) -> str:
    """Name a status of C-STORE (PS3.4 B.2.3, PS3.7 Annex C).

    >>> store_status(0xA700)
    'C-STORE status A700H (Refused: Out of Resources)'
    """
    _, meaning = STORAGE_SERVICE_CLASS_STATUS.get(status, ("", ""))
    return f"C-STORE status {status:04X}H" + (f" ({meaning})" if meaning else "")


def not_accepted(
    sop_class_uid: str, transfer_syntax_uid: str, rejected: Iterable[PresentationContext]
) -> str:
    """Say which presentation context an object needed and why the peer did not accept it."""
    results = [context.result or 0 for context in rejected if context.abstract_syntax == sop_class_uid]
    reason = _REASONS.get(results[0]) if results else None
    wanted = f"{_named(sop_class_uid)} in {_named(transfer_syntax_uid)}"
    return f"the peer did not accept {wanted}" + (f": {reason}" if reason else "")


def _named(uid: str) -> str:
    name = UID(uid).name
    return uid if name == uid else f"{name} ({uid})"
