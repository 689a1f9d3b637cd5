"""The index of an export: one row a film, in the columns that docs/training.md describes."""

import csv
import io
import re
from collections.abc import Iterable, Mapping

from pydicom import Dataset

from pipeline.attributes import integer, number, text
from pipeline.gate.age import age_in_days
from pipeline.gate.settings import GateSettings
from pipeline.pixels.spacing import read_spacing
from storage.truth import Truth

COLUMNS = (
    "filepath", "rds", "exist_json", "roi_area", "height", "width", "patient", "split",
    "sop_instance_uid", "mask", "row_spacing_mm", "column_spacing_mm", "age_days", "sex", "provenance",
    "grade", "vendor", "weight_g", "mask_by",
    "machine_probability", "machine_threshold", "machine_outcome", "bundle",
)  # fmt: skip
"""As docs/training.md names them; the last four are what the machine said, and no truth to learn from."""

_AGE = re.compile(r"([0-9]{3})([DW])")
_DAYS = {"D": 1, "W": 7}

Row = Mapping[str, str | int | float]


def describe(
    given_out: Dataset, film: Dataset, truth: Truth, gate: GateSettings, *, simulated: bool
) -> dict[str, str | int | float]:
    """Make the columns of a row that do not name files.

    Parameters
    ----------
    given_out
        The film as it is exported; every text comes from there.
    film
        The film as it came, for the age in days.
    """
    days = _age_days(film, gate)
    spacing = read_spacing(given_out)
    weight_kg = number(given_out, "PatientWeight")
    maker = (text(given_out, "Manufacturer"), text(given_out, "ManufacturerModelName"))
    return {
        "rds": "" if truth.rds is None else int(truth.rds),
        "grade": "" if truth.grade is None else truth.grade,
        "height": integer(given_out, "Rows") or 0,
        "width": integer(given_out, "Columns") or 0,
        "split": "",
        "sop_instance_uid": text(given_out, "SOPInstanceUID"),
        "row_spacing_mm": round(spacing.row_mm, 6) if spacing else "",
        "column_spacing_mm": round(spacing.column_mm, 6) if spacing else "",
        "age_days": "" if days is None else days,
        "sex": text(given_out, "PatientSex"),
        "provenance": "; ".join(filter(None, ("SYNTHETIC" if simulated else "", "node export"))),
        "vendor": " ".join(filter(None, maker)),
        "weight_g": round(weight_kg * 1000) if weight_kg else "",
        **opinion(truth),
    }


def _age_days(film: Dataset, gate: GateSettings) -> int | None:
    """Give the days of life, from the dates or else from an age that is stated in days or weeks."""
    days = age_in_days(film, gate)
    stated = _AGE.fullmatch(text(film, "PatientAge").upper())
    if days is None and stated:
        return int(stated[1]) * _DAYS[stated[2]]
    return days


def opinion(truth: Truth) -> dict[str, str | float]:
    """Make the columns of what the machine said; none where it said nothing."""
    analysis = truth.analysis
    if analysis is None:
        return {}
    return {
        "machine_probability": "" if analysis.probability is None else round(analysis.probability, 6),
        "machine_threshold": "" if analysis.threshold is None else round(analysis.threshold, 6),
        "machine_outcome": analysis.outcome,
        "bundle": analysis.bundle_digest[:16],
    }


def table(columns: Iterable[str], rows: Iterable[Row]) -> str:
    """Write rows as CSV; a column that a row does not have is empty."""
    stream = io.StringIO()
    writer = csv.DictWriter(stream, list(columns), restval="", lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return stream.getvalue()
