from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from pydicom import Dataset

from pipeline.gate import GateSettings, judge_image
from pipeline.values import GateDecision, LungMask, Orientation, Radiograph, Reason, Verdict
from tests.support.films import draw_chest, lung_ellipses

SETTINGS = GateSettings()
SHAPE = (512, 420)


def film(pixels: np.ndarray | None = None, outside: np.ndarray | None = None) -> Radiograph:
    picture = draw_chest(*SHAPE) if pixels is None else pixels
    return Radiograph(picture.astype(np.float32), outside, None, Orientation(), Dataset())


def lungs(mask: np.ndarray | None = None, **changes: Any) -> LungMask:
    pixels = lung_ellipses(*SHAPE) if mask is None else mask
    area = int(pixels.sum())
    mm2 = 2000.0 if mask is None else None
    return replace(LungMask(pixels, None, 0.9, area, area / pixels.size, mm2), **changes)


def rectangles(*boxes: tuple[int, int, int, int]) -> np.ndarray:
    mask = np.zeros(SHAPE, np.bool_)
    for top, bottom, left, right in boxes:
        mask[top:bottom, left:right] = True
    return mask


def refused_by(decision: GateDecision) -> set[str]:
    return {verdict.rule for verdict in decision.verdicts if verdict.verdict == Verdict.NO}


def test_two_lungs_of_a_newborn_pass_every_rule() -> None:
    decision = judge_image(film(), lungs(), SETTINGS)

    assert decision.passed
    assert {verdict.verdict for verdict in decision.verdicts} == {Verdict.YES}


def test_an_empty_mask_is_refused_by_that_alone() -> None:
    decision = judge_image(film(), lungs(rectangles()), SETTINGS)

    assert not decision.passed
    assert refused_by(decision) == {"lungs found"}
    assert decision.explanation == "lungs found: no lung was found on the film"


@pytest.mark.parametrize(
    ("mask", "rule", "reason"),
    [
        (rectangles((200, 230, 100, 130), (200, 230, 200, 230)), "lung fraction", Reason.OTHER),
        (rectangles((20, 500, 20, 400)), "lung fraction", Reason.OTHER),
        (
            rectangles((100, 300, 50, 120), (100, 300, 150, 220), (100, 300, 250, 320)),
            "lung regions",
            Reason.OTHER,
        ),
        (rectangles((100, 300, 50, 220), (200, 260, 260, 340)), "side ratio", Reason.POSITIONING),
        (rectangles((0, 250, 0, 150), (0, 250, 270, 420)), "at the border", Reason.POSITIONING),
    ],
)
def test_implausible_shapes_are_refused(mask: np.ndarray, rule: str, reason: Reason) -> None:
    decision = judge_image(film(), lungs(mask), SETTINGS)

    assert refused_by(decision) == {rule}
    assert decision.reason == reason


@pytest.mark.parametrize("area_mm2", [299.0, 5001.0, 40000.0])
def test_lungs_of_another_size_are_refused_where_millimetres_are_known(area_mm2: float) -> None:
    assert refused_by(judge_image(film(), lungs(area_mm2=area_mm2), SETTINGS)) == {"lung area"}


def test_an_unknown_spacing_is_said_and_does_not_refuse() -> None:
    decision = judge_image(film(), lungs(area_mm2=None), SETTINGS)

    assert decision.passed
    assert decision.explanation == "not known: lung area"


def test_low_confidence_is_refused() -> None:
    assert refused_by(judge_image(film(), lungs(confidence=0.3), SETTINGS)) == {"confidence"}
    assert judge_image(film(), lungs(confidence=1.0000001), SETTINGS).passed


def test_specks_beside_the_lungs_are_no_regions() -> None:
    mask = lung_ellipses(*SHAPE)
    mask[5:15, 5:15] = True

    assert judge_image(film(), lungs(mask), SETTINGS).passed


def test_the_sides_are_compared_by_their_labels_where_there_are_any() -> None:
    mask = rectangles((100, 300, 100, 300))
    labels = np.zeros(SHAPE, np.uint8)
    labels[mask] = 1
    one_sided = judge_image(film(), lungs(mask, labels=labels), SETTINGS)
    labels = labels.copy()
    labels[100:300, 180:300] = 2
    both_sides = judge_image(film(), lungs(mask, labels=labels), SETTINGS)

    assert refused_by(one_sided) == {"side ratio"}
    assert both_sides.passed


@pytest.mark.parametrize(
    ("box", "orientation", "aspect", "passes"),
    [
        ((100, 400, 80, 230), Orientation(), 1.0, False),
        ((100, 400, 80, 320), Orientation(), 1.0, True),
        ((100, 250, 80, 380), Orientation(quarter_turns=1, known=True), 1.0, False),
        ((100, 400, 80, 230), Orientation(quarter_turns=1, known=True), 1.0, True),
        ((100, 250, 80, 230), Orientation(), 2.0, False),
        ((100, 400, 80, 230), Orientation(), 0.5, True),
    ],
)
def test_one_region_that_is_higher_than_wide_is_a_single_lung(
    box: tuple[int, int, int, int], orientation: Orientation, aspect: float, passes: bool
) -> None:
    radiograph = replace(film(), orientation=orientation, pixel_aspect=aspect)

    decision = judge_image(radiograph, lungs(rectangles(box)), SETTINGS)

    assert decision.passed == passes
    assert refused_by(decision) == (set() if passes else {"side ratio"})


def test_one_region_without_labels_leaves_the_sides_unknown() -> None:
    decision = judge_image(film(), lungs(rectangles((100, 300, 100, 300))), SETTINGS)

    assert decision.passed
    assert "side ratio" in decision.explanation


def test_lungs_under_a_shutter_are_refused_and_the_field_shrinks_with_it() -> None:
    hides_border = np.zeros(SHAPE, np.bool_)
    hides_border[400:] = True

    seen = int(lung_ellipses(*SHAPE).sum())
    assert "hidden" in refused_by(judge_image(film(), lungs(hidden_pixels=seen // 3), SETTINGS))
    assert judge_image(film(), lungs(hidden_pixels=seen // 5), SETTINGS).passed
    beside = judge_image(film(outside=hides_border), lungs(), SETTINGS)
    assert beside.passed
    assert any(verdict.detail.startswith("25.1 %") for verdict in beside.verdicts)


def test_a_flat_picture_is_no_image() -> None:
    decision = judge_image(film(np.full(SHAPE, 0.5)), lungs(), SETTINGS)

    assert refused_by(decision) == {"contrast"}
    assert decision.reason == Reason.NO_IMAGE


@pytest.mark.parametrize(("grey", "reason"), [(0, Reason.OVER_EXPOSED), (1, Reason.UNDER_EXPOSED)])
def test_burnt_out_lungs_are_badly_exposed(grey: float, reason: Reason) -> None:
    picture = draw_chest(*SHAPE)
    picture[lung_ellipses(*SHAPE)] = grey

    decision = judge_image(film(picture), lungs(), SETTINGS)

    assert refused_by(decision) == {"saturated"}
    assert decision.reason == reason


def test_large_films_are_judged_alike() -> None:
    shape = (2600, 2160)
    mask = lung_ellipses(*shape)

    assert judge_image(film(draw_chest(*shape)), lungs(mask), SETTINGS).passed
