"""Recipes by name are the paper's to the number, and every change of them is recorded."""

from dataclasses import asdict

import pytest
from hypothesis import given
from hypothesis import strategies as st

from train.augment import Augmentation
from train.errors import UnknownRecipe
from train.named_recipes import Changes, encoder_name, finding_recipe, lung_recipe
from train.recipes import learning_rate

torch = pytest.importorskip("torch")


def test_the_papers_segmenter_is_the_papers() -> None:
    settings = lung_recipe("paper-lungs", Changes())

    assert settings.architecture.encoder == "tf_efficientnet_b5"
    assert (settings.size, settings.fit.epochs, settings.fit.batch) == (512, 150, 16)
    rates = [learning_rate(settings.fit, epoch, 150) for epoch in (0, 49.9, 50, 99.9, 100, 149)]
    assert rates == pytest.approx([1e-3, 1e-3, 1e-4, 1e-4, 1e-5, 1e-5])
    assert settings.augmentation == Augmentation.none()
    assert settings.cache_size == 512


@pytest.mark.parametrize(("encoder", "batch"), [("b0", 48), ("b3", 24), ("b5", 12), ("lite0", 12)])
def test_the_papers_classifiers_are_the_papers(encoder: str, batch: int) -> None:
    for name in ("paper-findings", "paper-combined"):
        settings = finding_recipe(name, Changes(encoder=encoder))

        assert settings.architecture.backbone == f"tf_efficientnet_{encoder}"
        assert (settings.size, settings.fit.epochs, settings.fit.batch) == (512, 100, batch)
        assert {learning_rate(settings.fit, epoch, 100) for epoch in (0, 50, 99)} == {1e-3}
        assert settings.augmentation == Augmentation.none(mirror=0.5, flip=0.5)


@given(epochs=st.integers(1, 600))
def test_the_steps_of_the_learning_rate_shrink_with_the_epochs(epochs: int) -> None:
    fit = lung_recipe("paper-lungs", Changes(epochs=epochs)).fit

    assert fit.epochs == epochs
    assert fit.decay_every == max(1, round(epochs / 3))


def test_changes_are_in_the_settings_that_are_kept() -> None:
    changes = Changes(epochs=3, size=96, encoder="lite1", batch=5, weights="none")
    kept = asdict(lung_recipe("paper-lungs", changes))

    assert (kept["fit"]["epochs"], kept["fit"]["batch"], kept["size"], kept["start"]) == (3, 5, 96, "none")
    assert kept["architecture"]["encoder"] == "tf_efficientnet_lite1"
    assert finding_recipe("recommended-findings", changes).fit.batch == 5


def test_any_efficientnet_of_timm_is_an_encoder() -> None:
    assert encoder_name("b7") == "tf_efficientnet_b7"
    assert encoder_name("efficientnetv2_s") == "efficientnetv2_s"


@pytest.mark.parametrize(
    ("recipe", "changes", "message"),
    [
        ("paper-lung", Changes(), "there are recommended-lungs, paper-lungs"),
        ("paper-lungs", Changes(encoder="resnet50"), "no EfficientNet 'resnet50'; try b0 to b8"),
        ("paper-lungs", Changes(size=100), "size 100 does not suit"),
    ],
)
def test_a_wrong_name_is_answered_by_the_right_ones(recipe: str, changes: Changes, message: str) -> None:
    with pytest.raises(UnknownRecipe, match=message):
        lung_recipe(recipe, changes)


def test_films_are_mirrored_and_flipped_and_nothing_else() -> None:
    from train.augment import move

    planes = torch.rand(1, 1, 16, 16, generator=torch.Generator().manual_seed(0))
    change = Augmentation.none(mirror=0.5, flip=0.5)
    copies = [planes, planes.flip(3), planes.flip(2), planes.flip(2, 3)]
    met = set()
    for seed in range(32):
        moved = move(planes, 16, change, torch.Generator().manual_seed(seed))
        met.add(next(i for i, copy in enumerate(copies) if torch.allclose(moved, copy, atol=1e-5)))
    assert met == {0, 1, 2, 3}
