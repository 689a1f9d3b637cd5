"""What a bundle brings along as evidence that it may take another's place: one of its own files."""

from __future__ import annotations

from pathlib import Path

from pydantic import BaseModel, ConfigDict, ValidationError

from pipeline.errors import BundleError

EVIDENCE_NAME = "comparison.json"
REPORT_NAME = "report.html"


class Difference(BaseModel):
    """One figure of the new bundle minus the same of the old one, on the same films.

    Attributes
    ----------
    low, high
        95 % interval.
    margin
        How much worse is still allowed; None for figures that nothing hangs on.
    holds
        Whether the interval lies above minus the margin.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    figure: str
    films: int
    difference: float | None
    low: float | None
    high: float | None
    p: float | None = None
    margin: float | None = None
    holds: bool | None = None


class Evidence(BaseModel):
    """The comparison of a bundle with the one that it was trained from, on babies that neither learnt from.

    Attributes
    ----------
    passes
        Whether every figure with a margin was measured and holds.
    against, against_name
        Digest and name of the other bundle.
    marks
        SYNTHETIC or STAND-IN, where films or labels were.
    sentences
        The verdict in words, one a demand.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    passes: bool
    against: str
    against_name: str
    films: int
    patients: int
    locked_digest: str
    marks: tuple[str, ...]
    sentences: tuple[str, ...]
    differences: tuple[Difference, ...]


def read_evidence(bundle: Path) -> Evidence | None:
    """Read a bundle's comparison; None when it brings none along, as the one that ships.

    Raises
    ------
    BundleError
        If the file is damaged.
    """
    try:
        content = (bundle / EVIDENCE_NAME).read_bytes()
    except FileNotFoundError:
        return None
    except OSError as error:
        raise BundleError(f"{bundle / EVIDENCE_NAME} cannot be read: {error.strerror}") from error
    try:
        return Evidence.model_validate_json(content)
    except ValidationError as error:
        raise BundleError(
            f"{bundle / EVIDENCE_NAME} is no comparison of bundles: {error.errors()[0]['msg']}"
        ) from error
