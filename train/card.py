"""The model card: what a bundle is for, what it learnt from, what was measured, and its limits."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

from pipeline.bundle.manifest import DISCLAIMER

if TYPE_CHECKING:
    from train.bundling import BundleParts

_TEMPLATE = Path(__file__).with_name("model_card.md")


def write_card(parts: BundleParts) -> str:
    """Write the model card in Markdown."""
    return _TEMPLATE.read_text(encoding="utf-8").format(
        disclaimer=DISCLAIMER,
        name=parts.name,
        version=parts.version,
        created=parts.created,
        encoder=parts.unet.encoder,
        decoder="-".join(str(channels) for channels in parts.unet.decoder_channels),
        backbone=parts.classifier.backbone,
        lung_size=parts.lung_size,
        crop_size=parts.crop_size,
        margin=parts.crop.margin,
        background=parts.crop.background,
        temperature=parts.temperature,
        bias=parts.bias,
        threshold=parts.threshold,
        data="\n".join(_source(*row) for row in _sources(parts)),
        training="\n".join(
            f"* {name}: {_plain(value)}" for name, value in parts.training.items() if name != "settings"
        ),
        evaluation=_table(parts),
    )


def _sources(parts: BundleParts) -> list[tuple[str, str, str, str]]:
    return [(source.title, source.licence, source.attribution, source.used_for) for source in parts.data]


def _source(title: str, licence: str, attribution: str, used_for: str) -> str:
    return f"* **{title}** ({licence}). {attribution} Used for: {used_for}."


def _plain(value: object) -> str:
    return value if isinstance(value, str) else json.dumps(value)


def _table(parts: BundleParts) -> str:
    if not parts.evaluation:
        return "Not measured yet."
    rows = [
        f"| {name} | {', '.join(f'{key} {_plain(value)}' for key, value in figures.items())} |"
        for name, figures in parts.evaluation.items()
        if isinstance(figures, dict)
    ]
    return "\n".join(["| set | figures |", "| --- | --- |", *rows])
