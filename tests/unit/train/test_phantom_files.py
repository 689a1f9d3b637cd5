"""Phantoms as files: valid objects, a truth that can be read back, an index to train from."""

import json
from hashlib import sha256
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from PIL import Image
from pydicom import Dataset, dcmread
from typer.testing import CliRunner

from pipeline.pixels.orientation import to_upright
from pipeline.radiograph import read_radiograph
from tests.support.validators import dciodvfy
from train.cli import app
from train.data import read_index, read_mask, read_pixels
from train.phantom import Phantom, PhantomSettings, dataset_of, make_phantom, phantom_dataset
from train.phantom.film import stream
from train.phantom.header import state_orientation
from train.phantom.stored import Storing, set_pixels
from train.phantom.truth import mask_of, run_lengths, segmentation_of, truth_of
from train.phantom_folder import FolderPlan, write_phantoms

SMALL = PhantomSettings(long_side=64, sideways=0.5)
WAYS = [
    Storing(10, inverted=False, voi="none", padded=True),
    Storing(12, inverted=True, voi="window", padded=False),
    Storing(14, inverted=False, voi="table", padded=True),
    Storing(16, inverted=True, voi="table", padded=True),
    Storing(16, inverted=False, voi="window", padded=False),
]


@pytest.fixture(scope="module")
def film() -> Phantom:
    return make_phantom(11, PhantomSettings(long_side=96, sideways=0))


@pytest.mark.parametrize("seed", range(6))
def test_film_and_segmentation_are_valid_and_say_that_nobody_is_meant(tmp_path: Path, seed: int) -> None:
    phantom = make_phantom(seed, SMALL)
    film = dataset_of(phantom)
    segmentation = segmentation_of(phantom, film)
    for name, made in (("film", film), ("seg", segmentation)):
        made.save_as(tmp_path / name, enforce_file_format=True)
        assert dciodvfy(tmp_path / name) == []
        assert str(made.PatientName).startswith("PHANTOM^")
        assert made.PatientIdentityRemoved == "YES"
    assert film.ImageComments == "SYNTHETIC - NOT A PATIENT"


def test_both_kinds_of_film_occur() -> None:
    kinds = {phantom_dataset(seed, PhantomSettings(long_side=32)).Modality for seed in range(8)}
    assert kinds == {"CR", "DX"}


def test_the_segmentation_is_the_drawn_lungs_with_the_same_bytes_each_time(
    film: Phantom, tmp_path: Path
) -> None:
    dataset = dataset_of(film)
    first, again = tmp_path / "a.dcm", tmp_path / "b.dcm"
    for path in (first, again):
        segmentation_of(film, dataset).save_as(path, enforce_file_format=True)
    assert sha256(first.read_bytes()).digest() == sha256(again.read_bytes()).digest()

    made = dcmread(first)
    assert [segment.SegmentLabel for segment in made.SegmentSequence] == ["Right lung", "Left lung"]
    for frame, side in zip(made.pixel_array, (1, 2), strict=True):
        assert np.array_equal(frame == 1, film.lungs == side)


@pytest.mark.parametrize("storing", WAYS, ids=str)
def test_however_it_is_stored_the_picture_shown_is_the_same(film: Phantom, storing: Storing) -> None:
    from pydicom.pixels import apply_voi_lut

    dataset = dataset_of(film)
    for keyword in ("WindowCenter", "WindowWidth", "VOILUTSequence", "PixelPaddingValue"):
        if keyword in dataset:
            delattr(dataset, keyword)
    set_pixels(dataset, film, storing)
    assert dataset.pixel_array.max() < 2**storing.bits

    shown = apply_voi_lut(dataset.pixel_array, dataset).astype(np.float64)
    shown = (shown - shown.min()) / (shown.max() - shown.min())
    wanted = -film.pixels if storing.inverted else film.pixels
    wanted = (wanted - wanted.min()) / (wanted.max() - wanted.min())
    assert np.abs(shown - wanted).max() < 0.02


@pytest.mark.parametrize("seed", range(8))
def test_the_header_leads_back_to_the_upright_picture_unless_it_is_wrong_on_purpose(seed: int) -> None:
    settings = PhantomSettings(long_side=256, sideways=0.8)
    drawn = make_phantom(seed, settings)
    film = dataset_of(drawn)
    radiograph = read_radiograph(film)
    truthful = [str(film.get("PatientOrientation", ""))] == [str(_true_orientation(drawn))]

    if radiograph.orientation.known and truthful:
        upright = to_upright(radiograph.pixels, radiograph.orientation)
        truth = np.rot90(drawn.pixels, drawn.turns)
        assert np.corrcoef(upright.ravel(), truth.ravel())[0, 1] > 0.95
    assert radiograph.spacing is not None
    assert radiograph.spacing.row_mm == pytest.approx(drawn.pitch_mm, abs=1e-4)


def _true_orientation(drawn: Phantom) -> object:
    """What Patient Orientation would be if it were right."""
    film = Dataset()
    film.PatientOrientation = {0: ["L", "F"], 1: ["H", "L"], 2: ["R", "H"], 3: ["F", "R"]}[drawn.turns]
    return film.PatientOrientation


def test_some_films_stored_sideways_state_it_wrongly_or_not_at_all() -> None:
    film = make_phantom(0, PhantomSettings(long_side=24, sideways=1))
    stated = [state_orientation(Dataset(), film, stream(seed, "storing", 1)) for seed in range(300)]
    assert {kind: stated.count(kind) / 300 for kind in set(stated)} == {
        "right": pytest.approx(0.70, abs=0.09),
        "wrong": pytest.approx(0.15, abs=0.07),
        "empty": pytest.approx(0.15, abs=0.07),
    }


@given(arrays(bool, st.tuples(st.integers(1, 9), st.integers(1, 9))))
def test_run_lengths_are_undone(mask: np.ndarray) -> None:
    lengths = run_lengths(mask)
    assert sum(lengths) == mask.size
    assert np.array_equal(mask_of(lengths, mask.shape), mask)


def test_the_truth_holds_every_mask_and_tip(film: Phantom) -> None:
    truth = json.loads(json.dumps(truth_of(film)))
    assert truth["synthetic"] is True
    assert np.array_equal(mask_of(truth["right_lung"], film.lungs.shape), film.lungs == 1)
    assert [device["name"] for device in truth["devices"]] == [device.name for device in film.devices]
    for device, drawn in zip(truth["devices"], film.devices, strict=True):
        assert np.array_equal(mask_of(device["mask"], film.lungs.shape), drawn.mask)


def test_a_folder_of_pictures_can_be_trained_on(tmp_path: Path) -> None:
    plan = FolderPlan(PhantomSettings(long_side=64), dicom=False)
    assert len(list(write_phantoms(range(5), tmp_path, plan))) == 5

    films = read_index(tmp_path)
    assert [film.split for film in films] == ["train"] * 4 + ["val"]
    mask = read_mask(films[0])
    assert np.array_equal(mask > 0, make_phantom(0, PhantomSettings(long_side=64)).lungs > 0)
    assert read_pixels(films[0]).shape == mask.shape


def test_a_dicom_folder_is_the_same_however_many_processes_draw_it(tmp_path: Path) -> None:
    for workers in (1, 2):
        plan = FolderPlan(SMALL, split="test", workers=workers)
        assert len(list(write_phantoms(range(2), tmp_path / str(workers), plan))) == 2

    written = [
        {str(path.relative_to(tmp_path / name)): path.read_bytes() for path in (tmp_path / name).rglob("*.*")}
        for name in ("1", "2")
    ]
    assert written[0] == written[1]
    assert {name.rsplit(".", 1)[1] for name in written[0]} == {"dcm", "json", "csv"}
    films = read_index(tmp_path / "1")
    assert {film.split for film in films} == {"test"}
    assert all("SYNTHETIC" in film.provenance for film in films)
    assert np.array_equal(read_mask(films[1]) > 0, make_phantom(1, SMALL).lungs > 0)


def test_the_command_asks_for_a_folder() -> None:
    result = CliRunner().invoke(app, ["phantoms", "2"])
    assert result.exit_code == 2
    assert "--page" in result.output


@pytest.mark.slow
def test_a_page_shows_32_films(tmp_path: Path) -> None:
    result = CliRunner().invoke(app, ["phantoms", "--page", str(tmp_path / "page.jpg")])
    assert result.exit_code == 0, result.output
    assert (tmp_path / "page.jpg").stat().st_size < 400_000
    with Image.open(tmp_path / "page.jpg") as page:
        assert page.size == (2400, 1354)
