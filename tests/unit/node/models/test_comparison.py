"""How two bundles agree, measured and shown."""

from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image
from sklearn.metrics import cohen_kappa_score

from node.models.compared import figures
from node.models.comparison import ABSENT, PRESENT, Case, MaskReader, agree, disagreements
from pipeline.results import make_result_objects, to_part10
from storage.shadows import Pair
from storage.values import AnalysisRecord, StoredFile
from tests.support.analyses import ORIGIN, make_analysis


def _record(outcome: str, probability: float | None = None, **details: object) -> AnalysisRecord:
    return AnalysisRecord(
        source_instance_id=1,
        bundle_digest="0" * 64,
        pipeline_version="1",
        outcome=outcome,
        explanation="",
        probability=probability,
        threshold=0.5,
        area_pixels=None,
        area_mm2=None,
        details=details,
        analysed_at=datetime.now(UTC),
    )


def _case(active: AnalysisRecord, shadow: AnalysisRecord, overlap: float | None = None) -> Case:
    return Case(Pair("1.2.3", StoredFile("a", "b", 1), active, shadow), overlap)


answers = st.sampled_from([PRESENT, ABSENT])


@given(st.lists(st.tuples(answers, answers), min_size=2, max_size=40))
def test_kappa_is_that_of_an_independent_library(pairs: list[tuple[str, str]]) -> None:
    kappa = agree([_case(_record(one), _record(other)) for one, other in pairs]).kappa
    if len({answer for pair in pairs for answer in pair}) == 1:
        assert kappa is None
    else:
        assert kappa == pytest.approx(cohen_kappa_score(*zip(*pairs, strict=True)))


def test_figures_of_four_films() -> None:
    cases = [
        _case(_record(PRESENT, 0.9, seconds={"segment": 1.0, "classify": 0.5}), _record(PRESENT, 0.8), 0.9),
        _case(_record(PRESENT, 0.6), _record(ABSENT, 0.2, seconds={"all": 9.0, "segment": 2.0}), 0.7),
        _case(_record(ABSENT, 0.1), _record(PRESENT, 0.55), None),
        _case(_record("not assessable"), _record(ABSENT, 0.3), None),
    ]
    agreement = agree(cases)
    assert (agreement.films, agreement.agreement) == (4, 0.25)
    assert agreement.mean_shift == pytest.approx((-0.1 - 0.4 + 0.45) / 3)
    assert agreement.largest_shift == pytest.approx(0.45)
    assert (agreement.mean_overlap, agreement.least_overlap) == (pytest.approx(0.8), 0.7)
    assert (agreement.active_seconds, agreement.shadow_seconds) == (1.5, 2.0)
    assert [case.shift for case in disagreements(cases)] == [pytest.approx(0.45), pytest.approx(-0.4), None]
    assert dict(figures(agreement))["active present, shadow absent"] == "1"


def test_without_films_nothing_is_claimed() -> None:
    agreement = agree([])
    assert (agreement.films, agreement.agreement, agreement.kappa) == (0, None, None)
    assert dict(figures(agreement))["same answer"] == "-"


def test_masks_are_compared_on_the_films_grid(tmp_path: Path) -> None:
    analysis = make_analysis()
    mask = analysis.lung_mask
    assert mask is not None
    segmentation = make_result_objects(analysis, ORIGIN, overlay=False).segmentation
    assert segmentation is not None
    (tmp_path / "seg.dcm").write_bytes(to_part10(segmentation))
    half = mask.pixels.copy()
    half[:, : half.shape[1] // 2] = False
    for name, pixels in (("same", mask.pixels), ("half", half), ("small", half[::2])):
        Image.fromarray(np.ascontiguousarray(pixels)).save(tmp_path / f"{name}.png")
    reader = MaskReader({"1.2.3": tmp_path / "seg.dcm"}, tmp_path)

    def overlap(name: str | None) -> float | None:
        return reader.overlap(_case(_record(PRESENT), _record(PRESENT, mask=name)).pair)

    assert overlap("same.png") == 1.0
    assert overlap("half.png") == pytest.approx(half.sum() / mask.pixels.sum())
    assert overlap("small.png") is overlap("gone.png") is overlap(None) is None
