"""Phantoms: the same seed is the same film, their truth is known, and devices tell nothing of the disease."""

import subprocess
import sys
from hashlib import sha256
from pathlib import Path

import numpy as np
import pytest

from tests.support.validators import dciodvfy
from train.phantom import Disease, PhantomSettings, disease_of, make_phantom, phantom_dataset
from train.phantom.canvas import Canvas, add_tube
from train.phantom_folder import truth_of, write_phantoms

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


def test_a_dicom_phantom_is_valid_and_says_that_nobody_is_meant(tmp_path: Path) -> None:
    film = phantom_dataset(11, SMALL)
    film.save_as(tmp_path / "film.dcm", enforce_file_format=True)

    assert dciodvfy(tmp_path / "film.dcm") == []
    assert film.ImageComments == "SYNTHETIC - NOT A PATIENT"
    assert str(film.PatientName).startswith("PHANTOM^")
    assert film.PatientIdentityRemoved == "YES"


@pytest.mark.parametrize("seed", range(6))
def test_patient_orientation_and_grey_scale_lead_back_to_the_upright_picture(seed: int) -> None:
    from pipeline.pixels.orientation import to_upright
    from pipeline.radiograph import read_radiograph

    settings = PhantomSettings(long_side=256, sideways=0.8)
    drawn = make_phantom(seed, settings)
    radiograph = read_radiograph(phantom_dataset(seed, settings))

    if radiograph.orientation.known:
        upright = to_upright(radiograph.pixels, radiograph.orientation)
        truth = np.rot90(drawn.pixels, drawn.turns)
        assert np.corrcoef(upright.ravel(), truth.ravel())[0, 1] > 0.95
    assert radiograph.spacing is not None
    assert radiograph.spacing.row_mm == pytest.approx(drawn.pitch_mm, abs=1e-4)


def test_a_folder_of_phantoms_can_be_trained_on(tmp_path: Path) -> None:
    from train.data import read_index, read_mask, read_pixels

    assert len(list(write_phantoms(range(5), tmp_path, long_side=64))) == 5

    films = read_index(tmp_path)
    assert [film.split for film in films] == ["train"] * 4 + ["val"]
    pixels, mask = read_pixels(films[0]), read_mask(films[0])
    assert np.array_equal(mask > 0, make_phantom(0, PhantomSettings(long_side=64)).lungs > 0)
    assert pixels.shape == mask.shape


def test_dicom_phantoms_come_with_their_truth(tmp_path: Path) -> None:
    (path,) = write_phantoms(range(4, 5), tmp_path, long_side=64, dicom=True)

    assert path.suffix == ".dcm"
    assert path.with_suffix(".json").exists()
    assert truth_of(make_phantom(4, PhantomSettings(long_side=64)))["synthetic"] is True
