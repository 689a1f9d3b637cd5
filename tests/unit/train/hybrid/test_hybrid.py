"""Hybrids: the lungs show the disease, the rest of the film tells nothing, the same seed is the same film."""

import subprocess
import sys
from dataclasses import replace
from hashlib import sha256

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from scipy.ndimage import binary_dilation, binary_erosion

from tests.support.hybrids import base_film
from train.hybrid.base import name_sides
from train.hybrid.disease import paint
from train.hybrid.film import Hybrid, HybridSettings, disease_of, make_hybrid, newborn_canvas
from train.hybrid.geometry import Shape, bend
from train.hybrid.looks import LOOKS, NOTHING, SHARES, draw_look
from train.hybrid.tissue import take_apart
from train.phantom import Disease
from train.phantom.devices import DeviceRates

GRADES = (Disease.NORMAL, Disease.RDS_1, Disease.RDS_2, Disease.RDS_3, Disease.RDS_4)
_DRAWN = st.builds(
    Shape,
    flatness=st.floats(0.6, 1.2),
    volume=st.floats(0.5, 1.2),
    bell=st.floats(-0.1, 0.2),
    give=st.floats(0.8, 1.8),
    frame=st.tuples(st.floats(0, 1), st.floats(0, 1), st.floats(0, 1)),
)


def _painted(
    seed: int, disease: Disease
) -> tuple[NDArray[np.float32], NDArray[np.uint8], NDArray[np.float32]]:
    """Film, lungs, and the film with the typical look of a disease, not bent and without noise."""
    base = base_film(seed)
    canvas = newborn_canvas(base.lungs, 90.0)
    tissue = take_apart(base.pixels, base.lungs)
    painted = paint(base.pixels, tissue, LOOKS[disease], canvas, np.random.default_rng(seed))
    return base.pixels, base.lungs, painted


def test_the_same_seed_gives_the_same_bytes_in_another_process() -> None:
    code = (
        "from hashlib import sha256\n"
        "from tests.support.hybrids import base_film\n"
        "from train.hybrid.film import make_hybrid\n"
        "film = make_hybrid(7, base_film(7))\n"
        "print(sha256(film.pixels.tobytes() + film.lungs.tobytes()).hexdigest())\n"
    )
    run = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)

    film = make_hybrid(7, base_film(7))
    assert run.stdout.strip() == sha256(film.pixels.tobytes() + film.lungs.tobytes()).hexdigest()
    assert not np.array_equal(film.pixels, make_hybrid(8, base_film(7)).pixels)


@pytest.mark.parametrize("disease", list(SHARES))
def test_every_disease_can_be_painted(disease: Disease) -> None:
    film = make_hybrid(3, base_film(1), disease=disease)

    assert film.disease is disease
    assert film.pixels.dtype == np.float32
    assert film.pixels.shape == film.lungs.shape
    assert 0 <= film.pixels.min() < film.pixels.max() <= 1
    assert set(np.unique(film.lungs)) == {0, 1, 2}


def test_painting_nothing_is_leaving_the_film_as_it_is_bit_for_bit() -> None:
    pixels, _, painted = _painted(2, Disease.NORMAL)
    assert LOOKS[Disease.NORMAL] is NOTHING
    assert np.array_equal(pixels, painted)


def test_the_film_beyond_the_lungs_is_not_painted_but_for_the_blurred_borders() -> None:
    pixels, lungs, painted = _painted(2, Disease.RDS_1)
    beyond = ~binary_dilation(lungs > 0, iterations=6)
    assert np.array_equal(pixels[beyond], painted[beyond])
    assert not np.allclose(pixels[lungs > 0], painted[lungs > 0], atol=0.02)


@pytest.mark.parametrize("seed", range(3))
def test_the_lungs_are_whiter_the_higher_the_grade_and_never_much_whiter_than_tissue(seed: int) -> None:
    levels = []
    for grade in GRADES:
        pixels, lungs, painted = _painted(seed, grade)
        deep = binary_erosion(lungs > 0, iterations=5)
        levels.append(float(painted[deep].mean()))
    tissue = take_apart(pixels, lungs)

    assert levels == sorted(levels)
    assert levels[-1] - levels[0] > 0.1
    assert np.median((painted - tissue.airless)[deep]) < 0.08


def test_grain_is_finest_and_strongest_in_the_middle_grades() -> None:
    def roughness(grade: Disease) -> float:
        _, lungs, painted = _painted(1, grade)
        deep = binary_erosion(lungs > 0, iterations=5)
        return float(np.abs(np.diff(painted, 2, axis=1))[deep[:, 1:-1]].mean())

    assert roughness(Disease.RDS_2) > 1.2 * roughness(Disease.NORMAL)
    assert roughness(Disease.RDS_4) < roughness(Disease.RDS_2)


def test_bronchi_are_dark_lines_that_reach_further_out_in_higher_grades() -> None:
    base = base_film(1)
    canvas, tissue = newborn_canvas(base.lungs, 90.0), take_apart(base.pixels, base.lungs)

    def darkened(reach: float) -> NDArray[np.bool_]:
        look = replace(NOTHING, haze=0.5, reach=reach, lucency=1.0)
        lined = paint(base.pixels, tissue, look, canvas, np.random.default_rng(0))
        plain = paint(base.pixels, tissue, replace(look, lucency=0.0), canvas, np.random.default_rng(0))
        assert (lined <= plain + 1e-6).all()
        return np.asarray(plain - lined > 0.01)

    near, far = darkened(0.3), darkened(0.95)
    assert 0 < near.sum() < far.sum()
    assert far.sum() < 0.5 * (base.lungs > 0).sum()


def test_borders_of_heart_and_diaphragm_are_lost_with_the_grade() -> None:
    def steepest(grade: Disease) -> float:
        _, lungs, painted = _painted(1, grade)
        rows, columns = np.nonzero(lungs == 1)
        middle = int(np.median(columns))
        bottom = int(rows[columns == middle].max())
        profile = painted[bottom - 8 : bottom + 9, middle - 5 : middle + 6].mean(axis=1)
        return float(np.diff(profile).max())

    assert steepest(Disease.RDS_4) < 0.6 * steepest(Disease.NORMAL)


@given(shape=_DRAWN, seed=st.integers(0, 3))
@settings(max_examples=40, deadline=None)
def test_bending_folds_nothing_and_moves_film_and_lungs_alike(shape: Shape, seed: int) -> None:
    lungs = base_film(seed).lungs
    marked = (lungs == 1).astype(np.float32)

    pixels, bent = bend(marked, lungs, shape)
    assert pixels.shape == bent.shape
    assert set(np.unique(bent)) == {0, 1, 2}
    assert np.mean((pixels >= 0.5) != (bent == 1)) < 0.01
    height, new_height = (np.ptp(np.nonzero(mask)[0]) for mask in (lungs, bent))
    assert new_height == pytest.approx(height * shape.flatness * shape.volume, abs=3 + 0.03 * height)


def test_lungs_that_reach_the_edge_of_the_film_can_be_bent() -> None:
    lungs = np.zeros((40, 40), np.uint8)
    lungs[:, 2:18], lungs[:, 22:38] = 1, 2
    pixels, bent = bend(lungs.astype(np.float32), lungs, Shape(volume=0.7))
    assert pixels.shape == bent.shape
    assert pixels.shape[0] == pytest.approx(28, abs=2)


def test_left_and_right_are_named_by_where_the_lungs_lie() -> None:
    lungs = base_film(1).lungs
    assert np.array_equal(name_sides(lungs > 0), lungs)


def test_what_is_drawn_beside_the_disease_is_the_same_whatever_the_disease() -> None:
    films = [make_hybrid(5, base_film(5), disease=disease) for disease in GRADES]

    kinds = [{device.name for device in film.devices} for film in films]
    assert all(
        kinds[0] ^ kind <= {"probe", "arterial line", "venous line", "hand", "shield"} for kind in kinds
    )
    assert len({(film.shape.flatness, film.shape.give, film.shape.frame) for film in films}) == 1


def test_the_disease_of_a_seed_is_known_without_painting_it() -> None:
    assert [disease_of(seed) for seed in range(4)] == [
        make_hybrid(seed, base_film(seed)).disease for seed in range(4)
    ]


def test_diseases_come_in_the_stated_shares_and_grades_overlap() -> None:
    drawn = [disease_of(seed) for seed in range(2000)]
    assert sum(disease.is_rds for disease in drawn) / 2000 == pytest.approx(0.54, abs=0.04)
    assert sum(SHARES.values()) == pytest.approx(1)

    rng = np.random.default_rng(0)
    mild = [draw_look(Disease.RDS_1, rng).haze for _ in range(200)]
    healthy = [draw_look(Disease.NORMAL, rng).haze for _ in range(200)]
    assert np.mean(healthy) + 0.05 < np.mean(mild)
    assert max(healthy) > min(mild)


def _texture_beyond_the_lungs(film: Hybrid) -> list[float]:
    """Fine detail above and below the lungs, down the film and across it."""
    rows = np.flatnonzero((film.lungs > 0).any(axis=1))
    figures = []
    for part in (film.pixels[: max(rows[0] - 8, 4)], film.pixels[rows[-1] + 8 :]):
        if part.shape[0] < 5:
            figures += [0.0, 0.0]
            continue
        down, across = (np.abs(np.diff(part, 2, axis=axis)) for axis in (0, 1))
        figures += [float(np.log(np.median(d) + 1e-4)) for d in (down, across)]
    return figures


def test_nothing_beyond_the_lungs_tells_the_disease() -> None:
    """A classifier of the fine texture beyond the lungs cannot tell sick from healthy films."""
    from sklearn.linear_model import LogisticRegression
    from sklearn.model_selection import GroupKFold, cross_val_predict
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    from train.evaluation.statistics.ranking import auroc

    bare = HybridSettings(devices=DeviceRates(**dict.fromkeys(DeviceRates.__dataclass_fields__, 0.0)))
    films = [make_hybrid(seed, base_film(seed % 20, 112), bare) for seed in range(120)]
    labels = np.array([film.disease.is_rds for film in films])
    texture = np.array([_texture_beyond_the_lungs(film) for film in films])
    model = make_pipeline(StandardScaler(), LogisticRegression())
    folds = GroupKFold(4)
    told = cross_val_predict(
        model, texture, labels, groups=[film.patient for film in films], cv=folds, method="predict_proba"
    )
    assert auroc(labels, told[:, 1]) < 0.62


def test_devices_do_not_tell_the_disease() -> None:
    from train.hybrid.devices import draw_on

    base = base_film(0, 96)
    canvas = newborn_canvas(base.lungs, 90.0)
    rates = HybridSettings().devices
    found = [
        draw_on(base.pixels, base.lungs, canvas, 0.4, (rates, np.random.default_rng(seed)))[1]
        for seed in range(120)
    ]
    sick = np.array([disease_of(seed).is_rds for seed in range(120)])
    shown = np.array(["leads" in {device.name for device in devices} for devices in found])
    assert abs(shown[sick].mean() - shown[~sick].mean()) < 0.2
    assert 0.3 < shown.mean() < 0.9
