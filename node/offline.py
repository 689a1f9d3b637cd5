"""Analyses films without ledger and network, for ``neolung analyse`` and ``neolung explain``."""

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from pydicom import Dataset

from node.config.schema import Config
from node.identity import device_uid, utc_offset
from node.routing.router import Router
from node.work.models import ModelSettings, WarmModels
from pipeline.errors import PipelineError
from pipeline.results import ResultObjects
from pipeline.values import Analysis, Origin

if TYPE_CHECKING:
    from pipeline.cascade import Cascade


@dataclass(frozen=True, slots=True)
class OfflineResult:
    """What came of one film, as the command line shows it.

    Attributes
    ----------
    outcome
        ``present``, ``absent``, ``not eligible``, ``not assessable``, ``failed``, or ``unsupported`` for a
        file from which not even a report can be made.
    probability, threshold
        In [0, 1]; None without a finding.
    area_mm2
        Both lungs; None without a known pixel spacing.
    files
        Paths written, in the order SEG, SR, picture.
    """

    film: str
    outcome: str
    explanation: str = ""
    probability: float | None = None
    threshold: float | None = None
    area_pixels: int | None = None
    area_mm2: float | None = None
    files: tuple[str, ...] = ()


class OfflineAnalyser:
    """Warm models, loaded with the first film that needs them."""

    def __init__(self, config: Config) -> None:
        self._config = config
        self._router = Router.of(config)
        settings = ModelSettings(self._router.gate, config.work.engine, 1, config.model.warm_bundles)
        self._models = WarmModels(settings)

    def analyse(self, film: Dataset, bundle: Path | None = None) -> Analysis:
        """Run the whole pipeline over one film, by a bundle or by that of films without a route."""
        return self._cascade(bundle).analyse([film])[0]

    def disclaimer(self, bundle: Path | None = None) -> str:
        """Say what the makers of a bundle say about its use."""
        return self._cascade(bundle).identity.disclaimer

    def write_results(self, film: Dataset, name: str, made_at: datetime, folder: Path) -> OfflineResult:
        """Analyse one film and write SEG, SR and picture.

        Parameters
        ----------
        name
            What the film is called in the result.
        made_at
            Date of the result objects, timezone-aware.
        folder
            Made if missing; files in it are replaced.
        """
        analysis = self.analyse(film)
        try:
            files = _write(self._make_results(analysis, made_at), folder)
        except PipelineError as error:
            return OfflineResult(name, "unsupported", str(error))
        finding, mask = analysis.finding, analysis.lung_mask
        return OfflineResult(
            name,
            str(analysis.outcome),
            analysis.explanation,
            round(finding.probability, 4) if finding else None,
            round(finding.threshold, 4) if finding else None,
            mask.area_pixels if mask else None,
            round(mask.area_mm2, 1) if mask and mask.area_mm2 is not None else None,
            tuple(str(path) for path in files),
        )

    def _cascade(self, bundle: Path | None) -> "Cascade":
        return self._models.cascade(bundle or self._router.default_bundle)

    def _make_results(self, analysis: Analysis, made_at: datetime) -> ResultObjects:
        from pipeline.results import make_result_objects

        config = self._config
        origin = Origin(device_uid(config), config.node.station_name, made_at, utc_offset(config))
        return make_result_objects(analysis, origin)


def _write(objects: ResultObjects, folder: Path) -> list[Path]:
    from pipeline.results import to_part10

    folder.mkdir(parents=True, exist_ok=True)
    contents = {
        "seg.dcm": to_part10(objects.segmentation) if objects.segmentation is not None else None,
        "sr.dcm": to_part10(objects.report),
        "overlay.png": objects.overlay_png,
    }
    written = []
    for name, content in contents.items():
        (folder / name).unlink(missing_ok=True)
        if content is not None:
            (folder / name).write_bytes(content)
            written.append(folder / name)
    return written
