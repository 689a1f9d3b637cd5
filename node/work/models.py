"""The warm models of one of the engine's processes: as many bundles as the settings allow."""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from node.log import EventLog

if TYPE_CHECKING:
    from pipeline.cascade import Cascade
    from pipeline.gate import GateSettings

_log = EventLog("models")


@dataclass(frozen=True, slots=True)
class ModelSettings:
    """How models are loaded.

    Attributes
    ----------
    device
        As in ``pipeline.bundle.load_bundle``.
    threads
        Of a CPU engine; 0 takes all cores.
    most_warm
        Bundles that are kept at once; the one used longest ago makes room for another.
    """

    gate: GateSettings
    device: Literal["auto", "cpu", "cuda"] = "auto"
    threads: int = 0
    most_warm: int = 2


class WarmModels:
    """Bundles that were loaded and warmed, those used last."""

    def __init__(self, settings: ModelSettings) -> None:
        self._settings = settings
        self._warm: OrderedDict[Path, Cascade] = OrderedDict()

    def cascade(self, bundle: Path) -> Cascade:
        """Give the cascade of a bundle, loaded and warmed if it is not there.

        Raises
        ------
        BundleError
            If the bundle must not be used.
        """
        if bundle in self._warm:
            self._warm.move_to_end(bundle)
            return self._warm[bundle]
        while len(self._warm) >= self._settings.most_warm:
            left, _ = self._warm.popitem(last=False)
            _log.info("bundle makes room for another", bundle=left.name)
        self._warm[bundle] = self._load(bundle)
        return self._warm[bundle]

    def _load(self, bundle: Path) -> Cascade:
        from pipeline.bundle import load_bundle
        from pipeline.cascade import Cascade

        settings = self._settings
        loaded = load_bundle(bundle, device=settings.device, threads=settings.threads)
        return Cascade(loaded, settings.gate)


@lru_cache(maxsize=1)
def warm_models(settings: ModelSettings) -> WarmModels:
    """Give this process's models."""
    return WarmModels(settings)
