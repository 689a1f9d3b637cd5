"""Which images show one exposure, and which of them stands for it.

Consoles send several images of one exposure: the raw one FOR PROCESSING, the one FOR PRESENTATION, and
enhanced copies of that. Judging each would count the exposure more than once.
"""

import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass

from pydicom import Dataset
from pydicom.uid import DigitalXRayImageStorageForProcessing

from pipeline.attributes import integer, items, number, text, texts
from pipeline.gate.acquisition import is_enhanced_copy
from pipeline.gate.settings import GateSettings

EXPOSURE_KEYWORDS = (
    *("SOPClassUID", "ImageType", "PresentationIntentType", "SeriesDescription", "ViewPosition"),
    *("AcquisitionDateTime", "AcquisitionDate", "AcquisitionTime", "AcquisitionNumber"),
    *("IrradiationEventUID", "SourceImageSequence", "SeriesNumber", "InstanceNumber"),
    *("KVP", "Exposure", "ExposureInuAs", "ExposureTime", "ExposureTimeInuS", "XRayTubeCurrent"),
)
"""All that is read here of a header."""
_TECHNIQUE = EXPOSURE_KEYWORDS[-6:]
_LAST = 2**31


@dataclass(frozen=True, slots=True)
class Exposure:
    """What an image says of its exposure, and of its own place among the images of it.

    Attributes
    ----------
    moment
        ``YYYYMMDDHHMMSS``, possibly with a fraction; "" when it is not stated to the second.
    technique
        Tube voltage, current, time and dose as ``KVP=60``.
    source_uids
        Images that this one was made from (Source Image Sequence).
    """

    moment: str = ""
    event_uid: str = ""
    number: str = ""
    view: str = ""
    technique: tuple[str, ...] = ()
    source_uids: tuple[str, ...] = ()
    is_enhanced: bool = False
    is_raw: bool = False
    is_secondary: bool = False
    is_derived: bool = False
    series_number: int = _LAST
    instance_number: int = _LAST

    @classmethod
    def from_facts(cls, facts: Mapping[str, object]) -> "Exposure":
        """Make it from what `as_facts` gave."""
        values = {name: tuple(value) if isinstance(value, list) else value for name, value in facts.items()}
        return cls(**values)  # type: ignore[arg-type]

    def as_facts(self) -> dict[str, object]:
        """Give it as values that JSON has."""
        return {
            name: list(value) if isinstance(value, tuple) else value for name, value in asdict(self).items()
        }

    @property
    def is_by_product(self) -> bool:
        """Whether another image of the exposure is to be expected: of raw images and enhanced copies."""
        return self.is_raw or self.is_enhanced

    @property
    def rank(self) -> tuple[bool | int, ...]:
        """Order among the images of one exposure: the original FOR PRESENTATION comes first."""
        kind = (self.is_enhanced, self.is_raw, self.is_secondary, self.is_derived)
        return (*kind, self.series_number, self.instance_number)


def read_exposure(header: Dataset, settings: GateSettings) -> Exposure:
    """Read what a header says of the exposure; `EXPOSURE_KEYWORDS` suffice."""
    image_type = [value.upper() for value in texts(header, "ImageType")]
    intent = text(header, "PresentationIntentType").upper()
    raw_class = text(header, "SOPClassUID") == DigitalXRayImageStorageForProcessing
    series_number, instance_number = integer(header, "SeriesNumber"), integer(header, "InstanceNumber")
    return Exposure(
        moment=_moment(header),
        event_uid=text(header, "IrradiationEventUID"),
        number=text(header, "AcquisitionNumber"),
        view=text(header, "ViewPosition").upper(),
        technique=tuple(f"{name}={value:g}" for name in _TECHNIQUE if (value := number(header, name))),
        source_uids=tuple(
            uid
            for item in items(header, "SourceImageSequence")
            if (uid := text(item, "ReferencedSOPInstanceUID"))
        ),
        is_enhanced=is_enhanced_copy(header, settings),
        is_raw=raw_class or intent == "FOR PROCESSING",
        is_secondary=image_type[1:2] == ["SECONDARY"],
        is_derived=image_type[:1] == ["DERIVED"],
        series_number=_LAST if series_number is None else series_number,
        instance_number=_LAST if instance_number is None else instance_number,
    )


def is_same_exposure(one: Exposure, one_uid: str, other: Exposure, other_uid: str) -> bool:
    """Tell whether two images of one study surely show one exposure.

    A source image that one names, or both, settles it, and so do two Irradiation Event UIDs. Else the moment
    must be the same to the second, nothing else that both state may differ, and something else must agree:
    a fraction of the second, the acquisition number, the technique, or their being two kinds of image.
    """
    if one_uid in other.source_uids or other_uid in one.source_uids:
        return True
    if set(one.source_uids) & set(other.source_uids):
        return True
    if one.event_uid and other.event_uid:
        return one.event_uid == other.event_uid
    if not one.moment or one.moment[:14] != other.moment[:14]:
        return False
    return not _differ(one, other) and _agree(one, other)


def _differ(one: Exposure, other: Exposure) -> bool:
    pairs = [(one.view, other.view), (one.number, other.number), (one.moment[15:], other.moment[15:])]
    known = _by_name(other.technique)
    pairs += [(value, known.get(name, "")) for name, value in _by_name(one.technique).items()]
    return any(left and right and left != right for left, right in pairs)


def _agree(one: Exposure, other: Exposure) -> bool:
    return bool(
        (one.moment[15:].strip("0") and one.moment == other.moment)
        or (one.number and one.number == other.number)
        or set(one.technique) & set(other.technique)
        or one.rank[:4] != other.rank[:4]
    )


def _by_name(technique: tuple[str, ...]) -> dict[str, str]:
    return dict(entry.split("=", 1) for entry in technique)


def _moment(header: Dataset) -> str:
    """Read Acquisition DateTime, else Acquisition Date and Time; midnight to the second counts as unknown."""
    stated = re.sub(r"[+-]\d{4}$", "", text(header, "AcquisitionDateTime"))
    if not re.fullmatch(r"\d{14}(\.\d+)?", stated):
        day = text(header, "AcquisitionDate").replace(".", "").replace("-", "")
        stated = day + text(header, "AcquisitionTime").replace(":", "")
    is_exact = re.fullmatch(r"\d{14}(\.\d+)?", stated) and not re.fullmatch(r"\d{8}0{6}(\.0+)?", stated)
    return stated.split(".")[0] + _fraction(stated) if is_exact else ""


def _fraction(moment: str) -> str:
    fraction = moment.partition(".")[2].rstrip("0")
    return f".{fraction}" if fraction else ""
