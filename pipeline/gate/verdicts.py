"""Short ways to write a rule's verdict, and what many verdicts decide."""

from collections.abc import Sequence

from pipeline.values import GateDecision, Reason, RuleVerdict, Verdict


def yes(rule: str, detail: str) -> RuleVerdict:
    """Return that a rule is met."""
    return RuleVerdict(rule, Verdict.YES, detail)


def no(rule: str, detail: str, reason: Reason = Reason.OTHER) -> RuleVerdict:
    """Return that a rule turns the film away."""
    return RuleVerdict(rule, Verdict.NO, detail, reason)


def unknown(rule: str, detail: str) -> RuleVerdict:
    """Return that nothing is known."""
    return RuleVerdict(rule, Verdict.UNKNOWN, detail)


def bounded(
    rule: str, value: float, bounds: tuple[float, float], *, unit: str, reason: Reason
) -> RuleVerdict:
    """Return whether a number lies within its bounds, both allowed."""
    low, high = bounds
    seen = f"{value:.0f}" if abs(value) >= 100 else f"{value:.3g}"
    detail = f"{seen}{unit}, allowed {low:g} to {high:g}{unit}"
    return yes(rule, detail) if low <= value <= high else no(rule, detail, reason)


def decide(verdicts: Sequence[RuleVerdict]) -> GateDecision:
    """Turn the film away at any NO, for the first one's reason; else let it pass and say what is open."""
    refused = [verdict for verdict in verdicts if verdict.verdict == Verdict.NO]
    if refused:
        explanation = "; ".join(f"{verdict.rule}: {verdict.detail}" for verdict in refused)
        return GateDecision(False, tuple(verdicts), refused[0].reason, explanation)
    open_questions = [verdict.rule for verdict in verdicts if verdict.verdict == Verdict.UNKNOWN]
    explanation = f"not known: {', '.join(open_questions)}" if open_questions else ""
    return GateDecision(True, tuple(verdicts), None, explanation)
