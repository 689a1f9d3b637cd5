"""Pixels come out alike from every kind of file; a copy of a film is known again."""

from contextlib import suppress
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from PIL import Image
from pydicom.uid import JPEGLSLossless

from pipeline.pixels.grayscale import GreyScale
from pipeline.radiograph import read_radiograph
from tests.support.films import encode, make_film
from tests.support.prepared import draw_film, indexed_folder
from train.data import read_pixels
from train.data.lookalikes import LOOK_ALIKE, find_look_alikes, perceptual_hash
from train.data.masks import read_outline
from train.data.pictures import decode, digest_of, is_dicom, stretch
from train.errors import UnusableIndex


def _picture(seed: int, shape: tuple[int, int] = (96, 80)) -> NDArray[np.float32]:
    return stretch(draw_film(seed, shape).astype(np.float32))


@pytest.mark.parametrize("photometric", ["MONOCHROME1", "MONOCHROME2"])
@pytest.mark.parametrize("grey", [GreyScale.RECOMMENDED, GreyScale.PAPER])
def test_dicom_films_are_decoded_as_the_node_does(tmp_path: Path, photometric: str, grey: GreyScale) -> None:
    film = make_film(rows=150, columns=140, photometric=photometric, PixelPaddingValue=7, WindowWidth=900)
    encode(film, JPEGLSLossless).save_as(tmp_path / "film", enforce_file_format=True)

    assert is_dicom(tmp_path / "film")
    assert np.array_equal(decode(tmp_path / "film", grey).pixels, read_radiograph(film, grey=grey).pixels)


@pytest.mark.parametrize(("name", "error"), [("film.png", 0), ("film.jpg", 0.05), ("film.tif", 0)])
def test_pictures_are_stretched_by_percentiles_or_from_least_to_greatest(
    tmp_path: Path, name: str, error: float
) -> None:
    values = (draw_film(1) // 2 + 40).astype(np.uint8)
    Image.fromarray(values).save(tmp_path / name, quality=98)

    assert np.abs(decode(tmp_path / name).pixels - stretch(values.astype(np.float32))).max() <= error
    paper = decode(tmp_path / name, GreyScale.PAPER).pixels
    assert (paper.min(), paper.max()) == (0, 1)
    assert np.abs(np.rint(paper * 255) - paper * 255).max() < 1e-3


def test_sixteen_bits_are_not_lost(tmp_path: Path) -> None:
    values = np.linspace(0, 65535, 48 * 40).reshape(48, 40).astype(np.uint16)
    Image.fromarray(values).save(tmp_path / "film.png")

    assert len(np.unique(decode(tmp_path / "film.png").pixels)) > 1800


def test_numbers_that_are_none_are_refused(tmp_path: Path) -> None:
    values = np.ones((48, 40), np.float32)
    values[3, 4] = np.nan
    Image.fromarray(values).save(tmp_path / "film.tif")

    with pytest.raises(UnusableIndex, match=r"film\.tif.*not a number \(NaN\)"):
        decode(tmp_path / "film.tif")


@pytest.mark.parametrize("size", [(31, 40), (40, 8193)])
def test_pictures_of_other_sizes_than_films_are_refused(tmp_path: Path, size: tuple[int, int]) -> None:
    Image.new("1", size).save(tmp_path / "film.png")

    with pytest.raises(UnusableIndex, match="32 to 8192 a side are read"):
        decode(tmp_path / "film.png")


@pytest.mark.filterwarnings("ignore::UserWarning:PIL")
@pytest.mark.parametrize("name", ["film.png", "film.jpg", "film.tiff"])
@pytest.mark.parametrize("kept", [0, 40, 400])
def test_damaged_pictures_are_named(tmp_path: Path, name: str, kept: int) -> None:
    Image.fromarray(draw_film(0, (200, 200))).save(tmp_path / name)
    (tmp_path / name).write_bytes((tmp_path / name).read_bytes()[:kept])

    with pytest.raises(UnusableIndex, match=rf"{name} cannot be read as a picture"):
        decode(tmp_path / name)


def test_a_film_that_was_replaced_by_one_of_another_size_is_named(tmp_path: Path) -> None:
    (film,) = indexed_folder(tmp_path, [{}])
    Image.fromarray(draw_film(0, (50, 60))).save(film.path)

    with pytest.raises(UnusableIndex, match=r"is \(50, 60\), its index says \(48, 40\)"):
        read_pixels(film)


def test_the_digest_is_of_the_picture_and_not_of_the_file(tmp_path: Path) -> None:
    film = make_film(rows=150, columns=140)
    film.save_as(tmp_path / "native", enforce_file_format=True)
    encode(film, JPEGLSLossless).save_as(tmp_path / "jpeg-ls", enforce_file_format=True)
    first, second = (digest_of(decode(tmp_path / name).pixels) for name in ("native", "jpeg-ls"))

    assert first == second
    assert digest_of(_picture(0)) != digest_of(_picture(1))
    assert digest_of(np.zeros((2, 6), np.float32)) != digest_of(np.zeros((3, 4), np.float32))


@settings(deadline=None, max_examples=40)
@given(
    seed=st.integers(0, 10**6),
    turns=st.integers(0, 3),
    mirrored=st.booleans(),
    gamma=st.floats(0.8, 1.25),
    halved=st.booleans(),
)
def test_a_copy_is_known_again_however_it_lies(
    seed: int, turns: int, mirrored: bool, gamma: float, halved: bool
) -> None:
    film = _picture(seed, (256, 192))
    copy = np.rot90(film[:, ::-1] if mirrored else film, turns) ** gamma
    if halved:
        copy = copy.reshape(copy.shape[0] // 2, 2, copy.shape[1] // 2, 2).mean(axis=(1, 3))
    other = _picture(seed + 1, (256, 192))
    pictures = [film, np.ascontiguousarray(copy, np.float32), other]

    found = list(find_look_alikes([perceptual_hash(picture) for picture in pictures]))
    assert [pair[:2] for pair in found] == [(0, 1)]
    assert found[0][2] <= LOOK_ALIKE


def test_films_without_a_hash_are_like_no_other() -> None:
    known = perceptual_hash(_picture(0))

    assert list(find_look_alikes([])) == []
    assert list(find_look_alikes(["", ""])) == []
    assert list(find_look_alikes(["", known, "", known])) == [(1, 3, 0)]


@pytest.mark.filterwarnings("ignore::UserWarning")
@settings(deadline=None, max_examples=80)
@given(
    name=st.sampled_from(["film.png", "film.jpg", "film.tif", "film.dcm"]),
    at=st.floats(0, 1),
    junk=st.binary(min_size=1, max_size=12),
    kept=st.floats(0.02, 1),
)
def test_a_damaged_file_is_decoded_or_named_and_nothing_else(
    tmp_path_factory: pytest.TempPathFactory, name: str, at: float, junk: bytes, kept: float
) -> None:
    path = tmp_path_factory.getbasetemp() / name
    if name.endswith("dcm"):
        make_film(rows=130, columns=130).save_as(path, enforce_file_format=True)
    else:
        Image.fromarray(draw_film(0)).save(path)
    whole = path.read_bytes()
    start = int(at * len(whole))
    path.write_bytes((whole[:start] + junk + whole[start + len(junk) :])[: int(kept * len(whole))])

    for read in (decode, read_outline):
        with suppress(UnusableIndex):
            read(path)
