import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydicom import Dataset

from pipeline.pixels.orientation import from_upright, is_lateral, read_orientation, to_upright
from pipeline.values import Orientation

UPRIGHT = np.arange(12).reshape(4, 3)
"""Rows run to the feet, columns to the patient's left."""
EIGHT = [[row, column] for row in "LR" for column in "FH"] + [
    [row, column] for row in "FH" for column in "LR"
]


def stored_with(row: str, column: str) -> np.ndarray:
    """Lay the upright picture out so that its columns run to ``row`` and its rows to ``column``."""
    left_to_right = {"L": UPRIGHT, "R": UPRIGHT[:, ::-1]}
    if row in left_to_right:
        picture = left_to_right[row]
        return picture if column == "F" else picture[::-1]
    # Columns run along the body: the picture is transposed.
    along = {"F": UPRIGHT, "H": UPRIGHT[::-1]}[row].T
    return along if column == "L" else along[::-1]


@pytest.mark.parametrize("directions", EIGHT, ids="\\".join)
def test_every_right_angled_orientation_is_turned_upright(directions: list[str]) -> None:
    header = Dataset()
    header.PatientOrientation = directions

    orientation = read_orientation(header)

    assert orientation.known
    np.testing.assert_array_equal(to_upright(stored_with(*directions), orientation), UPRIGHT)


def test_an_ordinary_film_stays_as_it_is_and_a_mirrored_one_is_mirrored() -> None:
    ordinary, mirrored = Dataset(), Dataset()
    ordinary.PatientOrientation, mirrored.PatientOrientation = ["L", "F"], ["R", "F"]

    assert read_orientation(ordinary) == Orientation(mirrored=False, quarter_turns=0, known=True)
    assert read_orientation(mirrored) == Orientation(mirrored=True, quarter_turns=0, known=True)


@pytest.mark.parametrize("directions", [None, "", ["L"], ["L", "L"], ["A", "F"], ["X", "Y"], ["L", "F", "H"]])
def test_orientations_that_say_nothing_leave_the_film_as_it_is(directions: object) -> None:
    header = Dataset()
    if directions is not None:
        header.PatientOrientation = directions

    assert read_orientation(header) == Orientation()


def test_oblique_directions_count_by_their_first_letter() -> None:
    header = Dataset()
    header.PatientOrientation = ["RH", "FR"]

    assert read_orientation(header) == Orientation(mirrored=True, quarter_turns=0, known=True)


@pytest.mark.parametrize(
    ("directions", "lateral"),
    [(["A", "F"], True), (["P", "F"], True), (["L", "P"], True), (["L", "F"], False)],
)
def test_front_or_back_along_an_axis_is_lateral(directions: list[str], lateral: bool) -> None:
    header = Dataset()
    header.PatientOrientation = directions

    assert is_lateral(header) is lateral


@given(
    rows=st.integers(1, 7),
    columns=st.integers(1, 7),
    mirrored=st.booleans(),
    quarter_turns=st.integers(0, 3),
)
def test_there_and_back_is_the_identity(rows: int, columns: int, mirrored: bool, quarter_turns: int) -> None:
    pixels = np.arange(rows * columns).reshape(rows, columns)
    orientation = Orientation(mirrored, quarter_turns, known=True)

    np.testing.assert_array_equal(from_upright(to_upright(pixels, orientation), orientation), pixels)
