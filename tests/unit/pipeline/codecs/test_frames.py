import struct

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydicom import Dataset
from pydicom.encaps import encapsulate, get_frame
from pydicom.uid import (
    JPEG2000,
    DeflatedExplicitVRLittleEndian,
    ExplicitVRBigEndian,
    ExplicitVRLittleEndian,
    ImplicitVRLittleEndian,
    JPEG2000Lossless,
    JPEGBaseline8Bit,
    JPEGExtended12Bit,
    JPEGLosslessSV1,
    JPEGLSLossless,
    JPEGLSNearLossless,
    RLELossless,
)

from pipeline.codecs import decode_frame
from pipeline.codecs.proving import read_proof
from pipeline.codecs.table import CODEC_BY_TRANSFER_SYNTAX, CODECS
from pipeline.errors import PipelineError, UndecodablePixels
from pipeline.part10 import read_part10
from pipeline.pixels.description import PixelLimits, describe_pixels
from tests.support.films import encode, make_film, part10_bytes

LOSSLESS = (
    ExplicitVRLittleEndian,
    ImplicitVRLittleEndian,
    DeflatedExplicitVRLittleEndian,
    RLELossless,
    JPEGLosslessSV1,
    JPEGLSLossless,
    JPEG2000Lossless,
)
COMPRESSED = tuple(codec for codec in CODECS if codec.decode is not None)
SMALL = {"rows": 136, "columns": 129}


def decoded(film: Dataset) -> np.ndarray:
    return decode_frame(film, describe_pixels(film, PixelLimits(min_side=1)))


def with_frame(film: Dataset, frame: bytes) -> Dataset:
    changed = Dataset()
    changed.update(film)
    changed.file_meta = film.file_meta
    changed.add_new("PixelData", "OB", encapsulate([frame + b"\0" * (len(frame) % 2)]))
    return changed


def frame_of(film: Dataset) -> bytes:
    return get_frame(film.PixelData, 0, number_of_frames=1)


@pytest.mark.parametrize("transfer_syntax", LOSSLESS, ids=lambda uid: uid.keyword)
@pytest.mark.parametrize(
    ("bits_stored", "signed"), [(8, False), (10, False), (12, True), (16, False), (16, True)]
)
def test_lossless_films_come_back_to_the_last_bit(
    transfer_syntax: str, bits_stored: int, signed: bool
) -> None:
    low = -(2 ** (bits_stored - 1)) if signed else 0
    stored = np.random.default_rng(1).integers(low, low + 2**bits_stored, (136, 129))
    film = make_film(stored_values=stored, bits_stored=bits_stored, signed=signed)

    received = read_part10(part10_bytes(encode(film, transfer_syntax)))

    np.testing.assert_array_equal(decoded(received), stored)


@pytest.mark.parametrize("transfer_syntax", [JPEGLSNearLossless, JPEG2000], ids=lambda uid: uid.keyword)
def test_lossy_films_come_back_nearly(transfer_syntax: str) -> None:
    film = make_film(bits_stored=12, **SMALL)

    difference = np.abs(decoded(encode(film, transfer_syntax)).astype(int) - decoded(film).astype(int))

    assert 0 < difference.mean() < 60


def test_eight_bit_baseline_jpeg_comes_back_nearly() -> None:
    film = make_film(bits_stored=8, **SMALL)

    difference = np.abs(decoded(encode(film, JPEGBaseline8Bit)).astype(int) - decoded(film).astype(int))

    assert 0 < difference.mean() < 4


def test_overlay_bits_above_the_high_bit_are_cleared() -> None:
    film = make_film(bits_stored=12, **SMALL)
    plain = decoded(film).copy()
    film.PixelData = (np.frombuffer(film.PixelData, "<u2") | 0xA000).astype("<u2").tobytes()

    np.testing.assert_array_equal(decoded(film), plain)


@pytest.mark.parametrize(
    "transfer_syntax", [ExplicitVRLittleEndian, RLELossless], ids=lambda uid: uid.keyword
)
@pytest.mark.parametrize("signed", [False, True])
def test_values_that_do_not_start_at_bit_0_are_moved_down(transfer_syntax: str, signed: bool) -> None:
    film = make_film(bits_stored=12, signed=signed, **SMALL)
    plain = decoded(film).copy()
    film.PixelData = (np.frombuffer(film.PixelData, "<u2") << 4 | 0x5).astype("<u2").tobytes()
    film.HighBit = 15

    np.testing.assert_array_equal(decoded(encode(film, transfer_syntax)), plain)


def test_lossy_overshoot_is_clipped_and_never_wraps_around() -> None:
    film = encode(make_film(bits_stored=12, **SMALL), JPEG2000)
    film.BitsStored, film.HighBit = 10, 9

    values = decoded(film)

    bright = decoded(make_film(bits_stored=12, **SMALL)) > 1500
    assert values.max() == 1023
    assert (values[bright] == 1023).all()


@pytest.mark.parametrize("codec", COMPRESSED, ids=lambda codec: codec.proof)
@pytest.mark.parametrize("share", [0.02, 0.3, 0.9])
def test_a_cut_off_frame_is_refused(codec: object, share: float) -> None:
    film = read_proof(codec)  # type: ignore[arg-type]
    frame = frame_of(film)

    with pytest.raises(UndecodablePixels, match=r"send the image|send the complete image|does not describe"):
        decoded(with_frame(film, frame[: int(share * len(frame))]))


@pytest.mark.parametrize("transfer_syntax", [JPEGLosslessSV1, JPEGBaseline8Bit], ids=lambda uid: uid.keyword)
def test_a_jpeg_frame_whose_missing_rows_libjpeg_would_fill_in_is_refused(
    transfer_syntax: str, capfd: pytest.CaptureFixture[str]
) -> None:
    film = encode(make_film(bits_stored=8, **SMALL), transfer_syntax)
    frame = frame_of(film)

    with pytest.raises(UndecodablePixels, match="premature end"):
        decoded(with_frame(film, frame[: len(frame) // 2] + b"\x55\xff\xd9"))
    assert capfd.readouterr().err == ""


def test_twelve_bit_jpeg_is_decoded_without_a_word_on_standard_error(
    capfd: pytest.CaptureFixture[str],
) -> None:
    film = read_proof(CODEC_BY_TRANSFER_SYNTAX[JPEGExtended12Bit])

    assert decoded(film).max() > 4000
    assert capfd.readouterr().err == ""


def test_an_rle_segment_that_runs_on_too_long_is_refused() -> None:
    film = encode(make_film(bits_stored=12, **SMALL), RLELossless)
    high_bytes, low_bytes = b"\x81\x00" * 200, b"\x81\x00" * 200
    header = struct.pack("<16I", 2, 64, 64 + len(high_bytes), *[0] * 13)

    with pytest.raises(UndecodablePixels, match="RLE frame is damaged"):
        decoded(with_frame(film, header + high_bytes + low_bytes))


@pytest.mark.parametrize("codec", COMPRESSED, ids=lambda codec: codec.proof)
def test_a_codestream_of_another_size_is_refused_before_it_is_decoded(codec: object) -> None:
    film = read_proof(codec)  # type: ignore[arg-type]
    film.Rows = 8000

    with pytest.raises(UndecodablePixels):
        decoded(film)


@pytest.mark.parametrize("codec", COMPRESSED, ids=lambda codec: codec.proof)
@given(data=st.data())
@settings(max_examples=25, derandomize=True)
def test_damaged_frames_raise_pipeline_errors_or_decode(codec: object, data: st.DataObject) -> None:
    film = read_proof(codec)  # type: ignore[arg-type]
    frame = bytearray(frame_of(film))
    for _ in range(data.draw(st.integers(1, 8))):
        frame[data.draw(st.integers(0, len(frame) - 1))] = data.draw(st.integers(0, 255))

    try:
        values = decoded(with_frame(film, bytes(frame)))
    except PipelineError:
        return
    assert values.shape == (36, 32)
    assert 0 <= values.min() <= values.max() < 2**film.BitsStored


def test_padding_to_a_block_is_allowed_and_more_is_another_image() -> None:
    film = make_film(**SMALL)
    plain = decoded(film).copy()
    pixel_data = film.PixelData

    film.PixelData = pixel_data + b"\0" * 512
    np.testing.assert_array_equal(decoded(film), plain)
    film.PixelData = pixel_data * 2
    with pytest.raises(UndecodablePixels, match="its header is wrong"):
        decoded(film)


def test_too_few_bytes_are_refused() -> None:
    film = make_film(**SMALL)
    film.PixelData = film.PixelData[:-2]

    with pytest.raises(UndecodablePixels, match="cut off"):
        decoded(film)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda film: film.pop("PixelData"), "no Pixel Data"),
        (lambda film: setattr(film.file_meta, "TransferSyntaxUID", ExplicitVRBigEndian), "No decoder"),
        (lambda film: film.file_meta.pop("TransferSyntaxUID"), "names no Transfer Syntax"),
        (lambda film: delattr(film, "file_meta"), "names no Transfer Syntax"),
        (lambda film: setattr(film.file_meta, "TransferSyntaxUID", RLELossless), "encapsulated"),
    ],
)
def test_pixels_that_cannot_be_decoded_say_why(change: object, message: str) -> None:
    film = make_film(**SMALL)
    change(film)  # type: ignore[operator]

    with pytest.raises(UndecodablePixels, match=message):
        decoded(film)
