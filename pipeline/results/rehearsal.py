"""Results of an invented film, so that the first real one does not wait for tables and file formats."""

from collections.abc import Iterable

from pipeline.results import VISIBLE_KINDS, Form, make_result_objects, make_visible_object, to_part10
from pipeline.results.invented import invent_analysis, invent_origin


def rehearse(forms: Iterable[Form] = ()) -> None:
    """Make the results of a film that nobody took, and drop them.

    Parameters
    ----------
    forms
        What will be made beside SEG and report.

    Notes
    -----
    highdicom reads the tables of each kind of object with its first, Pillow its file formats with the first
    picture that it saves: 0.4 s that a process can spend before a film waits for it.
    """
    analysis, origin = invent_analysis(), invent_origin()
    objects = make_result_objects(analysis, origin)
    visible = [make_visible_object(analysis, origin, form) for form in forms if form.kind in VISIBLE_KINDS]
    for made in (objects.segmentation, objects.report, *visible):
        if made is not None:
            to_part10(made)
