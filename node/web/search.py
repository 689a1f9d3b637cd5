"""QIDO-RS: searches for studies, series and instances (PS3.18 10.6)."""

from collections.abc import Mapping

from pydicom.datadict import dictionary_VR, tag_for_keyword
from starlette.responses import Response

from node.log import EventLog
from node.web.answers import models
from node.web.dicom_json import UNICODE, Element, Model, as_element, text_element
from node.web.inquiry import Inquiry, Links
from node.web.search_request import SearchRequest, read_search
from storage.counters import Entry
from storage.ledger import Ledger
from storage.matching import Level
from storage.query import SUPPORTED_KEYS, find

STUDY_FIELDS = frozenset(
    {
        "StudyDate", "StudyTime", "AccessionNumber", "ModalitiesInStudy", "ReferringPhysicianName",
        "StudyDescription", "PatientName", "PatientID", "PatientBirthDate", "PatientSex", "StudyInstanceUID",
        "StudyID", "NumberOfStudyRelatedSeries", "NumberOfStudyRelatedInstances",
    }
)  # fmt: skip
SERIES_FIELDS = frozenset(
    {
        "Modality", "SeriesDescription", "SeriesInstanceUID", "SeriesNumber", "SeriesDate", "SeriesTime",
        "NumberOfSeriesRelatedInstances", "PerformedProcedureStepStartDate",
        "PerformedProcedureStepStartTime", "RequestAttributesSequence",
    }
)  # fmt: skip
INSTANCE_FIELDS = frozenset(
    {
        "SOPClassUID", "SOPInstanceUID", "InstanceNumber", "Rows", "Columns", "BitsAllocated",
        "NumberOfFrames", "TimezoneOffsetFromUTC",
    }
)  # fmt: skip
_FIELDS: Mapping[Level, tuple[tuple[str, frozenset[str]], ...]] = {
    Level.STUDY: (("", STUDY_FIELDS),),
    Level.SERIES: (("", SERIES_FIELDS), ("StudyInstanceUID", STUDY_FIELDS)),
    Level.IMAGE: (
        ("", INSTANCE_FIELDS),
        ("SeriesInstanceUID", SERIES_FIELDS),
        ("StudyInstanceUID", STUDY_FIELDS),
    ),
}
"""What every answer has (PS3.18 tables 10.6.3-3 to 5, and some that viewers show): that of the levels above
only where the path does not name the entry."""
_UNIQUE = ("StudyInstanceUID", "SeriesInstanceUID", "SOPInstanceUID")

_log = EventLog("web")


class Search:
    """Answers the six searches.

    Parameters
    ----------
    most_results
        Given in one answer; 0 for all.
    """

    def __init__(self, ledger: Ledger, most_results: int) -> None:
        self._ledger = ledger
        self._most = most_results

    def studies(self, inquiry: Inquiry) -> Response:
        """Search for studies."""
        return self._search(inquiry, Level.STUDY)

    def series(self, inquiry: Inquiry) -> Response:
        """Search for series, of one study or of all."""
        return self._search(inquiry, Level.SERIES)

    def instances(self, inquiry: Inquiry) -> Response:
        """Search for instances, of one series, one study or all."""
        return self._search(inquiry, Level.IMAGE)

    def _search(self, inquiry: Inquiry, level: Level) -> Response:
        request = read_search(level, inquiry.keys, inquiry.query)
        entries, are_cut = self._find(request)
        _log.info("search answered", visitor=inquiry.visitor.name, level=level, results=len(entries))
        headers = _warnings(request, are_cut=are_cut)
        if not entries:
            return Response(status_code=204, headers=headers)
        fields = _fields(request, inquiry.keys)
        return models(inquiry, [to_model(level, entry, fields, inquiry.links) for entry in entries], headers)

    def _find(self, request: SearchRequest) -> tuple[list[Entry], bool]:
        """Give the entries, and whether the node's own limit cut some off."""
        wished = (request.limit, self._most or None)
        most = min((number for number in wished if number is not None), default=None)
        # One more than is given, to know whether there are more.
        limit = None if most is None else most + 1
        with self._ledger.read() as connection:
            rows = find(
                connection,
                request.level,
                request.matches,
                limit=limit,
                offset=request.offset,
                newest_first=True,
            )
            found = list(rows)
        are_cut = len(found) == limit and request.limit != most
        return found[:most], are_cut


def to_model(level: Level, entry: Entry, fields: frozenset[str], links: Links) -> Model:
    """Make one answer: the fields in the order of their tags, and where to retrieve the entry."""
    elements = {keyword: _element(keyword, value) for keyword, value in entry.items() if keyword in fields}
    elements["SpecificCharacterSet"] = as_element("CS", [UNICODE])
    elements["RetrieveURL"] = as_element("UR", [_address(level, entry, links)])
    elements["InstanceAvailability"] = as_element("CS", ["ONLINE"])
    model = {f"{tag_for_keyword(keyword):08X}": element for keyword, element in elements.items()}
    return dict(sorted(model.items()))


def _element(keyword: str, value: object) -> Element:
    vr = dictionary_VR(keyword)
    if value is None or value == "":
        return {"vr": vr}
    if isinstance(value, tuple):
        return as_element(vr, [_item(item) for item in value])
    return as_element(vr, [value]) if isinstance(value, int) else text_element(vr, str(value))


def _item(item: Mapping[str, str | None]) -> Model:
    model = {f"{tag_for_keyword(keyword):08X}": _element(keyword, value) for keyword, value in item.items()}
    return dict(sorted(model.items()))


def _address(level: Level, entry: Entry, links: Links) -> str:
    uids = [str(entry.get(keyword)) for keyword in _UNIQUE]
    if level is Level.STUDY:
        return links.study(uids[0])
    return links.series(*uids[:2]) if level is Level.SERIES else links.instance(*uids)


def _fields(request: SearchRequest, keys: Mapping[str, str]) -> frozenset[str]:
    given = frozenset().union(*(fields for key, fields in _FIELDS[request.level] if key not in keys))
    return (given | request.fields | set(_UNIQUE)) & SUPPORTED_KEYS[request.level]


def _warnings(request: SearchRequest, *, are_cut: bool) -> dict[str, str]:
    """Tell what the answer leaves out (PS3.18 8.3.4.2 and 10.6.1.2.2)."""
    sentences = []
    if request.ignored:
        names = ", ".join(sorted(set(request.ignored)))
        sentences.append(f"These attributes are not supported and were not matched: {names}")
    if are_cut:
        sentences.append("There are additional results that can be requested; use limit and offset")
    warnings = ", ".join(f'299 neolung "{sentence}."' for sentence in sentences)
    return {"Warning": warnings} if warnings else {}
