"""UIDs of result objects, derived from what made them, so that a second run makes the same instances."""

from uuid import UUID, uuid5

from pipeline import PIPELINE_VERSION

_NAMESPACE = UUID("2c00182e-96e5-4ac2-b357-ffedbb0c1a0c")


def result_uid(
    source_sop_instance_uid: str,
    bundle_digest: str,
    kind: str,
    *,
    version: str = PIPELINE_VERSION,
    generation: int = 0,
) -> str:
    """Derive the UID of one result of one film.

    Parameters
    ----------
    bundle_digest
        SHA-256 of the bundle's manifest: another training gives other UIDs.
    kind
        What the UID names: ``seg``, ``seg/series``, ``seg/tracking/1``, ``sr/enhanced``...
    version
        Of the pipeline that makes, or made, the result.
    generation
        How often the film had been asked for again; what is made anew on demand is another instance.

    Returns
    -------
    str
        A UID under 2.25 (PS3.5 B.2), the same for the same arguments.
    """
    again = (f"generation {generation}",) if generation else ()
    name = "\n".join((version, bundle_digest, source_sop_instance_uid, kind, *again))
    return f"2.25.{uuid5(_NAMESPACE, name).int}"
