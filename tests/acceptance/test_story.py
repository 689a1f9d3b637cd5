"""A short year at a small hospital: from films over corrections to a better model, and back."""

from pathlib import Path

import pytest

from tests.story.telling import Plan, tell
from tests.support.bundles import make_tiny_bundle

pytest.importorskip("torch")


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_a_year_at_a_small_hospital(tmp_path: Path) -> None:
    said: list[str] = []
    bundle = make_tiny_bundle(tmp_path / "start")
    plan = Plan(
        babies=84,
        long_side=224,
        budget="tiny",
        bundle=bundle,
        window_days=28,
        least_films=5,
        say=said.append,
    )
    told = tell(tmp_path / "year", plan)
    assert (told.differences["iou"] or 0) > 0, said
    assert told.alarms
    assert told.agreement["films that both judged"] == "14"
    assert any("is active again" in line for line in said)
