"""What results say about the quality of the film (PS3.16 CID 6044, 6135)."""

from pydicom.sr.coding import Code

from pipeline import codes
from pipeline.results.wording import is_age_unknown
from pipeline.values import Analysis, Outcome, Reason


def quality(analysis: Analysis) -> Code | None:
    """Judge the film; None when it was this software that failed, which says nothing about the film."""
    if analysis.outcome in (Outcome.PRESENT, Outcome.ABSENT):
        return codes.USABLE_BELOW_STANDARD if is_age_unknown(analysis) else codes.USABLE
    if analysis.outcome is Outcome.NOT_ELIGIBLE:
        return codes.USABLE_BELOW_STANDARD
    return None if analysis.reason is Reason.SOFTWARE_FAILURE else codes.UNUSABLE


def quality_finding(analysis: Analysis) -> Code | None:
    """Give the coded reason why a film was not judged; None for one that was."""
    if analysis.outcome in (Outcome.PRESENT, Outcome.ABSENT):
        return None
    return codes.QUALITY_FINDINGS[analysis.reason or Reason.OTHER]
