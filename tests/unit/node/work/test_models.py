"""Bundles stay warm in a process, no more than allowed, those used last."""

from pathlib import Path

import pytest

from node.work.models import ModelSettings, WarmModels, warm_models
from pipeline.errors import BundleError
from pipeline.gate import GateSettings
from tests.support.bundles import make_tiny_bundle


@pytest.fixture(scope="module")
def bundles(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    folder = tmp_path_factory.mktemp("bundles")
    return [make_tiny_bundle(folder / f"b{seed}", seed=seed) for seed in range(3)]


def test_the_bundle_used_longest_ago_makes_room(bundles: list[Path]) -> None:
    warm = WarmModels(ModelSettings(GateSettings(), "cpu", 1, most_warm=2))
    first, second = (warm.cascade(bundle) for bundle in bundles[:2])
    assert warm.cascade(bundles[0]) is first
    warm.cascade(bundles[2])

    assert warm.cascade(bundles[0]) is first
    assert warm.cascade(bundles[1]) is not second


def test_each_bundle_judges_by_its_own_name(bundles: list[Path]) -> None:
    warm = WarmModels(ModelSettings(GateSettings(), "cpu", 1))

    assert len({warm.cascade(bundle).identity.digest for bundle in bundles}) == 3


def test_a_bundle_that_is_refused_leaves_the_others_warm(bundles: list[Path], tmp_path: Path) -> None:
    warm = WarmModels(ModelSettings(GateSettings(), "cpu", 1, most_warm=2))
    first = warm.cascade(bundles[0])
    with pytest.raises(BundleError):
        warm.cascade(tmp_path)

    assert warm.cascade(bundles[0]) is first


def test_a_process_has_one_set_of_models() -> None:
    settings = ModelSettings(GateSettings(), "cpu", 1)

    assert warm_models(settings) is warm_models(ModelSettings(GateSettings(), "cpu", 1))
