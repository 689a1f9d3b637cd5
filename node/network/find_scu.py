"""C-FIND as SCU: ask the node or a PACS (PS3.4 C.4.1)."""

from collections.abc import Iterator, Mapping

from pydicom import Dataset
from pydicom.datadict import dictionary_VR, tag_for_keyword
from pydicom.dataelem import DataElement
from pynetdicom.dsutils import encode
from pynetdicom.presentation import build_context

from node.config.destinations import DestinationConfig
from node.errors import IdentifierNotMade, QueryFailed
from node.network.contexts import PATIENT_ROOT_FIND, STUDY_ROOT_FIND
from node.network.requestor import open_association
from node.network.responses import UNICODE

PENDING = (0xFF00, 0xFF01)
_WHOLE_NUMBERS = frozenset({"SL", "SS", "SV", "UL", "US", "UV"})


def make_identifier(level: str, keys: Mapping[str, str]) -> Dataset:
    """Make the Identifier of a query.

    Parameters
    ----------
    level
        PATIENT, STUDY, SERIES or IMAGE.
    keys
        DICOM keyword to value; an empty value asks for the attribute without matching.

    Raises
    ------
    IdentifierNotMade
        If a keyword is not in the data dictionary, or cannot hold its value.
    """
    identifier = Dataset()
    identifier.QueryRetrieveLevel = level
    if not all(value.isascii() for value in keys.values()):
        identifier.SpecificCharacterSet = UNICODE
    for keyword, value in keys.items():
        identifier.add(_key(keyword, value))
    return identifier


def _key(keyword: str, value: str) -> DataElement:
    """Make one key that can be sent."""
    tag = tag_for_keyword(keyword) if keyword else None
    if tag is None:
        raise IdentifierNotMade(f"{keyword!r} is not a DICOM keyword; write it as in PatientID or StudyDate")
    key, vr = Dataset(), dictionary_VR(tag)
    key.SpecificCharacterSet = UNICODE
    try:
        if vr == "SQ":
            setattr(key, keyword, [value] if value else [])
        else:
            setattr(key, keyword, int(value) if value and vr in _WHOLE_NUMBERS else value)
        is_sendable = encode(key, is_implicit_vr=True, is_little_endian=True) is not None
    except (ArithmeticError, LookupError, TypeError, ValueError):
        is_sendable = False
    if not is_sendable:
        raise IdentifierNotMade(f"{keyword} (VR {vr}) cannot hold the value that was given")
    return key[tag]


def find(destination: DestinationConfig, calling_ae_title: str, identifier: Dataset) -> Iterator[Dataset]:
    """Send one C-FIND and give the matches as they come.

    Raises
    ------
    AssociationRefused
        If the peer cannot be reached or rejects the association.
    QueryFailed
        If it offers no query service or answers a failure; matches before that were already given.
    """
    model = PATIENT_ROOT_FIND if identifier.QueryRetrieveLevel == "PATIENT" else STUDY_ROOT_FIND
    with open_association(destination, calling_ae_title, [build_context(model)]) as association:
        if not association.accepted_contexts:
            raise QueryFailed(f"{destination.name} does not offer C-FIND")
        for status, match in association.send_c_find(identifier, model):
            _check(destination.name, status)
            if status.Status in PENDING and match is not None:
                yield match


def _check(name: str, status: Dataset) -> None:
    code = status.get("Status")
    if code is None:
        raise QueryFailed(f"{name} stopped answering the query")
    if code not in (0x0000, *PENDING):
        comment = status.get("ErrorComment", "")
        raise QueryFailed(f"{name} ended the query with status {code:04X}H {comment}".rstrip())
