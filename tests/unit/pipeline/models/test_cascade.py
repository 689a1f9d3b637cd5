"""Every film ends with an outcome of its own; what breaks one film does not touch the others of its batch."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from pydicom import Dataset
from pydicom.uid import JPEGLSLossless

from pipeline.bundle import Bundle, load_bundle
from pipeline.bundle.manifest import Abstention, Preprocessing
from pipeline.cascade import Cascade
from pipeline.engines import Engine
from pipeline.errors import EngineFailure
from pipeline.gate import GateSettings
from pipeline.values import Outcome, Reason
from tests.support.bundles import GreyEngine
from tests.support.films import DX, encode, lung_ellipses, make_film

JUDGED = {Outcome.PRESENT, Outcome.ABSENT}


@pytest.fixture(scope="module")
def bundle(tiny_bundle: Path) -> Bundle:
    """The tiny bundle with a segmenter that finds the lungs of drawn chests."""
    loaded = load_bundle(tiny_bundle, device="cpu", threads=1)
    segmenter = loaded.manifest.segmenter.model_copy(update={"preprocessing": Preprocessing(size=128)})
    manifest = loaded.manifest.model_copy(update={"segmenter": segmenter})
    return replace(loaded, manifest=manifest, segmenter=GreyEngine())


class Answering:
    """A classifier that always gives the same logit."""

    device = "cpu"

    def __init__(self, logit: float) -> None:
        self.logit = logit

    def run(self, batch: NDArray[np.float32]) -> NDArray[np.float32]:
        return np.full((len(batch), 1), self.logit, np.float32)


class BreaksOnWhite(GreyEngine):
    """Cannot bear a film whose upper left corner is white."""

    def __init__(self, error: Exception) -> None:
        super().__init__()
        self.error = error

    def run(self, batch: NDArray[np.float32]) -> NDArray[np.float32]:
        if (batch[:, 0, :4, :4].max(axis=(1, 2)) > 0.9).any():
            raise self.error
        return super().run(batch)


def _truncated() -> Dataset:
    film = make_film()
    film.PixelData = film.PixelData[:1000]
    return film


def _with_white_corner() -> Dataset:
    film = make_film(rows=512, columns=512)
    pixels = film.pixel_array.copy()
    pixels[:40, :40] = 4095
    film.PixelData = pixels.astype("<u2").tobytes()
    return film


def _with(bundle: Bundle, *, segmenter: Engine | None = None, classifier: Engine | None = None) -> Cascade:
    engines = {"segmenter": segmenter or bundle.segmenter, "classifier": classifier or bundle.classifier}
    return Cascade(replace(bundle, **engines), GateSettings())


def test_a_newborns_film_is_judged_and_keeps_all_that_is_known_of_it(bundle: Bundle) -> None:
    film = make_film(sop_class=DX)
    (analysis,) = Cascade(bundle, GateSettings()).analyse([film])

    assert analysis.outcome in JUDGED
    assert analysis.finding is not None
    assert 0 <= analysis.finding.probability <= 1
    assert analysis.bundle is bundle.identity
    assert analysis.header.SOPInstanceUID == film.SOPInstanceUID
    assert "PixelData" not in analysis.header
    assert "PixelData" in film
    assert analysis.lung_mask is not None
    truth = lung_ellipses()
    assert (analysis.lung_mask.pixels & truth).sum() / (analysis.lung_mask.pixels | truth).sum() > 0.9
    assert set(analysis.seconds) == {"header gate", "decode", "segment", "image gate", "classify"}
    rules = [verdict.rule for verdict in analysis.verdicts]
    assert rules.index("age") < rules.index("lung fraction")


@pytest.mark.parametrize(
    ("logit", "outcome"), [(3.0, Outcome.PRESENT), (0.0, Outcome.PRESENT), (-0.1, Outcome.ABSENT)]
)
def test_the_threshold_is_part_of_what_is_present(bundle: Bundle, logit: float, outcome: Outcome) -> None:
    (analysis,) = _with(bundle, classifier=Answering(logit)).analyse([make_film()])

    assert analysis.outcome == outcome
    assert analysis.finding is not None
    assert analysis.finding.probability == pytest.approx(1 / (1 + np.exp(-logit / 1.5)), abs=1e-6)
    assert analysis.reason is None


def test_each_film_of_a_batch_ends_in_its_own_way_and_place(bundle: Bundle) -> None:
    films = [
        make_film(),
        make_film(PatientAge="040Y", PatientBirthDate=None),
        _truncated(),
        encode(make_film(seed=1), JPEGLSLossless),
        make_film(stored_values=np.zeros((300, 300), np.int64)),
        make_film(rows=64, columns=64),
        Dataset(),
        make_film(seed=2),
    ]
    analyses = Cascade(bundle, GateSettings()).analyse(films)

    outcomes = [analysis.outcome for analysis in analyses]
    assert [i for i, outcome in enumerate(outcomes) if outcome in JUDGED] == [0, 3, 7]
    assert outcomes[1] == Outcome.NOT_ELIGIBLE
    assert outcomes[2] == Outcome.NOT_ASSESSABLE
    assert outcomes[4] == Outcome.NOT_ASSESSABLE
    assert outcomes[5] == Outcome.NOT_ELIGIBLE
    assert outcomes[6] == Outcome.NOT_ELIGIBLE
    for film, analysis in zip(films, analyses, strict=True):
        assert analysis.header.get("SOPInstanceUID") == film.get("SOPInstanceUID")
        assert (analysis.finding is not None) == (analysis.outcome in JUDGED)
        if analysis.outcome not in JUDGED:
            assert analysis.reason is not None
            assert analysis.explanation


def test_a_film_is_judged_alike_alone_and_in_a_batch(bundle: Bundle) -> None:
    cascade = Cascade(bundle, GateSettings())
    films = [make_film(seed=seed) for seed in range(3)]

    together = cascade.analyse(films)
    alone = [cascade.analyse([film])[0] for film in films]

    for one, other in zip(together, alone, strict=True):
        assert one.finding == other.finding
        assert one.lung_mask is not None
        assert other.lung_mask is not None
        assert np.array_equal(one.lung_mask.pixels, other.lung_mask.pixels)


@pytest.mark.parametrize(
    "error",
    [EngineFailure("refused"), RuntimeError("size mismatch for Kim^Sungmin"), ValueError("TEST-0001")],
)
def test_a_film_that_breaks_a_stage_fails_alone_and_without_its_patients_name(
    bundle: Bundle, error: Exception, caplog: pytest.LogCaptureFixture
) -> None:
    films = [make_film(seed=1), _with_white_corner(), make_film(seed=2)]
    analyses = _with(bundle, segmenter=BreaksOnWhite(error)).analyse(films)

    assert [analysis.outcome in JUDGED for analysis in analyses] == [True, False, True]
    broken = analyses[1]
    assert (broken.outcome, broken.reason) == (Outcome.FAILED, Reason.SOFTWARE_FAILURE)
    assert "segmentation failed" in broken.explanation
    assert films[1].SOPInstanceUID in caplog.text
    for text in (broken.explanation, caplog.text):
        assert "Sungmin" not in text
        assert "TEST-0001" not in text


def test_lack_of_memory_is_not_the_films_fault(bundle: Bundle) -> None:
    cascade = _with(bundle, segmenter=BreaksOnWhite(MemoryError()))

    with pytest.raises(MemoryError):
        cascade.analyse([make_film(), _with_white_corner()])


def test_a_probability_near_the_middle_is_not_told(bundle: Bundle) -> None:
    abstention = Abstention(probability_from=0.4, probability_to=0.6)
    classifier = bundle.manifest.classifier.model_copy(update={"abstention": abstention})
    careful = replace(bundle, manifest=bundle.manifest.model_copy(update={"classifier": classifier}))

    for logit, is_told in ((0.1, False), (3.0, True), (-3.0, True)):
        (analysis,) = _with(careful, classifier=Answering(logit)).analyse([make_film()])
        assert (analysis.outcome in JUDGED) == is_told
        assert analysis.lung_mask is not None
        assert (analysis.finding is not None) == is_told
        if not is_told:
            assert analysis.outcome == Outcome.NOT_ASSESSABLE
            assert "too near" in analysis.explanation


@pytest.mark.parametrize("stage", ["segmenter", "classifier"])
def test_a_network_that_answers_nan_is_a_failure_and_never_a_silent_negative(
    bundle: Bundle, stage: str
) -> None:
    engine = Answering(float("nan"))
    cascade = Cascade(replace(bundle, **{stage: engine}), GateSettings())

    (analysis,) = cascade.analyse([make_film()])

    assert analysis.outcome == Outcome.FAILED
    assert analysis.finding is None


def test_uncertain_lungs_are_not_judged(bundle: Bundle) -> None:
    classifier = bundle.manifest.classifier.model_copy(
        update={"abstention": Abstention(least_confidence=1.0)}
    )
    careful = replace(bundle, manifest=bundle.manifest.model_copy(update={"classifier": classifier}))

    (analysis,) = Cascade(careful, GateSettings()).analyse([make_film()])

    assert analysis.outcome == Outcome.NOT_ASSESSABLE
    assert "uncertain" in analysis.explanation


def test_no_films_are_no_work(bundle: Bundle) -> None:
    assert Cascade(bundle, GateSettings()).analyse([]) == []
