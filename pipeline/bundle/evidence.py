"""What a bundle brings along as evidence that it may take another's place: one of its own files."""

from __future__ import annotations

from pathlib import Path
from typing import Self

from pydantic import BaseModel, ConfigDict, ValidationError, model_validator

from pipeline.bundle.loading import read_manifest
from pipeline.bundle.manifest import sha256_of
from pipeline.errors import BundleError

EVIDENCE_NAME = "comparison.json"
REPORT_NAME = "report.html"
DEMANDED = ("auroc", "sensitivity")
"""Figures that every comparison which passes has measured."""
OUTLINES = "iou"
"""Figure that is demanded too where the segmenter is a new one."""


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

    @property
    def is_shown(self) -> bool:
        """Whether there are films that show that it holds."""
        if self.margin is None or self.low is None:
            return False
        return bool(self.holds) and self.films > 0 and self.low >= -self.margin


class Evidence(BaseModel):
    """The comparison of a bundle with the one that it was trained from, on babies that neither learnt from.

    Attributes
    ----------
    passes
        Whether every demanded figure was measured and holds; refused where `differences` do not show it.
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

    def shows(self, figure: str) -> bool:
        """Whether a figure was measured and holds."""
        return any(one.is_shown for one in self.differences if one.figure == figure)

    @model_validator(mode="after")
    def _refuse_to_pass_without_figures(self) -> Self:
        measured = [one.figure for one in self.differences if one.margin is not None and one.low is not None]
        failing = [figure for figure in (*DEMANDED, *measured) if not self.shows(figure)]
        if self.passes and failing:
            raise ValueError(f"it says that it passes, but its figures do not show that {failing[0]} holds")
        return self


def read_evidence(bundle: Path) -> Evidence | None:
    """Read a bundle's comparison; None when its manifest lists none, as of the one that ships.

    Raises
    ------
    BundleError
        If the manifest or the comparison is damaged, or the comparison contradicts itself.
    """
    manifest, _ = read_manifest(bundle)
    listed = next((file for file in manifest.files if file.name == EVIDENCE_NAME), None)
    return None if listed is None else _read(bundle / EVIDENCE_NAME, listed.sha256)


def _read(file: Path, expected: str) -> Evidence:
    try:
        content = file.read_bytes()
    except OSError as error:
        raise BundleError(f"{file} cannot be read: {error.strerror}") from error
    if sha256_of(content) != expected:
        raise BundleError(f"{file} has changed: its digest is not the manifest's")
    try:
        return Evidence.model_validate_json(content)
    except ValidationError as error:
        reason = error.errors()[0]["msg"].removeprefix("Value error, ")
        raise BundleError(f"{file} is no comparison of bundles: {reason}") from error
