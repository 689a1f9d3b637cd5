"""Analyses films without ledger and network, for ``neolung analyse`` and ``neolung explain``."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from pydicom import Dataset

from node.config.schema import Config
from node.identity import device_uid, utc_offset
from node.models.choice import serving_bundle
from node.routing.router import Router
from node.work.models import ModelSettings, WarmModels
from pipeline.errors import PipelineError
from pipeline.results import DEFAULT_SC_SIDE, Form
from pipeline.values import Analysis, Origin

if TYPE_CHECKING:
    from pipeline.cascade import Cascade

_VISIBLE = (Form("pr"), Form("sc", longest_side=DEFAULT_SC_SIDE), Form("pdf"))


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
        Paths written: SEG, SR, what shows them, picture.
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
    """Warm models, loaded with the first film that needs them.

    Parameters
    ----------
    every_kind
        Write what shows a result, too: presentation state, Secondary Capture, PDF.
    """

    def __init__(self, config: Config, *, every_kind: bool = False) -> None:
        self._config = config
        self._every_kind = every_kind
        self._router = Router.of(config, serving_bundle(config))
        settings = ModelSettings(self._router.gate, config.work.engine, 1, config.model.warm_bundles)
        self._models = WarmModels(settings)

    def analyse(self, film: Dataset, bundle: Path | None = None) -> Analysis:
        """Run the whole pipeline over one film, by a bundle or by that of films without a route."""
        return self._cascade(bundle).analyse([film])[0]

    def disclaimer(self, bundle: Path | None = None) -> str:
        """Say what the makers of a bundle say about its use."""
        return self._cascade(bundle).identity.disclaimer

    def write_results(self, film: Dataset, name: str, made_at: datetime, folder: Path) -> OfflineResult:
        """Analyse one film and write its result objects and a picture.

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
            files = _write(self._contents(analysis, made_at), folder)
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

    def _contents(self, analysis: Analysis, made_at: datetime) -> dict[str, bytes | None]:
        """Make the files of one film by name; None for what this film does not have."""
        from pipeline.results import make_result_objects

        config = self._config
        origin = Origin(device_uid(config), config.node.station_name, made_at, utc_offset(config))
        objects = make_result_objects(analysis, origin)
        made = {"seg.dcm": objects.segmentation, "sr.dcm": objects.report}
        made |= {f"{form.kind}.dcm": self._visible(analysis, origin, form) for form in _VISIBLE}
        return {name: _part10(dataset) for name, dataset in made.items()} | {
            "overlay.png": objects.overlay_png
        }

    def _visible(self, analysis: Analysis, origin: Origin, form: Form) -> Dataset | None:
        from pipeline.results import make_visible_object

        return make_visible_object(analysis, origin, form) if self._every_kind else None


def _part10(dataset: Dataset | None) -> bytes | None:
    from pipeline.results import to_part10

    return None if dataset is None else to_part10(dataset)


def _write(contents: Mapping[str, bytes | None], folder: Path) -> list[Path]:
    folder.mkdir(parents=True, exist_ok=True)
    written = []
    for name, content in contents.items():
        (folder / name).unlink(missing_ok=True)
        if content is not None:
            (folder / name).write_bytes(content)
            written.append(folder / name)
    return written
