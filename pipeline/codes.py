"""The coded concepts that result objects use, each with the context group it comes from (PS3.16).

SCT is SNOMED CT, DCM the DICOM Controlled Terminology, UCUM the units, RFC5646 languages, and 99NEOLUNG this
project's own scheme for what no standard code says. What the templates themselves name comes with highdicom.
"""

from types import MappingProxyType

from pydicom.sr.coding import Code

from pipeline.values import Outcome, Reason

OWN_SCHEME = "99NEOLUNG"
OWN_SCHEME_UID = "2.25.198470929676871269775633500965893662440"
OWN_SCHEME_NAME = "neolung local codes"

# Document (TID 1500; CID 7021)
IMAGING_MEASUREMENT_REPORT = Code("126000", "DCM", "Imaging Measurement Report")
ENGLISH = Code("en", "RFC5646", "English")
CHEST_X_RAY = Code("399208008", "SCT", "Plain chest X-ray")
RADIOGRAPHY = Code("363680008", "SCT", "Radiographic imaging procedure")
CONCLUSION = Code("121077", "DCM", "Conclusion")
COMMENT = Code("121106", "DCM", "Comment")

# Observer (TID 1002, 1004; CID 270)
DEVICE = Code("121007", "DCM", "Device")

# Image library (TID 1600, 1602, 1603; CID 29)
IMAGE_LIBRARY = Code("111028", "DCM", "Image Library")
SOURCE = Code("260753009", "SCT", "Source")
IMAGE_LIBRARY_GROUP = Code("126200", "DCM", "Image Library Group")
MODALITY = Code("121139", "DCM", "Modality")
PIXEL_DATA_ROWS = Code("110910", "DCM", "Pixel Data Rows")
PIXEL_DATA_COLUMNS = Code("110911", "DCM", "Pixel Data Columns")
ACQUISITION_DATE = Code("126201", "DCM", "Acquisition Date")
ACQUISITION_TIME = Code("126202", "DCM", "Acquisition Time")
PATIENT_ORIENTATION_ROW = Code("111044", "DCM", "Patient Orientation Row")
PATIENT_ORIENTATION_COLUMN = Code("111043", "DCM", "Patient Orientation Column")
HORIZONTAL_PIXEL_SPACING = Code("111026", "DCM", "Horizontal Pixel Spacing")
VERTICAL_PIXEL_SPACING = Code("111066", "DCM", "Vertical Pixel Spacing")
MODALITIES = MappingProxyType(
    {
        "CR": Code("CR", "DCM", "Computed Radiography"),
        "DX": Code("DX", "DCM", "Digital Radiography"),
        "RG": Code("RG", "DCM", "Radiographic imaging"),
        "OT": Code("OT", "DCM", "Other Modality"),
    }
)

# References between objects (CID 7202)
SOURCE_IMAGE = Code("121322", "DCM", "Source image for image processing operation")

# Models (CID 7005, 7162)
PROCESSING_EQUIPMENT = Code("109102", "DCM", "Processing Equipment")
ARTIFICIAL_INTELLIGENCE = Code("123110", "DCM", "Artificial Intelligence")

# Finding and anatomy (CID 240, 244, 7150, 7151)
RDS = Code("46775006", "SCT", "Respiratory distress syndrome in the newborn")
ABSENT = Code("272519000", "SCT", "Absent")
UNDETERMINED = Code("373068000", "SCT", "Undetermined")
PRESENT = Code("52101004", "SCT", "Present")
LUNG = Code("39607008", "SCT", "Lung")
RIGHT = Code("24028007", "SCT", "Right")
LEFT = Code("7771000", "SCT", "Left")
BILATERAL = Code("51440002", "SCT", "Bilateral")
ANATOMICAL_STRUCTURE = Code("91723000", "SCT", "Anatomical Structure")

# Measurements and their units
PROBABILITY = Code("122157", "DCM", "Probability")
AREA = Code("42798000", "SCT", "Area")
LUNG_AREA_FRACTION = Code("NR0001", OWN_SCHEME, "Lung area fraction of image")
RDS_GRADE = Code("NR0002", OWN_SCHEME, "Radiographic grade of respiratory distress syndrome")
NO_UNITS = Code("1", "UCUM", "no units")
PIXELS = Code("{pixels}", "UCUM", "pixels")
MILLIMETER = Code("mm", "UCUM", "mm")
SQUARE_MILLIMETER = Code("mm2", "UCUM", "square millimeter")

# How the analysis went (CID 6042) and the quality of the film (CID 6044, 6135)
SUMMARY_OF_ANALYSES = Code("111065", "DCM", "Summary of Analyses")
SUCCEEDED = Code("111222", "DCM", "Succeeded")
FAILED = Code("111224", "DCM", "Failed")
NOT_ATTEMPTED = Code("111225", "DCM", "Not Attempted")
QUALITY_ASSESSMENT = Code("111050", "DCM", "Quality Assessment")
USABLE = Code("111237", "DCM", "Usable - Meets the quality control standard")
USABLE_BELOW_STANDARD = Code("111236", "DCM", "Usable - Does not meet the quality control standard")
UNUSABLE = Code("111235", "DCM", "Unusable - Quality renders image unusable")
QUALITY_FINDING = Code("111052", "DCM", "Quality Finding")

DECISIONS = MappingProxyType(
    {
        Outcome.PRESENT: PRESENT,
        Outcome.ABSENT: ABSENT,
        Outcome.NOT_ELIGIBLE: UNDETERMINED,
        Outcome.NOT_ASSESSABLE: UNDETERMINED,
        Outcome.FAILED: UNDETERMINED,
    }
)
"""What the report says about RDS for each outcome (CID 240)."""

ANALYSIS_STATUS = MappingProxyType(
    {
        Outcome.PRESENT: SUCCEEDED,
        Outcome.ABSENT: SUCCEEDED,
        Outcome.NOT_ELIGIBLE: NOT_ATTEMPTED,
        Outcome.NOT_ASSESSABLE: NOT_ATTEMPTED,
        Outcome.FAILED: FAILED,
    }
)
"""What the report says about the analysis itself (CID 6042)."""

QUALITY_FINDINGS = MappingProxyType(
    {
        Reason.POSITIONING: Code("111209", "DCM", "Positioning"),
        Reason.UNDER_EXPOSED: Code("111211", "DCM", "Under exposed"),
        Reason.OVER_EXPOSED: Code("111212", "DCM", "Over exposed"),
        Reason.NO_IMAGE: Code("111213", "DCM", "No image"),
        Reason.MOTION: Code("111210", "DCM", "Motion blur"),
        Reason.DETECTOR_ARTIFACT: Code("111214", "DCM", "Detector artifact(s)"),
        Reason.OTHER_ARTIFACT: Code("111215", "DCM", "Artifact(s) other than grid or detector artifact"),
        Reason.UNSUITED_PROCESSING: Code("111219", "DCM", "Inappropriate image processing"),
        Reason.SOFTWARE_FAILURE: Code("111218", "DCM", "Software failure"),
        Reason.OTHER: Code("111221", "DCM", "Unknown failure"),
    }
)
"""Why a film was not judged (CID 6135)."""
