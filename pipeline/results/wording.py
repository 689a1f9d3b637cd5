"""What results say to people, in the report's comments and on the overlay picture."""

from types import MappingProxyType

from pipeline.results.segments import LungSegment
from pipeline.values import Analysis, BundleIdentity, Finding, Outcome, PixelSpacing, Verdict

_HEADLINES = MappingProxyType(
    {
        Outcome.PRESENT: "RDS PRESENT",
        Outcome.ABSENT: "RDS ABSENT",
        Outcome.NOT_ELIGIBLE: "NOT ELIGIBLE",
        Outcome.NOT_ASSESSABLE: "NOT ASSESSABLE",
        Outcome.FAILED: "ANALYSIS FAILED",
    }
)

AGE_NOT_KNOWN = "It is not known that the patient is a newborn; the models are made for newborns only."
_RDS = "Respiratory distress syndrome in the newborn (RDS)"
_NOT_JUDGED = MappingProxyType(
    {
        Outcome.NOT_ELIGIBLE: "The film was not analysed because this software is not made for it",
        Outcome.NOT_ASSESSABLE: "The film could not be assessed",
        Outcome.FAILED: "The analysis failed",
    }
)
_VERDICTS = MappingProxyType({Verdict.YES: "met", Verdict.NO: "not met", Verdict.UNKNOWN: "not known"})
_UNVERIFIED = "Computer generated, not verified by a physician. Not for primary diagnosis."


def decimal_text(value: float, threshold: float, *, digits: int = 4) -> str:
    """Round a probability for reading, with more digits where rounding would move it across the threshold."""
    for places in range(digits, 15):
        rounded = f"{value:.{places}f}"
        if (float(rounded) >= threshold) == (value >= threshold):
            return rounded
    return f"{value:.14f}"


def probability_sentence(finding: Finding) -> str:
    """Name the probability, no more exactly than it is known, and the operating point it was held against."""
    probability = decimal_text(finding.probability, finding.threshold, digits=2)
    shown = {"1.00": "above 0.99", "0.00": "below 0.01"}.get(probability, probability)
    side = "reaches" if finding.is_present else "is below"
    return f"Probability {shown} {side} the operating point {finding.threshold:g}."


def conclusion(analysis: Analysis) -> str:
    """Say in one or two sentences how the analysis ended; a film that was not judged is never a negative."""
    if analysis.finding and analysis.outcome in (Outcome.PRESENT, Outcome.ABSENT):
        judged = f"{_RDS}: {analysis.outcome.value.upper()}. {probability_sentence(analysis.finding)}"
        return f"{judged} {AGE_NOT_KNOWN}" if is_age_unknown(analysis) else judged
    reason = analysis.explanation or analysis.reason or "no reason was given"
    sentence = f"{_NOT_JUDGED[analysis.outcome]}: {reason.rstrip('.')}."
    return f"{_RDS}: UNDETERMINED. {sentence} This is not a negative result."


def headline(analysis: Analysis) -> str:
    """Name the outcome in large letters, with what a reader must not overlook."""
    is_open = analysis.finding is not None and is_age_unknown(analysis)
    return f"{_HEADLINES[analysis.outcome]}{' - AGE NOT KNOWN' if is_open else ''} (RESEARCH)"


def caption(analysis: Analysis) -> str:
    """Say the result in a few short lines, for the edge of a film."""
    lines = [f"AI: {headline(analysis)}"]
    if analysis.finding and analysis.outcome in (Outcome.PRESENT, Outcome.ABSENT):
        lines.append(probability_sentence(analysis.finding))
    return "\n".join((*lines, "Research use only. Not for diagnosis."))


def is_age_unknown(analysis: Analysis) -> bool:
    """Whether nothing in the film says that the patient is a newborn."""
    return any(rule.rule == "age" and rule.verdict is Verdict.UNKNOWN for rule in analysis.verdicts)


def area_text(pixels: int, spacing: PixelSpacing | None) -> str:
    """Write an area in cm2 where the spacing is known, else in pixels."""
    return f"{pixels * spacing.row_mm * spacing.column_mm / 100:.1f} cm2" if spacing else f"{pixels} pixels"


def area_sentence(segment: LungSegment, spacing: PixelSpacing | None) -> str:
    """Name one lung's area and its share of the picture."""
    pixels = int(segment.pixels.sum())
    share = 100 * pixels / segment.pixels.size
    return f"{segment.label}: {area_text(pixels, spacing)}, {share:.1f} % of the picture"


def models_sentence(bundle: BundleIdentity) -> str:
    """Name the bundle and both models with their versions."""
    models = ", ".join(f"{model.name} {model.version}" for model in (bundle.segmenter, bundle.classifier))
    return f"Models: {bundle.name} {bundle.version} ({models})"


def unconfirmed(analysis: Analysis) -> str:
    """Name the criteria that nothing in the film could answer; "" when there are none."""
    rules = [verdict.rule for verdict in analysis.verdicts if verdict.verdict is Verdict.UNKNOWN]
    return f"Could not be confirmed for this film: {', '.join(rules)}." if rules else ""


def criteria(analysis: Analysis) -> list[str]:
    """Write out every rule of the gate, one line each."""
    return [f"Criterion {rule.rule}: {_VERDICTS[rule.verdict]}. {rule.detail}" for rule in analysis.verdicts]


def disclaimer(bundle_disclaimer: str) -> str:
    """Put the models' own disclaimer into the sentence that ends every report."""
    start = "" if bundle_disclaimer.upper().startswith("RESEARCH USE ONLY") else "RESEARCH USE ONLY. "
    return f"{start}{bundle_disclaimer.rstrip()} {_UNVERIFIED}"
