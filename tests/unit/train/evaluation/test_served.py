"""Lungs measured from DX file to Segmentation: the file is a valid DX film, the mask the one that is sent."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from typer.testing import CliRunner

from pipeline.bundle import load_bundle, reference_bundle
from pipeline.part10 import read_part10
from tests.support.validators import dciodvfy
from train.cli import app
from train.data.index import IndexedFilm, read_index, write_index
from train.data.pictures import decode, digest_of
from train.errors import UnusableIndex
from train.evaluation.served import serve_lungs
from train.evaluation.wrapping import dx_file
from train.phantom import PhantomSettings, make_phantom


@pytest.fixture(scope="module")
def films(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two phantoms as pictures, and a grey one with an outline."""
    folder = tmp_path_factory.mktemp("films")
    rows = []
    for seed in (3, 5, 6):
        film = make_phantom(seed, PhantomSettings(long_side=256, sideways=0))
        picture = np.rint(film.pixels * 255).astype(np.uint8) if seed != 6 else np.full(film.pixels.shape, 9)
        path, mask = folder / f"{seed}.png", folder / f"{seed}-mask.png"
        Image.fromarray(picture.astype(np.uint8)).save(path)
        Image.fromarray(np.where(film.lungs > 0, 255, 0).astype(np.uint8)).save(mask)
        digest = digest_of(decode(path).pixels)
        area = int((film.lungs > 0).sum())
        rows.append(
            IndexedFilm(path, mask, str(seed), None, area, film.pixels.shape, split="val", digest=digest)
        )
    write_index(folder, rows)
    return folder


def test_the_wrapped_film_is_a_valid_dx_file_with_the_pictures_own_pixels(
    films: Path, tmp_path: Path
) -> None:
    film = replace(read_index(films)[0], spacing_mm=(0.4, 0.4))
    wrapped = read_part10(dx_file(film, turns=1))
    with Image.open(film.path) as picture:
        assert np.array_equal(wrapped.pixel_array, np.rot90(np.asarray(picture)))
    assert dx_file(film) == dx_file(film) != dx_file(film, turns=1)
    path = tmp_path / "film.dcm"
    path.write_bytes(dx_file(film))
    assert not dciodvfy(path)


def test_a_film_without_segmentation_counts_as_nothing_found(films: Path) -> None:
    served = list(serve_lungs(load_bundle(reference_bundle(), device="cpu"), read_index(films)))
    assert [bool(one.why) for one in served] == [False, False, True]
    assert served[2].overlap == 0
    assert all(0.5 < one.overlap <= 1 for one in served[:2])


def test_the_command_says_how_many_films_have_one_and_why_others_have_not(films: Path) -> None:
    said = CliRunner().invoke(app, ["served", "--films", str(films)]).output
    assert said.count("2 of 3 films have a Segmentation") == 2
    assert said.count("1 x not assessable: contrast") == 2


def test_a_film_that_is_no_picture_is_named(films: Path, tmp_path: Path) -> None:
    other = tmp_path / "film.dcm"
    other.write_bytes(b"no picture")
    with pytest.raises(UnusableIndex, match="is no picture that can be read"):
        dx_file(replace(read_index(films)[0], path=other))
