"""WADO-RS on the wire: instances, metadata, frames and bulk data in the forms that a client asks for."""

from io import BytesIO

import numpy as np
import pytest
from pydicom import Dataset, dcmread
from pydicom.uid import (
    ExplicitVRLittleEndian,
    ImplicitVRLittleEndian,
    JPEG2000Lossless,
    JPEGLSLossless,
    RLELossless,
    SegmentationStorage,
)

from tests.support.films import encode, make_film
from tests.support.web import WebNode, parts_of, read

FILES = 'multipart/related; type="application/dicom"'
OCTETS = 'multipart/related; type="application/octet-stream"'


def path_of(film: Dataset, level: int = 3) -> str:
    uids = (film.StudyInstanceUID, film.SeriesInstanceUID, film.SOPInstanceUID)
    names = ("studies", "series", "instances")
    return "".join(f"/{name}/{uid}" for name, uid in zip(names[:level], uids, strict=False))


def small_film(**header: object) -> Dataset:
    return make_film(rows=140, columns=130, **header)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("accept", "syntax"),
    [
        ("*/*", ExplicitVRLittleEndian),
        (FILES, ExplicitVRLittleEndian),
        (f"{FILES}; transfer-syntax=*", JPEGLSLossless),
        (f"{FILES}; transfer-syntax={JPEGLSLossless}", JPEGLSLossless),
        (f"{FILES}; transfer-syntax={ImplicitVRLittleEndian}", ImplicitVRLittleEndian),
        (f"{FILES}; transfer-syntax={JPEG2000Lossless};q=1, {FILES};q=0.5", ExplicitVRLittleEndian),
    ],
)
def test_instances_come_in_the_transfer_syntax_asked_for(web: WebNode, accept: str, syntax: str) -> None:
    film = encode(small_film(), JPEGLSLossless)
    web.stow(film)
    answer = web.get(path_of(film), accept=accept)
    ((headers, body),) = parts_of(answer)

    assert headers["content-type"] == f"application/dicom; transfer-syntax={syntax}"
    assert headers["content-location"].endswith(path_of(film))
    found = read(body)
    assert found.file_meta.TransferSyntaxUID == syntax
    assert np.array_equal(found.pixel_array, film.pixel_array)


def test_one_instance_comes_as_a_plain_file_when_asked(web: WebNode) -> None:
    film = small_film()
    web.stow(film)
    answer = web.get(path_of(film), accept="application/dicom")

    assert answer.headers["content-type"] == f"application/dicom; transfer-syntax={ExplicitVRLittleEndian}"
    assert int(answer.headers["content-length"]) == len(answer.content)
    assert read(answer.content) == film


@pytest.mark.parametrize(
    "accept", [f"{FILES}; transfer-syntax={JPEG2000Lossless}", "text/html", "image/jpeg"]
)
def test_what_cannot_be_made_is_not_acceptable(web: WebNode, accept: str) -> None:
    film = small_film()
    web.stow(film)

    assert web.get(path_of(film), accept=accept).status_code == 406


@pytest.mark.parametrize("level", [1, 2, 3])
def test_studies_series_and_instances_come_whole(web: WebNode, level: int) -> None:
    first = small_film()
    same = {"StudyInstanceUID": first.StudyInstanceUID, "SeriesInstanceUID": first.SeriesInstanceUID}
    films = [first, small_film(**same), small_film(StudyInstanceUID=first.StudyInstanceUID), small_film()]
    web.stow(*films)
    expected = {1: films[:3], 2: films[:2], 3: films[:1]}[level]

    files = [read(body) for _, body in parts_of(web.get(path_of(first, level)))]
    metadata = web.get(path_of(first, level) + "/metadata").json()

    assert [file.SOPInstanceUID for file in files] == [film.SOPInstanceUID for film in expected] or level == 1
    assert sorted(file.SOPInstanceUID for file in files) == sorted(film.SOPInstanceUID for film in expected)
    assert [model["00080018"]["Value"][0] for model in metadata] == [file.SOPInstanceUID for file in files]


def test_a_path_must_fit_together(web: WebNode) -> None:
    first, second = small_film(), small_film()
    web.stow(first, second)

    wrong = f"/studies/{first.StudyInstanceUID}/series/{second.SeriesInstanceUID}"
    assert web.get(wrong).status_code == 404
    assert web.get(f"{wrong}/instances/{second.SOPInstanceUID}").status_code == 404
    assert web.get("/studies/1.2.3").status_code == 404
    assert web.get("/studies/..%2F1").status_code in (400, 404)


def test_an_object_whose_file_is_gone_is_gone(web: WebNode) -> None:
    film = small_film()
    web.stow(film)
    (file,) = web.config.objects_dir.glob("??/*.dcm")
    damaged = file.read_bytes()[:-1] + b"!"
    file.unlink()
    for what in ("", "/metadata", "/frames/1", "/rendered"):
        assert web.get(path_of(film) + what).status_code == 410

    file.write_bytes(damaged)
    assert web.get(path_of(film)).status_code == 500
    assert "damaged" in web.get(path_of(film)).text


@pytest.mark.parametrize(
    ("accept", "kind", "syntax"),
    [
        ("*/*", "application/octet-stream", ExplicitVRLittleEndian),
        (OCTETS, "application/octet-stream", ExplicitVRLittleEndian),
        (f"{OCTETS}; transfer-syntax=*", "application/octet-stream", JPEGLSLossless),
        ("multipart/related; type=image/jls", "image/jls", JPEGLSLossless),
        (
            f'multipart/related; type="image/jls"; transfer-syntax={JPEGLSLossless}',
            "image/jls",
            JPEGLSLossless,
        ),
    ],
)
def test_a_compressed_frame_comes_as_asked_for(web: WebNode, accept: str, kind: str, syntax: str) -> None:
    film = encode(small_film(), JPEGLSLossless)
    web.stow(film)
    ((headers, frame),) = parts_of(web.get(path_of(film) + "/frames/1", accept=accept))

    assert headers["content-type"] == f"{kind}; transfer-syntax={syntax}"
    assert headers["content-location"].endswith("/frames/1")
    if syntax == JPEGLSLossless:
        assert frame.startswith(b"\xff\xd8")
        assert frame in film.PixelData
    else:
        assert np.array_equal(np.frombuffer(frame, "<u2").reshape(140, 130), film.pixel_array)


def test_an_other_compression_than_the_stored_one_is_not_acceptable(web: WebNode) -> None:
    film = encode(small_film(), RLELossless)
    web.stow(film)

    assert web.get(path_of(film) + "/frames/1", accept="multipart/related; type=image/jls").status_code == 406
    wanted = f"{OCTETS}; transfer-syntax={JPEG2000Lossless}"
    assert web.get(path_of(film) + "/frames/1", accept=wanted).status_code == 406


def segmentation(frames: int = 3, rows: int = 5, columns: int = 7) -> tuple[Dataset, np.ndarray]:
    """Make a SEG whose frames do not end with a byte."""
    masks = np.random.default_rng(0).integers(0, 2, (frames, rows, columns)).astype(np.uint8)
    seg = make_film(rows=16, columns=16)
    seg.SOPClassUID = seg.file_meta.MediaStorageSOPClassUID = SegmentationStorage
    seg.Modality, seg.NumberOfFrames, seg.Rows, seg.Columns = "SEG", frames, rows, columns
    seg.BitsAllocated = seg.BitsStored = 1
    seg.HighBit = 0
    packed = np.packbits(masks.ravel(), bitorder="little").tobytes()
    seg.PixelData = packed + b"\0" * (len(packed) % 2)
    seg["PixelData"].VR = "OB"
    return seg, masks


def test_frames_of_single_bits_start_at_a_byte_of_their_own(web: WebNode) -> None:
    seg, masks = segmentation()
    assert web.stow(seg).status_code == 200
    parts = parts_of(web.get(path_of(seg) + "/frames/3,1,2"))

    for (headers, frame), number in zip(parts, (3, 1, 2), strict=True):
        assert headers["content-location"].endswith(f"/frames/{number}")
        bits = np.unpackbits(np.frombuffer(frame, np.uint8), bitorder="little")
        assert np.array_equal(bits[:35].reshape(5, 7), masks[number - 1])


@pytest.mark.parametrize(
    ("frames", "status"),
    [("2", 404), ("0", 400), ("1,2", 404), ("1,,1", 400), ("a", 400), ("-1", 400), ("1,1", 400)],
)
def test_frames_that_are_not_there_are_not_found(web: WebNode, frames: str, status: int) -> None:
    film = small_film()
    web.stow(film)

    for form in ("", "/rendered", "/thumbnail"):
        if (form, frames) != ("/thumbnail", "1,2"):  # of a list the first
            assert web.get(f"{path_of(film)}/frames/{frames}{form}").status_code == status


def test_a_short_path_with_many_repeats_gives_nothing(web: WebNode) -> None:
    seg, _ = segmentation(2, 512, 512)
    web.stow(seg)

    assert web.get(f"{path_of(seg)}/frames/{','.join(['1'] * 1500)}").status_code == 400


def test_bulk_data_come_by_the_address_that_the_metadata_give(web: WebNode) -> None:
    item = Dataset()
    item.LUTData, item.LUTDescriptor, item.LUTExplanation = b"\1\2" * 1500, [1500, 0, 16], "x"
    film = small_film(VOILUTSequence=[item])
    web.stow(film)
    (model,) = web.get(path_of(film) + "/metadata").json()
    uri = model["00283010"]["Value"][0]["00283006"]["BulkDataURI"]

    assert uri.endswith("/bulkdata/00283010/1/00283006")
    single = web.http.get(uri, headers={"Accept": "application/octet-stream"})
    ((_, part),) = parts_of(web.http.get(uri))
    assert single.content == part == item.LUTData
    some = web.http.get(uri, headers={"Accept": "application/octet-stream", "Range": "bytes=1-4"})
    assert (some.status_code, some.content) == (206, item.LUTData[1:5])
    assert some.headers["content-range"] == "bytes 1-4/3000"


@pytest.mark.parametrize(
    ("path", "status"),
    [("00283010", 404), ("00100010", 404), ("00283010/1", 400), ("xyz", 400), ("00283010/0/00283006", 400)],
)
def test_bulk_data_that_are_none_are_not_found(web: WebNode, path: str, status: int) -> None:
    film = small_film()
    web.stow(film)

    assert web.get(f"{path_of(film)}/bulkdata/{path}").status_code == status


@pytest.mark.parametrize("wanted", ["bytes=3000-", "bytes=5-4"])
def test_a_range_beyond_the_end_cannot_be_had(web: WebNode, wanted: str) -> None:
    film = small_film()
    web.stow(film)
    headers = {"Accept": "application/octet-stream", "Range": wanted.replace("3000", "99999999")}

    assert web.get(f"{path_of(film)}/bulkdata/7FE00010", headers=headers).status_code == 416


@pytest.mark.parametrize("what", ["", "/metadata", "/frames/1", "/rendered"])
def test_the_head_of_an_answer_comes_without_its_body(web: WebNode, what: str) -> None:
    film = small_film()
    web.stow(film)
    head, whole = web.http.head(path_of(film) + what), web.get(path_of(film) + what)

    assert head.content == b""
    assert head.status_code == 200
    kinds = [answer.headers["content-type"].partition("; boundary")[0] for answer in (head, whole)]
    assert kinds[0] == kinds[1]
    assert head.headers.get("content-length") == whole.headers.get("content-length")


def test_metadata_come_as_xml_too(web: WebNode) -> None:
    film = small_film()
    web.stow(film)
    ((headers, body),) = parts_of(
        web.get(path_of(film) + "/metadata", accept="multipart/related; type=application/dicom+xml")
    )

    assert headers["content-type"] == "application/dicom+xml"
    assert film.SOPInstanceUID.encode() in body
    assert b"BulkData uri=" in body


def test_a_film_without_its_pixels_still_has_metadata(web: WebNode) -> None:
    film = small_film()
    del film.PixelData
    assert web.stow(film).status_code == 200

    assert "7FE00010" not in web.get(path_of(film) + "/metadata").json()[0]
    assert web.get(path_of(film) + "/frames/1").status_code == 404
    assert dcmread(BytesIO(parts_of(web.get(path_of(film)))[0][1])).SOPInstanceUID == film.SOPInstanceUID
