"""What kind of object, and what kind of image of the exposure, it is."""

import re

from pydicom import Dataset
from pydicom.uid import UID, DigitalXRayImageStorageForProcessing

from pipeline.attributes import codes, text, texts
from pipeline.errors import UnsupportedInstance
from pipeline.film_classes import CAPTURE_CLASSES, RADIOGRAPH_CLASSES
from pipeline.gate.settings import GateSettings
from pipeline.gate.verdicts import no, unknown, yes
from pipeline.pixels.description import describe_pixels
from pipeline.values import Reason, RuleVerdict

_MODALITIES = ("CR", "DX", "DR", "RG")
_HUMAN = re.compile(r"homo sapiens|human", re.IGNORECASE)
_HUMAN_CODES = ("337915000", "L-85B00")
_COMPANION_SERIES = re.compile(
    r"bone.?suppress|(tube|line|catheter|pneumothorax).{0,3}(enhanc|visuali)|companion", re.IGNORECASE
)


def judge_sop_class(header: Dataset, settings: GateSettings) -> RuleVerdict:
    """Only CR and DX, and Secondary Capture where allowed."""
    sop_class_uid = UID(text(header, "SOPClassUID"))
    if sop_class_uid in RADIOGRAPH_CLASSES:
        return yes("sop class", sop_class_uid.name)
    if sop_class_uid in CAPTURE_CLASSES and settings.process_secondary_capture:
        return yes("sop class", "Secondary Capture, allowed by the settings")
    name = sop_class_uid.name[:64] if sop_class_uid else "no SOP Class"
    return no("sop class", f"{name}; only CR and DX images are judged")


def judge_modality(header: Dataset, _settings: GateSettings) -> RuleVerdict:
    """CR and DX, with the variants DR and RG."""
    modality = text(header, "Modality").upper()
    if modality in _MODALITIES:
        return yes("modality", modality)
    if not modality:
        return unknown("modality", "not stated")
    return no("modality", f"{modality[:16]}; only {', '.join(_MODALITIES)} are judged")


def judge_species(header: Dataset, _settings: GateSettings) -> RuleVerdict:
    """Animals are imaged with the same SOP Classes (PS3.3 C.7.1.1)."""
    species = text(header, "PatientSpeciesDescription")
    species_codes = [value for value, _ in codes(header, "PatientSpeciesCodeSequence") if value]
    if text(header, "AnatomicalOrientationType").upper() == "QUADRUPED":
        return no("species", "a quadruped")
    if (species and not _HUMAN.search(species)) or set(species_codes) - set(_HUMAN_CODES):
        return no("species", "not human")
    return yes("species", "human" if species or species_codes else "no other than human is stated")


def judge_pixels(header: Dataset, settings: GateSettings) -> RuleVerdict:
    """One monochrome frame of 8 to 16 bits, of a sensible size."""
    try:
        description = describe_pixels(header, settings.pixel_limits)
    except UnsupportedInstance as error:
        reason = Reason.OTHER if "Rows" in header else Reason.NO_IMAGE
        return no("pixels", str(error), reason)
    rows, columns = description.shape
    return yes(
        "pixels",
        f"{rows} x {columns}, {description.bits_stored} bits, {description.photometric_interpretation}",
    )


def judge_image_type(header: Dataset, settings: GateSettings) -> RuleVerdict:
    """No screen captures, and no enhanced copies of an exposure that comes by itself too."""
    image_type = [value.upper() for value in texts(header, "ImageType")]
    if image_type[1:2] == ["SECONDARY"] and not settings.process_secondary_capture:
        return no("image type", "SECONDARY, made from another image", Reason.UNSUITED_PROCESSING)
    if is_enhanced_copy(header, settings):
        return no("image type", "an enhanced copy of another image", Reason.UNSUITED_PROCESSING)
    if not image_type:
        return unknown("image type", "not stated")
    return yes("image type", "an image of its own")


def is_enhanced_copy(header: Dataset, settings: GateSettings) -> bool:
    """Tell, by Image Type from the third value on and by Series Description, what comes beside the film."""
    companions = set(settings.companion_image_types)
    values = [value.upper() for value in texts(header, "ImageType")[2:]]
    by_type = any(companions & set(re.split(r"[^A-Z]+", value)) for value in values)
    return by_type or _COMPANION_SERIES.search(text(header, "SeriesDescription")) is not None


def judge_intent(header: Dataset, settings: GateSettings) -> RuleVerdict:
    """Presentation Intent Type (0008,0068): raw detector images look different."""
    intent = text(header, "PresentationIntentType").upper()
    raw_class = text(header, "SOPClassUID") == DigitalXRayImageStorageForProcessing
    if intent == "FOR PROCESSING" or raw_class:
        if settings.allow_for_processing:
            return yes("presentation intent", "FOR PROCESSING, allowed by the settings")
        detail = "FOR PROCESSING; send the image FOR PRESENTATION"
        return no("presentation intent", detail, Reason.UNSUITED_PROCESSING)
    return yes("presentation intent", "FOR PRESENTATION" if intent else "not raw, as far as stated")
