import pytest
from pydicom.encaps import get_frame
from pydicom.uid import JPEGBaseline8Bit, JPEGLosslessSV1

from pipeline.codecs.jpeg import strict_jpeg
from pipeline.errors import UndecodablePixels
from tests.support.films import encode, make_film


def lossless_frame() -> bytes:
    film = encode(make_film(rows=136, columns=129), JPEGLosslessSV1)
    return get_frame(film.PixelData, 0, number_of_frames=1).rstrip(b"\0")


def test_the_header_is_read_and_an_already_strict_stream_stays_as_it_is() -> None:
    stream, strict = strict_jpeg(lossless_frame())

    # GDCM writes the container's 16 bits.
    assert (stream.rows, stream.columns, stream.precision, stream.process) == (136, 129, 16, 0xC3)
    assert strict_jpeg(strict)[1] == strict


def test_application_segments_and_comments_are_left_out() -> None:
    frame = lossless_frame()
    comment = b"\xff\xfe\x00\x08hello!"

    assert strict_jpeg(frame[:2] + comment + frame[2:])[1] == strict_jpeg(frame)[1]


def test_what_follows_the_end_of_the_image_is_left_out() -> None:
    frame = lossless_frame()

    assert strict_jpeg(frame + b"\xff\x00\x00")[1] == strict_jpeg(frame)[1]


def test_an_impossible_spectral_selection_of_a_sequential_scan_is_put_right() -> None:
    film = encode(make_film(rows=136, columns=129, bits_stored=8), JPEGBaseline8Bit)
    frame = get_frame(film.PixelData, 0, number_of_frames=1)
    scan = frame.index(b"\xff\xda")

    assert strict_jpeg(frame[: scan + 7] + b"\0\0\0" + frame[scan + 10 :])[1] == strict_jpeg(frame)[1]


@pytest.mark.parametrize(
    ("damage", "message"),
    [
        (lambda frame: b"\0\0" + frame, "no JPEG codestream"),
        (lambda frame: frame.replace(b"\xff\xc3", b"\xff\xc2"), "has no place in a grey image"),
        (lambda frame: frame[:-2], "cut off before its end"),
        (lambda frame: frame[: frame.index(b"\xff\xda")], "no scan"),
        (lambda frame: frame[:2] + b"\xff\xe0\xff\xff" + frame[2:40], "runs over the end"),
        (lambda frame: frame[:200] + b"\xff\xda" + frame[202:], "marker inside the scan"),
        (lambda frame: frame.replace(b"\xff\xc4", b"\xff\xcc"), "has no place"),
    ],
)
def test_damaged_streams_are_refused(damage: object, message: str) -> None:
    with pytest.raises(UndecodablePixels, match=message):
        strict_jpeg(damage(lossless_frame()))  # type: ignore[operator]


@pytest.mark.parametrize("precision", range(2, 8))
def test_lossless_frames_of_a_depth_that_gdcm_does_not_survive_are_refused(precision: int) -> None:
    frame = bytearray(lossless_frame())
    frame[frame.index(b"\xff\xc3") + 4] = precision

    with pytest.raises(UndecodablePixels, match="no possible size or depth"):
        strict_jpeg(bytes(frame))
