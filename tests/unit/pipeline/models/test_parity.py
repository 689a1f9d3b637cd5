"""The serving engine gives the masks and probabilities of the training code."""

from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from pipeline.bundle import load_bundle, reference_bundle
from pipeline.bundle.manifest import Preprocessing
from pipeline.engines.cuda import load_network
from pipeline.preprocess import fit_film, to_square
from pipeline.segment import sigmoid, standardise
from tests.support.films import draw_chest


@pytest.mark.parametrize("which", ["tiny", "reference"])
def test_onnx_runtime_agrees_with_torch(which: str, tiny_bundle: Path) -> None:
    import torch

    path = tiny_bundle if which == "tiny" else reference_bundle()
    bundle = load_bundle(path, device="cpu")
    segmenter, classifier = bundle.manifest.segmenter, bundle.manifest.classifier
    films, crops = _batch(segmenter.preprocessing), _batch(classifier.preprocessing)

    with torch.no_grad():
        lungs = load_network(path / segmenter.weights, segmenter.architecture)(
            torch.from_numpy(films)
        ).numpy()
        rds = load_network(path / classifier.weights, classifier.architecture)(
            torch.from_numpy(crops)
        ).numpy()
    served_lungs, served_rds = bundle.segmenter.run(films), bundle.classifier.run(crops)

    assert served_lungs.shape == lungs.shape
    assert served_rds.shape == rds.shape
    middle = np.median(lungs)  # random networks may call everything lung
    found, expected = served_lungs >= middle, lungs >= middle
    assert (found & expected).sum() / (found | expected).sum() >= 0.999
    assert np.abs(sigmoid(served_lungs) - sigmoid(lungs)).max() <= 1e-3
    assert np.abs(sigmoid(served_rds) - sigmoid(rds)).max() <= 1e-3


def _batch(profile: Preprocessing) -> NDArray[np.float32]:
    """Three drawn chests as a network takes them."""
    films = [draw_chest(300, 260, seed=seed).astype(np.float32) for seed in range(3)]
    squares = np.stack([to_square(film, fit_film(film.shape, profile.size)) for film in films])[:, None]
    return standardise(squares, profile)


def test_a_batch_is_judged_as_its_films_alone(tiny_bundle: Path) -> None:
    bundle = load_bundle(tiny_bundle, device="cpu", threads=1)
    batch = np.random.default_rng(0).normal(size=(3, 1, 64, 64)).astype(np.float32)

    together = bundle.classifier.run(batch)
    alone = np.concatenate([bundle.classifier.run(batch[i : i + 1]) for i in range(3)])

    assert np.array_equal(together, alone)
    assert bundle.classifier.run(batch[:0]).shape[0] == 0
