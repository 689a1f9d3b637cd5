"""Whole result objects against the ones in tests/golden: a change of a written object shows in the diff.

WRITE_GOLDEN=1 writes them anew; the diff is then the thing to review.
"""

import hashlib
import os
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from pydicom import Dataset
from pydicom.dataelem import DataElement

from pipeline import PIPELINE_VERSION
from pipeline.results import Form, make_result_objects, make_visible_object
from pipeline.values import Outcome
from tests.support.analyses import ORIGIN, make_analysis
from tests.support.films import make_film

GOLDEN = Path(__file__).parents[3] / "golden" / "results"


@pytest.mark.parametrize(
    ("outcome", "kind"),
    [
        (Outcome.PRESENT, "segmentation"),
        (Outcome.PRESENT, "report"),
        (Outcome.NOT_ASSESSABLE, "report"),
    ],
)
def test_a_result_object_is_what_it_was(outcome: Outcome, kind: str) -> None:
    film = make_film(rows=31, columns=27, TimezoneOffsetFromUTC="+0900")
    made = getattr(make_result_objects(make_analysis(outcome, film), ORIGIN, overlay=False), kind)

    compare(made, f"{kind}_{outcome.name.lower()}")


@pytest.mark.parametrize("form", [Form("pr"), Form("sc", longest_side=512), Form("pdf")])
def test_what_shows_a_result_is_what_it_was(form: Form) -> None:
    film = make_film(rows=31, columns=27, TimezoneOffsetFromUTC="+0900")
    analysis = make_analysis(Outcome.PRESENT, film)
    made = make_visible_object(analysis, ORIGIN, form)
    assert made is not None
    for drawn in ("PixelData", "EncapsulatedDocument", "EncapsulatedDocumentLength"):
        if drawn in made:  # depends on the versions of the drawing libraries
            made[drawn].value = b"" if drawn != "EncapsulatedDocumentLength" else 0

    compare(made, f"{form.kind}_present")


def compare(made: Dataset, name: str) -> None:
    text = "\n".join(masked(lines_of(made))) + "\n"
    path = GOLDEN / f"{name}.txt"
    if os.environ.get("WRITE_GOLDEN"):
        path.write_text(text, encoding="utf-8")

    assert text == path.read_text(encoding="utf-8")


def lines_of(dataset: Dataset, indent: str = "") -> Iterator[str]:
    for element in dataset:
        if element.VR != "SQ":
            yield f"{indent}{element.keyword} {element.VR} {value_of(element)}"
            continue
        yield f"{indent}{element.keyword} SQ {len(element.value)}"
        for item in element.value:
            if set(item.dir()) == {"CodeValue", "CodingSchemeDesignator", "CodeMeaning"}:
                yield f"{indent}  ({item.CodeValue}, {item.CodingSchemeDesignator}, {item.CodeMeaning})"
            else:
                yield f"{indent}  -"
                yield from lines_of(item, indent + "    ")


def value_of(element: DataElement) -> str:
    if isinstance(element.value, bytes):
        return f"{len(element.value)} bytes, SHA-256 {hashlib.sha256(element.value).hexdigest()}"
    if element.keyword == "SoftwareVersions" and element.value == PIPELINE_VERSION:
        return "PIPELINE_VERSION"
    return str(element.value).replace("\r\n", " / ")


def masked(lines: Iterator[str]) -> Iterator[str]:
    """Number the UIDs by their first appearance, so that equal ones stay equal."""
    numbers: dict[str, int] = {}

    def number(found: re.Match[str]) -> str:
        return f"uid {numbers.setdefault(found[0], len(numbers) + 1)}"

    for line in lines:
        yield re.sub(r"\b(2\.25|1\.2\.826)(\.\d+)+", number, line)
