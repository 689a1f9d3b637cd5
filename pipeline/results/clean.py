"""Received attribute values, repaired where the meaning is plain and emptied where it is not."""

import re
from collections.abc import Callable, Mapping
from datetime import date
from types import MappingProxyType

from pipeline.results.elements import tidy

_SEXES = MappingProxyType({"M": "M", "MALE": "M", "F": "F", "FEMALE": "F", "O": "O", "OTHER": "O"})


def clean_date(text: str) -> str:
    """Return YYYYMMDD for that and for 2025-03-01, 2025.03.01, 2025/03/01; else ""."""
    found = re.fullmatch(r"(\d{4})([.\-/]?)(\d{2})\2(\d{2})", text.strip())
    if not found:
        return ""
    year, month, day = int(found[1]), int(found[3]), int(found[4])
    try:
        date(year, month, day)
    except ValueError:
        return ""
    return found[1] + found[3] + found[4]


def clean_time(text: str) -> str:
    """Return HHMMSS.FFFFFF, possibly shorter, for that and for 07:30:00; else ""."""
    digits = text.strip().replace(":", "")
    valid = re.fullmatch(r"([01]\d|2[0-3])([0-5]\d(([0-5]\d|60)(\.\d{1,6})?)?)?", digits)
    return digits if valid else ""


def clean_utc_offset(text: str) -> str:
    """Return an offset from UTC between -1200 and +1400 as ``+0900``; else ""."""
    found = re.fullmatch(r"([+-])(\d\d):?([0-5]\d)", text.strip())
    if not found:
        return ""
    minutes = int(f"{found[1]}1") * (60 * int(found[2]) + int(found[3]))
    if not -12 * 60 <= minutes <= 14 * 60:
        return ""
    return "+0000" if minutes == 0 else f"{found[1]}{found[2]}{found[3]}"


def clean_sex(text: str) -> str:
    """Return M, F or O; else ""."""
    return _SEXES.get(text.strip().upper(), "")


def clean_age(text: str) -> str:
    """Return an age as ``003D``; else ""."""
    age = text.strip().upper()
    return age if re.fullmatch(r"\d{3}[DWMY]", age) else ""


def clean_decimals(text: str) -> str:
    """Return decimal strings above zero, joined by backslashes, if all of them are valid; else ""."""
    parts = [part.strip() for part in text.split("\\")]
    valid = all(len(part) <= 16 and re.fullmatch(r"\+?\d*\.?\d+([eE][+-]?\d+)?", part) for part in parts)
    return "\\".join(parts) if valid and all(float(part) > 0 for part in parts) else ""


def clean_code_strings(text: str) -> str:
    """Return code strings in upper case, joined by backslashes, if all of them are valid; else ""."""
    parts = [part.strip().upper() for part in text.split("\\")]
    return "\\".join(parts) if all(re.fullmatch("[A-Z0-9_ ]{1,16}", part) for part in parts) else ""


def clean_answer(text: str) -> str:
    """Return YES or NO; else ""."""
    answer = text.strip().upper()
    return answer if answer in ("YES", "NO") else ""


def clean_orientation(text: str) -> str:
    """Return the two values of Patient Orientation (0020,0020), joined by a backslash; else ""."""
    parts = [part.strip().upper() for part in text.split("\\")]
    valid = len(parts) == 2 and all(re.fullmatch("[ALRPHF]{1,3}", part) for part in parts)
    return "\\".join(parts) if valid else ""


def clean_name(text: str) -> str:
    """Return the first Person Name, each component group cut at its 64 characters."""
    return "=".join(group[:64] for group in tidy(text.split("\\")[0]).split("=")[:3])


CLEANERS: Mapping[str, Callable[[str], str]] = MappingProxyType(
    {
        "PatientBirthDate": clean_date,
        "StudyDate": clean_date,
        "StudyTime": clean_time,
        "TimezoneOffsetFromUTC": clean_utc_offset,
        "PatientSex": clean_sex,
        "PatientAge": clean_age,
        "PatientSize": clean_decimals,
        "PatientWeight": clean_decimals,
        "ReferringPhysicianName": clean_name,
        "TypeOfPatientID": clean_code_strings,
        "UniversalEntityIDType": clean_code_strings,
        "PatientIdentityRemoved": clean_answer,
        "Modality": clean_code_strings,
        "BodyPartExamined": clean_code_strings,
        "PatientOrientation": clean_orientation,
        "LossyImageCompression": clean_code_strings,
        "LossyImageCompressionRatio": clean_decimals,
        "LossyImageCompressionMethod": clean_code_strings,
    }
)
"""By keyword; other text only loses its control characters and what exceeds its Value Representation."""
