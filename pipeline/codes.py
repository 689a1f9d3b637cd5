"""The coded concepts that result objects use, each with the context group it comes from (PS3.16).

SCT is SNOMED CT, DCM the DICOM Controlled Terminology, UCUM the units, RFC5646 languages, and 99NEOLUNG this
project's own scheme for what no standard code says.
"""

from dataclasses import dataclass
from types import MappingProxyType

from pipeline.values import Outcome, Reason


@dataclass(frozen=True, slots=True)
class Concept:
    """A coded concept.

    Attributes
    ----------
    value
        Code Value (0008,0100), at most 16 characters.
    scheme
        Coding Scheme Designator (0008,0102).
    meaning
        Code Meaning (0008,0104), at most 64 characters.
    """

    value: str
    scheme: str
    meaning: str


OWN_SCHEME = "99NEOLUNG"
OWN_SCHEME_UID = "2.25.198470929676871269775633500965893662440"
OWN_SCHEME_NAME = "neolung local codes"

# Document (TID 1500; CID 7021)
IMAGING_MEASUREMENT_REPORT = Concept("126000", "DCM", "Imaging Measurement Report")
LANGUAGE = Concept("121049", "DCM", "Language of Content Item and Descendants")
ENGLISH = Concept("en", "RFC5646", "English")
PROCEDURE_REPORTED = Concept("121058", "DCM", "Procedure reported")
CHEST_X_RAY = Concept("399208008", "SCT", "Plain chest X-ray")
RADIOGRAPHY = Concept("363680008", "SCT", "Radiographic imaging procedure")
CONCLUSION = Concept("121077", "DCM", "Conclusion")
COMMENT = Concept("121106", "DCM", "Comment")

# Observer (TID 1002, 1004; CID 270)
OBSERVER_TYPE = Concept("121005", "DCM", "Observer Type")
DEVICE = Concept("121007", "DCM", "Device")
DEVICE_OBSERVER_UID = Concept("121012", "DCM", "Device Observer UID")
DEVICE_OBSERVER_NAME = Concept("121013", "DCM", "Device Observer Name")
DEVICE_OBSERVER_MANUFACTURER = Concept("121014", "DCM", "Device Observer Manufacturer")
DEVICE_OBSERVER_MODEL = Concept("121015", "DCM", "Device Observer Model Name")
DEVICE_OBSERVER_SERIAL = Concept("121016", "DCM", "Device Observer Serial Number")

# Image library (TID 1600, 1602, 1603; CID 29)
IMAGE_LIBRARY = Concept("111028", "DCM", "Image Library")
IMAGE_LIBRARY_GROUP = Concept("126200", "DCM", "Image Library Group")
MODALITY = Concept("121139", "DCM", "Modality")
PIXEL_DATA_ROWS = Concept("110910", "DCM", "Pixel Data Rows")
PIXEL_DATA_COLUMNS = Concept("110911", "DCM", "Pixel Data Columns")
PATIENT_ORIENTATION_ROW = Concept("111044", "DCM", "Patient Orientation Row")
PATIENT_ORIENTATION_COLUMN = Concept("111043", "DCM", "Patient Orientation Column")
HORIZONTAL_PIXEL_SPACING = Concept("111026", "DCM", "Horizontal Pixel Spacing")
VERTICAL_PIXEL_SPACING = Concept("111066", "DCM", "Vertical Pixel Spacing")
MODALITIES = MappingProxyType(
    {
        "CR": Concept("CR", "DCM", "Computed Radiography"),
        "DX": Concept("DX", "DCM", "Digital Radiography"),
        "RG": Concept("RG", "DCM", "Radiographic imaging"),
        "OT": Concept("OT", "DCM", "Other Modality"),
    }
)

# Measurement groups (TID 1410, 1501, 4019; CID 7162)
IMAGING_MEASUREMENTS = Concept("126010", "DCM", "Imaging Measurements")
MEASUREMENT_GROUP = Concept("125007", "DCM", "Measurement Group")
TRACKING_IDENTIFIER = Concept("112039", "DCM", "Tracking Identifier")
TRACKING_UID = Concept("112040", "DCM", "Tracking Unique Identifier")
FINDING = Concept("121071", "DCM", "Finding")
FINDING_SITE = Concept("363698007", "SCT", "Finding Site")
LATERALITY = Concept("272741003", "SCT", "Laterality")
ALGORITHM_NAME = Concept("111001", "DCM", "Algorithm Name")
ALGORITHM_VERSION = Concept("111003", "DCM", "Algorithm Version")
ALGORITHM_MANUFACTURER = Concept("122405", "DCM", "Algorithm Manufacturer")
ALGORITHM_PARAMETERS = Concept("111002", "DCM", "Algorithm Parameters")
ALGORITHM_FAMILY = Concept("111000", "DCM", "Algorithm Family")
ARTIFICIAL_INTELLIGENCE = Concept("123110", "DCM", "Artificial Intelligence")
SOURCE_OF_MEASUREMENT = Concept("121112", "DCM", "Source of Measurement")
REFERENCED_SEGMENTATION_FRAME = Concept("121214", "DCM", "Referenced Segmentation Frame")
SOURCE_IMAGE_FOR_SEGMENTATION = Concept("121233", "DCM", "Source image for segmentation")

# Finding and anatomy (CID 240, 244, 7150, 7151)
RDS = Concept("46775006", "SCT", "Respiratory distress syndrome in the newborn")
ABSENT = Concept("272519000", "SCT", "Absent")
UNDETERMINED = Concept("373068000", "SCT", "Undetermined")
PRESENT = Concept("52101004", "SCT", "Present")
LUNG = Concept("39607008", "SCT", "Lung")
RIGHT = Concept("24028007", "SCT", "Right")
LEFT = Concept("7771000", "SCT", "Left")
BILATERAL = Concept("51440002", "SCT", "Bilateral")
ANATOMICAL_STRUCTURE = Concept("91723000", "SCT", "Anatomical Structure")

# Measurements and their units
PROBABILITY = Concept("122157", "DCM", "Probability")
AREA = Concept("42798000", "SCT", "Area")
LUNG_AREA_FRACTION = Concept("NR0001", OWN_SCHEME, "Lung area fraction of image")
NO_UNITS = Concept("1", "UCUM", "no units")
PIXELS = Concept("{pixels}", "UCUM", "pixels")
MILLIMETER = Concept("mm", "UCUM", "mm")
SQUARE_MILLIMETER = Concept("mm2", "UCUM", "square millimeter")

# How the analysis went (CID 6042) and the quality of the film (CID 6044, 6135)
SUMMARY_OF_ANALYSES = Concept("111065", "DCM", "Summary of Analyses")
SUCCEEDED = Concept("111222", "DCM", "Succeeded")
FAILED = Concept("111224", "DCM", "Failed")
NOT_ATTEMPTED = Concept("111225", "DCM", "Not Attempted")
QUALITY_ASSESSMENT = Concept("111050", "DCM", "Quality Assessment")
USABLE = Concept("111237", "DCM", "Usable - Meets the quality control standard")
USABLE_BELOW_STANDARD = Concept("111236", "DCM", "Usable - Does not meet the quality control standard")
UNUSABLE = Concept("111235", "DCM", "Unusable - Quality renders image unusable")
QUALITY_FINDING = Concept("111052", "DCM", "Quality Finding")

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
        Reason.POSITIONING: Concept("111209", "DCM", "Positioning"),
        Reason.UNDER_EXPOSED: Concept("111211", "DCM", "Under exposed"),
        Reason.OVER_EXPOSED: Concept("111212", "DCM", "Over exposed"),
        Reason.NO_IMAGE: Concept("111213", "DCM", "No image"),
        Reason.MOTION: Concept("111210", "DCM", "Motion blur"),
        Reason.DETECTOR_ARTIFACT: Concept("111214", "DCM", "Detector artifact(s)"),
        Reason.OTHER_ARTIFACT: Concept("111215", "DCM", "Artifact(s) other than grid or detector artifact"),
        Reason.UNSUITED_PROCESSING: Concept("111219", "DCM", "Inappropriate image processing"),
        Reason.SOFTWARE_FAILURE: Concept("111218", "DCM", "Software failure"),
        Reason.OTHER: Concept("111221", "DCM", "Unknown failure"),
    }
)
"""Why a film was not judged (CID 6135)."""

# Segmentation and equipment (CID 7005, 7202, 7203)
SOURCE_IMAGE = Concept("121322", "DCM", "Source image for image processing operation")
SEGMENTATION = Concept("113076", "DCM", "Segmentation")
ACQUISITION_EQUIPMENT = Concept("109101", "DCM", "Acquisition Equipment")
PROCESSING_EQUIPMENT = Concept("109102", "DCM", "Processing Equipment")
