"""The active bundle is compared with another one, never with itself."""

from dataclasses import replace
from pathlib import Path

import pytest

from node.errors import ModelRefused
from node.models.compared import compare_models, write_page
from node.models.store import StoredModel
from storage.objects import ObjectStore
from storage.shadows import add_shadow
from tests.support.ledgers import add, analysis_of
from tests.support.registry import Site

pytest.importorskip("torch")


@pytest.fixture
def judged(site: Site, bundles: list[Path]) -> list[StoredModel]:
    """Two bundles; the first one has judged a film in shadow."""
    models = [site.store.add(path) for path in bundles[:2]]
    _judge(site, models[0])
    return models


def _judge(site: Site, model: StoredModel) -> None:
    with site.ledger.begin() as connection:
        film = add(connection)
        add_shadow(connection, replace(analysis_of(film.instance_id), bundle_digest=model.digest))


def test_without_a_name_it_is_the_only_one_that_ran_in_shadow(site: Site, judged: list[StoredModel]) -> None:
    assert compare_models(site.config, site.ledger).shadow == judged[0]


def test_one_that_was_promoted_is_not_compared_with_itself(site: Site, judged: list[StoredModel]) -> None:
    site.promote(judged[0])
    with pytest.raises(ModelRefused, match="no other bundle ran in shadow yet"):
        compare_models(site.config, site.ledger)
    with pytest.raises(ModelRefused, match="tiny 0 is the active bundle; name another"):
        compare_models(site.config, site.ledger, "tiny 0")
    _judge(site, judged[1])
    assert compare_models(site.config, site.ledger).shadow == judged[1]
    assert compare_models(site.config, site.ledger, "tiny 1").shadow == judged[1]


def test_pictures_do_not_get_among_other_files(site: Site, judged: list[StoredModel], tmp_path: Path) -> None:
    compared, store = compare_models(site.config, site.ledger), ObjectStore(site.config.objects_dir)
    out = tmp_path / "export"
    out.mkdir()
    (out / "index.csv").touch()
    with pytest.raises(ModelRefused, match="holds other files"):
        write_page(compared, store, out)
    assert [path.name for path in out.iterdir()] == ["index.csv"]
    assert write_page(compared, store, tmp_path / "new").is_file()
    assert write_page(compared, store, tmp_path / "new").is_file()
