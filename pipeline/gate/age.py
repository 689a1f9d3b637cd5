"""Whether the patient is a newborn: by dates, then by Patient Age, then by weight and length."""

import re
from datetime import date

from pydicom import Dataset

from pipeline.attributes import number, text
from pipeline.gate.settings import GateSettings
from pipeline.gate.verdicts import no, unknown, yes
from pipeline.values import RuleVerdict, Verdict

_RULE = "age"
_DATES_OF_FILM = ("AcquisitionDate", "AcquisitionDateTime", "ContentDate", "SeriesDate", "StudyDate")
_AGE_STRING = re.compile(r"(\d{1,3})\s*([DWMY]?)", re.IGNORECASE)
_MONTH_DAYS, _OLDEST_DAYS = 30, 130 * 366
_LIGHTEST_KG, _LIGHTEST_GRAMS, _HEAVIEST_GRAMS = 0.3, 300, 6500
_SHORTEST_M, _SHORTEST_CM = 0.2, 20


def judge_age(header: Dataset, settings: GateSettings) -> RuleVerdict:
    """Judge the age on the day of the film.

    Notes
    -----
    Acquisition date minus birth date counts where both are real dates. Else Patient Age (0010,1010), which
    some senders write without a unit. Else Patient's Weight and Size, which support or exclude a newborn.
    """
    days = age_in_days(header, settings)
    if days is not None:
        detail = f"{days} days on the day of the film, allowed {settings.max_age_days}"
        return yes(_RULE, detail) if days <= settings.max_age_days else no(_RULE, detail)
    by_age_string = judge_age_string(text(header, "PatientAge"), settings.max_age_days)
    if by_age_string is not None and by_age_string.verdict != Verdict.UNKNOWN:
        return by_age_string
    nothing = unknown(_RULE, "neither dates nor age nor size are stated")
    return _judge_body(header, settings) or by_age_string or nothing


def age_in_days(header: Dataset, settings: GateSettings) -> int | None:
    """Return the days from birth to the film; None unless both dates are real and a life apart at most."""
    birth = text(header, "PatientBirthDate")
    born = None if birth in settings.placeholder_birth_dates else _date(birth)
    taken = next(filter(None, (_date(text(header, keyword)) for keyword in _DATES_OF_FILM)), None)
    if born is None or taken is None or not 0 <= (taken - born).days <= _OLDEST_DAYS:
        return None
    return (taken - born).days


def _date(value: str) -> date | None:
    """Read DA or the start of DT; the dots of old ACR-NEMA dates are allowed."""
    digits = value.replace(".", "")[:8]
    if len(digits) < 8 or not digits.isascii() or not digits.isdigit():
        return None
    try:
        return date(int(digits[:4]), int(digits[4:6]), int(digits[6:]))
    except ValueError:
        return None


def judge_age_string(age: str, max_age_days: int) -> RuleVerdict | None:
    """Judge an Age String; None when there is none, or nothing can be read from it.

    Months and years are rounded by senders, so an age that may round to an allowed one is unknown.
    """
    found = _AGE_STRING.fullmatch(age)
    if found is None:
        return None
    count, unit = int(found[1]), found[2].upper()
    detail = f"Patient Age {count:03d}{unit}, allowed {max_age_days} days"
    if unit == "" and count <= max_age_days:
        return unknown(_RULE, f"{detail}; the unit is missing")
    youngest, surely = _days_range(count, unit)
    if surely <= max_age_days:
        return yes(_RULE, detail)
    return no(_RULE, detail) if youngest > max_age_days else unknown(_RULE, detail)


def _days_range(count: int, unit: str) -> tuple[int, int]:
    """Return the youngest age that may be meant, and the age up to which it is taken as meant."""
    if unit in ("D", ""):
        return count, count
    if unit == "W":
        return 7 * count, 7 * count
    if unit == "M":
        return _MONTH_DAYS * (count - 1) + (count > 1), _MONTH_DAYS * (count + 1) - 2
    return 365 * count, 365 * (count + 1)


def _judge_body(header: Dataset, settings: GateSettings) -> RuleVerdict | None:
    weight, length = _weight_kg(header), _length_m(header)
    if weight is None and length is None:
        return None
    seen = ", ".join(
        f"{value:.3g} {unit}" for value, unit in ((weight, "kg"), (length, "m")) if value is not None
    )
    if (weight or 0) > settings.max_weight_kg or (length or 0) > settings.max_length_m:
        return no(_RULE, f"no age, and too large for a newborn: {seen}")
    return yes(_RULE, f"no age, but the size of a newborn: {seen}")


def _weight_kg(header: Dataset) -> float | None:
    """Return a believable weight; numbers that a newborn has in grams are taken as grams."""
    weight = number(header, "PatientWeight")
    if weight is None or not _LIGHTEST_KG <= weight <= _HEAVIEST_GRAMS:
        return None
    return weight / 1000 if weight >= _LIGHTEST_GRAMS else weight


def _length_m(header: Dataset) -> float | None:
    """Return a believable length; numbers beyond 2.5 are taken as centimetres."""
    length = number(header, "PatientSize")
    if length is None or not _SHORTEST_M <= length <= 250 or 2.5 < length < _SHORTEST_CM:
        return None
    return length / 100 if length > 2.5 else length
