"""The DIMSE status codes that the node answers with (PS3.7 Annex C)."""

from enum import IntEnum

from pydicom import Dataset

MAX_ERROR_COMMENT = 64
"""Characters that Error Comment (0000,0902), an LO, can hold."""


class StoreStatus(IntEnum):
    """C-STORE responses (PS3.4 B.2.3, PS3.7 9.1.1.1.9)."""

    SUCCESS = 0x0000
    """The object is durable."""
    PROCESSING_FAILURE = 0x0110
    """The node itself failed; trying again may help."""
    DUPLICATE_SOP_INSTANCE = 0x0111
    """Other bytes are known under this SOP Instance UID; these were kept beside them."""
    INVALID_SOP_INSTANCE = 0x0117
    """The SOP Instance UID of the request is no UID."""
    SOP_CLASS_NOT_SUPPORTED = 0x0122
    """The SOP Class of the request is not that of its presentation context."""
    NOT_AUTHORISED = 0x0124
    """The peer may call, but not store."""
    OUT_OF_RESOURCES = 0xA700
    """Disk or ledger is full, the queue is over its limit, or the object is too large."""
    DATA_SET_MISMATCH = 0xA900
    """The Data Set names another SOP Class or Instance than the request."""
    CANNOT_UNDERSTAND = 0xC000
    """The Data Set cannot be read or lacks its Study or Series Instance UID."""


class FindStatus(IntEnum):
    """C-FIND responses (PS3.4 C.4.1.1.4)."""

    SUCCESS = 0x0000
    """No further matches."""
    PENDING = 0xFF00
    """A match; all keys were supported."""
    PENDING_WARNING = 0xFF01
    """A match; some optional key was not supported for matching or return."""
    CANCELLED = 0xFE00
    """Ended by C-CANCEL."""
    NOT_AUTHORISED = 0x0124
    """The peer may call, but not query."""
    OUT_OF_RESOURCES = 0xA700
    """The limit of responses is reached, or the ledger cannot be read."""
    IDENTIFIER_MISMATCH = 0xA900
    """The Identifier does not fit the information model or its level."""
    UNABLE_TO_PROCESS = 0xC000
    """The Identifier cannot be read, or the node itself failed."""


class RetrieveStatus(IntEnum):
    """C-MOVE and C-GET responses (PS3.4 C.4.2.1.5, C.4.3.1.4)."""

    SUCCESS = 0x0000
    """Every object was stored, or nothing matched."""
    PENDING = 0xFF00
    """Sub-operations go on."""
    CANCELLED = 0xFE00
    """Ended by C-CANCEL."""
    WITH_FAILURES = 0xB000
    """Some objects were not stored, or with a warning."""
    NOT_AUTHORISED = 0x0124
    """The peer may call, but not retrieve."""
    CANNOT_COUNT = 0xA701
    """The ledger cannot be read, or too many objects match."""
    CANNOT_PERFORM = 0xA702
    """Not one object could be stored."""
    UNKNOWN_DESTINATION = 0xA801
    """No destination of the node has the AE title of the Move Destination."""
    IDENTIFIER_MISMATCH = 0xA900
    """Level or unique keys do not fit the information model."""
    UNABLE_TO_PROCESS = 0xC000
    """The Identifier cannot be read, or the node itself failed."""


class EventStatus(IntEnum):
    """N-EVENT-REPORT responses (PS3.7 10.1.1.1.8)."""

    SUCCESS = 0x0000
    """Taken note of."""
    PROCESSING_FAILURE = 0x0110
    """The node itself failed; the report may be sent again."""


class ActionStatus(IntEnum):
    """N-ACTION responses to requests for storage commitment (PS3.7 10.1.4.1.10)."""

    SUCCESS = 0x0000
    """The report will follow."""
    PROCESSING_FAILURE = 0x0110
    """The node itself failed; trying again may help."""
    NO_SUCH_INSTANCE = 0x0112
    """Not the well-known SOP Instance of the service."""
    INVALID_ARGUMENT = 0x0115
    """Transaction UID or objects are missing or wrong, or the UID was used for other objects."""
    NO_SUCH_ACTION = 0x0123
    """Not the Action Type ID of a request."""
    NOT_AUTHORISED = 0x0124
    """The peer may call, but not ask for commitment."""
    UNRECOGNISED_OPERATION = 0x0211
    """The node commits to nothing."""
    RESOURCE_LIMITATION = 0x0213
    """The ledger refuses; trying again may help."""


class FailureReason(IntEnum):
    """Failure Reason (0008,1197) of an object that is not committed to (PS3.3 C.14.1.1)."""

    PROCESSING_FAILURE = 0x0110
    """Its file is lost or damaged."""
    NO_SUCH_INSTANCE = 0x0112
    """It is not here."""
    CLASS_INSTANCE_CONFLICT = 0x0119
    """It is here with another SOP Class."""
    CLASS_NOT_SUPPORTED = 0x0122
    """It is not here, and its SOP Class is never taken."""


def status_dataset(status: int, comment: str = "") -> Dataset:
    """Make the status part of a response.

    Parameters
    ----------
    comment
        For Error Comment; cut to what it can hold. Must not hold patient data.
    """
    dataset = Dataset()
    dataset.Status = int(status)
    if comment:
        dataset.ErrorComment = comment[:MAX_ERROR_COMMENT]
    return dataset
