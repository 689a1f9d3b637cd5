import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from pydicom import Dataset
from pydicom.pixels import apply_windowing

from pipeline.pixels.lut import Lut
from pipeline.pixels.voi import Ramp, Table, make_window, read_voi

centres = st.floats(-70000, 70000)
widths = st.floats(1, 140000)
functions = st.sampled_from(["LINEAR", "LINEAR_EXACT", "SIGMOID"])
inputs = st.lists(st.floats(-70000, 70000), min_size=2, max_size=30)


@given(centre=centres, width=widths, function=functions, values=inputs)
def test_a_window_never_falls_and_stays_between_black_and_white(
    centre: float, width: float, function: str, values: list[float]
) -> None:
    voi = make_window(centre, width, function)
    assert voi is not None

    grey = voi.mapping.of(np.sort(np.array(values)))

    assert (np.diff(grey) >= 0).all()
    assert 0 <= grey.min() <= grey.max() <= 1


@given(centre=centres, width=widths, function=functions, values=inputs)
def test_an_inverted_window_is_its_negative(
    centre: float, width: float, function: str, values: list[float]
) -> None:
    voi = make_window(centre, width, function)
    assert voi is not None
    points = np.array(values)

    np.testing.assert_allclose(voi.mapping.inverted().of(points), 1 - voi.mapping.of(points), atol=1e-9)


@pytest.mark.filterwarnings("ignore:overflow encountered in exp:RuntimeWarning")
@given(
    centre=st.integers(-2000, 6000),
    width=st.integers(2, 9000),
    function=functions,
    intercept=st.integers(-1024, 1024),
)
def test_windows_agree_with_pydicom(centre: int, width: int, function: str, intercept: int) -> None:
    header = Dataset()
    header.WindowCenter, header.WindowWidth, header.VOILUTFunction = centre, width, function
    header.RescaleSlope, header.RescaleIntercept = 1, intercept
    header.PhotometricInterpretation, header.BitsStored, header.PixelRepresentation = "MONOCHROME2", 12, 0
    values = np.linspace(intercept, intercept + 4095, 200)
    voi = read_voi(header, lowest_input=intercept)
    assert voi is not None

    low, high = float(intercept), float(intercept + 4095)
    expected = (apply_windowing(values, header) - low) / (high - low)

    np.testing.assert_allclose(voi.mapping.of(values), expected, atol=1e-6)


def test_a_linear_window_of_width_1_is_a_step_below_its_centre() -> None:
    voi = make_window(100, 1)
    assert voi is not None

    np.testing.assert_array_equal(voi.mapping.of(np.array([99.0, 100.0])), [0, 1])


@pytest.mark.parametrize(
    ("width", "function"), [(0, "LINEAR"), (0.5, "LINEAR"), (-5, "SIGMOID"), (0, "SIGMOID")]
)
def test_widths_that_the_standard_forbids_are_no_window(width: float, function: str) -> None:
    assert make_window(100, width, function) is None


@given(black=st.floats(-1e5, 1e5), white=st.floats(-1e5, 1e5), slope=st.floats(0.01, 100))
def test_a_whole_image_goes_through_the_same_ramp_as_single_values(
    black: float, white: float, slope: float
) -> None:
    assume(abs(white - black) > 1)
    stored = np.arange(-300, 300, 7, dtype=np.int16).reshape(2, -1)
    ramp = Ramp(black, white)

    image = ramp.through_line(slope, 3).of_stored(stored)

    assert image.dtype == np.float32
    np.testing.assert_allclose(image, ramp.of(stored * slope + 3.0), atol=1e-3)


def test_the_first_lut_comes_before_the_first_window() -> None:
    item = Dataset()
    item.LUTDescriptor, item.LUTData = [3, 10, 8], [0, 51, 255]
    header = Dataset()
    header.VOILUTSequence = [item]
    header.WindowCenter, header.WindowWidth = [100, 7], [50, 7]

    voi = read_voi(header, lowest_input=0)

    assert voi is not None
    assert voi.name == "lut"
    np.testing.assert_allclose(voi.mapping.of(np.array([0.0, 10, 11, 12, 99])), [0, 0, 0.2, 1, 1])
    del header.VOILUTSequence
    window = read_voi(header, lowest_input=0)
    assert window is not None
    assert window.mapping == Ramp(75, 124)


def test_an_inverted_table_is_its_negative() -> None:
    table = Table(Lut(0, np.array([0.0, 85.0, 255.0]), 8))
    points = np.array([0.0, 1.0, 2.0])

    np.testing.assert_allclose(table.inverted().of(points), 1 - table.of(points))


def test_no_window_and_no_lut_is_nothing() -> None:
    assert read_voi(Dataset(), lowest_input=0) is None
