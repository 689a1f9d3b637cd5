import pytest
from pydicom.multival import MultiValue
from pydicom.valuerep import PersonName

from node.cli.transfer import _text


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (None, ""),
        ("CR", "CR"),
        (0, "0"),
        (PersonName("DEMO^CLEAR"), "DEMO^CLEAR"),
        (MultiValue(str, ["CR", "SEG", "SR"]), r"CR\SEG\SR"),
    ],
)
def test_values_are_shown_as_dicom_writes_them(value, text):
    assert _text(value) == text
