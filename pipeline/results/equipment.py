"""Who made a result object: this software, the device that took the film, and each model."""

from pydicom import Dataset

from pipeline import PIPELINE_VERSION, codes
from pipeline.results.elements import code_item, put
from pipeline.values import BundleIdentity, ModelIdentity, Origin

IMPLEMENTATION_CLASS_UID = "2.25.226570385401890397174838612991965760580"
IMPLEMENTATION_VERSION_NAME = "NEOLUNG_1"
MANUFACTURER = "neolung project"
MODEL_NAME = "neolung"

_ACQUISITION = (
    "Manufacturer",
    "InstitutionName",
    "StationName",
    "ManufacturerModelName",
    "DeviceSerialNumber",
)


def add_equipment(result: Dataset, origin: Origin) -> None:
    """Add the (Enhanced) General Equipment Module, PS3.3 C.7.5.2."""
    put(result, "Manufacturer", MANUFACTURER)
    put(result, "ManufacturerModelName", MODEL_NAME)
    put(result, "DeviceSerialNumber", origin.station_name)
    put(result, "SoftwareVersions", PIPELINE_VERSION)


def acquisition_equipment(header: Dataset) -> list[Dataset]:
    """Make the Contributing Equipment item of the device that took the film; none without a Manufacturer."""
    if not header.get("Manufacturer"):
        return []
    item = Dataset()
    for keyword in (*_ACQUISITION, "SoftwareVersions"):
        if header.get(keyword):
            put(item, keyword, header[keyword].value)
    put(item, "ContributionDescription", "Acquisition equipment of the source image")
    item.PurposeOfReferenceCodeSequence = [code_item(codes.ACQUISITION_EQUIPMENT)]
    return [item]


def model_equipment(model: ModelIdentity, bundle: BundleIdentity, contributed_at: str) -> Dataset:
    """Make the Contributing Equipment item of one model.

    Parameters
    ----------
    contributed_at
        Value of Contribution DateTime (0018,A002), with its offset from UTC.

    Notes
    -----
    IHE AIR 6.5.3.1 asks for Device UID (0018,1002) and for a new one after every training.
    """
    item = Dataset()
    put(item, "Manufacturer", bundle.manufacturer)
    put(item, "ManufacturerModelName", model.name)
    put(item, "DeviceUID", model.device_uid)
    put(item, "SoftwareVersions", model.version)
    put(item, "ContributionDateTime", contributed_at)
    put(item, "ContributionDescription", "AI algorithm (RESEARCH)")
    item.PurposeOfReferenceCodeSequence = [code_item(codes.PROCESSING_EQUIPMENT)]
    return item


def algorithm_parameters(model: ModelIdentity, bundle: BundleIdentity) -> tuple[str, ...]:
    """Name the exact weights and the bundle behind a result, then the model's own parameters."""
    return (
        f"weights_sha256={model.weights_sha256}",
        f"bundle={bundle.name} {bundle.version}",
        f"bundle_sha256={bundle.digest}",
        *model.parameters,
    )


def algorithm_identification(
    model: ModelIdentity, bundle: BundleIdentity, parameters: tuple[str, ...]
) -> Dataset:
    """Make an item of the Algorithm Identification Macro, PS3.3 Table 10-19."""
    item = Dataset()
    item.AlgorithmFamilyCodeSequence = [code_item(codes.ARTIFICIAL_INTELLIGENCE)]
    put(item, "AlgorithmName", model.name)
    put(item, "AlgorithmVersion", model.version)
    put(item, "AlgorithmParameters", ",".join(parameters))
    put(item, "AlgorithmSource", bundle.manufacturer)
    return item
