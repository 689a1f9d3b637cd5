"""The result objects of one film, made in every form that is asked for, and durable."""

from collections.abc import Iterator, Sequence

from pydicom import Dataset

from node.index import index_attributes
from node.work.values import ResultInstance
from pipeline import PIPELINE_VERSION
from pipeline.results import VISIBLE_KINDS, Form, make_result_objects, make_visible_object, to_part10
from pipeline.results.predecessors import NO_PAST, Maker, Past, name_predecessors, report_before
from pipeline.values import Analysis, Origin
from storage.objects import ObjectStore
from storage.values import StoredFile


def make_products(
    store: ObjectStore,
    analysis: Analysis,
    origin: Origin,
    forms: Sequence[Form],
    *,
    overlay: bool,
    past: Past = NO_PAST,
) -> tuple[tuple[ResultInstance, ...], StoredFile | None]:
    """Make and store the result objects of one film.

    Parameters
    ----------
    forms
        As `node.work.wishes.Wishes.forms_of` gives them: SEG and report in each character set, then the rest.
    overlay
        Whether to keep a picture beside them.
    past
        The film's reports so far; the new one names that which it replaces.

    Returns
    -------
    instances
        In the order of the forms; of a film that was not judged there is no SEG and no presentation state.
    overlay
        The picture; None without pixels to show.

    Raises
    ------
    StorageError, PipelineError
        If nothing can be stored, or the film is none that results can refer to.
    """
    instances = tuple(_store(store, form, made) for form, made in _make(analysis, origin, forms, past))
    return instances, _store_overlay(store, analysis) if overlay else None


def _make(
    analysis: Analysis, origin: Origin, forms: Sequence[Form], past: Past
) -> Iterator[tuple[Form, Dataset]]:
    own = Maker(PIPELINE_VERSION, analysis.bundle.digest, origin.generation)
    film_uid = str(analysis.header.SOPInstanceUID)
    for charset in dict.fromkeys(form.charset for form in forms):
        results = make_result_objects(analysis, origin, charset=charset, overlay=False)
        if results.segmentation is not None:
            yield Form("seg", charset), results.segmentation
        former = report_before(past, own, results.report, film_uid, charset)
        name_predecessors(results.report, [former] if former else [])
        yield Form("sr", charset), results.report
    for form in forms:
        made = make_visible_object(analysis, origin, form) if form.kind in VISIBLE_KINDS else None
        if made is not None:
            yield form, made


def _store(store: ObjectStore, form: Form, made: Dataset) -> ResultInstance:
    file = store.write(to_part10(made))
    return ResultInstance(form, index_attributes(made), str(made.file_meta.TransferSyntaxUID), file)


def _store_overlay(store: ObjectStore, analysis: Analysis) -> StoredFile | None:
    if analysis.radiograph is None:
        return None
    from pipeline.results.picture import draw_overlay

    return store.write(draw_overlay(analysis, analysis.radiograph), suffix=".png")
