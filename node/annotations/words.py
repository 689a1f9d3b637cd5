"""Annotations in a few words, for tables."""

from collections.abc import Sequence

from storage.annotations import FilmAnnotation

_ROMAN = ("0", "I", "II", "III", "IV")


def in_words(said: Sequence[FilmAnnotation]) -> str:
    """Say what people said of a film: the newest word on the finding, and whether somebody drew the lungs.

    Parameters
    ----------
    said
        The newest last, as `annotations_of` gives it.

    >>> in_words([])
    ''
    """
    parts = []
    finding = next((one for one in reversed(said) if one.rds is not None), None)
    if finding is not None:
        grade = f", grade {_ROMAN[finding.grade]}" if finding.grade else ""
        parts.append(("present" if finding.rds else "absent") + grade)
    if any(one.has_lungs for one in said):
        parts.append("lungs drawn")
    return "; ".join(parts)
