"""The report as one HTML file that needs nothing beside it, and as Markdown with its plots in a folder."""

from __future__ import annotations

import json
import math
from base64 import b64encode
from collections.abc import Callable, Mapping, Sequence
from dataclasses import fields, is_dataclass
from pathlib import Path

from train.evaluation.chapters import finding, lungs, trust, whom
from train.evaluation.document import Document, Plot
from train.evaluation.evaluation import Answers, Evaluation, truth_and_probability
from train.evaluation.pictures import Picture
from train.evaluation.plots import iou_plot, reliability_plot, risk_plot, roc_plot, score_plot
from train.evaluation.results import labelled

HTML, MARKDOWN, FIGURES, PLOTS = "report.html", "report.md", "figures.json", "plots"
_TEMPLATES = Path(__file__).with_name("templates")


def compose(
    evaluation: Evaluation, answers: Answers, subject: whom.Subject, poorest: Sequence[Picture]
) -> Document:
    """Put the report together; sections without figures are left out."""
    sections = [
        whom.summary(evaluation, subject),
        whom.films_section(evaluation, subject),
        lungs.lungs_section(evaluation, _lung_plots(answers, poorest)),
        finding.discrimination_section(evaluation, subject.finding, _roc_plots(evaluation, answers)),
        finding.calibration_section(evaluation, _calibration_plots(evaluation)),
        finding.selective_section(evaluation, _risk_plots(evaluation)),
        trust.subgroups_section(evaluation),
        trust.audit_section(evaluation),
        trust.comparison_section(evaluation, subject.rival),
        whom.caveats(evaluation, subject),
        whom.made_section(subject),
    ]
    return Document(
        title=f"Evaluation of {subject.bundle}",
        subtitle=f"{evaluation.tested.films} films, split {subject.split} of {subject.index}",
        banners=whom.banners(evaluation, subject),
        sections=[section for section in sections if section is not None],
    )


def write_report(document: Document, evaluation: Evaluation, out: Path) -> None:
    """Write ``report.html``, ``report.md`` with ``plots/``, and ``figures.json``."""
    plots = out / PLOTS
    plots.mkdir(parents=True, exist_ok=True)
    for section in document.sections:
        for plot in section.plots:
            (plots / plot.file_name).write_bytes(plot.content)
    (out / HTML).write_text(_render("report.html", document, image_of), encoding="utf-8")
    (out / MARKDOWN).write_text(
        _render("report.md", document, lambda plot: f"{PLOTS}/{plot.file_name}"), "utf-8"
    )
    (out / FIGURES).write_text(json.dumps(plain(evaluation), indent=1, ensure_ascii=False) + "\n", "utf-8")


def plain(value: object) -> object:
    """Turn dataclasses to JSON's values; what is not a number becomes null."""
    if isinstance(value, float):
        return round(value, 6) if math.isfinite(value) else None
    if is_dataclass(value) and not isinstance(value, type):
        return {one.name: plain(getattr(value, one.name)) for one in fields(value)}
    if isinstance(value, Mapping):
        return {str(name): plain(inner) for name, inner in value.items()}
    if isinstance(value, Sequence) and not isinstance(value, str):
        return [plain(inner) for inner in value]
    return value


def image_of(plot: Plot) -> str:
    """Give a picture as a data URI, so that the page needs no other file."""
    kind = "image/svg+xml" if plot.is_svg else "image/png"
    return f"data:{kind};base64,{b64encode(plot.content).decode()}"


def _render(name: str, document: Document, source_of: Callable[[Plot], str]) -> str:
    from jinja2 import Environment, FileSystemLoader, StrictUndefined

    environment = Environment(
        loader=FileSystemLoader(_TEMPLATES),
        autoescape=name.endswith(".html"),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    environment.filters["cell"] = _markdown_cell
    return environment.get_template(f"{name}.j2").render(document=document, source_of=source_of)


def _markdown_cell(text: str) -> str:
    """Keep a text within its cell: no bars, lines or tags, which file names and headers may hold."""
    flat = " ".join(text.split())
    return flat.replace("&", "&amp;").replace("<", "&lt;").replace("|", "\\|")


def _lung_plots(answers: Answers, poorest: Sequence[Picture]) -> list[Plot]:
    groups = {"as stored": answers.tested, "turned by a quarter": answers.sideways}
    if not any(one.overlap for one in answers.tested):
        return []
    caption = "IoU of each film; the box holds the middle half, the line is the median."
    pictures = [
        Plot(
            f"poorest-{rank}",
            picture.png,
            f"Poorest outline {rank}, {picture.title}. Green: drawn; orange: found.",
            is_svg=False,
        )
        for rank, picture in enumerate(poorest, start=1)
    ]
    return [_plot("iou", iou_plot(groups), caption), *pictures]


def _roc_plots(evaluation: Evaluation, answers: Answers) -> list[Plot]:
    if evaluation.finding is None or not math.isfinite(evaluation.finding.auroc.value):
        return []
    truth, values = truth_and_probability(labelled(answers.tested))
    return [
        _plot(
            "roc", roc_plot(truth, values, evaluation.finding), "ROC curve; marks are the frozen thresholds."
        ),
        _plot("scores", score_plot(truth, values, answers.threshold), "Probabilities of the two classes."),
    ]


def _calibration_plots(evaluation: Evaluation) -> list[Plot]:
    if evaluation.calibration is None:
        return []
    svg = reliability_plot(evaluation.calibration, evaluation.recalibrated)
    return [_plot("reliability", svg, "Reliability: on the diagonal, probabilities mean what they say.")]


def _risk_plots(evaluation: Evaluation) -> list[Plot]:
    if evaluation.selective is None:
        return []
    caption = "Error if only the surest films were judged, at the threshold as shipped."
    return [_plot("risk-coverage", risk_plot(evaluation.selective), caption)]


def _plot(name: str, svg: str, caption: str) -> Plot:
    return Plot(name, svg.encode(), caption)
