"""The registry promotes what is proven, and always finds the way back."""

import shutil
from pathlib import Path

import pytest

from node.checks import examine
from node.errors import ModelRefused
from node.models.choice import roles_of_models, shadow_model
from pipeline.bundle import reference_bundle
from pipeline.bundle.evidence import DEMANDED, EVIDENCE_NAME
from pipeline.bundle.manifest import MANIFEST_NAME, sha256_of
from pipeline.errors import BundleError
from storage.events import list_events
from storage.promotions import Part, decisions
from tests.support.registry import Site, flip, with_evidence

pytest.importorskip("torch")


class TestPromotion:
    def test_without_any_the_bundle_that_ships_is_active(self, site: Site) -> None:
        active = site.active
        assert (active.path, active.ships) == (reference_bundle(), True)
        assert shadow_model(site.config, site.ledger) is None

    def test_a_passing_comparison_with_the_active_bundle_is_enough(
        self, site: Site, bundles: list[Path], tmp_path: Path
    ) -> None:
        active = site.active
        model = site.store.add(with_evidence(bundles[0], tmp_path / "new", active.digest))
        site.registrar.promote(model.short, reason="retrained")
        assert site.active.digest == model.digest
        with site.ledger.read() as connection:
            decision = decisions(connection, Part.ACTIVE)[0]
            event = list_events(connection)[0]
        assert (decision.verdict, decision.reason) == ("passed", "retrained")
        assert (event.what, event.subject) == ("model made active", model.digest)
        assert "tiny 0" in site.store.changelog.read_text(encoding="utf-8")
        with pytest.raises(ModelRefused, match="is active already"):
            site.registrar.promote(model.short)

    @pytest.mark.parametrize("kind", ["none", "fails", "against another"])
    def test_else_it_takes_an_override_with_a_reason(
        self, kind: str, site: Site, bundles: list[Path], tmp_path: Path
    ) -> None:
        against = "f" * 64 if kind == "against another" else site.active.digest
        new = (
            bundles[0]
            if kind == "none"
            else with_evidence(bundles[0], tmp_path / "new", against, passes=kind != "fails")
        )
        model = site.store.add(new)
        for arguments in ({}, {"override": True}, {"reason": "it looks good"}):
            with pytest.raises(ModelRefused, match="is not promoted: "):
                site.registrar.promote(model.short, **arguments)  # type: ignore[arg-type]
        assert site.active.ships
        site.registrar.promote(model.short, override=True, reason="it looks good")
        assert site.active.digest == model.digest
        assert "Against it spoke" in site.store.changelog.read_text(encoding="utf-8")

    def test_a_comparison_that_was_laid_beside_the_files_does_not_count(
        self, site: Site, bundles: list[Path], tmp_path: Path
    ) -> None:
        model = site.store.add(bundles[0])
        made = with_evidence(bundles[0], tmp_path / "new", site.active.digest)
        shutil.copyfile(made / EVIDENCE_NAME, model.path / EVIDENCE_NAME)
        with pytest.raises(ModelRefused, match="it brings no comparison"):
            site.registrar.promote(model.short)

    def test_new_outlines_need_a_comparison_and_old_ones_none(
        self, site: Site, bundles: list[Path], tmp_path: Path
    ) -> None:
        first = with_evidence(bundles[0], tmp_path / "first", site.active.digest, figures=DEMANDED)
        with pytest.raises(ModelRefused, match="its comparison has no outlines"):
            site.registrar.promote(site.store.add(first).short)
        site.promote(site.store.add(first))
        second = with_evidence(bundles[1], tmp_path / "second", site.active.digest, figures=DEMANDED)
        site.registrar.promote(site.store.add(second).short)
        assert site.active.manifest.version == "1"

    def test_roll_backs_go_further_back_each_time(self, site: Site, bundles: list[Path]) -> None:
        models = [site.store.add(path) for path in bundles]
        for model in models:
            site.promote(model)
        wanted = [models[1].digest, models[0].digest, active_digest_of_reference()]
        for digest in wanted:
            assert site.registrar.roll_back().digest == digest
            assert site.active.digest == digest
        with pytest.raises(ModelRefused, match="none to go back to"):
            site.registrar.roll_back()
        site.promote(models[2])
        assert site.registrar.roll_back().ships

    def test_a_bundle_damaged_since_is_neither_promoted_nor_rolled_back_to(
        self, site: Site, bundles: list[Path]
    ) -> None:
        first, second = site.store.add(bundles[0]), site.store.add(bundles[1])
        site.promote(first)
        site.promote(second)
        flip(first.path / "classifier.safetensors")
        with pytest.raises(BundleError, match="has changed"):
            site.registrar.roll_back()
        with pytest.raises(BundleError, match="has changed"):
            site.promote(first)
        assert site.active.digest == second.digest

    def test_a_damaged_manifest_of_the_active_bundle_is_no_reason_to_serve_another(
        self, site: Site, bundles: list[Path]
    ) -> None:
        first, second = site.store.add(bundles[0]), site.store.add(bundles[1])
        site.promote(first)
        site.promote(second)
        manifest = second.path / MANIFEST_NAME
        manifest.chmod(0o644)
        manifest.write_bytes(manifest.read_bytes().replace(b"tiny", b"tinY", 1))
        with pytest.raises(BundleError, match=r"the manifest of tiny 1 in .* has changed"):
            site.active  # noqa: B018 - looking is the test
        listed = {one.digest: one for one in roles_of_models(site.config, site.ledger)}
        assert listed[second.digest].role == "active"
        assert "has changed" in listed[second.digest].trouble
        (check,) = (one for one in examine(site.config) if one.subject == "active model")
        assert check.ok is False
        assert site.registrar.roll_back().digest == first.digest
        assert site.active.digest == first.digest


class TestShadow:
    def test_it_is_named_and_ended(self, site: Site, bundles: list[Path]) -> None:
        model = site.store.add(bundles[0])
        site.registrar.shadow("tiny 0")
        assert shadow_model(site.config, site.ledger) == model
        assert {one.digest: one.role for one in roles_of_models(site.config, site.ledger)} == {
            active_digest_of_reference(): "active",
            model.digest: "shadow",
        }
        site.registrar.shadow(None)
        assert shadow_model(site.config, site.ledger) is None

    def test_the_active_bundle_is_not_its_own_shadow(self, site: Site, bundles: list[Path]) -> None:
        model = site.store.add(bundles[0])
        site.registrar.shadow("tiny 0")
        site.registrar.promote("tiny 0", override=True, reason="test")
        assert shadow_model(site.config, site.ledger) is None
        with pytest.raises(ModelRefused, match="cannot be its own shadow"):
            site.registrar.shadow(model.short)


def active_digest_of_reference() -> str:
    return sha256_of((reference_bundle() / MANIFEST_NAME).read_bytes())
