"""The registry takes in what is whole, promotes what is proven, and always finds the way back."""

import json
import shutil
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import pytest

from node.checks import examine
from node.config.schema import Config
from node.errors import ModelRefused
from node.models.choice import active_model, roles_of_models, shadow_model
from node.models.promotion import Registrar
from node.models.store import ModelStore, StoredModel
from pipeline.bundle import reference_bundle, verify_bundle
from pipeline.bundle.evidence import EVIDENCE_NAME, Evidence
from pipeline.bundle.manifest import MANIFEST_NAME, sha256_of
from pipeline.errors import BundleError
from storage.events import list_events
from storage.ledger import Ledger
from storage.promotions import Part, decisions
from tests.support.bundles import make_tiny_bundle, sign_again

pytest.importorskip("torch")


@pytest.fixture(scope="module")
def bundles(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """Three bundles of different versions, and so of different digests."""
    folder = tmp_path_factory.mktemp("bundles")
    first = make_tiny_bundle(folder / "tiny-0")
    made = [first, *(shutil.copytree(first, folder / f"tiny-{number}") for number in (1, 2))]
    for number, path in enumerate(made):
        sign_again(path, version=str(number))
    return made


@dataclass(frozen=True, slots=True)
class Site:
    """A node's registry."""

    config: Config
    ledger: Ledger
    store: ModelStore
    registrar: Registrar

    @property
    def active(self) -> StoredModel:
        return active_model(self.config, self.ledger)

    def promote(self, model: StoredModel) -> None:
        self.registrar.promote(model.short, override=True, reason="test")


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    config = Config.model_validate({"node": {"data_dir": str(tmp_path / "var")}}, context={"base": tmp_path})
    config.node.data_dir.mkdir()
    with closing(Ledger.open(config.ledger_url)) as ledger:
        yield Site(config, ledger, ModelStore(config.node.data_dir), Registrar(config, ledger))


@pytest.fixture
def store(site: Site) -> ModelStore:
    return site.store


def with_evidence(bundle: Path, out: Path, against: str, *, passes: bool = True) -> Path:
    """Copy a bundle and put a comparison into it, as a retraining does."""
    shutil.copytree(bundle, out)
    evidence = Evidence(
        passes=passes,
        against=against,
        against_name="the one before",
        films=100,
        patients=90,
        locked_digest="0" * 64,
        marks=("SYNTHETIC",),
        sentences=(f"auroc: new minus old +0.01: {'holds' if passes else 'fails'}",),
        differences=(),
    )
    content = evidence.model_dump_json().encode()
    (out / EVIDENCE_NAME).write_bytes(content)
    manifest = json.loads((out / MANIFEST_NAME).read_text(encoding="utf-8"))
    manifest["files"].append(
        {"name": EVIDENCE_NAME, "sha256": sha256_of(content), "size_bytes": len(content)}
    )
    (out / MANIFEST_NAME).write_text(json.dumps(manifest), encoding="utf-8")
    return out


class TestAdding:
    def test_a_bundle_is_copied_read_only_and_found_by_name_and_digest(
        self, store: ModelStore, bundles: list[Path]
    ) -> None:
        added = store.add(bundles[0])
        assert store.find("tiny 0") == store.find(added.digest[:8]) == store.find("tiny") == added
        assert {path.name for path in added.path.iterdir()} == {path.name for path in bundles[0].iterdir()}
        assert all(path.stat().st_mode & 0o222 == 0 for path in added.path.iterdir())
        assert store.add(bundles[0]) == added

    def test_a_name_of_several_bundles_is_refused_with_their_digests(
        self, store: ModelStore, bundles: list[Path]
    ) -> None:
        one, other = store.add(bundles[0]), store.add(bundles[1])
        with pytest.raises(ModelRefused, match="stands for several bundles") as refusal:
            store.find("tiny")
        assert one.short in str(refusal.value)
        assert other.short in str(refusal.value)
        with pytest.raises(ModelRefused, match="is no bundle of this node"):
            store.find("huge")

    def test_what_the_manifest_does_not_name_is_not_copied(
        self, store: ModelStore, bundles: list[Path], tmp_path: Path
    ) -> None:
        shutil.copytree(bundles[0], tmp_path / "more")
        (tmp_path / "more/notes.txt").write_text("secret", encoding="utf-8")
        assert not (store.add(tmp_path / "more").path / "notes.txt").exists()

    @pytest.mark.parametrize(
        ("damage", "reason"),
        [
            (lambda path: _flip(path / "classifier.safetensors"), "has changed"),
            (lambda path: (path / "segmenter.onnx").unlink(), "cannot be read"),
            (lambda path: (path / "segmenter.safetensors").write_bytes(b"\x80\x04N."), "has changed"),
            (lambda path: sign_again(path, segmenter__tensors_sha256="0" * 64), "another architecture"),
            (lambda path: (path / MANIFEST_NAME).unlink(), "no readable manifest.json"),
        ],
    )
    def test_a_damaged_bundle_leaves_nothing_behind(
        self,
        store: ModelStore,
        bundles: list[Path],
        tmp_path: Path,
        damage: Callable[[Path], object],
        reason: str,
    ) -> None:
        shutil.copytree(bundles[0], tmp_path / "damaged")
        damage(tmp_path / "damaged")
        with pytest.raises(BundleError, match=reason):
            store.add(tmp_path / "damaged")
        assert [model.ships for model in store.all()] == [True]

    @pytest.mark.parametrize(
        "damage",
        [
            lambda path: _flip(path / "classifier.safetensors"),
            lambda path: (path / MANIFEST_NAME).write_bytes(b"{}"),
            lambda path: (path / "segmenter.onnx").unlink(),
            shutil.rmtree,
        ],
    )
    def test_a_copy_that_was_damaged_since_is_replaced(
        self, store: ModelStore, bundles: list[Path], damage: Callable[[Path], object]
    ) -> None:
        added = store.add(bundles[0])
        for path in added.path.iterdir():
            path.chmod(0o644)
        damage(added.path)
        assert store.add(bundles[0]) == added
        _, identity = verify_bundle(added.path)
        assert identity.digest == added.digest
        assert [path.name for path in added.path.parent.iterdir()] == [added.path.name]

    def test_a_sound_copy_is_left_as_it_is(self, store: ModelStore, bundles: list[Path]) -> None:
        before = (store.add(bundles[0]).path / MANIFEST_NAME).stat()
        after = (store.add(bundles[0]).path / MANIFEST_NAME).stat()
        assert (after.st_ino, after.st_mtime_ns) == (before.st_ino, before.st_mtime_ns)

    def test_where_the_copy_cannot_be_made_the_damaged_one_stays(
        self, store: ModelStore, bundles: list[Path], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        added = store.add(bundles[0])
        (added.path / "segmenter.onnx").unlink()

        def fail(*_: object) -> None:
            raise OSError(28, "No space left on device")

        monkeypatch.setattr(shutil, "copyfile", fail)
        with pytest.raises(ModelRefused, match="No space left on device"):
            store.add(bundles[0])
        assert [path.name for path in added.path.parent.iterdir()] == [added.path.name]
        assert (added.path / "classifier.onnx").exists()


def _flip(file: Path) -> None:
    content = bytearray(file.read_bytes())
    content[-1] ^= 1
    file.write_bytes(content)


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
        file = first.path / "classifier.safetensors"
        file.chmod(0o644)
        _flip(file)
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
