"""Whether it is a frontal view."""

import re

from pydicom import Dataset

from pipeline.attributes import codes, text
from pipeline.gate.settings import GateSettings
from pipeline.gate.verdicts import no, unknown, yes
from pipeline.gate.words import END, START
from pipeline.pixels.orientation import is_lateral
from pipeline.values import Reason, RuleVerdict

_RULE = "view"
_FRONTAL_CODES = {"399348003", "272479007", "399033003", "R-10206", "R-40888", "R-10214", "R-10202"}
_OTHER_CODES = {
    "399067008", "399173006", "399198007", "30730003", "399312000", "399059000", "399006002", "399038007",
    "399135007", "399356000", "399184004", "399236003", "399182000", "399160007", "260427002", "260426006",
    "399352003", "399260004", "399132005", "399325008", "399061009",
    "R-10236", "R-10232", "R-102CD", "G-A145",
}  # fmt: skip
"""Lateral, sagittal, oblique and axial views of CID 4010."""
_FRONTAL_POSITIONS = ("AP", "PA")
_OTHER_POSITION = re.compile(r"LL|RL|LAT|LATERAL|LLD|RLD|[LR][PA]O|[LR]LO|OBL|OBLIQUE|XTABLE|TAN|AX(IAL)?")
_FRONTAL = re.compile(
    rf"{START}(ap|pa|a\.p\.?|p\.a\.?|frontal|antero-?posterior|postero-?anterior){END}|정면|전후|후전",
    re.IGNORECASE,
)
_LATERAL = re.compile(
    rf"{START}lat(eral)?{END}|decub|(cross|{START}x)[ _-]*table|{START}oblique{END}|seitlich"
    "|측면|측와위|사위",
    re.IGNORECASE,
)
_OF_THE_IMAGE = ("SeriesDescription", "ProtocolName", "AcquisitionDeviceProcessingDescription")
_OF_THE_STUDY = ("StudyDescription", "RequestedProcedureDescription", "PerformedProcedureStepDescription")


def judge_view(header: Dataset, _settings: GateSettings) -> RuleVerdict:
    """Judge View Position, View Code, Patient Orientation, then descriptions.

    A description of the series that names a lateral and no frontal view outweighs a frontal View Position,
    which consoles fill in by default; a description of the study counts only where nothing else is known,
    because it names all views of the study.
    """
    position = text(header, "ViewPosition").upper()
    view_codes = {value for value, _ in codes(header, "ViewCodeSequence")}
    of_image = " ".join(text(header, keyword) for keyword in _OF_THE_IMAGE)
    if other := _other_view(header, position, view_codes):
        return no(_RULE, other, Reason.POSITIONING)
    if _LATERAL.search(of_image) and not _FRONTAL.search(of_image):
        return no(_RULE, "the series is described as lateral, decubitus or oblique", Reason.POSITIONING)
    if position in _FRONTAL_POSITIONS or view_codes & _FRONTAL_CODES or _FRONTAL.search(of_image):
        return yes(_RULE, position if position in _FRONTAL_POSITIONS else "frontal")
    return _judge_study(header)


def _other_view(header: Dataset, position: str, view_codes: set[str]) -> str:
    if position and _OTHER_POSITION.fullmatch(position):
        return f"View Position {position}"
    if view_codes & _OTHER_CODES and not view_codes & _FRONTAL_CODES:
        return "a lateral, oblique or axial view by its code"
    return "lateral by Patient Orientation" if is_lateral(header) else ""


def _judge_study(header: Dataset) -> RuleVerdict:
    of_study = " ".join(text(header, keyword) for keyword in _OF_THE_STUDY)
    frontal, lateral = _FRONTAL.search(of_study), _LATERAL.search(of_study)
    if lateral and not frontal:
        return no(_RULE, "the study is described as lateral, decubitus or oblique", Reason.POSITIONING)
    if frontal and not lateral:
        return yes(_RULE, "frontal, by the description of the study")
    return unknown(_RULE, "not stated")
