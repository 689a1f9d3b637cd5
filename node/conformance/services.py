"""Which SOP Classes the node is SCU and SCP of, and what for."""

from collections.abc import Iterator

from pydicom.uid import UID

from node.conformance.markdown import code, name_of, table
from node.conformance.objects import created_classes
from node.network import contexts
from pipeline.film_classes import CAPTURE_CLASSES, RADIOGRAPH_CLASSES

_Row = tuple[str, str, str, str]


def overview() -> str:
    """List every SOP Class with the roles in which it is supported."""
    rows = [(name_of(uid), code(uid), scu or "no", scp or "no") for uid, scu, scp in _roles()]
    return table(("SOP Class", "UID", "SCU", "SCP"), rows)


def analysed() -> str:
    """Name the SOP Classes that are analysed in any case."""
    return ", ".join(map(name_of, RADIOGRAPH_CLASSES))


def _roles() -> Iterator[tuple[str, str, str]]:
    yield contexts.VERIFICATION, "yes", "yes"
    for uid in contexts.STORAGE_CLASSES:
        yield uid, _storage_scu(uid), _storage_scp(uid)
    yield contexts.COMMITMENT, "yes", "option: `commitment.offered`"
    queries = dict.fromkeys(contexts.FIND_MODELS, "`neolung query`, `neolung fetch`")
    queries |= dict.fromkeys((contexts.STUDY_ROOT_MOVE, contexts.STUDY_ROOT_GET), "`neolung fetch`")
    for uid in (*contexts.FIND_MODELS, *contexts.MOVE_MODELS, *contexts.GET_MODELS):
        yield uid, queries.get(uid, ""), "yes"


def _storage_scu(uid: UID) -> str:
    return "results; retrieval" if uid in created_classes() else "retrieval"


def _storage_scp(uid: UID) -> str:
    if uid in RADIOGRAPH_CLASSES:
        return "kept and analysed"
    return "kept; analysed as an option" if uid in CAPTURE_CLASSES else "kept"
