"""What the engine's processes do in shadow: judge films with another bundle, and make no result objects."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING

from node.log import describe_exception
from node.work.models import ModelSettings, warm_models
from node.work.records import make_record
from pipeline.errors import PipelineError
from storage.errors import StorageError
from storage.objects import ObjectStore
from storage.values import AnalysisRecord, StoredFile

if TYPE_CHECKING:
    from pipeline.values import Analysis, LungMask


@dataclass(frozen=True, slots=True)
class ShadowFilm:
    """One film that is to be judged."""

    instance_id: int
    file: StoredFile


def judge_in_shadow(
    models: ModelSettings, bundle: Path, objects_dir: Path, films: Sequence[ShadowFilm]
) -> list[AnalysisRecord | str]:
    """Judge films, one after the other.

    Returns
    -------
    list
        One for each film, in order: what the bundle says, or in words why it says nothing. The mask it found
        lies in the object store; ``details`` has its path and that of the picture.

    Raises
    ------
    BundleError
        If the bundle must not be used.
    """
    store, cascade = ObjectStore(objects_dir), warm_models(models).cascade(bundle)
    return [_judge(store, cascade.analyse, film) for film in films]


def _judge(store: ObjectStore, analyse: object, film: ShadowFilm) -> AnalysisRecord | str:
    from pipeline.part10 import read_film

    started = time.perf_counter()
    try:
        (analysis,) = analyse([read_film(store.read(film.file))])  # type: ignore[operator]
        return _record(store, film, analysis, time.perf_counter() - started)
    except (PipelineError, StorageError) as error:
        return str(error)
    except Exception as error:  # noqa: BLE001 - a film that a bundle in shadow stumbles over is one of its faults
        return describe_exception(error)


def _record(store: ObjectStore, film: ShadowFilm, analysis: Analysis, seconds: float) -> AnalysisRecord:
    mask = analysis.lung_mask
    details = {
        "seconds": {
            "all": round(seconds, 4),
            **{name: round(s, 4) for name, s in analysis.seconds.items()},
        },
        "mask": _keep_mask(store, mask) if mask is not None and mask.area_pixels else None,
        "overlay": _keep_picture(store, analysis),
    }
    return make_record(film.instance_id, analysis, details)


def _keep_picture(store: ObjectStore, analysis: Analysis) -> str | None:
    from pipeline.results.picture import draw_overlay

    if analysis.radiograph is None:
        return None
    return store.write(draw_overlay(analysis, analysis.radiograph), suffix=".png").path


def _keep_mask(store: ObjectStore, mask: LungMask) -> str:
    from PIL import Image

    stream = BytesIO()
    Image.fromarray(mask.pixels).save(stream, "PNG", optimize=True)
    return store.write(stream.getvalue(), suffix=".png").path
