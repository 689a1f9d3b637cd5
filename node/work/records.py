"""What an analysis found, as the ledger keeps it."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from pipeline import PIPELINE_VERSION
from storage.values import AnalysisRecord

if TYPE_CHECKING:
    from pipeline.values import Analysis


def make_record(
    instance_id: int, analysis: Analysis, details: Mapping[str, object], generation: int = 0
) -> AnalysisRecord:
    """Make the record of one film that was analysed just now.

    Parameters
    ----------
    details
        JSON-able.
    generation
        How often the film had been asked for again.
    """
    finding, mask = analysis.finding, analysis.lung_mask
    return AnalysisRecord(
        source_instance_id=instance_id,
        bundle_digest=analysis.bundle.digest,
        pipeline_version=PIPELINE_VERSION,
        outcome=str(analysis.outcome),
        explanation=analysis.explanation,
        probability=finding.probability if finding else None,
        threshold=finding.threshold if finding else None,
        area_pixels=mask.area_pixels if mask else None,
        area_mm2=mask.area_mm2 if mask else None,
        details=details,
        analysed_at=datetime.now(UTC),
        generation=generation,
    )
