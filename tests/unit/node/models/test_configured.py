"""The bundle that the configuration names is one of the node's, as long as its folder is there."""

import json
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from typer.testing import CliRunner

from node.cli import app
from node.errors import ModelRefused
from node.models.choice import shadow_model
from pipeline.errors import BundleError
from tests.support.registry import Site, open_site

pytest.importorskip("torch")


@pytest.fixture
def first(bundles: list[Path], tmp_path: Path) -> Path:
    """Folder that the configuration names."""
    return Path(shutil.copytree(bundles[0], tmp_path / "first"))


@pytest.fixture
def site(first: Path, tmp_path: Path) -> Iterator[Site]:
    with open_site(tmp_path, first) as opened:
        yield opened


@pytest.fixture
def config(site: Site, tmp_path: Path) -> str:
    """Path of the site's configuration file."""
    path = tmp_path / "config.yaml"
    path.write_text("node: {data_dir: var}\nmodel: {bundle: first}\n", encoding="utf-8")
    return str(path)


def test_it_is_found_though_it_was_never_added(site: Site, first: Path, config: str) -> None:
    assert site.store.find("tiny 0") == site.active
    assert site.active.path == first
    shown = CliRunner().invoke(app, ["models", "show", "tiny 0", "--config", config, "--json"])
    assert json.loads(shown.stdout)["path"] == str(first)


def test_one_can_go_back_to_it_by_promoting_it(site: Site, bundles: list[Path], first: Path) -> None:
    before = site.active
    site.promote(site.store.add(bundles[1]))
    site.promote(before)
    assert site.active == before
    assert site.active.path == first
    assert site.registrar.roll_back().manifest.version == "1"


def test_it_runs_in_shadow_and_what_keeps_a_copy_is_said(
    site: Site, bundles: list[Path], first: Path, config: str
) -> None:
    site.promote(site.store.add(bundles[1]))
    said = CliRunner().invoke(app, ["models", "shadow", "tiny 0", "--config", config]).stdout
    assert said.startswith("tiny 0 (")
    assert f"neolung models add {first}" in said
    shadow = shadow_model(site.config, site.ledger)
    assert shadow is not None
    assert shadow.path == first


def test_a_copy_in_the_registry_is_used_rather_than_its_folder(
    site: Site, bundles: list[Path], first: Path, config: str
) -> None:
    site.promote(site.store.add(bundles[1]))
    copy = site.store.add(first)
    said = CliRunner().invoke(app, ["models", "shadow", "tiny 0", "--config", config]).stdout
    assert "to keep a copy" not in said
    shutil.rmtree(first)
    assert shadow_model(site.config, site.ledger) == copy


def listed(config: str) -> dict[str, dict[str, str]]:
    """Give what ``models list`` shows, by name."""
    shown = CliRunner().invoke(app, ["models", "list", "--config", config, "--json"])
    assert shown.exit_code == 0
    return {one["name"]: one for one in json.loads(shown.stdout)}


def test_a_promoted_bundle_does_without_it(site: Site, bundles: list[Path], first: Path, config: str) -> None:
    one, other = site.store.add(bundles[1]), site.store.add(bundles[2])
    site.promote(one)
    shutil.rmtree(first)
    assert site.active == one
    shown = listed(config)
    assert shown["tiny 1"]["role"] == "active"
    assert (shown[str(first)]["digest"], shown[str(first)]["role"]) == ("", "")
    assert "DAMAGED: " in shown[str(first)]["comparison"]
    site.promote(other)
    assert site.registrar.roll_back() == site.active == one
    with pytest.raises(BundleError, match=r"first has no readable manifest\.json"):
        site.registrar.roll_back()
    assert site.active == one


def test_without_a_promotion_its_loss_is_told_and_another_can_be_promoted(
    site: Site, bundles: list[Path], first: Path, config: str
) -> None:
    model = site.store.add(bundles[1])
    site.registrar.shadow(model.short)
    shutil.rmtree(first)
    assert shadow_model(site.config, site.ledger) == model
    assert listed(config)[str(first)]["role"] == "active"
    with pytest.raises(BundleError, match=r"no readable manifest\.json"):
        site.active  # noqa: B018 - looking is the test
    with pytest.raises(ModelRefused, match="none to go back to"):
        site.registrar.roll_back()
    site.promote(model)
    assert site.active == model
