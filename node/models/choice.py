"""Which bundle works on this node: the one that was promoted last, else what the configuration names."""

from pathlib import Path

from node.config.schema import Config
from node.models.store import ModelStore, StoredModel
from pipeline.bundle import reference_bundle
from pipeline.bundle.loading import read_manifest
from storage.ledger import Ledger
from storage.promotions import Part, current


def first_bundle(config: Config) -> Path:
    """Folder of the bundle that works until one is promoted."""
    return config.model.bundle or reference_bundle()


def first_model(config: Config) -> StoredModel:
    """Describe the bundle that works until one is promoted.

    Raises
    ------
    BundleError
        If its manifest cannot be read.
    """
    path = first_bundle(config)
    manifest, digest = read_manifest(path)
    return StoredModel(path, digest, manifest, ships=config.model.bundle is None)


def active_model(config: Config, ledger: Ledger) -> StoredModel:
    """Give the bundle whose results leave the node.

    A promoted bundle whose folder is gone is passed over; `neolung doctor` says so.

    Raises
    ------
    BundleError
        If no manifest can be read.
    """
    return _chosen(config, ledger, Part.ACTIVE) or first_model(config)


def shadow_model(config: Config, ledger: Ledger) -> StoredModel | None:
    """Give the bundle that judges in shadow, if there is one; never the active one."""
    shadow = _chosen(config, ledger, Part.SHADOW)
    return None if shadow is None or shadow.digest == active_model(config, ledger).digest else shadow


def roles_of_models(config: Config, ledger: Ledger) -> list[tuple[StoredModel, str]]:
    """List every bundle of the node, that of the configuration among them, with what it does."""
    active, shadow, first = active_model(config, ledger), shadow_model(config, ledger), first_model(config)
    models = {model.digest: model for model in (first, *ModelStore(config.node.data_dir).all())}
    role = {active.digest: str(Part.ACTIVE)} | ({shadow.digest: str(Part.SHADOW)} if shadow else {})
    return [(model, role.get(digest, "")) for digest, model in models.items()]


def _chosen(config: Config, ledger: Ledger, part: Part) -> StoredModel | None:
    with ledger.read() as connection:
        decision = current(connection, part)
    if decision is None:
        return None
    first = first_model(config)
    if first.digest == decision.digest:
        return first
    return ModelStore(config.node.data_dir).by_digest(decision.digest)
