"""Proof that a bundle, served, says of films what the networks say where they were trained."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from pipeline.bundle import Bundle, Manifest
from pipeline.classify import FindingClassifier
from pipeline.engines import Engine
from pipeline.segment import LungSegmenter
from pipeline.values import Radiograph
from train.engine import TorchEngine
from train.errors import UnprovenBundle
from train.evaluation.overlap import intersection_over_union

if TYPE_CHECKING:
    from torch import nn

    Networks = tuple[nn.Module, nn.Module]
    """Segmenter and classifier."""

LEAST_OVERLAP = 0.999
LARGEST_DIFFERENCE = 1e-3
_AT_ONCE = 8

_Judged = Iterator[tuple[NDArray[np.bool_], float]]


@dataclass(frozen=True, slots=True)
class Likeness:
    """How alike two ways of judging the same films are, from pixels to probability.

    Attributes
    ----------
    least_overlap, mean_overlap
        Intersection over union of the two masks of a film.
    largest_difference
        Of the two probabilities of a film.
    """

    films: int
    least_overlap: float
    mean_overlap: float
    largest_difference: float

    @property
    def holds(self) -> bool:
        """Whether the two are the same as far as anybody may tell."""
        return self.least_overlap >= LEAST_OVERLAP and self.largest_difference <= LARGEST_DIFFERENCE

    def figures(self) -> str:
        """Say the figures in one line."""
        return (
            f"masks of {self.films} films IoU at least {self.least_overlap:.5f} "
            f"(mean {self.mean_overlap:.5f}), probabilities at most {self.largest_difference:.1e} apart"
        )


def prove(bundle: Bundle, lungs: nn.Module, findings: nn.Module, films: Sequence[Radiograph]) -> Likeness:
    """Let the bundle's engines, and the networks with the weights that it holds, judge films.

    Raises
    ------
    UnprovenBundle
        If a mask or a probability differs by more than is allowed; the message has the figures.
    """
    served = _judge(bundle.manifest, bundle.segmenter, bundle.classifier, films)
    trained = _judge(bundle.manifest, TorchEngine(lungs), TorchEngine(findings), films)
    proof = _likeness(served, trained)
    if not proof.holds:
        raise UnprovenBundle(
            f"the bundle serves other answers than the training code gives: {proof.figures()}; demanded are "
            f"{LEAST_OVERLAP} and {LARGEST_DIFFERENCE:g}. No bundle was written; export again with the "
            "versions of torch and ONNX Runtime that requirements.lock names"
        )
    return proof


def compare(manifest: Manifest, ones: Networks, others: Networks, films: Sequence[Radiograph]) -> Likeness:
    """Tell how alike two pairs of networks judge films."""
    first, second = (
        _judge(manifest, TorchEngine(lungs), TorchEngine(findings), films)
        for lungs, findings in (ones, others)
    )
    return _likeness(first, second)


def _likeness(ones: _Judged, others: _Judged) -> Likeness:
    pairs = list(zip(ones, others, strict=True))
    overlaps = np.array([intersection_over_union(one[0], other[0]) for one, other in pairs])
    differences = np.array([abs(one[1] - other[1]) for one, other in pairs])
    return Likeness(len(pairs), float(overlaps.min()), float(overlaps.mean()), float(differences.max()))


def _judge(
    manifest: Manifest, segmenting: Engine, classifying: Engine, films: Sequence[Radiograph]
) -> _Judged:
    """Give mask and probability of each film; a film without lungs has the probability 0.5."""
    segmenter = LungSegmenter(segmenting, manifest.segmenter)
    classifier = FindingClassifier(classifying, manifest.classifier)
    for start in range(0, len(films), _AT_ONCE):
        part = films[start : start + _AT_ONCE]
        for film, found in zip(part, segmenter.segment(part), strict=True):
            mask = found.lung_mask
            judged = classifier.classify([(film, found)] if mask.area_pixels else [])
            yield mask.pixels, judged[0].probability if judged else 0.5
