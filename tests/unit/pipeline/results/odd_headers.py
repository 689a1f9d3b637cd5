"""Headers that real hospitals send and that break writers of DICOM objects."""

from typing import Any

from pydicom import Dataset

from tests.support.films import DX, make_film


def code_item(value: str, scheme: str, meaning: str) -> Dataset:
    item = Dataset()
    item.CodeValue, item.CodingSchemeDesignator, item.CodeMeaning = value, scheme, meaning
    return item


def request_item(**values: Any) -> Dataset:
    item = Dataset()
    item.update({})
    for keyword, value in values.items():
        setattr(item, keyword, value)
    return item


ODD: dict[str, dict[str, Any]] = {
    "plain": {},
    "sex empty": {"PatientSex": ""},
    "sex missing": {"PatientSex": None},
    "sex U": {"PatientSex": "U"},
    "sex Male": {"PatientSex": "Male"},
    "sex m": {"PatientSex": "m"},
    "birth date missing": {"PatientBirthDate": None},
    "birth date empty": {"PatientBirthDate": ""},
    "birth date of ACR-NEMA": {"PatientBirthDate": "2024.03.01"},
    "birth date with dashes": {"PatientBirthDate": "2024-03-01"},
    "birth date of zeros": {"PatientBirthDate": "00000000"},
    "birth date that never was": {"PatientBirthDate": "20240231"},
    "study time with colons": {"StudyTime": "07:30:00"},
    "study time short": {"StudyTime": "0730"},
    "study time nonsense": {"StudyTime": "half past"},
    "study date missing": {"StudyDate": None, "StudyTime": None},
    "study ID missing": {"StudyID": None},
    "accession number missing": {"AccessionNumber": None},
    "referring physician missing": {"ReferringPhysicianName": None},
    "referring physicians": {"ReferringPhysicianName": "A^B\\C^D"},
    "patient ID missing": {"PatientID": None},
    "patient name missing": {"PatientName": None},
    "patient name without caret": {"PatientName": "BABY OF KIM"},
    "nothing of the patient": dict.fromkeys(
        ("PatientName", "PatientID", "PatientBirthDate", "PatientSex", "PatientAge")
    ),
    "body part missing": {"BodyPartExamined": None},
    "body part in lower case": {"BodyPartExamined": "chest"},
    "body part too long": {"BodyPartExamined": "CHEST AND ABDOMEN PORTABLE"},
    "modality missing": {"Modality": None},
    "modality of a vendor": {"Modality": "DR"},
    "manufacturer missing": {"Manufacturer": None},
    "manufacturer too long": {"Manufacturer": "x" * 80},
    "orientation missing": {"PatientOrientation": None},
    "orientation empty": {"PatientOrientation": ""},
    "orientation of one value": {"PatientOrientation": "L"},
    "orientation nonsense": {"PatientOrientation": ["1", "0"]},
    "no spacing": {"ImagerPixelSpacing": None},
    "pixel spacing without a frame of reference": {"PixelSpacing": [0.14, 0.14]},
    "frame of reference without geometry": {"FrameOfReferenceUID": "1.2.3"},
    "frame of reference with geometry": {
        "FrameOfReferenceUID": "1.2.3",
        "ImagePositionPatient": [0, 0, 0],
        "ImageOrientationPatient": [1, 0, 0, 0, 1, 0],
        "PixelSpacing": [0.14, 0.14],
    },
    "age with a space": {"PatientAge": "1 D"},
    "age without unit": {"PatientAge": "81"},
    "weight zero": {"PatientWeight": "0"},
    "size in words": {},
    "description too long": {"StudyDescription": "x" * 80},
    "description with a line break": {"StudyDescription": "CHEST\nAP"},
    "lossy with its history": {
        "LossyImageCompression": "01",
        "LossyImageCompressionRatio": "10",
        "LossyImageCompressionMethod": "ISO_10918_1",
    },
    "lossy twice": {
        "LossyImageCompression": "01",
        "LossyImageCompressionRatio": ["10", "2.5"],
        "LossyImageCompressionMethod": ["ISO_10918_1", "ISO_14495_1"],
    },
    "lossy without history": {"LossyImageCompression": "01"},
    "offset from UTC": {"TimezoneOffsetFromUTC": "+0900"},
    "offset from UTC nonsense": {"TimezoneOffsetFromUTC": "Asia/Seoul"},
    "one frame": {"NumberOfFrames": 1},
    "private attributes": {"SeriesNumber": None},
    "charset missing": {"SpecificCharacterSet": None},
    "charset empty": {"SpecificCharacterSet": ""},
    "charset Korean": {
        "SpecificCharacterSet": ["", "ISO 2022 IR 149"],
        "PatientName": "Hong^G=洪^吉洞=홍^길동",
    },
    "charset Korean alone": {
        "SpecificCharacterSet": "ISO 2022 IR 149",
        "PatientName": "Hong^G=洪^吉洞=홍^길동",
    },
    "charset Korean, IR 6 first": {
        "SpecificCharacterSet": ["ISO 2022 IR 6", "ISO 2022 IR 149"],
        "PatientName": "Hong^G=洪^吉洞=홍^길동",
    },
    "charset Korean without escapes": {
        "SpecificCharacterSet": ["", "ISO 2022 IR 149"],
        "PatientName": "Hong^G=洪^吉洞=홍^길동".encode("euc_kr"),
    },
    "charset Japanese": {
        "SpecificCharacterSet": ["", "ISO 2022 IR 87"],
        "PatientName": "Yamada^T=山田^太郎=やまだ^たろう",
    },
    "charset UTF-8": {"SpecificCharacterSet": "ISO_IR 192", "PatientName": "Hong^G=洪^吉洞=홍^길동"},
    "charset UTF-8 misspelled": {"SpecificCharacterSet": "UTF-8", "PatientName": "홍^길동".encode()},
    "charset UTF-8 undeclared": {"SpecificCharacterSet": None, "PatientName": "홍^길동".encode()},
    "charset cp949 undeclared": {"SpecificCharacterSet": None, "PatientName": "똠^방각하".encode("cp949")},
    "charset Latin 1": {"SpecificCharacterSet": "ISO_IR 100", "PatientName": "Müller^Zoë"},
    "charset Latin 1 misspelled": {
        "SpecificCharacterSet": "ISO-8859-1",
        "PatientName": "Müller^Zoë".encode("latin-1"),
    },
    "charset Chinese": {"SpecificCharacterSet": "GB18030", "PatientName": "王^小东"},
    "charset unknown": {"SpecificCharacterSet": "KLINGON"},
    "DX": {"sop_class": DX},
    "DX without anatomy": {"sop_class": DX, "BodyPartExamined": None, "ImageLaterality": None},
    "Secondary Capture": {"sop_class": "1.2.840.10008.5.1.4.1.1.7"},
    "procedure code": {"ProcedureCodeSequence": [code_item("CXR1", "99HOSP", "Chest AP")]},
    "procedure code without meaning": {"ProcedureCodeSequence": [code_item("CXR1", "99HOSP", "")]},
    "procedure code empty": {"ProcedureCodeSequence": []},
    "request": {
        "RequestAttributesSequence": [
            request_item(
                RequestedProcedureID="RP1",
                RequestedProcedureDescription="Thorax",
                ScheduledProcedureStepID="SPS1",
                RequestedProcedureCodeSequence=[code_item("CXR1", "99HOSP", "Chest AP")],
            )
        ]
    },
    "request empty": {"RequestAttributesSequence": [Dataset()]},
    "other patient IDs": {
        "OtherPatientIDsSequence": [
            request_item(PatientID="OLD1", IssuerOfPatientID="H2", TypeOfPatientID="TEXT"),
            request_item(PatientID="OLD2"),
        ]
    },
    "issuer of the accession number": {
        "IssuerOfAccessionNumberSequence": [request_item(LocalNamespaceEntityID="RIS")]
    },
}

BAD_IDENTITY: dict[str, dict[str, Any]] = {
    "accession number too long": {"AccessionNumber": "A" * 24},
    "study ID too long": {"StudyID": "2024-03-02/0001-NICU"},
    "patient ID too long": {"PatientID": "P" * 70},
    "patient name too long": {"PatientName": "N" * 70},
    "UID with a leading zero": {"StudyInstanceUID": "1.2.03.4"},
}
"""Written back as they are, so that the archive files the result with the film; no validator likes them."""


def odd_film(name: str) -> Dataset:
    """Make the small film with one of these headers."""
    film = make_film(rows=31, columns=27, **(ODD | BAD_IDENTITY)[name])
    if name == "private attributes":
        film.private_block(0x0011, "INVENTED", create=True).add_new(1, "LO", "z")
    if name == "size in words":
        film.add_new("PatientSize", "SH", "small")
    return film
