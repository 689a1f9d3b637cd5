"""What the engine's processes do: films in, durable result objects out.

``process_batch`` is a pure function of its arguments and the files they name: run twice, it makes the same
objects at the same places. It touches no database. Heavy libraries are imported only where it runs.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING

from node.log import describe_exception, silence_libraries
from node.work.models import ModelSettings, warm_models
from node.work.records import make_record
from node.work.retry import Failure
from node.work.values import Film, FilmFailure, FilmOutcome, FilmResult, KeptBack
from node.work.wishes import Wishes
from pipeline.errors import PipelineError, UnsupportedInstance
from storage.errors import DigestMismatch, StorageError
from storage.objects import ObjectStore
from storage.values import AnalysisRecord, StoredFile

if TYPE_CHECKING:
    from pydicom import Dataset

    from node.routing.router import Router
    from node.routing.values import Decision
    from pipeline.values import Analysis, RuleVerdict

    Analyse = Callable[[Sequence[Dataset], Sequence[Sequence[RuleVerdict]]], Sequence[Analysis]]


@dataclass(frozen=True, slots=True)
class AnalysisSettings:
    """Everything but the films that results depend on.

    Attributes
    ----------
    router
        Chooses the bundle of each film, and who gets its results.
    wishes
        What the destinations want to get.
    """

    router: Router
    models: ModelSettings
    objects_dir: Path
    device_uid: str
    station_name: str
    utc_offset: str
    keep_overlay: bool = True
    wishes: Wishes = field(default_factory=lambda: Wishes({}))


def warm_up(settings: AnalysisSettings) -> None:
    """Make this process ready: the first film takes no longer than the others, and nothing quotes its header.

    Raises
    ------
    BundleError
        If a bundle must not be used.
    """
    silence_libraries()
    import scipy.ndimage  # noqa: F401 - the pipeline imports it with the first film

    from pipeline.results.rehearsal import rehearse

    rehearse(settings.wishes.all_forms)
    first = settings.router.bundles[: settings.models.most_warm]
    for bundle in reversed(first):
        warm_models(settings.models).cascade(bundle)


def process_batch(settings: AnalysisSettings, films: Sequence[Film]) -> list[FilmOutcome]:
    """Analyse films with the models of this process; see `analyse_films`.

    Raises
    ------
    MemoryError, RuntimeError
        If the models cannot run at all; then nothing is known of any film.
    """
    warm = warm_models(settings.models)
    return analyse_films(settings, films, lambda bundle: warm.cascade(bundle).analyse)


def analyse_films(
    settings: AnalysisSettings, films: Sequence[Film], models: Callable[[Path], Analyse]
) -> list[FilmOutcome]:
    """Analyse films, those of one bundle together, and store their result objects.

    Parameters
    ----------
    models
        Gives what analyses films with a bundle.

    Returns
    -------
    list of FilmResult, KeptBack or FilmFailure
        One for each film, in order: a bad film fails alone, as a value.
    """
    store = ObjectStore(settings.objects_dir)
    outcomes: dict[int, FilmOutcome] = {}
    groups: dict[Path, list[_Chosen]] = {}
    for number, film in enumerate(films):
        prepared = _prepare(store, settings.router, number, film)
        if isinstance(prepared, _Chosen):
            groups.setdefault(prepared.decision.bundle, []).append(prepared)
        else:
            outcomes[number] = prepared
    for bundle, group in groups.items():
        for chosen, analysis in zip(group, _analyse(models, bundle, group), strict=True):
            if isinstance(analysis, FilmFailure):
                outcomes[chosen.number] = analysis
            else:
                outcomes[chosen.number] = _conclude(store, settings, chosen, analysis)
    return [outcomes[number] for number in range(len(films))]


@dataclass(frozen=True, slots=True, eq=False)
class _Chosen:
    """A film that is analysed, with its place in the batch."""

    number: int
    film: Film
    dataset: Dataset
    decision: Decision


def _prepare(store: ObjectStore, router: Router, number: int, film: Film) -> _Chosen | KeptBack | FilmFailure:
    dataset = _read(store, film)
    if isinstance(dataset, FilmFailure):
        return dataset
    decision = router.decide(dataset, film.sender)
    return _Chosen(number, film, dataset, decision) if decision.process else KeptBack(decision)


def _analyse(
    models: Callable[[Path], Analyse], bundle: Path, group: Sequence[_Chosen]
) -> Sequence[Analysis | FilmFailure]:
    known = [_known(chosen.film) for chosen in group]
    try:
        return models(bundle)([chosen.dataset for chosen in group], known)
    except PipelineError as error:
        return [FilmFailure(Failure.PASSING, str(error))] * len(group)


def _known(film: Film) -> list[RuleVerdict]:
    """Say of a film that another stands for it."""
    if not film.stands_for_it:
        return []
    from pipeline.gate.verdicts import no
    from pipeline.values import Reason

    detail = f"the same as that of {film.stands_for_it}, whose result stands for both"
    return [no("exposure", detail, Reason.UNSUITED_PROCESSING)]


def _read(store: ObjectStore, film: Film) -> Dataset | FilmFailure:
    from pipeline.part10 import read_film

    try:
        return read_film(store.read(film.file))
    except (DigestMismatch, PipelineError) as error:
        return FilmFailure(Failure.PERMANENT, str(error))
    except StorageError as error:
        return FilmFailure(Failure.PASSING, str(error))


def _conclude(
    store: ObjectStore, settings: AnalysisSettings, chosen: _Chosen, analysis: Analysis
) -> FilmOutcome:
    from pipeline.values import Outcome

    if analysis.outcome is Outcome.FAILED and not chosen.film.is_last_attempt:
        return FilmFailure(Failure.PASSING, analysis.explanation)
    try:
        return _store_results(store, settings, chosen, analysis)
    except UnsupportedInstance as error:
        return FilmFailure(Failure.PERMANENT, f"no report can be made: {error}")
    except (StorageError, PipelineError) as error:
        return FilmFailure(Failure.PASSING, f"no result objects: {error}")
    except Exception as error:  # noqa: BLE001 - one film's failure, whatever it is, must not take its neighbours
        return FilmFailure(Failure.PASSING, f"no result objects: {describe_exception(error)}")


def _store_results(
    store: ObjectStore, settings: AnalysisSettings, chosen: _Chosen, analysis: Analysis
) -> FilmResult:
    from node.work.products import make_products
    from pipeline.values import Origin

    film = chosen.film
    # The film that stands for it is reported; a second report of one exposure would only confuse.
    decision = chosen.decision
    if film.stands_for_it:
        decision = replace(decision, destinations=(), for_all=False)
    origin = Origin(
        settings.device_uid, settings.station_name, film.asked_at, settings.utc_offset, film.generation
    )
    forms = settings.wishes.forms_of(decision.destinations, analysis.outcome)
    instances, overlay = make_products(
        store, analysis, origin, forms, overlay=settings.keep_overlay, past=film.past
    )
    return FilmResult(_record(film, analysis, overlay), instances, decision)


def _record(film: Film, analysis: Analysis, overlay: StoredFile | None) -> AnalysisRecord:
    from pipeline.features import film_features

    details = {
        "reason": str(analysis.reason) if analysis.reason else None,
        "stands_for_it": film.stands_for_it or None,
        "verdicts": [_plain_verdict(verdict) for verdict in analysis.verdicts],
        "seconds": {stage: round(seconds, 4) for stage, seconds in analysis.seconds.items()},
        "parameters": list(analysis.radiograph.parameters) if analysis.radiograph else [],
        "overlay": overlay.path if overlay else None,
        "features": film_features(analysis),
    }
    return make_record(film.instance_id, analysis, details, film.generation)


def _plain_verdict(verdict: RuleVerdict) -> dict[str, str | None]:
    reason = str(verdict.reason) if verdict.reason else None
    return {"rule": verdict.rule, "verdict": str(verdict.verdict), "detail": verdict.detail, "reason": reason}
