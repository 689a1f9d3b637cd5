import zlib
from pathlib import Path

import pytest
from pydicom.uid import DeflatedExplicitVRLittleEndian

from pipeline.errors import PipelineError, UndecodablePixels, UnsupportedInstance
from pipeline.part10 import read_part10
from pipeline.radiograph import read_radiograph
from tests.support.films import encode, make_film, part10_bytes


def test_a_film_is_read_from_a_path_or_from_bytes(tmp_path: Path) -> None:
    film = make_film(rows=136, columns=129)
    path = tmp_path / "film.dcm"
    path.write_bytes(part10_bytes(film))

    assert read_part10(path).SOPInstanceUID == film.SOPInstanceUID
    assert read_part10(path.read_bytes()).PixelData == film.PixelData


@pytest.mark.parametrize("garbage", [b"", b"\x89PNG\r\n\x1a\n", b"\0" * 128 + b"NOPE" + b"\0" * 100])
def test_what_is_no_dicom_file_is_refused(garbage: bytes) -> None:
    with pytest.raises(UnsupportedInstance, match="no DICOM file"):
        read_part10(garbage)


def test_a_file_above_the_limit_is_not_even_parsed() -> None:
    with pytest.raises(UnsupportedInstance, match="at most 1000"):
        read_part10(b"\0" * 1001, most_bytes=1000)


def test_a_deflated_film_that_would_grow_beyond_the_limit_is_refused() -> None:
    film = make_film(rows=136, columns=129, stored_values=None)
    film.PixelData = b"\0" * 5_000_000
    bomb = part10_bytes(encode(film, DeflatedExplicitVRLittleEndian))

    assert len(bomb) < 100_000
    with pytest.raises(UnsupportedInstance, match="grows beyond 1000000"):
        read_part10(bomb, most_bytes=1_000_000)
    assert len(read_part10(bomb).PixelData) == 5_000_000


def test_a_cut_off_deflated_film_is_refused() -> None:
    deflated = part10_bytes(encode(make_film(rows=136, columns=129), DeflatedExplicitVRLittleEndian))

    with pytest.raises(UndecodablePixels, match="damaged"):
        read_part10(deflated[:-1000])


@pytest.mark.parametrize(
    "transfer_syntax", ["1.2.840.10008.1.2.1", "1.2.840.10008.1.2", "1.2.840.10008.1.2.4.80"]
)
def test_a_film_cut_off_anywhere_is_refused_somewhere_on_the_way(transfer_syntax: str) -> None:
    part10 = part10_bytes(encode(make_film(rows=136, columns=129), transfer_syntax))

    for length in (*range(0, 1800, 23), len(part10) // 2, len(part10) - 20):
        with pytest.raises(PipelineError):
            read_radiograph(read_part10(part10[:length]))


def test_the_deflate_check_uses_the_same_raw_deflate_as_dicom() -> None:
    deflated = part10_bytes(encode(make_film(rows=136, columns=129), DeflatedExplicitVRLittleEndian))
    start = 144 + int.from_bytes(deflated[140:144], "little")

    assert zlib.decompress(deflated[start:], -zlib.MAX_WBITS)
