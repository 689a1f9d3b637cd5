"""The course of every feature over the windows, as a page with one small chart each."""

from collections.abc import Sequence
from html import escape
from pathlib import Path

from node.drift.statistics import Change
from node.drift.watch import Course

PAGE = "drift.html"
_WIDTH, _HEIGHT, _MARGIN = 640, 120, 24
_CALM, _ALARM = "#2b6cb0", "#c53030"


def write_page(course: Course, out: Path) -> Path:
    """Write the page.

    Returns
    -------
    Path
        Of the file.
    """
    found = [change for looked in course.windows for change in looked.changes]
    alarming = {change.feature for change in found if change.is_alarm}
    features = sorted({change.feature for change in found}, key=lambda name: (name not in alarming, name))
    charts = "".join(_chart(course, feature) for feature in features)
    reference = course.reference
    page = _PAGE.format(
        reference=escape(f"{reference.window.name}, {reference.window.films} films"),
        frozen=escape(reference.frozen_at),
        windows=len(course.windows),
        level=course.limits.level,
        headline=escape(_headline(course)),
        charts=charts or "<p>No window has enough films yet.</p>",
    )
    out.mkdir(parents=True, exist_ok=True)
    (out / PAGE).write_text(page, encoding="utf-8")
    return out / PAGE


def _headline(course: Course) -> str:
    alarms = [looked for looked in course.windows if looked.alarms]
    if not alarms:
        return "No window is unlike the reference."
    names = ", ".join(change.feature for change in alarms[-1].alarms)
    return f"ALARM in {len(alarms)} windows; in the last of them, {alarms[-1].window.name}: {names}."


def _chart(course: Course, feature: str) -> str:
    """Draw the effect in each window: a line at the least that matters, alarms in red."""
    by_window = [
        next((change for change in looked.changes if change.feature == feature), None)
        for looked in course.windows
    ]
    limit = course.limits.least_effect
    y = _place(limit)
    marks = "".join(
        _mark(change, number, len(by_window), course.windows[number].window.name)
        for number, change in enumerate(by_window)
        if change is not None
    )
    last = next((change for change in reversed(by_window) if change is not None), None)
    told = f"{last.before} in the reference, {last.now} in the last window" if last else ""
    return (
        f"<figure><figcaption><b>{escape(feature)}</b> {escape(told)}</figcaption>"
        f'<svg viewBox="0 0 {_WIDTH} {_HEIGHT}" role="img" aria-label="{escape(feature)}">'
        f'<line x1="0" x2="{_WIDTH}" y1="{y:.1f}" y2="{y:.1f}" stroke="#999" stroke-dasharray="4 4"/>'
        f'<polyline fill="none" stroke="#bbb" points="{_points(by_window)}"/>{marks}'
        f'<text x="4" y="{_HEIGHT - 4}">{course.windows[0].window.first}</text>'
        f'<text x="{_WIDTH - 4}" y="{_HEIGHT - 4}" text-anchor="end">{course.windows[-1].window.last}</text>'
        f"</svg></figure>"
    )


def _mark(change: Change, number: int, count: int, window: str) -> str:
    colour = _ALARM if change.is_alarm else _CALM
    title = f"{window}: {change.now}, {change.films} films, effect {change.effect:.2f}, p {change.p:.2g}"
    return (
        f'<circle cx="{_across(number, count):.1f}" cy="{_place(change.effect):.1f}" r="5" fill="{colour}">'
        f"<title>{escape(title)}</title></circle>"
    )


def _points(by_window: Sequence[Change | None]) -> str:
    return " ".join(
        f"{_across(number, len(by_window)):.1f},{_place(change.effect):.1f}"
        for number, change in enumerate(by_window)
        if change is not None
    )


def _across(number: int, count: int) -> float:
    return _MARGIN + (_WIDTH - 2 * _MARGIN) * (number + 0.5) / count


def _place(effect: float) -> float:
    return _HEIGHT - _MARGIN / 2 - (_HEIGHT - _MARGIN) * effect


_PAGE = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>Drift</title>
<style>
body {{ font: 16px/1.5 system-ui, sans-serif; margin: 2rem auto; max-width: 48rem; padding: 0 1rem }}
figure {{ margin: 1.5rem 0 }} svg {{ background: #f7f7f7; width: 100% }}
text {{ font-size: 11px; fill: #666 }}
</style></head><body>
<h1>Films against the reference window</h1>
<p><strong>{headline}</strong></p>
<p>Reference: {reference}, frozen {frozen}. {windows} windows since. Each chart shows how far the films of
a window are from the reference (bottom: alike, top: wholly unlike); above the dashed line a change is large.
Red: large and surely no chance (chance of any red mark in a window without change: {level:g}).</p>
{charts}
</body></html>
"""
