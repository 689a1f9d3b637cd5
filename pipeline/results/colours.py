"""The colours of results, the same in pictures, on the page and over the film."""

from pipeline import codes
from pipeline.results.segments import LungSegment
from pipeline.results.wording import is_age_unknown
from pipeline.values import Analysis, Outcome

Rgb = tuple[int, int, int]
"""Red, green and blue, 0 to 255."""

BLACK: Rgb = (0, 0, 0)
WHITE: Rgb = (255, 255, 255)
GREY: Rgb = (170, 170, 170)
RED: Rgb = (255, 96, 80)
YELLOW: Rgb = (255, 214, 64)
RIGHT_LUNG: Rgb = (0, 160, 255)
LEFT_LUNG: Rgb = (255, 160, 0)
LUNGS: Rgb = (0, 210, 190)


def lung_colour(segment: LungSegment) -> Rgb:
    """Give the colour of one lung, or of both where their sides are not known."""
    if segment.laterality is None:
        return LUNGS
    return RIGHT_LUNG if segment.laterality == codes.RIGHT else LEFT_LUNG


def headline_colour(analysis: Analysis) -> Rgb:
    """Give the colour of the headline on black: only a negative that nothing speaks against is plain."""
    if is_age_unknown(analysis):
        return YELLOW
    return {Outcome.PRESENT: RED, Outcome.ABSENT: WHITE}.get(analysis.outcome, YELLOW)
