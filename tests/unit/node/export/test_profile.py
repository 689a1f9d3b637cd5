"""The allow list, held against the standard's own list of what must go."""

import pytest
from dicomanonymizer.dicom_anonymization_databases import dicomfields_2026c as annex_e
from pydicom.datadict import dictionary_VR, keyword_for_tag
from pydicom.tag import Tag

from node.export.profile import Treatment, find_code, profile, vocabulary

BASIC = {
    action: {Tag(*tag) for tag in getattr(annex_e, f"{action}_TAGS") if len(tag) == 2}
    for action in ("X", "Z", "D", "U", "X_Z", "X_D", "Z_D", "X_Z_D", "X_Z_U_STAR")
}
"""PS3.15 Table E.1-1, edition 2026c, column Basic Profile, as the package dicom-anonymizer prints it."""
RETAINED_CHARACTERISTICS = {"PatientSex", "PatientAge", "PatientSize", "PatientWeight"}
MODIFIED_DATES = {Treatment.DATE, Treatment.TIME}
REMOVES = {Treatment.EMPTY, Treatment.CONSTANT, Treatment.PATIENT}


def rows(*actions: str) -> list[tuple[str, Treatment]]:
    named = profile()
    return [
        (keyword_for_tag(tag), named[tag].treatment)
        for action in actions
        for tag in sorted(BASIC[action])
        if tag in named
    ]


def test_the_table_was_read() -> None:
    assert sum(len(tags) for tags in BASIC.values()) > 600
    assert Tag(0x00100010) in BASIC["Z"]


@pytest.mark.parametrize(("keyword", "treatment"), rows("X", "Z", "D", "X_Z", "X_D", "Z_D", "X_Z_D"))
def test_what_annex_e_removes_is_removed_or_kept_by_an_option(keyword: str, treatment: Treatment) -> None:
    assert treatment in REMOVES or treatment in MODIFIED_DATES or keyword in RETAINED_CHARACTERISTICS


@pytest.mark.parametrize(("keyword", "treatment"), rows("U"))
def test_uids_that_annex_e_replaces_are_replaced(keyword: str, treatment: Treatment) -> None:
    assert treatment is Treatment.UID


def test_sequences_that_annex_e_cleans_are_treated_item_by_item() -> None:
    assert {treatment for _, treatment in rows("X_Z_U_STAR")} <= {Treatment.ITEMS}


def test_no_free_text_may_stay() -> None:
    kept = {keyword_for_tag(tag): dictionary_VR(tag) for tag, rule in profile().items() if rule.terms}

    assert {name for name, vr in kept.items() if vr != "CS"} == {
        "RescaleType",
        "ModalityLUTType",
        "FilterType",
    }


def test_codes_are_found_with_their_meaning() -> None:
    found = find_code("39607008", "SCT")

    assert found is not None
    assert found.meaning == "Lung"
    assert find_code("KIM", "SCT") is None
    assert "lung" in vocabulary()
