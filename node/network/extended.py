"""SOP Class Extended Negotiation of query and retrieve: what an association may ask beyond the baseline.

The application information of C-FIND has one byte for each option (PS3.4 C.5.1.1): relational queries,
combined date-time matching, fuzzy matching of person names, timezone adjustment, multi-frame conversion. That
of C-MOVE and C-GET has two (C.5.2.1, C.5.3.1): relational retrieval, multi-frame conversion.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from pydicom.uid import UID

from node.network.contexts import FIND_MODELS, GET_MODELS, MOVE_MODELS

_RELATIONAL, _FUZZY_NAMES = 0, 2
SUPPORTED: Mapping[str, bytes] = {
    **dict.fromkeys(FIND_MODELS, bytes((1, 0, 1, 0, 0))),
    **dict.fromkeys((*MOVE_MODELS, *GET_MODELS), bytes((1, 0))),
}
"""Application information by information model: 1 for each option that the node has."""


@dataclass(frozen=True, slots=True)
class QueryOptions:
    """What requestor and node agreed on for one information model.

    Attributes
    ----------
    relational
        Unique keys of the levels above may be left out, and keys of any level may be matched.
    fuzzy_names
        Person names match by the beginnings of their words, in any order.
    """

    relational: bool = False
    fuzzy_names: bool = False


BASELINE = QueryOptions()


def answer_extended(event: Any) -> dict[UID, bytes]:
    """Accept of each option that is asked for what the node supports (handler of EVT_SOP_EXTENDED)."""
    wanted: Mapping[UID, bytes] = event.app_info
    return {UID(model): _agreed(model, wanted[UID(model)]) for model in SUPPORTED if wanted.get(UID(model))}


def query_options(association: Any, model: UID) -> QueryOptions:
    """Tell what was agreed on when an association was opened."""
    agreed = _agreed(model, association.requestor.sop_class_extended.get(model) or b"")
    agreed = agreed.ljust(len(SUPPORTED[model]), b"\0")
    return QueryOptions(relational=bool(agreed[_RELATIONAL]), fuzzy_names=bool(agreed[_FUZZY_NAMES]))


def is_relational(association: Any, model: UID) -> bool:
    """Tell whether unique keys of the levels above may be left out of a C-MOVE or C-GET."""
    agreed = _agreed(model, association.requestor.sop_class_extended.get(model) or b"")
    return agreed[:1] == b"\1"


def _agreed(model: str, wanted: bytes) -> bytes:
    """Answer as many bytes as were sent, at most those that are defined; 1 is yes, anything else no."""
    supported = SUPPORTED[model]
    return bytes(int(asked == 1 and known == 1) for asked, known in zip(wanted, supported, strict=False))
