"""Which models made a result, as SEG and report name them (IHE AIR 6.5.3.1; PS3.16 TID 4019)."""

from collections.abc import Iterable

from highdicom import AlgorithmIdentificationSequence, ContributingEquipment
from highdicom.sr import AlgorithmIdentification

from pipeline import codes
from pipeline.results.elements import fit
from pipeline.results.provenance import Provenance
from pipeline.values import Analysis, BundleIdentity, ModelIdentity


def model_equipment(
    model: ModelIdentity, bundle: BundleIdentity, contributed_at: str
) -> ContributingEquipment:
    """Make the Contributing Equipment item of one model.

    Parameters
    ----------
    contributed_at
        Value of Contribution DateTime (0018,A002), with its offset from UTC.

    Notes
    -----
    IHE AIR 6.5.3.1 asks for Device UID (0018,1002), which highdicom has no argument for.
    """
    item = ContributingEquipment(
        manufacturer=fit("Manufacturer", bundle.manufacturer),
        purpose_of_reference=codes.PROCESSING_EQUIPMENT,
        manufacturer_model_name=fit("ManufacturerModelName", model.name),
        software_versions=fit("SoftwareVersions", model.version),
        contribution_datetime=contributed_at,
        contribution_description="AI algorithm (RESEARCH)",
    )
    item.DeviceUID = model.device_uid
    return item


def models_that_looked(analysis: Analysis, provenance: Provenance) -> list[ContributingEquipment]:
    """Make the Contributing Equipment items of the models that this film came to."""
    bundle = provenance.bundle
    looked = [bundle.segmenter] if analysis.lung_mask else []
    looked += [bundle.classifier] if analysis.finding else []
    return [model_equipment(model, bundle, provenance.made_at_with_offset) for model in looked]


def model_parameters(model: ModelIdentity, bundle: BundleIdentity) -> tuple[str, ...]:
    """Name the exact weights and the bundle behind a result, then the model's own parameters."""
    return (
        f"weights_sha256={model.weights_sha256}",
        f"bundle={bundle.name} {bundle.version}",
        f"bundle_sha256={bundle.digest}",
        *model.parameters,
    )


def segment_algorithm(model: ModelIdentity, bundle: BundleIdentity) -> AlgorithmIdentificationSequence:
    """Identify the model behind a segment (PS3.3 Table 10-19)."""
    named = (parameter.partition("=") for parameter in model_parameters(model, bundle))
    return AlgorithmIdentificationSequence(
        name=fit("AlgorithmName", model.name),
        family=codes.ARTIFICIAL_INTELLIGENCE,
        version=fit("AlgorithmVersion", model.version),
        source=fit("AlgorithmSource", bundle.manufacturer),
        parameters={name: value for name, _, value in named},
    )


def report_algorithm(
    model: ModelIdentity, bundle: BundleIdentity, parameters: Iterable[str]
) -> AlgorithmIdentification:
    """Identify the model behind a Measurement Group (TID 4019); each parameter is said once."""
    return AlgorithmIdentification(
        name=model.name,
        version=model.version,
        parameters=list(dict.fromkeys(parameters)),
        family=codes.ARTIFICIAL_INTELLIGENCE,
        manufacturer=bundle.manufacturer,
    )
