"""The classifier starts undecided, learns, and goes on from an earlier run."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from tests.support.bundles import CLASSIFIER
from train.augment import Augmentation
from train.findings import FindingSettings, predict_logits, train_findings
from train.phantom_sets import LungCrops
from train.recipes import FitSettings

torch = pytest.importorskip("torch")
SETTINGS = FindingSettings(
    architecture=CLASSIFIER,
    size=32,
    start="none",
    smoothing=0.0,
    augmentation=Augmentation.none(mirror=0.5, flip=0.5),
    fit=FitSettings(epochs=1, batch=8, threads=1, half_precision=False, learning_rate=3e-3, averaging=0.0),
)


def _crops(count: int, seed: int) -> LungCrops:
    """Bright for the finding, dark without."""
    rng = np.random.default_rng(seed)
    labels = (np.arange(count) % 2).astype(np.float32)
    images = np.clip(90 + 60 * labels[:, None, None, None] + rng.normal(0, 30, (count, 1, 32, 32)), 0, 255)
    return LungCrops(images.astype(np.uint8), labels, ())


def test_training_starts_undecided_and_learns(tmp_path: Path) -> None:
    undecided = replace(SETTINGS, fit=replace(SETTINGS.fit, learning_rate=0.0))
    logits = predict_logits(
        train_findings(_crops(8, 0), _crops(8, 1), undecided, tmp_path / "a"), _crops(8, 1), SETTINGS
    )
    assert np.array_equal(logits, np.zeros(8))

    longer = replace(SETTINGS, fit=replace(SETTINGS.fit, epochs=8))
    train_findings(_crops(48, 0), _crops(16, 1), longer, tmp_path / "b")
    from train.checkpoint import read_history

    history = read_history(tmp_path / "b")
    assert history[0]["loss"] < 0.75
    assert max(entry["auroc"] for entry in history) > 0.95


def test_further_training_starts_from_the_earlier_runs_best(tmp_path: Path) -> None:
    first = train_findings(_crops(16, 0), _crops(8, 1), SETTINGS, tmp_path / "first")
    frozen = replace(SETTINGS, fit=replace(SETTINGS.fit, learning_rate=0.0))
    second = train_findings(
        _crops(16, 0), _crops(8, 1), frozen, tmp_path / "second", start=tmp_path / "first"
    )

    assert all(torch.equal(a, b) for a, b in zip(first.parameters(), second.parameters(), strict=True))


def test_recomputing_activations_gives_a_network_that_learns_alike(tmp_path: Path) -> None:
    """Batch statistics are counted twice, the gradients are the same."""
    recomputed = replace(SETTINGS, fit=replace(SETTINGS.fit, recompute=True))
    plain = train_findings(_crops(16, 0), _crops(8, 1), SETTINGS, tmp_path / "plain")
    spared = train_findings(_crops(16, 0), _crops(8, 1), recomputed, tmp_path / "spared")

    for (name, one), other in zip(plain.named_parameters(), spared.parameters(), strict=True):
        assert torch.allclose(one, other, atol=1e-5), name
    counts = [
        sum(int(tensor) for name, tensor in network.named_buffers() if name.endswith("num_batches_tracked"))
        for network in (plain, spared)
    ]
    assert counts[1] > counts[0], "nothing was computed again"
