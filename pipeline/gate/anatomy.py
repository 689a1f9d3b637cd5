"""Whether it is the chest."""

import re
from collections.abc import Iterator

from pydicom import Dataset

from pipeline.attributes import codes, items, text
from pipeline.gate.settings import GateSettings
from pipeline.gate.verdicts import no, unknown, yes
from pipeline.gate.words import END, START
from pipeline.values import RuleVerdict

_RULE = "body part"
_CHEST_CODES = {
    "SCT": {"51185008", "43799004", "816094009", "416550000", "39607008", "38266002"},
    "SRT": {"T-D3000", "T-D3200", "R-FAB55", "T-28000", "T-D0010"},
}
"""Thorax, thoracic cavity, chest, chest and abdomen, lung, whole body."""
_CHEST = re.compile(
    rf"chest|th?[oóÓ]ra(x|c(?!o[ _-]?lumb))|{START}cxr{END}|baby[ _-]?gram|whole[ _-]?body|{START}lungs?{END}"
    rf"|{START}lunge{END}|poumon|흉부|가슴|폐(?![색쇄기])|胸(?!椎)",
    re.IGNORECASE,
)
"""Not the thoracolumbar spine, nor 폐색 and 폐쇄, the obstruction of a bowel."""
_OTHER = re.compile(
    rf"spine|lumba[lr]|skull|{START}head{END}|abdom|pelvi|{START}hips?{END}|femur|knee|tibia|fibula|ankle"
    rf"|{START}(foot|feet|toes?|hands?){END}|finger|wrist|forearm|{START}(arm|leg){END}|elbow|humerus|shoulder"
    r"|clavicle|extremity|breast|sinus|dental|teeth|복부|두개|골반|무릎|척추|경추|흉추|요추|고관절|손목|발목|椎",
    re.IGNORECASE,
)
_SPINE = re.compile(rf"(thoracic|{START}t)[ _-]?spine", re.IGNORECASE)
_DESCRIPTIONS = (
    "SeriesDescription",
    "StudyDescription",
    "ProtocolName",
    "PerformedProcedureStepDescription",
    "RequestedProcedureDescription",
)


def judge_body_part(header: Dataset, _settings: GateSettings) -> RuleVerdict:
    """Judge Body Part Examined, Anatomic Region, then descriptions in several languages."""
    named = text(header, "BodyPartExamined")
    regions = [_is_chest_code(*code) for code in codes(header, "AnatomicRegionSequence") if code[0]]
    described = [value for value in _descriptions(header) if value]
    if _names_chest(named) or True in regions:
        return yes(_RULE, f"{named[:16] or 'Anatomic Region'} is the chest")
    chest_described = any(_names_chest(value) for value in described)
    elsewhere = bool(_OTHER.search(named)) or False in regions
    if chest_described:
        contradiction = "the descriptions name the chest, the coded body part another"
        return unknown(_RULE, contradiction) if elsewhere else yes(_RULE, "the descriptions name the chest")
    if elsewhere or any(_OTHER.search(value) for value in described):
        return no(_RULE, f"{named[:16] or 'the description'} is not the chest")
    return unknown(_RULE, f"{named[:16]!r} says nothing" if named else "not stated")


def _is_chest_code(value: str, scheme: str) -> bool:
    return value in _CHEST_CODES.get("SRT" if scheme in ("SRT", "SNM3", "99SDM") else "SCT", set())


def _names_chest(value: str) -> bool:
    return bool(_CHEST.search(_SPINE.sub("spine", value)))


def _descriptions(header: Dataset) -> Iterator[str]:
    for keyword in _DESCRIPTIONS:
        yield text(header, keyword)
    for item in items(header, "ProcedureCodeSequence"):
        yield text(item, "CodeMeaning")
