"""Identifiers of the node's own queries."""

import pytest

from node.errors import IdentifierNotMade
from node.network.find_scu import make_identifier


def test_values_are_of_the_type_of_their_key() -> None:
    keys = {
        "StudyDate": "20260101-",
        "Rows": "64",
        "InstanceNumber": "3",
        "Columns": "",
        "RequestAttributesSequence": "",
    }

    identifier = make_identifier("IMAGE", keys)

    assert (identifier.StudyDate, identifier.Rows, identifier.InstanceNumber) == ("20260101-", 64, 3)
    assert identifier.Columns in ("", None)
    assert list(identifier.RequestAttributesSequence) == []
    assert "SpecificCharacterSet" not in identifier


def test_text_outside_ascii_is_sent_in_unicode() -> None:
    identifier = make_identifier("STUDY", {"PatientName": "홍*"})

    assert identifier.SpecificCharacterSet == "ISO_IR 192"
    assert str(identifier.PatientName) == "홍*"


@pytest.mark.parametrize(
    ("keyword", "value"), [("", "1"), ("NoKey", ""), ("Rows", "x"), ("RequestAttributesSequence", "x")]
)
def test_what_cannot_be_sent_is_refused_without_its_value(keyword: str, value: str) -> None:
    with pytest.raises(IdentifierNotMade):
        make_identifier("STUDY", {keyword: value})
