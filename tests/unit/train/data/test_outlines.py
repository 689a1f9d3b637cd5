"""Lungs are read alike from PNG masks, labelme polygons and DICOM SEG; what cannot be read is named."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from tests.support.prepared import SHAPE, draw_lungs, write_labelme, write_segmentation
from train.data.masks import read_outline, write_mask
from train.data.polygons import fill_polygon
from train.errors import UnusableIndex

BOX = [[6, 10], [34, 10], [34, 30], [6, 30]]


def _polygon(label: str, points: list[list[float]] = BOX, **more: Any) -> dict[str, Any]:
    return {"label": label, "points": points, "shape_type": "polygon", **more}


def test_all_kinds_give_the_same_lungs(tmp_path: Path) -> None:
    write_mask(tmp_path / "mask.png", draw_lungs())
    write_labelme(tmp_path / "mask.json", [_polygon("Left Lung")])
    uid = write_segmentation(tmp_path / "mask.dcm", draw_lungs() > 0)

    for name in ("mask.png", "mask.json", "mask.dcm"):
        assert np.array_equal(read_outline(tmp_path / name, uid), draw_lungs()), name


def test_written_masks_are_read_back(tmp_path: Path) -> None:
    mask = draw_lungs()
    mask[12:15] = 2
    write_mask(tmp_path / "mask.png", mask)

    with Image.open(tmp_path / "mask.png") as picture:
        assert set(np.unique(np.asarray(picture))) == {0, 127, 255}
    assert np.array_equal(read_outline(tmp_path / "mask.png"), mask)


@pytest.mark.parametrize("mode", ["L", "1", "P", "RGB"])
def test_masks_in_other_modes_and_of_zeros_and_ones_are_understood(tmp_path: Path, mode: str) -> None:
    lung = draw_lungs()
    picture = Image.fromarray(lung if mode in ("L", "P") else lung * 255)
    if mode == "P":
        picture.putpalette([0, 0, 0, 128, 0, 0])
    picture.convert(mode).save(tmp_path / "mask.png")

    assert np.array_equal(read_outline(tmp_path / "mask.png"), lung)


def test_grey_edges_are_refused(tmp_path: Path) -> None:
    Image.fromarray(np.where(np.arange(40) > 20, 200, 255).astype(np.uint8)[None].repeat(48, 0)).save(
        tmp_path / "mask.png"
    )

    with pytest.raises(UnusableIndex, match=r"912 pixels such as 200 are none of 0 background, 127"):
        read_outline(tmp_path / "mask.png")


def test_a_jpeg_mask_is_refused(tmp_path: Path) -> None:
    Image.fromarray(draw_lungs() * 255).save(tmp_path / "mask.jpg")

    with pytest.raises(UnusableIndex, match="JPEG blurs the edges"):
        read_outline(tmp_path / "mask.jpg")


def test_several_polygons_rectangles_and_what_is_not_to_be_counted(tmp_path: Path) -> None:
    rectangle = {"label": "폐 (right)", "points": [[20, 12], [6, 10]], "shape_type": "rectangle"}
    shapes = [rectangle, _polygon("LUNG_left", [[22, 10], [30, 10], [30, 20], [22, 20]]), _polygon("heart")]
    shapes.append(_polygon("ignore: clip", [[22, 10], [24, 10], [24, 12], [22, 12]]))

    mask = read_outline(write_labelme(tmp_path / "film.json", shapes))

    assert (mask == 1).sum() == 14 * 2 + 8 * 10 - 4
    assert (mask[10:12, 22:24] == 2).all()


@pytest.mark.parametrize(
    ("shapes", "message"),
    [
        ([], r"no lung among its shapes \(none\)"),
        ([_polygon("heart")], "no lung among its shapes heart"),
        ([_polygon("lung", [[1, 2], [3, 4]])], "lung has too few or unreadable points"),
        ([_polygon("lung", [[1, 2], [3, None], [5, 6]])], "too few or unreadable points"),  # type: ignore[list-item]
        ([_polygon("lung", [[1, 2], [float("nan"), 3], [5, 6]])], "too few or unreadable points"),
        ([_polygon("lung", shape_type="circle")], "lung is a circle; draw it as a polygon"),
    ],
)
def test_a_labelme_file_that_outlines_no_lung_is_named(
    tmp_path: Path, shapes: list[dict[str, Any]], message: str
) -> None:
    path = write_labelme(tmp_path / "film.json", shapes)

    with pytest.raises(UnusableIndex, match=rf"film\.json.*{message}"):
        read_outline(path)


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"shapes": 3}', '{"shapes": []', "[" * 100_000])
def test_a_json_file_of_another_kind_is_named(tmp_path: Path, text: str) -> None:
    (tmp_path / "film.json").write_text(text, encoding="utf-8")

    with pytest.raises(UnusableIndex, match=r"film\.json is no (readable JSON|labelme) file"):
        read_outline(tmp_path / "film.json")


def test_a_labelme_file_without_a_size_is_named(tmp_path: Path) -> None:
    (tmp_path / "film.json").write_text('{"shapes": [], "imageHeight": 48}', encoding="utf-8")

    with pytest.raises(UnusableIndex, match="does not state imageHeight and imageWidth"):
        read_outline(tmp_path / "film.json")


def test_a_segmentation_of_another_film_is_not_mixed_up(tmp_path: Path) -> None:
    write_segmentation(tmp_path / "mask.dcm", draw_lungs() > 0)

    with pytest.raises(UnusableIndex, match=r"does not refer to the film 1\.2\.3"):
        read_outline(tmp_path / "mask.dcm", "1.2.3")


def test_a_segmentation_of_something_else_has_no_lungs(tmp_path: Path) -> None:
    uid = write_segmentation(tmp_path / "mask.dcm", draw_lungs() > 0, heart=True)

    with pytest.raises(UnusableIndex, match="no segment that is a lung"):
        read_outline(tmp_path / "mask.dcm", uid)


def test_a_film_is_no_mask(tmp_path: Path) -> None:
    from tests.support.films import make_film

    make_film().save_as(tmp_path / "film.dcm", enforce_file_format=True)

    with pytest.raises(UnusableIndex, match="no Segmentation"):
        read_outline(tmp_path / "film.dcm")
    (tmp_path / "cut.dcm").write_bytes((tmp_path / "film.dcm").read_bytes()[:300])
    with pytest.raises(UnusableIndex, match=r"cut\.dcm: "):
        read_outline(tmp_path / "cut.dcm")


@settings(deadline=None, max_examples=60)
@given(
    st.lists(st.tuples(st.floats(-5, 45), st.floats(-5, 53)), min_size=3, max_size=8),
    st.tuples(st.integers(1, 20), st.integers(1, 20)),
)
def test_filling_equals_asking_each_pixel_centre(
    points: list[tuple[float, float]], shape: tuple[int, int]
) -> None:
    def is_inside(x: float, y: float) -> bool:
        inside = False
        for (x0, y0), (x1, y1) in zip(points, [*points[1:], points[0]], strict=True):
            if (y0 <= y) != (y1 <= y) and x0 + (y - y0) * ((x1 - x0) / (y1 - y0)) <= x:
                inside = not inside
        return inside

    filled = fill_polygon(points, shape)
    expected = [[is_inside(c + 0.5, r + 0.5) for c in range(shape[1])] for r in range(shape[0])]
    assert np.array_equal(filled, expected)


def test_a_polygons_area_is_kept() -> None:
    angles = np.linspace(0, 2 * np.pi, 60, endpoint=False)
    circle = [(100 + 80 * np.cos(a), 100 + 80 * np.sin(a)) for a in angles]

    assert fill_polygon(circle, (200, 200)).sum() == pytest.approx(np.pi * 80**2, rel=0.01)
    assert fill_polygon(circle, SHAPE).shape == SHAPE
