"""The model bundles of this node: verified copies under the data folder by their digest, and two besides."""

import os
import shutil
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from node.config.schema import Config
from node.errors import ModelRefused, in_words
from pipeline.bundle import Manifest, reference_bundle, verify_bundle
from pipeline.bundle.loading import read_manifest
from pipeline.bundle.manifest import MANIFEST_NAME
from pipeline.errors import BundleError

FOLDER = "models"
_DIGITS = 16
_LEAST_DIGITS = 4


@dataclass(frozen=True, slots=True)
class StoredModel:
    """One bundle of the registry.

    Attributes
    ----------
    digest
        SHA-256 of its manifest.
    ships
        Whether it came with neolung.
    """

    path: Path
    digest: str
    manifest: Manifest
    ships: bool = False

    @property
    def name(self) -> str:
        """Name and version."""
        return f"{self.manifest.name} {self.manifest.version}"

    @property
    def short(self) -> str:
        """Enough of the digest for people."""
        return self.digest[:12]


class ModelStore:
    """Bundles below ``data_dir/models``, the one that ships, and the one that the configuration names.

    Parameters
    ----------
    data_dir
        Of the node.
    configured
        Folder that ``model.bundle`` names; it is only looked at.
    """

    def __init__(self, data_dir: Path, configured: Path | None = None) -> None:
        self._root = data_dir / FOLDER
        self._configured = () if configured is None else (configured,)

    @classmethod
    def of(cls, config: Config) -> Self:
        """Give that of a node."""
        return cls(config.node.data_dir, config.model.bundle)

    @property
    def changelog(self) -> Path:
        """Where promotions are told to people."""
        return self._root / "CHANGELOG.md"

    def add(self, folder: Path) -> StoredModel:
        """Take a bundle in: every file is verified, the networks answer their self-test, then it is copied.

        A copy that was damaged since is replaced.

        Raises
        ------
        BundleError
            If it must not be used; the message says why.
        ModelRefused
            If it cannot be copied.
        """
        from pipeline.bundle import load_bundle

        load_bundle(folder, device="cpu")
        manifest, digest = read_manifest(folder)
        shipped = open_model(reference_bundle())
        if shipped.digest == digest:
            return shipped
        place = self._place(digest)
        if not _is_whole(place, digest):
            self._copy(folder, manifest, place)
        return open_model(place)

    def keeps(self, model: StoredModel) -> bool:
        """Whether a bundle stays where it is: nobody but the registry, or neolung itself, has its folder."""
        return model.ships or model.path.parent == self._root

    def all(self) -> list[StoredModel]:
        """List every bundle that can be read, the one that ships first, then by date."""
        added = sorted(self._root.glob("[0-9a-f]*")) if self._root.exists() else []
        places = (*self._configured, *added, reference_bundle())
        found = {model.digest: model for model in _readable(places)}
        return sorted(
            found.values(), key=lambda one: (not one.ships, one.manifest.created, one.name, one.digest)
        )

    def find(self, wanted: str) -> StoredModel:
        """Find a bundle by its name and version, by its name alone, or by the first digits of its digest.

        Raises
        ------
        ModelRefused
            If there is none, or more than one.
        """
        models = self.all()
        found = [model for model in models if wanted in (model.name, model.manifest.version)]
        found = found or [model for model in models if model.manifest.name == wanted]
        if not found and len(wanted) >= _LEAST_DIGITS:
            found = [model for model in models if model.digest.startswith(wanted.lower())]
        if len(found) == 1:
            return found[0]
        known = "; ".join(f"{model.name} ({model.short})" for model in found or models)
        trouble = "stands for several bundles" if found else "is no bundle of this node"
        raise ModelRefused(
            f"{wanted} {trouble}; name one by the first four digits of its digest, or more: {known}"
        )

    def chosen(self, digest: str, name: str) -> StoredModel:
        """Give the bundle that somebody chose by its digest.

        Raises
        ------
        BundleError
            If it is gone, or its manifest was changed.
        """
        found = self.by_digest(digest)
        if found is not None:
            return found
        changed = open_model(self._place(digest))
        raise BundleError(
            f"the manifest of {name} in {changed.path} has changed; add the original again, or go back to "
            "the bundle before: neolung models rollback"
        )

    def by_digest(self, digest: str) -> StoredModel | None:
        """Give the bundle with exactly this digest."""
        places = (reference_bundle(), self._place(digest), *self._configured)
        return next((model for model in _readable(places) if model.digest == digest), None)

    def _place(self, digest: str) -> Path:
        return self._root / digest[:_DIGITS]

    def _copy(self, folder: Path, manifest: Manifest, place: Path) -> None:
        """Copy what the manifest names, verify the copy, and let it appear whole."""
        incoming = self._root / f".incoming-{os.getpid()}"
        try:
            shutil.rmtree(incoming, ignore_errors=True)
            incoming.mkdir(parents=True)
            for name in (MANIFEST_NAME, *(file.name for file in manifest.files)):
                shutil.copyfile(folder / name, incoming / name)
                (incoming / name).chmod(0o444)
                _sync(incoming / name)
            verify_bundle(incoming)
            self._put(incoming, place)
        except OSError as error:
            raise ModelRefused(f"the bundle cannot be copied to {self._root}; {in_words(error)}") from error
        finally:
            shutil.rmtree(incoming, ignore_errors=True)

    def _put(self, incoming: Path, place: Path) -> None:
        """Let a whole copy appear in one step; a damaged one is moved out of its way before."""
        damaged = self._root / f".damaged-{os.getpid()}"
        shutil.rmtree(damaged, ignore_errors=True)
        if place.exists():
            place.rename(damaged)
        incoming.rename(place)
        _sync(self._root)
        shutil.rmtree(damaged, ignore_errors=True)


def open_model(path: Path) -> StoredModel:
    """Describe the bundle in a folder by its manifest.

    Raises
    ------
    BundleError
        If that cannot be read.
    """
    manifest, digest = read_manifest(path)
    return StoredModel(path, digest, manifest, ships=path == reference_bundle())


def _readable(paths: Iterable[Path]) -> Iterator[StoredModel]:
    for path in paths:
        try:
            yield open_model(path)
        except BundleError:
            continue  # `neolung doctor` names it; it can be neither chosen nor promoted


def _is_whole(path: Path, digest: str) -> bool:
    try:
        _, identity = verify_bundle(path)
    except BundleError:
        return False
    return identity.digest == digest


def _sync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
