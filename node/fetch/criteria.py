"""What a campaign looks for, and what a PACS's answers say about it."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import date
from typing import Any, Self

from pydicom import Dataset
from pydicom.datadict import dictionary_VR, tag_for_keyword

from storage.attributes import IMAGE_ATTRIBUTES, SERIES_ATTRIBUTES

RADIOGRAPHY = ("CR", "DX")
_DAYS = {"D": 1, "W": 7, "M": 30.44, "Y": 365.25}
_SERIES_KEYS = frozenset(attribute.keyword for attribute in SERIES_ATTRIBUTES)
_IMAGE_KEYS = frozenset(attribute.keyword for attribute in IMAGE_ATTRIBUTES)


@dataclass(frozen=True, slots=True)
class Criteria:
    """The wish behind a campaign.

    Attributes
    ----------
    first_day, last_day
        Study dates, both included; without a last day each round searches up to the day it begins.
    modalities
        Of the series that are fetched; none: of any modality.
    body_parts
        Body Part Examined of the series that are fetched; none: any. Series that name none are fetched too.
    max_age_days
        Oldest patients at the day of the study; those of unknown age are fetched too.
    keys
        Further matching keys by DICOM keyword.
    """

    first_day: date
    last_day: date | None = None
    modalities: tuple[str, ...] = RADIOGRAPHY
    body_parts: tuple[str, ...] = ()
    max_age_days: int | None = None
    keys: Mapping[str, str] = field(default_factory=dict)

    def days(self, today: date) -> tuple[date, date]:
        """Give the first and the last day that are searched today."""
        return self.first_day, self.last_day or today

    def to_json(self) -> dict[str, Any]:
        """Give plain values for the ledger."""
        plain = asdict(self)
        return plain | {name: plain[name] and plain[name].isoformat() for name in ("first_day", "last_day")}

    @classmethod
    def from_json(cls, plain: Mapping[str, Any]) -> Self:
        """Take what `to_json` gave."""
        return cls(
            date.fromisoformat(plain["first_day"]),
            date.fromisoformat(plain["last_day"]) if plain["last_day"] else None,
            tuple(plain["modalities"]),
            tuple(plain["body_parts"]),
            plain["max_age_days"],
            dict(plain["keys"]),
        )

    @property
    def in_words(self) -> str:
        """Say it to people."""
        last = f"to {self.last_day}" if self.last_day else "on"
        said = [f"from {self.first_day} {last}", "/".join(self.modalities) or "any modality"]
        if self.body_parts:
            said.append(f"body part {'/'.join(self.body_parts)}")
        if self.max_age_days is not None:
            said.append(f"at most {self.max_age_days} days old")
        return ", ".join((*said, *(f"{key}={value}" for key, value in self.keys.items())))

    @property
    def study_keys(self) -> dict[str, str]:
        """The keys for queries at the study level."""
        return {key: value for key, value in self.keys.items() if key not in _SERIES_KEYS | _IMAGE_KEYS}

    @property
    def series_keys(self) -> dict[str, str]:
        """The keys for queries at the series level."""
        return {key: value for key, value in self.keys.items() if key in _SERIES_KEYS}

    @property
    def image_keys(self) -> dict[str, str]:
        """The keys for queries at the image level."""
        return {key: value for key, value in self.keys.items() if key in _IMAGE_KEYS}

    def takes_study(self, study: Dataset) -> bool:
        """Tell whether a study may be fetched, by the patient's age as far as it is known."""
        if self.max_age_days is None:
            return True
        age = age_in_days(study)
        return age is None or age <= self.max_age_days

    def takes_series(self, series: Dataset) -> bool:
        """Tell whether a series may be fetched; a PACS need not match these keys itself."""
        return _is_among(series.get("Modality"), self.modalities) and _is_among(
            series.get("BodyPartExamined"), self.body_parts
        )


def _is_among(value: object, wanted: Sequence[str]) -> bool:
    text = str(value or "").strip().upper()
    return not wanted or not text or text in {each.upper() for each in wanted}


def age_in_days(study: Dataset) -> float | None:
    """Give a patient's age when studied: from both dates, else Patient's Age; None when it is unknown."""
    born, studied = (_date(study, keyword) for keyword in ("PatientBirthDate", "StudyDate"))
    if born and studied and born <= studied:
        return (studied - born).days
    age = str(study.get("PatientAge") or "").strip().upper()
    if len(age) == len("001D") and age[:3].isdecimal() and age[3] in _DAYS:
        return int(age[:3]) * _DAYS[age[3]]
    return None


def _date(study: Dataset, keyword: str) -> date | None:
    text = str(study.get(keyword) or "").strip()
    try:
        return date.fromisoformat(text) if len(text) == len("YYYYMMDD") else None
    except ValueError:
        return None


def is_keyword(keyword: str) -> bool:
    """Tell whether a text is the keyword of an attribute that can be matched."""
    tag = tag_for_keyword(keyword) if keyword else None
    return tag is not None and dictionary_VR(tag) != "SQ"
