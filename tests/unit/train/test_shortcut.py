"""The shortcut audit: devices that tell, their opposite, the arms, what is lost, and the report."""

from pathlib import Path

import numpy as np
import pytest

from tests.support.bundles import CLASSIFIER
from train.findings import FindingSettings
from train.phantom import PhantomSettings, make_phantom
from train.phantom.devices import INTENSIVE
from train.recipes import FitSettings
from train.shortcut.arms import (
    CROPPED,
    INDEPENDENT,
    MASKED,
    REVERSED,
    TOLD,
    UNMASKED,
    ShortcutPlan,
    audit_shortcuts,
    summarise,
)
from train.shortcut.report import write_report

FIT = FitSettings(epochs=1, batch=4, threads=1, half_precision=False)
PLAN = ShortcutPlan(
    training=8,
    validation=8,
    test=8,
    findings=FindingSettings(architecture=CLASSIFIER, size=32, start="none", fit=FIT),
    long_side=80,
)
SEEDS = range(12)


def intensive_devices(seed: int, tell: float) -> int:
    film = make_phantom(seed, PhantomSettings(long_side=160, devices_tell=tell))
    names = {name.replace("_", " ") for name in INTENSIVE}
    return sum(device.name in names for device in film.devices)


@pytest.mark.parametrize("tell", [1.0, -1.0])
def test_devices_that_tell_everything_follow_the_label_or_its_opposite(tell: float) -> None:
    for seed in SEEDS:
        is_rds = make_phantom(seed, PhantomSettings(long_side=32)).baby.disease.is_rds
        shown = intensive_devices(seed, tell)
        assert (shown > 0) == (is_rds == (tell > 0))


def test_what_an_arm_loses_is_its_own_and_the_excess_is_their_difference() -> None:
    labels = np.array([0, 1] * 20, np.float32)
    noise = np.random.default_rng(0).normal(0, 0.1, 40)
    right, wrong = labels + noise, 1 - labels + noise
    scores = {
        (MASKED, TOLD): right,
        (MASKED, INDEPENDENT): right,
        (MASKED, REVERSED): right,
        (UNMASKED, TOLD): right,
        (UNMASKED, INDEPENDENT): noise,
        (UNMASKED, REVERSED): wrong,
    }
    audit = summarise(labels, {key: value.astype(float) for key, value in scores.items()})

    assert audit.loss[MASKED][REVERSED].value == 0
    assert audit.loss[UNMASKED][REVERSED].value == 1 == audit.excess[REVERSED].value
    assert audit.excess[INDEPENDENT].value == audit.loss[UNMASKED][INDEPENDENT].value
    assert audit.excess[INDEPENDENT].low > 0.1


def test_the_arms_see_more_and_more_of_the_film_and_the_report_is_marked(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run, out = tmp_path / "run", tmp_path / "shortcuts.md"
    audit = audit_shortcuts(run, PLAN)
    text = write_report(out, audit, PLAN, "the command")

    assert list(audit.auroc) == [MASKED, CROPPED, UNMASKED]
    assert all(f"| {arm} |" in text for arm in audit.auroc)
    assert "SYNTHETIC" in text
    assert out.read_text(encoding="utf-8") == text

    def refuse(*arguments: object) -> None:
        raise AssertionError("a film was drawn again")

    monkeypatch.setattr("train.phantom_sets.make_phantom", refuse)
    assert repr(audit_shortcuts(run, PLAN)) == repr(audit)
