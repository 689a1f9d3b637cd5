"""Training goes on after a kill as if nothing had happened, and learns."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from tests.support.bundles import UNET
from train.augment import Augmentation, expose, move, veil
from train.batches import Share
from train.checkpoint import BEST, CHECKPOINT, load_best
from train.errors import UnusableRun
from train.films import SquareFilms
from train.fit import fit
from train.losses import dice_and_cross_entropy
from train.lungs import LungSettings, LungTask, train_lungs
from train.recipes import FitSettings

torch = pytest.importorskip("torch")
SETTINGS = LungSettings(
    architecture=UNET,
    size=32,
    start="none",
    fit=FitSettings(epochs=3, batch=4, threads=1, half_precision=False),
)


def _films(count: int, seed: int) -> SquareFilms:
    """Bright squares on a dark ground."""
    rng = np.random.default_rng(seed)
    images = rng.integers(0, 80, (count, 40, 40)).astype(np.uint8)
    masks = np.zeros_like(images)
    for i, (row, column) in enumerate(rng.integers(4, 20, (count, 2))):
        masks[i, row : row + 14, column : column + 14] = 1
    return SquareFilms(np.where(masks, images + 150, images).astype(np.uint8), masks)


class _Killed(LungTask):
    """Is killed in the second epoch, before its last batch."""

    def batch(self, epoch: int, step: int, share: Share) -> "tuple[torch.Tensor, torch.Tensor]":
        if epoch == 1 and step == 2:
            raise KeyboardInterrupt
        return super().batch(epoch, step, share)


@pytest.mark.parametrize("seconds", [0.0, 1e9], ids=["within an epoch", "after an epoch"])
def test_a_killed_run_ends_as_an_undisturbed_one(
    seconds: float, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from pipeline.networks import build_unet

    monkeypatch.setattr("train.fit._SECONDS_BETWEEN_CHECKPOINTS", seconds)
    training, validation = _films(12, 0), _films(4, 1)
    undisturbed = train_lungs(training, validation, SETTINGS, tmp_path / "one")

    torch.manual_seed(SETTINGS.fit.seed)
    with pytest.raises(KeyboardInterrupt):
        fit(build_unet(UNET), _Killed(training, validation, SETTINGS), SETTINGS.fit, tmp_path / "two")
    kept = torch.load(tmp_path / "two" / CHECKPOINT, weights_only=True)["progress"]
    assert (kept["epoch"], kept["step"]) == (1, 2 if seconds == 0.0 else 0)
    resumed = train_lungs(training, validation, SETTINGS, tmp_path / "two")

    for name, tensor in undisturbed.state_dict().items():
        assert torch.equal(tensor, resumed.state_dict()[name]), name


def test_training_learns_and_keeps_the_best_epoch(tmp_path: Path) -> None:
    settings = replace(SETTINGS, fit=replace(SETTINGS.fit, epochs=10, learning_rate=1e-2))
    task = LungTask(_films(24, 0), _films(6, 1), settings)
    network = train_lungs(_films(24, 0), _films(6, 1), settings, tmp_path)

    figures = task.validate(network)
    assert figures["iou"] > 0.5
    assert (tmp_path / BEST).exists()


def test_a_run_of_other_settings_is_not_mixed_up(tmp_path: Path) -> None:
    settings = replace(SETTINGS, fit=replace(SETTINGS.fit, epochs=1))
    network = train_lungs(_films(4, 0), _films(4, 1), settings, tmp_path)

    with pytest.raises(UnusableRun, match="another folder"):
        fit(network, LungTask(_films(4, 0), _films(4, 1), SETTINGS), SETTINGS.fit, tmp_path)


def test_a_later_stage_starts_from_an_earlier_ones_best(tmp_path: Path) -> None:
    settings = replace(SETTINGS, fit=replace(SETTINGS.fit, epochs=1))
    first = train_lungs(_films(4, 0), _films(4, 1), settings, tmp_path / "first")
    frozen = replace(settings, fit=replace(settings.fit, learning_rate=0.0, weight_decay=0.0))
    second = train_lungs(_films(4, 0), _films(4, 1), frozen, tmp_path / "second", start=tmp_path / "first")

    load_best(first, tmp_path / "first")
    assert all(torch.equal(a, b) for a, b in zip(first.parameters(), second.parameters(), strict=True))


def test_the_loss_is_least_for_the_truth_and_blind_for_uncounted_pixels() -> None:
    lung = (torch.rand(2, 1, 16, 16, generator=torch.Generator().manual_seed(0)) < 0.4).float()
    counted = torch.ones_like(lung)
    counted[..., :4] = 0
    right = (lung * 2 - 1) * 12
    elsewhere = right.clone()
    elsewhere[..., :4] *= -1

    assert dice_and_cross_entropy(right, lung, counted) < 0.02
    assert dice_and_cross_entropy(elsewhere, lung, counted) == dice_and_cross_entropy(right, lung, counted)
    assert dice_and_cross_entropy(-right, lung, counted) > 5


def test_without_change_moving_is_resampling_and_turns_move_film_and_mask_alike() -> None:
    still = Augmentation(quarter_turns=0, mirror=0, degrees=0, scale=0, shift=0)
    planes = torch.rand(2, 1, 32, 32, generator=torch.Generator().manual_seed(0))
    generator = torch.Generator().manual_seed(1)
    assert torch.allclose(move(planes, 32, still, generator), planes, atol=1e-5)

    both = move(torch.cat([planes, planes], 1), 32, Augmentation(), generator)
    assert torch.allclose(both[:, 0], both[:, 1])

    turned = move(planes, 32, replace(still, quarter_turns=1.0), generator)
    copies = [torch.rot90(planes[0], turns, (1, 2)) for turns in (1, 2, 3)]
    assert any(torch.allclose(turned[0], copy, atol=1e-4) for copy in copies)


def test_exposure_and_veil_stay_grey_values_and_come_from_the_generator() -> None:
    images = torch.rand(4, 1, 32, 32, generator=torch.Generator().manual_seed(0))
    lungs = torch.zeros_like(images)
    lungs[..., 8:24, 8:24] = 1

    def change() -> "torch.Tensor":
        generator = torch.Generator().manual_seed(5)
        return expose(veil(images, lungs, Augmentation(haze=1.0), generator), Augmentation(), generator)

    assert torch.equal(change(), change())
    assert change().min() >= 0
    assert change().max() <= 1
    veiled = veil(images, lungs, Augmentation(haze=1.0), torch.Generator().manual_seed(5))
    assert torch.equal(veiled[..., 0, :], images[..., 0, :])
    assert not torch.allclose(veiled[..., 16, 16], images[..., 16, 16])
