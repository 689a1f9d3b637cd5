"""SOP Class Extended Negotiation of the query service: what an association may ask beyond the baseline.

The application information of C-FIND has one byte for each option (PS3.4 C.5.1.1): relational queries,
combined date-time matching, fuzzy matching of person names, timezone adjustment, multi-frame conversion.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from pydicom.uid import UID

from node.network.contexts import PATIENT_ROOT_FIND, STUDY_ROOT_FIND

_RELATIONAL, _FUZZY_NAMES = 0, 2
_SUPPORTED = bytes((1, 0, 1, 0, 0))
_MODELS = (PATIENT_ROOT_FIND, STUDY_ROOT_FIND)


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
    return {model: _agreed(wanted[model]) for model in _MODELS if wanted.get(model)}


def query_options(association: Any, model: UID) -> QueryOptions:
    """Tell what was agreed on when an association was opened."""
    agreed = _agreed(association.requestor.sop_class_extended.get(model) or b"").ljust(len(_SUPPORTED), b"\0")
    return QueryOptions(relational=bool(agreed[_RELATIONAL]), fuzzy_names=bool(agreed[_FUZZY_NAMES]))


def _agreed(wanted: bytes) -> bytes:
    """Answer as many bytes as were sent, at most those that are defined; 1 is yes, anything else no."""
    return bytes(
        int(byte == 1 and supported == 1) for byte, supported in zip(wanted, _SUPPORTED, strict=False)
    )
