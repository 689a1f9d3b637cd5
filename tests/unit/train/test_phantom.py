"""Phantoms: the same seed is the same film, their truth is known, and devices tell nothing of the disease."""

import subprocess
import sys
from hashlib import sha256

import numpy as np
import pytest

from train.phantom import Disease, PhantomSettings, disease_of, make_phantom, phantom_dataset
from train.phantom.canvas import Canvas, add_tube

SMALL = PhantomSettings(long_side=96)


def test_the_same_seed_gives_the_same_bytes_in_another_process() -> None:
    code = (
        "from hashlib import sha256\n"
        "from train.phantom import PhantomSettings, phantom_dataset\n"
        "film = phantom_dataset(7, PhantomSettings(long_side=96))\n"
        "print(sha256(film.PixelData).hexdigest(), film.SOPInstanceUID)\n"
    )
    run = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)

    film = phantom_dataset(7, SMALL)
    assert run.stdout.split() == [sha256(film.PixelData).hexdigest(), film.SOPInstanceUID]
    assert phantom_dataset(8, SMALL).PixelData != film.PixelData


def test_the_disease_of_a_seed_is_known_without_drawing_it() -> None:
    assert [disease_of(seed) for seed in range(5)] == [
        make_phantom(seed, SMALL).baby.disease for seed in range(5)
    ]


@pytest.mark.parametrize("disease", list(Disease))
def test_every_disease_can_be_drawn_with_two_lungs(disease: Disease) -> None:
    film = make_phantom(3, SMALL, disease=disease)

    assert film.baby.disease is disease
    assert film.pixels.dtype == np.float32
    assert film.pixels.min() >= 0
    assert film.pixels.max() <= 1
    assert film.pixels.std() > 0.05
    assert set(np.unique(film.lungs)) == {0, 1, 2}


def test_an_upright_phantom_has_its_right_lung_at_the_left_and_a_turned_one_is_the_same_turned() -> None:
    upright = make_phantom(5, PhantomSettings(long_side=96, sideways=0))
    columns = [np.nonzero(upright.lungs == side)[1].mean() for side in (1, 2)]
    assert columns[0] < columns[1]

    sideways = make_phantom(5, PhantomSettings(long_side=96, sideways=1))
    assert sideways.turns in {1, 2, 3}
    assert np.array_equal(np.rot90(sideways.lungs, sideways.turns), upright.lungs)


def test_lungs_with_distress_are_whiter_and_smaller_the_higher_the_grade() -> None:
    grades = [Disease.NORMAL, Disease.RDS_2, Disease.RDS_4]
    films = [[make_phantom(seed, SMALL, disease=grade) for seed in range(8)] for grade in grades]

    def contrast(film: object) -> float:
        lungs = film.lungs > 0  # type: ignore[attr-defined]
        return float(film.pixels[lungs].mean() - np.median(film.pixels))  # type: ignore[attr-defined]

    levels = [np.mean([contrast(film) for film in group]) for group in films]
    lengths = [np.mean([film.baby.lung_mm / film.baby.chest_mm for film in group]) for group in films]
    assert levels == sorted(levels)
    assert lengths == sorted(lengths, reverse=True)


@pytest.mark.parametrize("seed", range(4))
def test_devices_do_not_tell_the_disease_unless_they_are_asked_to(seed: int) -> None:
    def names(disease: Disease, tell: float) -> list[str]:
        """Devices of a film, without those that lie beside the baby and may miss the film."""
        settings = PhantomSettings(long_side=32, whole_baby=1, devices_tell=tell)
        film = make_phantom(seed, settings, disease=disease)
        return [device.name for device in film.devices if device.name not in {"marker", "hand"}]

    assert names(Disease.RDS_1, 0.0) == names(Disease.NORMAL, 0.0)
    assert "tracheal tube" in names(Disease.RDS_1, 1.0)
    assert "tracheal tube" not in names(Disease.NORMAL, 1.0)


def test_a_tube_is_as_thick_as_it_is_wide() -> None:
    canvas = Canvas(60, 60, 0.1, -3.0, -3.0)
    plane = canvas.blank()
    add_tube(plane, canvas, [(0.0, -2.0), (0.0, 2.0)], [0.5, 0.5])

    assert plane.max() == pytest.approx(1.0, abs=0.02)
    assert plane[30].sum() * 0.1 == pytest.approx(np.pi * 0.5**2, rel=0.05)
