"""What the engine's processes do: films in, durable result objects out.

``process_batch`` is a pure function of its arguments and the files they name: run twice, it makes the same
objects at the same places. It touches no database. Heavy libraries are imported only where it runs.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from node.index import index_attributes
from node.log import describe_exception, silence_libraries
from node.work.retry import Failure
from node.work.values import Film, FilmFailure, FilmOutcome, FilmResult, ResultInstance
from pipeline import PIPELINE_VERSION
from pipeline.errors import PipelineError, UnsupportedInstance
from storage.errors import DigestMismatch, StorageError
from storage.objects import ObjectStore
from storage.values import AnalysisRecord, Role, StoredFile

if TYPE_CHECKING:
    from pydicom import Dataset

    from pipeline.cascade import Cascade
    from pipeline.gate import GateSettings
    from pipeline.results import Charset
    from pipeline.values import Analysis, RuleVerdict

    Analyse = Callable[[Sequence[Dataset]], Sequence[Analysis]]


@dataclass(frozen=True, slots=True)
class AnalysisSettings:
    """Everything but the films that results depend on.

    Attributes
    ----------
    device
        As in ``pipeline.bundle.load_bundle``.
    threads
        Of a CPU engine; 0 takes all cores.
    charsets
        Character sets that the destinations want; each makes result objects of its own.
    """

    bundle: Path
    objects_dir: Path
    gate: GateSettings
    device_uid: str
    station_name: str
    utc_offset: str
    device: Literal["auto", "cpu", "cuda"] = "auto"
    threads: int = 0
    keep_overlay: bool = True
    charsets: tuple[Charset, ...] = ("utf-8",)


@lru_cache(maxsize=1)
def warm_cascade(settings: AnalysisSettings) -> Cascade:
    """Load and warm the models once for this process.

    Raises
    ------
    BundleError
        If the bundle must not be used.
    """
    from pipeline.bundle import load_bundle
    from pipeline.cascade import Cascade

    return Cascade(
        load_bundle(settings.bundle, device=settings.device, threads=settings.threads), settings.gate
    )


def warm_up(settings: AnalysisSettings) -> None:
    """Make this process ready: the first film takes no longer than the others, and nothing quotes its header.

    Raises
    ------
    BundleError
        If the bundle must not be used.
    """
    silence_libraries()
    import scipy.ndimage  # noqa: F401 - the pipeline imports it with the first film

    from pipeline.results.rehearsal import rehearse

    rehearse()
    warm_cascade(settings)


def process_batch(settings: AnalysisSettings, films: Sequence[Film]) -> list[FilmOutcome]:
    """Analyse films with the models of this process; see `analyse_films`.

    Raises
    ------
    PipelineError, MemoryError, RuntimeError
        If the models cannot run at all; then nothing is known of any film.
    """
    return analyse_films(settings, films, warm_cascade(settings).analyse)


def analyse_films(settings: AnalysisSettings, films: Sequence[Film], analyse: Analyse) -> list[FilmOutcome]:
    """Analyse films and store their result objects.

    Returns
    -------
    list of FilmResult or FilmFailure
        One for each film, in order: a bad film fails alone, as a value.
    """
    store = ObjectStore(settings.objects_dir)
    found = [_read(store, film) for film in films]
    readable = [dataset for dataset in found if not isinstance(dataset, FilmFailure)]
    analyses = iter(analyse(readable) if readable else ())
    return [
        dataset if isinstance(dataset, FilmFailure) else _conclude(store, settings, film, next(analyses))
        for film, dataset in zip(films, found, strict=True)
    ]


def _read(store: ObjectStore, film: Film) -> Dataset | FilmFailure:
    from pipeline.part10 import read_film

    try:
        return read_film(store.read(film.file))
    except (DigestMismatch, PipelineError) as error:
        return FilmFailure(Failure.PERMANENT, str(error))
    except StorageError as error:
        return FilmFailure(Failure.PASSING, str(error))


def _conclude(store: ObjectStore, settings: AnalysisSettings, film: Film, analysis: Analysis) -> FilmOutcome:
    from pipeline.values import Outcome

    if analysis.outcome is Outcome.FAILED and not film.is_last_attempt:
        return FilmFailure(Failure.PASSING, analysis.explanation)
    try:
        return _store_results(store, settings, film, analysis)
    except UnsupportedInstance as error:
        return FilmFailure(Failure.PERMANENT, f"no report can be made: {error}")
    except (StorageError, PipelineError) as error:
        return FilmFailure(Failure.PASSING, f"no result objects: {error}")
    except Exception as error:  # noqa: BLE001 - one film's failure, whatever it is, must not take its neighbours
        return FilmFailure(Failure.PASSING, f"no result objects: {describe_exception(error)}")


def _store_results(
    store: ObjectStore, settings: AnalysisSettings, film: Film, analysis: Analysis
) -> FilmResult:
    from pipeline.results import make_result_objects
    from pipeline.values import Origin

    origin = Origin(settings.device_uid, settings.station_name, film.received_at, settings.utc_offset)
    instances, overlay = [], None
    for charset in settings.charsets:
        draws_overlay = settings.keep_overlay and overlay is None
        results = make_result_objects(analysis, origin, charset=charset, overlay=draws_overlay)
        if results.segmentation is not None:
            instances.append(_store(store, Role.SEGMENTATION, charset, results.segmentation))
        instances.append(_store(store, Role.REPORT, charset, results.report))
        if results.overlay_png is not None:
            overlay = store.write(results.overlay_png, suffix=".png")
    return FilmResult(_record(film, analysis, overlay), tuple(instances))


def _store(store: ObjectStore, role: Role, charset: Charset, dataset: Dataset) -> ResultInstance:
    from pipeline.results import to_part10

    file = store.write(to_part10(dataset))
    syntax = str(dataset.file_meta.TransferSyntaxUID)
    return ResultInstance(role, charset, index_attributes(dataset), syntax, file)


def _record(film: Film, analysis: Analysis, overlay: StoredFile | None) -> AnalysisRecord:
    finding, mask = analysis.finding, analysis.lung_mask
    return AnalysisRecord(
        source_instance_id=film.instance_id,
        bundle_digest=analysis.bundle.digest,
        pipeline_version=PIPELINE_VERSION,
        outcome=str(analysis.outcome),
        explanation=analysis.explanation,
        probability=finding.probability if finding else None,
        threshold=finding.threshold if finding else None,
        area_pixels=mask.area_pixels if mask else None,
        area_mm2=mask.area_mm2 if mask else None,
        details={
            "reason": str(analysis.reason) if analysis.reason else None,
            "verdicts": [_plain_verdict(verdict) for verdict in analysis.verdicts],
            "seconds": {stage: round(seconds, 4) for stage, seconds in analysis.seconds.items()},
            "parameters": list(analysis.radiograph.parameters) if analysis.radiograph else [],
            "overlay": overlay.path if overlay else None,
        },
        analysed_at=datetime.now(UTC),
    )


def _plain_verdict(verdict: RuleVerdict) -> dict[str, str | None]:
    reason = str(verdict.reason) if verdict.reason else None
    return {"rule": verdict.rule, "verdict": str(verdict.verdict), "detail": verdict.detail, "reason": reason}
