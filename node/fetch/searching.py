"""Finds studies at a PACS day by day, in portions that the PACS gives whole (PS3.4 C.4.1).

Many a PACS gives at most some hundred matches: with a status, or without a word. A portion that is cut short,
or whose size looks like such a limit, is asked for again in halves, at last by the time of day.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta

from pydicom import Dataset

from node.errors import QueryCutShort
from node.fetch.criteria import Criteria
from node.network.find_scu import Questions, make_identifier

_ROUND_NUMBER = 50
"""Limits are multiples of it: as many answers may be all that a PACS gives."""
_DAY_MINUTES = 24 * 60
_SHORTEST_MINUTES = 15
_ASKED = ("StudyInstanceUID", "StudyDate", "StudyTime", "PatientBirthDate", "PatientAge", "ModalitiesInStudy")


@dataclass(frozen=True, slots=True)
class Portion:
    """Days, or a part of one day, that one query asks about.

    Attributes
    ----------
    first_minute, last_minute
        Minutes since midnight, both included.
    """

    first_day: date
    last_day: date
    first_minute: int = 0
    last_minute: int = _DAY_MINUTES - 1

    def halves(self) -> "tuple[Portion, Portion] | None":
        """Split it in two; None when it is too short for that."""
        days = (self.last_day - self.first_day).days
        if days:
            middle = self.first_day + timedelta(days=days // 2)
            return Portion(self.first_day, middle), Portion(middle + timedelta(days=1), self.last_day)
        minutes = self.last_minute - self.first_minute + 1
        if minutes <= _SHORTEST_MINUTES:
            return None
        middle_minute = self.first_minute + minutes // 2
        return (
            Portion(self.first_day, self.last_day, self.first_minute, middle_minute - 1),
            Portion(self.first_day, self.last_day, middle_minute, self.last_minute),
        )

    def keys(self) -> dict[str, str]:
        """Give Study Date and, for a part of a day, Study Time as matching keys."""
        days = sorted({f"{day:%Y%m%d}" for day in (self.first_day, self.last_day)})
        keys = {"StudyDate": "-".join(days)}
        if (self.first_minute, self.last_minute) != (0, _DAY_MINUTES - 1):
            keys["StudyTime"] = f"{_clock(self.first_minute)}00-{_clock(self.last_minute)}59.999999"
        return keys


def find_studies(questions: Questions, criteria: Criteria, portion: Portion) -> dict[str, Dataset]:
    """Give the studies of some days that the criteria take, by Study Instance UID.

    Raises
    ------
    QueryFailed
        If the PACS does not answer as it should; as `QueryCutShort` when it limits its answers even to a
        quarter of an hour.
    """
    found: dict[str, Dataset] = {}
    for modality in criteria.modalities or ("",):
        keys = criteria.study_keys | {"ModalitiesInStudy": modality}
        for study in _find_all(questions, keys, portion):
            if study.get("StudyInstanceUID") and criteria.takes_study(study):
                found[str(study.StudyInstanceUID)] = study
    return found


def _find_all(questions: Questions, keys: dict[str, str], portion: Portion) -> Iterator[Dataset]:
    identifier = make_identifier("STUDY", dict.fromkeys(_ASKED, "") | keys | portion.keys())
    found: list[Dataset] = []
    cut: QueryCutShort | None = None
    try:
        found.extend(questions.find(identifier))
    except QueryCutShort as error:
        cut = error
    # Also what came of a portion that was cut short: studies without a time are in no part of a day.
    yield from found
    if cut is None and (not found or len(found) % _ROUND_NUMBER):
        return
    halves = portion.halves()
    if halves is None and cut is not None:
        raise cut
    for half in halves or ():
        yield from _find_all(questions, keys, half)


def _clock(minute: int) -> str:
    return f"{minute // 60:02}{minute % 60:02}"
