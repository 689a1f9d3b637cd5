"""The registry takes in what is whole, and mends what was damaged since."""

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from node.errors import ModelRefused
from node.models.store import ModelStore
from pipeline.bundle import verify_bundle
from pipeline.bundle.manifest import MANIFEST_NAME
from pipeline.errors import BundleError
from tests.support.bundles import sign_again
from tests.support.registry import flip

pytest.importorskip("torch")


def test_a_bundle_is_copied_read_only_and_found_by_name_and_digest(
    store: ModelStore, bundles: list[Path]
) -> None:
    added = store.add(bundles[0])
    assert store.find("tiny 0") == store.find(added.digest[:8]) == store.find("tiny") == added
    assert {path.name for path in added.path.iterdir()} == {path.name for path in bundles[0].iterdir()}
    assert all(path.stat().st_mode & 0o222 == 0 for path in added.path.iterdir())
    assert store.add(bundles[0]) == added


def test_a_name_of_several_bundles_is_refused_with_their_digests(
    store: ModelStore, bundles: list[Path]
) -> None:
    one, other = store.add(bundles[0]), store.add(bundles[1])
    with pytest.raises(ModelRefused, match="stands for several bundles") as refusal:
        store.find("tiny")
    assert one.short in str(refusal.value)
    assert other.short in str(refusal.value)
    with pytest.raises(ModelRefused, match="is no bundle of this node"):
        store.find("huge")


def test_what_the_manifest_does_not_name_is_not_copied(
    store: ModelStore, bundles: list[Path], tmp_path: Path
) -> None:
    shutil.copytree(bundles[0], tmp_path / "more")
    (tmp_path / "more/notes.txt").write_text("secret", encoding="utf-8")
    assert not (store.add(tmp_path / "more").path / "notes.txt").exists()


@pytest.mark.parametrize(
    ("damage", "reason"),
    [
        (lambda path: flip(path / "classifier.safetensors"), "has changed"),
        (lambda path: (path / "segmenter.onnx").unlink(), "cannot be read"),
        (lambda path: (path / "segmenter.safetensors").write_bytes(b"\x80\x04N."), "has changed"),
        (lambda path: sign_again(path, segmenter__tensors_sha256="0" * 64), "another architecture"),
        (lambda path: (path / MANIFEST_NAME).unlink(), "no readable manifest.json"),
    ],
)
def test_a_damaged_bundle_leaves_nothing_behind(
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
        lambda path: flip(path / "classifier.safetensors"),
        lambda path: (path / MANIFEST_NAME).write_bytes(b"{}"),
        lambda path: (path / "segmenter.onnx").unlink(),
        shutil.rmtree,
    ],
)
def test_a_copy_that_was_damaged_since_is_replaced(
    store: ModelStore, bundles: list[Path], damage: Callable[[Path], object]
) -> None:
    added = store.add(bundles[0])
    for path in added.path.iterdir():
        path.chmod(0o644)
    damage(added.path)
    assert store.add(bundles[0]) == added
    _, identity = verify_bundle(added.path)
    assert identity.digest == added.digest
    assert [path.name for path in added.path.parent.iterdir()] == [added.path.name]


def test_a_sound_copy_is_left_as_it_is(store: ModelStore, bundles: list[Path]) -> None:
    before = (store.add(bundles[0]).path / MANIFEST_NAME).stat()
    after = (store.add(bundles[0]).path / MANIFEST_NAME).stat()
    assert (after.st_ino, after.st_mtime_ns) == (before.st_ino, before.st_mtime_ns)


def test_where_the_copy_cannot_be_made_the_damaged_one_stays(
    store: ModelStore, bundles: list[Path], monkeypatch: pytest.MonkeyPatch
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
