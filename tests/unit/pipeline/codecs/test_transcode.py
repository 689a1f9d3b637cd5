"""Objects reach a peer in a transfer syntax that it takes, with every value and every pixel as it was."""

import subprocess
import warnings
from io import BytesIO

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydicom import Dataset, dcmread
from pydicom.datadict import dictionary_VR
from pydicom.uid import (
    JPEG2000,
    DeflatedExplicitVRLittleEndian,
    ExplicitVRLittleEndian,
    ImplicitVRLittleEndian,
    JPEG2000Lossless,
    JPEGBaseline8Bit,
    JPEGLosslessSV1,
    JPEGLSLossless,
    RLELossless,
)

from pipeline.codecs import decode_frame
from pipeline.codecs.proving import known_pixels, read_proof
from pipeline.codecs.table import CODECS
from pipeline.codecs.transcode import TARGETS, transcode
from pipeline.errors import NotTranscodable, PipelineError, UndecodablePixels
from pipeline.part10 import read_part10
from pipeline.pixels.description import PixelLimits, describe_pixels
from tests.support.films import encode, make_film, part10_bytes

LOSSLESS = (RLELossless, JPEGLosslessSV1, JPEGLSLossless, JPEG2000Lossless)
PIXELS = 0x7FE00010


def decoded(film: Dataset) -> np.ndarray:
    return decode_frame(film, describe_pixels(film, PixelLimits(min_side=1)))


def values_of(source: bytes | Dataset) -> dict[object, object]:
    """Give the bytes of every value that stands in a file, by the way to it; Pixel Data left out."""
    dataset = dcmread(BytesIO(source)) if isinstance(source, bytes) else source
    found: dict[object, object] = {}
    for tag in sorted(dataset.keys()):
        element = dataset.get_item(tag)
        if tag == PIXELS or not tag.element:
            continue
        if (element.VR or (dictionary_VR(tag) if not tag.is_private else "UN")) != "SQ":
            # pydicom itself looks at Pixel Representation while it reads.
            found[tag] = element.value or b""
            continue
        for number, item in enumerate(dataset[tag].value):
            found |= {(tag, number, way): value for way, value in values_of(item).items()}
    return found


@pytest.mark.parametrize("target", TARGETS, ids=lambda uid: uid.keyword)
@pytest.mark.parametrize("codec", CODECS, ids=lambda codec: codec.proof)
def test_every_syntax_that_the_node_stores_reaches_every_target_with_the_same_pixels(codec, target):
    film = read_proof(codec)
    stored = part10_bytes(film)

    transcoded = transcode(stored, [target])

    sent = read_part10(transcoded)
    assert sent.file_meta.TransferSyntaxUID == target
    assert np.array_equal(decoded(sent), decoded(film))
    difference = np.abs(decoded(sent).astype(int) - known_pixels(film.BitsStored)).max()
    assert difference <= codec.tolerance
    assert values_of(transcoded) == values_of(stored)


@pytest.mark.parametrize("syntax", LOSSLESS, ids=lambda uid: uid.keyword)
@settings(max_examples=12, deadline=None)
@given(bits_stored=st.integers(8, 16), signed=st.booleans(), seed=st.integers(0, 9999))
def test_pixels_that_were_compressed_without_loss_come_back_to_the_bit(syntax, bits_stored, signed, seed):
    lowest = -(2 ** (bits_stored - 1)) if signed else 0
    values = np.random.default_rng(seed).integers(lowest, lowest + 2**bits_stored, (36, 34))
    film = make_film(stored_values=values, bits_stored=bits_stored, signed=signed)

    sent = read_part10(transcode(part10_bytes(encode(film, syntax)), [ExplicitVRLittleEndian]))

    assert np.array_equal(decoded(sent), values)
    assert sent.pixel_array.tolist() == values.tolist()


def test_an_object_that_is_taken_as_it_is_stays_the_very_bytes():
    stored = part10_bytes(encode(make_film(rows=32, columns=32), JPEGLSLossless))

    assert transcode(stored, [ImplicitVRLittleEndian, JPEGLSLossless]) is stored


def test_the_first_syntax_that_can_be_written_is_taken():
    stored = part10_bytes(make_film(rows=32, columns=32))

    sent = transcode(stored, [JPEG2000Lossless, ImplicitVRLittleEndian, DeflatedExplicitVRLittleEndian])

    assert read_part10(sent).file_meta.TransferSyntaxUID == ImplicitVRLittleEndian


@pytest.mark.parametrize("accepted", [[], [JPEG2000Lossless]])
def test_nothing_is_compressed_anew(accepted):
    with pytest.raises(NotTranscodable, match=r"No way from transfer syntax 1\.2\.840\.10008\.1\.2\.1"):
        transcode(part10_bytes(make_film(rows=32, columns=32)), accepted)


@pytest.mark.parametrize("syntax", [JPEG2000, JPEGBaseline8Bit], ids=lambda uid: uid.keyword)
def test_a_film_compressed_with_loss_stays_marked(syntax):
    film = encode(make_film(rows=64, columns=48, bits_stored=8), syntax)

    sent = read_part10(transcode(part10_bytes(film), [ExplicitVRLittleEndian]))

    assert (sent.LossyImageCompression, sent.LossyImageCompressionRatio) == ("01", 10)


def odd_film() -> Dataset:
    """Make a film with values that pydicom would not write as they stand."""
    film = make_film(rows=16, columns=16, AccessionNumber="A" * 40, SpecificCharacterSet="ISO_IR 192")
    film.add_new(0x00100010, "PN", "홍^길동")
    film.add_new(0x00091001, "UN", b"private\0")
    film.add_new(0x00090010, "LO", "INVENTED")
    film.SmallestImagePixelValue = 3
    lut = Dataset()
    lut.LUTDescriptor = [4, 0, 12]
    lut.add_new("LUTData", "OW", b"\0\0\1\0\2\0\3\0")
    film.ModalityLUTSequence = [lut]
    film.add_new(0x00280106, "US", 3)
    return film


@pytest.mark.parametrize("first", TARGETS, ids=lambda uid: uid.keyword)
@pytest.mark.parametrize("second", TARGETS, ids=lambda uid: uid.keyword)
def test_no_value_changes_on_the_way_through_any_two_syntaxes(first, second):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the invented header is meant to be odd
        film = odd_film()
        stored = part10_bytes(film).replace(b"0.1\\0.1 ", b"zero.one")  # a DS that is none
        there = transcode(stored, [first])
        back = transcode(there, [second])
        assert values_of(back) == values_of(stored)
    again = transcode(back, [ExplicitVRLittleEndian])
    element = dcmread(BytesIO(again)).get_item("ImagerPixelSpacing")
    assert element.value == b"zero.one"
    assert dcmread(BytesIO(again)).get_item(0x00280106).VR == "US"
    assert dcmread(BytesIO(again)).ModalityLUTSequence[0].get_item("LUTData").VR == "OW"


def test_text_too_long_for_its_vr_in_explicit_form_goes_as_unknown():
    film = make_film(rows=16, columns=16)
    film.add_new("ImageComments", "LT", "x" * 70000)
    film.file_meta.TransferSyntaxUID = ImplicitVRLittleEndian

    sent = read_part10(transcode(part10_bytes(film), [ExplicitVRLittleEndian]))

    assert sent.get_item("ImageComments").VR == "UN"
    assert sent.get_item("ImageComments").value == b"x" * 70000


def colour_film(frames: int = 1) -> tuple[Dataset, np.ndarray]:
    """Make a colour film; its samples (frames, 40, 34, 3) are smooth, as compression with loss likes them."""
    frame, y, x = np.mgrid[0:frames, 0:40, 0:34]
    samples = np.stack([y * 6, x * 7, 255 - y * 3 - frame * 20], axis=-1).astype("u1")
    film = make_film(rows=40, columns=34, bits_stored=8)
    film.SamplesPerPixel, film.PhotometricInterpretation, film.PlanarConfiguration = 3, "RGB", 0
    if frames > 1:
        film.NumberOfFrames = frames
    film.add_new("PixelData", "OB", samples.tobytes())
    return film, samples


@pytest.mark.parametrize("frames", [1, 3])
@pytest.mark.parametrize(
    "syntax", [RLELossless, JPEGLSLossless, JPEG2000Lossless], ids=lambda uid: uid.keyword
)
def test_colour_comes_back_by_pixel_and_to_the_bit(syntax, frames):
    film, samples = colour_film(frames)
    film.compress(syntax, generate_instance_uid=False)

    sent = read_part10(transcode(part10_bytes(film), [ExplicitVRLittleEndian]))

    assert (sent.PhotometricInterpretation, sent.PlanarConfiguration) == ("RGB", 0)
    assert sent.PixelData == samples.tobytes()


@pytest.mark.dcmtk
@pytest.mark.parametrize("frames", [1, 3])
@pytest.mark.parametrize("option", ["+e1", "+el"])
def test_colour_of_lossless_jpeg_by_another_encoder_comes_back_to_the_bit(tmp_path, option, frames):
    film, samples = colour_film(frames)
    native, compressed = tmp_path / "native.dcm", tmp_path / "jpeg.dcm"
    native.write_bytes(part10_bytes(film))
    # Without +cn the encoder might convert the colour, and lose bits.
    subprocess.run(["/usr/bin/dcmcjpeg", option, "+cn", native, compressed], check=True)

    sent = read_part10(transcode(compressed.read_bytes(), [ExplicitVRLittleEndian]))

    assert (sent.PhotometricInterpretation, sent.PlanarConfiguration) == ("RGB", 0)
    assert sent.PixelData == samples.tobytes()


def test_reversible_colour_of_jpeg_2000_is_rgb_again():
    film, samples = colour_film()
    film.PhotometricInterpretation = "RGB"
    film.compress(JPEG2000Lossless, generate_instance_uid=False)
    film.PhotometricInterpretation = "YBR_RCT"
    frame_film = part10_bytes(film)

    sent = read_part10(transcode(frame_film, [ImplicitVRLittleEndian]))

    assert sent.PhotometricInterpretation == "RGB"
    assert sent.PixelData == samples.tobytes()


@pytest.mark.parametrize("photometric", ["YBR_FULL_422", "YBR_FULL"])
def test_colour_of_baseline_jpeg_becomes_rgb(photometric):
    film, samples = colour_film()
    film = with_jpeg(film, samples[0], photometric)

    sent = read_part10(transcode(part10_bytes(film), [ExplicitVRLittleEndian]))

    assert (sent.PhotometricInterpretation, sent.PlanarConfiguration) == ("RGB", 0)
    assert np.abs(sent.pixel_array.astype(int) - samples[0]).max() < 24


def with_jpeg(film: Dataset, samples: np.ndarray, photometric: str) -> Dataset:
    from PIL import Image
    from pydicom.encaps import encapsulate

    stream = BytesIO()
    Image.fromarray(samples).save(stream, "JPEG", quality=95)
    film.PhotometricInterpretation = photometric
    film.file_meta.TransferSyntaxUID = JPEGBaseline8Bit
    film.add_new("PixelData", "OB", encapsulate([stream.getvalue() + b"\0" * (stream.tell() % 2)]))
    film["PixelData"].is_undefined_length = True
    return film


def test_bits_of_a_compressed_segmentation_are_packed_again():
    bits = np.random.default_rng(0).integers(0, 2, (3, 41, 35)).astype("u1")
    film = make_film(stored_values=bits[0], bits_stored=8)
    film.BitsAllocated = film.BitsStored = 1
    film.HighBit, film.NumberOfFrames = 0, 3
    film = with_j2k_bits(film, bits)

    sent = read_part10(transcode(part10_bytes(film), [ExplicitVRLittleEndian]))

    assert np.array_equal(sent.pixel_array, bits)


def with_j2k_bits(film: Dataset, bits: np.ndarray) -> Dataset:
    from openjpeg.utils import encode_array
    from pydicom.encaps import encapsulate

    frames = [bytes(encode_array(frame, bits_stored=1, photometric_interpretation=2)) for frame in bits]
    film.file_meta.TransferSyntaxUID = JPEG2000Lossless
    film.add_new("PixelData", "OB", encapsulate([frame + b"\0" * (len(frame) % 2) for frame in frames]))
    film["PixelData"].is_undefined_length = True
    return film


@settings(max_examples=40, deadline=None)
@given(syntax=st.sampled_from(LOSSLESS), position=st.floats(0, 1), byte=st.integers(0, 255))
def test_damage_is_an_error_of_ours_or_another_picture_but_no_crash(syntax, position, byte):
    stored = bytearray(part10_bytes(encode(make_film(rows=36, columns=34), syntax)))
    stored[132 + int(position * (len(stored) - 133))] = byte

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            transcode(bytes(stored), [ExplicitVRLittleEndian])
        except PipelineError:
            return


def test_missing_frames_are_told():
    film, _ = colour_film(2)
    film.compress(RLELossless, generate_instance_uid=False)
    film.NumberOfFrames = 5

    with pytest.raises(UndecodablePixels):
        transcode(part10_bytes(film), [ExplicitVRLittleEndian])


def test_a_compressed_icon_is_left_out():
    film = encode(make_film(rows=36, columns=34), JPEG2000Lossless)
    icon = Dataset()
    icon.add_new("PixelData", "OB", film.PixelData)
    icon["PixelData"].is_undefined_length = True
    film.IconImageSequence = [icon]

    assert "IconImageSequence" not in read_part10(transcode(part10_bytes(film), [ExplicitVRLittleEndian]))
