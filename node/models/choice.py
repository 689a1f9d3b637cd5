"""Which bundle works on this node: the one that was promoted last, else what the configuration names."""

from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path

from node.config.schema import Config
from node.errors import NoLedger
from node.models.store import ModelStore, StoredModel, open_model
from node.overview import open_ledger
from pipeline.bundle import reference_bundle
from pipeline.errors import BundleError
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
    return open_model(first_bundle(config))


@dataclass(frozen=True, slots=True)
class ChosenModel:
    """The bundle that does a part, as it was chosen; its folder may be damaged by now.

    Attributes
    ----------
    digest, name
        Empty, and its folder, for the bundle of the configuration while that cannot be read.
    at
        When; None for the bundle of the configuration.
    """

    digest: str
    name: str
    at: datetime | None = None


@dataclass(frozen=True, slots=True)
class ListedModel:
    """One bundle of the node, and what it does.

    Attributes
    ----------
    role
        ``active``, ``shadow`` or empty.
    model
        None where it cannot be read any more; `trouble` says why.
    """

    digest: str
    name: str
    role: str
    model: StoredModel | None
    trouble: str = ""


def active_choice(config: Config, ledger: Ledger) -> ChosenModel:
    """Say which bundle's results leave the node, whether or not it can be read."""
    return _choice(ledger, Part.ACTIVE) or first_choice(config)


def first_choice(config: Config) -> ChosenModel:
    """Say which bundle works until one is promoted, whether or not it can be read."""
    first = _first(config)
    return ChosenModel(first.digest, first.name)


def active_model(config: Config, ledger: Ledger) -> StoredModel:
    """Give the bundle whose results leave the node.

    Raises
    ------
    BundleError
        If its manifest cannot be read. It is never passed over for another: whoever serves goes on serving.
    """
    promoted = _choice(ledger, Part.ACTIVE)
    return first_model(config) if promoted is None else _open(config, promoted)


def shadow_model(config: Config, ledger: Ledger) -> StoredModel | None:
    """Give the bundle that judges in shadow, if there is one; never the active one.

    Raises
    ------
    BundleError
        If its manifest cannot be read.
    """
    shadow = _choice(ledger, Part.SHADOW)
    if shadow is None or shadow.digest == active_choice(config, ledger).digest:
        return None
    return _open(config, shadow)


def serving_bundle(config: Config) -> Path:
    """Folder of the bundle that a node on this configuration serves; the first one where no node ran yet.

    Raises
    ------
    BundleError
        If the active bundle cannot be read.
    """
    try:
        with open_ledger(config) as ledger:
            return active_model(config, ledger).path
    except NoLedger:
        return first_bundle(config)


def roles_of_models(config: Config, ledger: Ledger) -> list[ListedModel]:
    """List every bundle of the node, that of the configuration and damaged ones that do a part among them."""
    active, shadow = active_choice(config, ledger), _choice(ledger, Part.SHADOW)
    role = {} if shadow is None else {shadow.digest: str(Part.SHADOW)}
    role[active.digest] = str(Part.ACTIVE)
    first = _first(config)
    listed = {first.digest: first}
    for model in ModelStore.of(config).all():
        listed[model.digest] = _listed(model)
    for chosen in (active, shadow):
        if chosen is not None and chosen.digest not in listed:
            trouble = _trouble_with(config, chosen)
            listed[chosen.digest] = ListedModel(chosen.digest, chosen.name, "", None, trouble)
    return [replace(one, role=role.get(one.digest, "")) for one in listed.values()]


def _first(config: Config) -> ListedModel:
    try:
        return _listed(first_model(config))
    except BundleError as error:
        return ListedModel("", str(first_bundle(config)), "", None, str(error))


def _listed(model: StoredModel) -> ListedModel:
    return ListedModel(model.digest, model.name, "", model)


def _trouble_with(config: Config, chosen: ChosenModel) -> str:
    try:
        _open(config, chosen)
    except BundleError as error:
        return str(error)
    return ""


def _choice(ledger: Ledger, part: Part) -> ChosenModel | None:
    with ledger.read() as connection:
        decision = current(connection, part)
    return None if decision is None else ChosenModel(decision.digest, decision.name, decision.at)


def _open(config: Config, chosen: ChosenModel) -> StoredModel:
    return ModelStore.of(config).chosen(chosen.digest, chosen.name)
