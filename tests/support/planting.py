"""Films in which every text tells whose they are: planted identifiers that must not come out of an export.

>>> plants = Plants()
>>> plants.sow(film)
>>> plants.found_in(part10)
[]
"""

import re
from collections.abc import Iterator

from pydicom import DataElement, Dataset
from pydicom.datadict import dictionary_VR
from pydicom.dataset import PrivateBlock
from pydicom.tag import Tag

LONG = ("LO", "LT", "PN", "SH", "ST", "UC", "UT")
"""VRs whose elements get a text of their own."""
_BY_KEYWORD = {
    "PN": ("OperatorsName", "PhysiciansOfRecord", "PerformingPhysicianName", "OtherPatientNames"),
    "LO": (
        "InstitutionName", "StudyDescription", "SeriesDescription", "OtherPatientIDs", "Manufacturer",
        "ManufacturerModelName", "DeviceSerialNumber", "RescaleType", "PatientInsurancePlanCodeSequence",
        "CassetteID", "PlateID", "ProtocolName", "DetectorID", "InstitutionalDepartmentName", "EthnicGroup",
    ),
    "SH": ("AccessionNumber", "StudyID", "StationName", "EthnicGroup"),
    "LT": ("AdditionalPatientHistory", "PatientComments", "ImageComments"),
    "ST": ("InstitutionAddress", "DerivationDescription"),
    "CS": (
        "BodyPartExamined", "ViewPosition", "Laterality", "PatientOrientation", "ImageType", "PatientSex",
        "QualityControlImage", "Grid", "FilterType", "ShutterShape", "PositionerType", "DetectorType",
    ),
    "DA": ("PatientBirthDate", "InstanceCreationDate", "DateOfLastCalibration"),
    "TM": ("StudyTime", "SeriesTime", "AcquisitionTime", "ContentTime", "PatientBirthTime"),
    "DT": ("AcquisitionDateTime", "ScheduledProcedureStepStartDateTime"),
    "UI": ("DeviceUID", "FrameOfReferenceUID", "InstanceCreatorUID"),
    "AE": ("RetrieveAETitle", "StationAETitle"),
    "IS": ("SeriesNumber", "InstanceNumber", "AcquisitionNumber"),
    "DS": ("Sensitivity", "PatientSize"),
    "UR": ("RetrieveURL",),
    "UT": ("TextValue",),
    "AS": (),
}  # fmt: skip
_OVERLAY = 0x60000000
_LEFT = ("CodeValue", "CodingSchemeDesignator")
"""Codes must stay what they are, or the film is no chest any more."""


class Plants:
    """Counts upward, so that every planted text is of its own and can be told from all others."""

    def __init__(self, name: str = "Sprout") -> None:
        self.sown: list[str] = []
        self._name = name

    def text(self, longest: int = 16) -> str:
        """Give a new text: letters and a number, as an identifier has."""
        return self._sown(f"{self._name}{len(self.sown):05d}"[:longest])

    def value(self, vr: str) -> str:
        """Give a new value of a VR that holds one."""
        number = len(self.sown)
        made = {
            "PN": f"{self._name}N{number:05d}^Baby{number:05d}",
            "CS": f"{self._name.upper()}{number:05d}"[:16],
            "AE": f"{self._name.upper()}{number:05d}"[:16],
            "DA": f"{1900 + number % 80:04d}{number % 12 + 1:02d}{number % 28 + 1:02d}",
            "TM": f"{number % 24:02d}{number % 59 + 1:02d}{number % 58 + 1:02d}.{number:06d}",
            "DT": f"19{number % 80:02d}0704{number % 24:02d}1159.{number:06d}",
            "UI": f"1.2.826.0.1.{number + 10**7}.{number}",
            "IS": str(900_000_000 + number),
            "DS": str(800_000_000 + number),
            "UR": f"https://{self._name}{number:05d}.invalid/",
        }.get(vr, f"{self._name}{number:05d}")
        return self._sown(made)

    def sow(self, dataset: Dataset, *, top: bool = True) -> None:
        """Plant in every text that is there, at every depth; at the top in many more, private ones too."""
        for element in list(_elements(dataset)):
            if element.VR in LONG and element.keyword not in _LEFT and not self._is_planted(element):
                element.value = self.value(element.VR)
        if top:
            self._sow_attributes(dataset)
            self._sow_sequences(dataset)
            self._sow_private(dataset)
            self._sow_oddities(dataset)

    def found_in(self, content: bytes) -> list[str]:
        """Give what of all that was planted stands in some bytes, whatever the case of its letters."""
        lower, name = content.lower(), self._name.lower()
        named = name.encode() in lower
        return [
            text
            for text in self.sown
            if (named or name not in text.lower()) and _stands_in(text.lower().encode(), lower)
        ]

    def _sown(self, text: str) -> str:
        self.sown.append(text)
        return text

    def _is_planted(self, element: DataElement) -> bool:
        return str(element.value).startswith(self._name)

    def _done(self, dataset: Dataset) -> set[str]:
        return {element.keyword for element in dataset if self._is_planted(element)}

    def _sow_attributes(self, dataset: Dataset) -> None:
        for vr, keywords in _BY_KEYWORD.items():
            for keyword in keywords:
                if dictionary_VR(keyword) == vr and keyword not in self._done(dataset):
                    setattr(dataset, keyword, self.value(vr))

    def _sow_sequences(self, dataset: Dataset) -> None:
        for keyword in (
            "RequestAttributesSequence",
            "ReferencedStudySequence",
            "ContributingEquipmentSequence",
        ):
            dataset.__setattr__(keyword, [self._item()])
        anatomy = Dataset()
        anatomy.CodeValue, anatomy.CodingSchemeDesignator = self.text(), "99LOCAL"
        anatomy.CodeMeaning, anatomy.MappingResource = self.text(), "DCMR"
        dataset.AnatomicRegionSequence = [anatomy]

    def _item(self) -> Dataset:
        item, inner = Dataset(), Dataset()
        inner.InstitutionName, inner.PersonName = self.text(), self.value("PN")
        item.ReferencedSOPInstanceUID = self.value("UI")
        item.RequestedProcedureDescription, item.ScheduledProcedureStepID = self.text(), self.text()
        item.PersonIdentificationCodeSequence = [inner]
        self._sow_private(item)
        return item

    def _sow_private(self, dataset: Dataset) -> None:
        block: PrivateBlock = dataset.private_block(0x0011, self.text(), create=True)
        nested = Dataset()
        nested.PatientName = self.value("PN")
        block.add_new(0x01, "LO", self.text())
        block.add_new(0x02, "UN", self.text().encode())
        block.add_new(0x03, "SQ", [nested])
        block.add_new(0x04, "OB", self.text().encode() + b"\0")

    def _sow_oddities(self, dataset: Dataset) -> None:
        """Attributes of no dictionary, overlays, and what stands behind the pixels."""
        dataset.add(DataElement(Tag(0x0010, 0x9998), "LO", self.text()))
        dataset.add(DataElement(Tag(_OVERLAY + 0x0022), "LO", self.text()))
        dataset.add(DataElement(Tag(_OVERLAY + 0x3000), "OW", self.text(15).encode() + b"\0"))
        dataset.add(DataElement(Tag(0xFFFC, 0xFFFC), "OB", self.text(15).encode() + b"\0"))


def _stands_in(text: bytes, content: bytes) -> bool:
    """Look for a text; for a number between other characters only, for new UIDs are long runs of digits."""
    if text not in content:
        return False
    return not text.isdigit() or re.search(rb"(?<!\d)" + text + rb"(?!\d)", content) is not None


def _elements(dataset: Dataset) -> Iterator[DataElement]:
    for element in dataset:
        if element.VR == "SQ":
            for item in element.value:
                yield from _elements(item)
        else:
            yield element
