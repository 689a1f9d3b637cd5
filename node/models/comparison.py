"""The active bundle and the one in shadow on the same films of this node: where they agree, where not."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import mean, median
from typing import TYPE_CHECKING

from storage.shadows import Pair

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

PRESENT, ABSENT = "present", "absent"


@dataclass(frozen=True, slots=True)
class Case:
    """One film that both bundles judged.

    Attributes
    ----------
    overlap
        Intersection over union of the two lung masks; None where one of them has none.
    """

    pair: Pair
    overlap: float | None

    @property
    def is_same(self) -> bool:
        """Whether both give the same answer."""
        return self.pair.active.outcome == self.pair.shadow.outcome

    @property
    def shift(self) -> float | None:
        """Probability in shadow minus that of the active bundle; None where one of them gives none."""
        active, shadow = self.pair.active.probability, self.pair.shadow.probability
        return None if active is None or shadow is None else shadow - active


@dataclass(frozen=True, slots=True)
class Agreement:
    """How two bundles agree; what there are too few films for is None.

    Attributes
    ----------
    outcomes
        Films by active and shadow answer.
    agreement
        Share of films with the same answer.
    kappa
        Cohen's, over the films that both call present or absent.
    mean_shift, largest_shift
        Of the probability, shadow minus active; the largest by its size.
    mean_overlap, least_overlap
        Of the lung masks.
    active_seconds, shadow_seconds
        Median time of one film.
    """

    films: int
    outcomes: Mapping[tuple[str, str], int]
    agreement: float | None
    kappa: float | None
    mean_shift: float | None
    largest_shift: float | None
    mean_overlap: float | None
    least_overlap: float | None
    active_seconds: float | None
    shadow_seconds: float | None


def make_cases(pairs: Sequence[Pair], masks: "MaskReader") -> Iterator[Case]:
    """Measure the masks of each film against each other."""
    for pair in pairs:
        yield Case(pair, masks.overlap(pair))


def agree(cases: Sequence[Case]) -> Agreement:
    """Count and measure."""
    shifts = [case.shift for case in cases if case.shift is not None]
    overlaps = [case.overlap for case in cases if case.overlap is not None]
    return Agreement(
        films=len(cases),
        outcomes=Counter((case.pair.active.outcome, case.pair.shadow.outcome) for case in cases),
        agreement=mean(case.is_same for case in cases) if cases else None,
        kappa=_kappa([(case.pair.active.outcome, case.pair.shadow.outcome) for case in cases]),
        mean_shift=mean(shifts) if shifts else None,
        largest_shift=max(shifts, key=abs) if shifts else None,
        mean_overlap=mean(overlaps) if overlaps else None,
        least_overlap=min(overlaps) if overlaps else None,
        active_seconds=_seconds([case.pair.active.details for case in cases]),
        shadow_seconds=_seconds([case.pair.shadow.details for case in cases]),
    )


def disagreements(cases: Sequence[Case]) -> list[Case]:
    """Give the films with different answers, the largest change of probability first."""
    return sorted((case for case in cases if not case.is_same), key=lambda case: -abs(case.shift or 0.0))


class MaskReader:
    """Reads lung masks: the active bundle's from its SEG, that in shadow from the picture that was kept.

    Parameters
    ----------
    segmentations
        Path of the active bundle's SEG by the film's SOP Instance UID.
    objects
        Root of the object store.
    """

    def __init__(self, segmentations: Mapping[str, Path], objects: Path) -> None:
        self._segmentations = segmentations
        self._objects = objects

    def overlap(self, pair: Pair) -> float | None:
        """Intersection over union of both masks; None where one is missing or cannot be read."""
        path = self._segmentations.get(pair.sop_instance_uid)
        kept = pair.shadow.details.get("mask")
        if path is None or not isinstance(kept, str):
            return None
        try:
            active, shadow = _read_segmentation(path), _read_picture(self._objects / kept)
        except (OSError, ValueError):
            return None
        if active.shape != shadow.shape:
            return None
        union = (active | shadow).sum()
        return float((active & shadow).sum() / union) if union else None


def _read_segmentation(path: Path) -> "NDArray[np.bool_]":
    """Join the segments of a SEG as this node writes it: one binary frame each (PS3.3 A.51)."""
    import numpy as np
    from pydicom import dcmread

    pixels = np.asarray(dcmread(path).pixel_array) > 0
    return np.asarray(pixels.reshape(-1, *pixels.shape[-2:]).any(axis=0))


def _read_picture(path: Path) -> "NDArray[np.bool_]":
    import numpy as np
    from PIL import Image

    with Image.open(path) as picture:
        return np.asarray(picture) > 0


def _kappa(answers: Sequence[tuple[str, str]]) -> float | None:
    both = [pair for pair in answers if {*pair} <= {PRESENT, ABSENT}]
    if not both:
        return None
    observed = mean(first == second for first, second in both)
    first, second = (mean(pair[i] == PRESENT for pair in both) for i in (0, 1))
    expected = first * second + (1 - first) * (1 - second)
    return None if expected == 1 else (observed - expected) / (1 - expected)


def _seconds(details: Sequence[Mapping[str, object]]) -> float | None:
    """Median of the sum of the stages; what shadows measure around them is left out."""
    sums = []
    for one in details:
        stages = one.get("seconds")
        if isinstance(stages, dict) and stages:
            sums.append(sum(float(value) for name, value in stages.items() if name != "all"))
    return median(sums) if sums else None
