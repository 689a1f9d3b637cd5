"""Rendered resources: what people see of a film, with their window, region and size (PS3.18 8.3.5)."""

from collections.abc import Callable
from io import BytesIO
from typing import Any

import numpy as np
import pytest
from PIL import Image
from pydicom import Dataset
from pydicom.uid import (
    UID,
    EncapsulatedPDFStorage,
    ExplicitVRLittleEndian,
    ImplicitVRLittleEndian,
    JPEGLSLossless,
    SecondaryCaptureImageStorage,
)

from node.web.holdings import Holdings
from tests.integration.web.test_retrieve import path_of, segmentation
from tests.support.films import encode, make_film
from tests.support.web import WebNode, parts_of

PNG = "image/png"


def picture(answer) -> np.ndarray:  # type: ignore[no-untyped-def,type-arg]
    assert answer.status_code == 200, answer.text
    return np.asarray(Image.open(BytesIO(answer.content)))


def ramp(**header: object) -> Dataset:
    """A film whose grey rises from left to right, 0 to 4000 in steps of 40."""
    values = np.tile(np.arange(100) * 40, (50, 1))
    return make_film(stored_values=values, **{"WindowCenter": 2048, "WindowWidth": 4096, **header})  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("accept", "form"),
    [("*/*", "JPEG"), ("image/*", "JPEG"), (PNG, "PNG"), ("image/gif", "GIF"), ("image/jp2", "JPEG2000")],
)
def test_a_film_is_drawn_in_each_form(web: WebNode, accept: str, form: str) -> None:
    film = encode(ramp(), JPEGLSLossless)
    web.stow(film)
    answer = web.get(path_of(film) + "/rendered", accept=accept)

    drawn = Image.open(BytesIO(answer.content))
    assert (drawn.format, drawn.size) == (form, (100, 50))
    assert answer.headers["content-type"] == Image.MIME[form]


@pytest.mark.parametrize(
    ("window", "black", "white"),
    [("", 0, 100), ("2000,1000", 37, 63), ("2000,1000,linear-exact", 37, 63), ("2000,-1", None, None)],
)
def test_the_window_that_is_asked_for_is_shown(
    web: WebNode, window: str, black: int | None, white: int | None
) -> None:
    film = ramp()
    web.stow(film)
    answer = web.get(
        path_of(film) + f"/rendered?window={window}" if window else path_of(film) + "/rendered", accept=PNG
    )
    if black is None:
        assert answer.status_code == 400
        return
    row = picture(answer)[25].astype(int)

    assert (np.diff(row) >= 0).all()
    assert abs(int((row < 5).sum()) - max(black, 1)) <= 2
    assert abs(int((row > 250).sum()) - (100 - white if white else 0)) <= 2


@pytest.mark.parametrize("function", ["linear", "linear-exact", "sigmoid"])
def test_an_inverted_film_is_turned_once(web: WebNode, function: str) -> None:
    film = ramp(PhotometricInterpretation="MONOCHROME1")
    web.stow(film)
    row = picture(web.get(path_of(film) + f"/rendered?window=2000,2000,{function}", accept=PNG))[25].astype(
        int
    )

    assert row[0] > 250 or function == "sigmoid"
    assert row[0] > row[50] > row[-1]


@pytest.mark.parametrize(
    ("viewport", "size"),
    [
        ("50,50", (50, 25)),
        ("200,400", (200, 100)),
        ("100,100,0,0,50,50", (100, 100)),
        ("100,100,50,0,-50,50", (100, 100)),
        ("20,20,,,40,20", (20, 10)),
    ],
)
def test_region_and_size_are_as_asked_for(web: WebNode, viewport: str, size: tuple[int, int]) -> None:
    film = ramp()
    web.stow(film)
    drawn = picture(web.get(path_of(film) + f"/rendered?viewport={viewport}", accept=PNG))

    assert drawn.shape == (size[1], size[0])
    is_turned = "-50" in viewport
    assert (drawn[5, 0] > drawn[5, -1]) == is_turned


@pytest.mark.parametrize(
    "query",
    [
        "viewport=0,10", "viewport=a,b", "viewport=10", "viewport=10,10,0,0,500,500", "viewport=9,9,1,1,1",
        "viewport=1e9,1e9", "viewport=nan,1", "window=1", "window=1,2,cubic", "window=a,b", "window=1,inf",
        "quality=0", "quality=101", "quality=x", "nonsense=1",
    ],
)  # fmt: skip
def test_what_is_no_drawing_is_refused(web: WebNode, query: str) -> None:
    film = ramp()
    web.stow(film)

    assert web.get(path_of(film) + f"/rendered?{query}").status_code == 400


def test_quality_counts(web: WebNode) -> None:
    film = make_film(rows=300, columns=300)
    web.stow(film)
    low, high = (len(web.get(path_of(film) + f"/rendered?quality={quality}").content) for quality in (10, 95))

    assert low < high / 2


def colour() -> Dataset:
    film = make_film(rows=20, columns=30)
    film.SOPClassUID = film.file_meta.MediaStorageSOPClassUID = SecondaryCaptureImageStorage
    pixels = np.zeros((20, 30, 3), np.uint8)
    pixels[:, :15, 0], pixels[:, 15:, 2] = 200, 100
    film.PhotometricInterpretation, film.SamplesPerPixel, film.PlanarConfiguration = "RGB", 3, 0
    film.BitsAllocated = film.BitsStored = 8
    film.HighBit, film.PixelData = 7, pixels.tobytes()
    film["PixelData"].VR = "OB"
    return film


def test_colours_are_kept(web: WebNode) -> None:
    film = colour()
    web.stow(film)
    drawn = picture(web.get(path_of(film) + "/rendered", accept=PNG))

    assert drawn[5, 5].tolist() == [200, 0, 0]
    assert drawn[5, 25].tolist() == [0, 0, 100]


def test_frames_of_a_mask_are_drawn(web: WebNode) -> None:
    seg, masks = segmentation()
    web.stow(seg)
    parts = parts_of(
        web.get(path_of(seg) + "/frames/1,3/rendered", accept="multipart/related; type=image/png")
    )
    drawn = [np.asarray(Image.open(BytesIO(body))) for _, body in parts]

    assert np.array_equal(drawn[0], masks[0] * 255)
    assert np.array_equal(drawn[1], masks[2] * 255)
    assert web.get(path_of(seg) + "/frames/4/rendered").status_code == 404


@pytest.mark.parametrize("resource", ["/rendered", "/frames/1,2,3/rendered"])
@pytest.mark.parametrize("syntax", [ExplicitVRLittleEndian, ImplicitVRLittleEndian])
def test_many_frames_are_decompressed_once(
    web: WebNode, monkeypatch: pytest.MonkeyPatch, syntax: UID, resource: str
) -> None:
    seg, _ = segmentation(3)
    seg.file_meta.TransferSyntaxUID = syntax
    web.stow(seg)
    asked = []

    def noting(method: str) -> Callable[..., Any]:
        original = getattr(Holdings, method)
        return lambda *given: (asked.append(method), original(*given))[1]

    for method in ("encoded", "read"):
        monkeypatch.setattr(Holdings, method, noting(method))

    assert web.get(path_of(seg) + resource).status_code == 200
    assert asked.count("encoded") <= 1
    assert asked.count("read") <= 2


def test_a_segmentation_is_laid_over_its_film(web: WebNode) -> None:
    film = make_film(rows=130, columns=130)
    seg, masks = segmentation(2, 130, 130)
    masks[1] &= 1 - masks[0]
    packed = np.packbits(masks.ravel(), bitorder="little").tobytes()
    seg.PixelData = packed + b"\0" * (len(packed) % 2)
    reference, series = Dataset(), Dataset()
    reference.ReferencedSOPClassUID, reference.ReferencedSOPInstanceUID = (
        film.SOPClassUID,
        film.SOPInstanceUID,
    )
    series.SeriesInstanceUID, series.ReferencedInstanceSequence = film.SeriesInstanceUID, [reference]
    seg.ReferencedSeriesSequence = [series]
    web.stow(film, seg)

    grey = picture(web.get(path_of(film) + "/rendered", accept=PNG))
    both = picture(web.get(path_of(seg) + "/rendered", accept=PNG))
    first = picture(web.get(path_of(seg) + "/frames/1/rendered", accept=PNG))

    assert both.shape == (130, 130, 3)
    outside = masks.sum(axis=0) == 0
    assert np.array_equal(both[outside], np.repeat(grey[outside][:, None], 3, axis=1))
    assert all(np.ptp(both[masks[n] == 1].astype(int), axis=1).min() > 0 for n in (0, 1))
    assert np.ptp(first[masks[1] == 1].astype(int), axis=1).max() == 0


def test_a_study_is_drawn_in_parts(web: WebNode) -> None:
    first = ramp()
    web.stow(first, ramp(StudyInstanceUID=first.StudyInstanceUID))
    for accept in ("*/*", PNG, "multipart/related; type=image/png"):
        parts = parts_of(web.get(path_of(first, 1) + "/rendered", accept=accept))
        assert len(parts) == 2
    assert picture(web.get(path_of(first, 2) + "/rendered")).shape == (50, 100)


def document(pdf: bytes) -> Dataset:
    film = make_film(rows=16, columns=16)
    for keyword in ("PixelData", "Rows", "Columns"):
        del film[keyword]
    film.SOPClassUID = film.file_meta.MediaStorageSOPClassUID = EncapsulatedPDFStorage
    film.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    film.EncapsulatedDocument, film.EncapsulatedDocumentLength = pdf + b"\0" * (len(pdf) % 2), len(pdf)
    film.MIMETypeOfEncapsulatedDocument = "application/pdf"
    return film


def test_a_document_comes_as_pdf(web: WebNode) -> None:
    film = document(b"%PDF-1.4 of an odd length")
    web.stow(film)
    answer = web.get(path_of(film) + "/rendered")

    assert answer.headers["content-type"] == "application/pdf"
    assert answer.content == b"%PDF-1.4 of an odd length"
    assert web.get(path_of(film) + "/rendered", accept=PNG).status_code == 406
    assert web.get(path_of(film) + "/thumbnail").status_code == 404


@pytest.mark.parametrize("level", [1, 2, 3])
def test_thumbnails_are_small_and_show_the_film(web: WebNode, level: int) -> None:
    film = make_film(rows=300, columns=200)
    same = {"StudyInstanceUID": film.StudyInstanceUID, "SeriesInstanceUID": film.SeriesInstanceUID}
    text = document(b"%PDF")
    for keyword, uid in same.items():
        setattr(text, keyword, uid)
    web.stow(text, film)

    assert picture(web.get(path_of(film, level) + "/thumbnail")).shape == (128, 85)
    assert picture(web.get(path_of(film, level) + "/thumbnail?viewport=30,30", accept=PNG)).shape == (30, 20)


def test_pixels_that_cannot_be_decoded_are_not_acceptable(web: WebNode) -> None:
    film = encode(ramp(), JPEGLSLossless)
    film.PixelData = film.PixelData[:200] + b"\0" * (len(film.PixelData) - 200)
    web.stow(film)

    assert web.get(path_of(film) + "/rendered").status_code == 406
    assert web.get(path_of(film)).status_code == 200
