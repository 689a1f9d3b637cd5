"""C-FIND as SCU: ask the node or a PACS (PS3.4 C.4.1)."""

from collections.abc import Iterator, Mapping

from pydicom import Dataset
from pydicom.datadict import tag_for_keyword
from pynetdicom.presentation import build_context

from node.config.destinations import DestinationConfig
from node.errors import QueryFailed
from node.network.contexts import PATIENT_ROOT_FIND, STUDY_ROOT_FIND
from node.network.requestor import open_association

PENDING = (0xFF00, 0xFF01)


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
    QueryFailed
        If a keyword is not in the data dictionary.
    """
    identifier = Dataset()
    identifier.QueryRetrieveLevel = level
    if not all(value.isascii() for value in keys.values()):
        identifier.SpecificCharacterSet = "ISO_IR 192"
    for keyword, value in keys.items():
        if tag_for_keyword(keyword) is None:
            raise QueryFailed(f"{keyword!r} is not a DICOM keyword; write it as in PatientID or StudyDate")
        setattr(identifier, keyword, value)
    return identifier


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
