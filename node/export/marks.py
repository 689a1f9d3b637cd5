"""What a de-identified object says of its de-identification (PS3.15 E.1.1, PS3.3 C.7.1.1 and C.12.1)."""

from pydicom import Dataset
from pydicom.sr.coding import Code

METHOD = ("neolung export", "PS3.15 Annex E, allow list")
SIMULATED = "SYNTHETIC"
BASIC = Code("113100", "DCM", "Basic Application Confidentiality Profile")
CLEAN_PIXELS = Code("113101", "DCM", "Clean Pixel Data Option")
OPTIONS = (
    Code("113105", "DCM", "Clean Descriptors Option"),
    Code("113107", "DCM", "Retain Longitudinal Temporal Information Modified Dates Option"),
    Code("113108", "DCM", "Retain Patient Characteristics Option"),
)


def mark(dataset: Dataset, *, pixels_cleaned: bool = False) -> None:
    """Write that identity was removed, and how.

    Parameters
    ----------
    pixels_cleaned
        Whether the parts that may show text were blacked out.
    """
    dataset.PatientIdentityRemoved = "YES"
    dataset.DeidentificationMethod = list(METHOD)
    applied = (BASIC, *((CLEAN_PIXELS,) if pixels_cleaned else ()), *OPTIONS)
    dataset.DeidentificationMethodCodeSequence = [_item(code) for code in applied]
    dataset.LongitudinalTemporalInformationModified = "MODIFIED"


def _item(code: Code) -> Dataset:
    item = Dataset()
    item.CodeValue, item.CodingSchemeDesignator, item.CodeMeaning = (
        code.value,
        code.scheme_designator,
        code.meaning,
    )
    return item
