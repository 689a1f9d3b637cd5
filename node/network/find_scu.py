"""C-FIND as SCU: ask the node or a PACS (PS3.4 C.4.1)."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from pydicom import Dataset
from pydicom.datadict import dictionary_VR, tag_for_keyword
from pydicom.dataelem import DataElement
from pydicom.uid import UID
from pynetdicom.association import Association
from pynetdicom.dsutils import encode
from pynetdicom.presentation import build_context

from node.config.destinations import DestinationConfig
from node.errors import IdentifierNotMade, QueryCutShort, QueryFailed
from node.network.contexts import PATIENT_ROOT_FIND, PLAIN_SYNTAXES, STUDY_ROOT_FIND
from node.network.requestor import open_association
from node.network.responses import UNICODE

PENDING = (0xFF00, 0xFF01)
_CUT_SHORT = (0xA700, 0xB001, 0xFE00)
"""Statuses of peers that stop at a limit of their own; FE00 is Orthanc's, although nobody cancelled."""
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


class Questions:
    """One association for as many queries of one information model as are wanted, one after the other."""

    def __init__(self, name: str, association: Association, model: UID) -> None:
        self._name = name
        self._association = association
        self._model = model

    def find(self, identifier: Dataset) -> Iterator[Dataset]:
        """Send one C-FIND and give the matches as they come.

        Raises
        ------
        QueryFailed
            If the peer answers a failure, as `QueryCutShort` where that is a limit; matches before that were
            already given.
        """
        if not self._association.is_established:
            raise QueryFailed(f"{self._name} has ended the association")
        for status, match in self._association.send_c_find(identifier, self._model):
            _check(self._name, status)
            if status.Status in PENDING and match is not None:
                yield match


@contextmanager
def open_questions(
    destination: DestinationConfig, calling_ae_title: str, model: UID = STUDY_ROOT_FIND
) -> Iterator[Questions]:
    """Open an association for queries.

    Raises
    ------
    AssociationRefused
        If the peer cannot be reached or rejects the association.
    QueryFailed
        If it offers no query service.
    """
    contexts = [build_context(model, list(PLAIN_SYNTAXES))]
    with open_association(destination, calling_ae_title, contexts) as association:
        if not association.accepted_contexts:
            raise QueryFailed(f"{destination.name} does not offer C-FIND")
        yield Questions(destination.name, association, model)


def find(destination: DestinationConfig, calling_ae_title: str, identifier: Dataset) -> Iterator[Dataset]:
    """Send one C-FIND over an association of its own and give the matches as they come.

    Raises
    ------
    AssociationRefused, QueryFailed
        As `open_questions` and `Questions.find` do.
    """
    model = PATIENT_ROOT_FIND if identifier.QueryRetrieveLevel == "PATIENT" else STUDY_ROOT_FIND
    with open_questions(destination, calling_ae_title, model) as questions:
        yield from questions.find(identifier)


def _check(name: str, status: Dataset) -> None:
    code = status.get("Status")
    if code is None:
        raise QueryFailed(f"{name} stopped answering the query; does it let this AE title query?")
    if code not in (0x0000, *PENDING):
        kind = QueryCutShort if code in _CUT_SHORT else QueryFailed
        raise kind(f"{name} ended the query with status {code:04X}H", status.get("ErrorComment", ""))
