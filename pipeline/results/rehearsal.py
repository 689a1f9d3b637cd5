"""Results of an invented film, so that the first real one does not wait for tables and file formats."""

from collections.abc import Iterable
from datetime import UTC, datetime

import numpy as np
from pydicom import Dataset
from pydicom.uid import ComputedRadiographyImageStorage

from pipeline.results import VISIBLE_KINDS, Form, make_result_objects, make_visible_object, to_part10
from pipeline.results.uids import result_uid
from pipeline.values import (
    Analysis,
    BundleIdentity,
    Finding,
    LungMask,
    ModelIdentity,
    Orientation,
    Origin,
    Outcome,
    Radiograph,
)

_UID = result_uid("rehearsal", "", "")
_SIDE = 32


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
    origin = Origin(device_uid=_UID, station_name="rehearsal", made_at=datetime(2000, 1, 1, tzinfo=UTC))
    analysis = _analysis()
    objects = make_result_objects(analysis, origin)
    visible = [make_visible_object(analysis, origin, form) for form in forms if form.kind in VISIBLE_KINDS]
    for made in (objects.segmentation, objects.report, *visible):
        if made is not None:
            to_part10(made)


def _analysis() -> Analysis:
    labels = np.zeros((_SIDE, _SIDE), np.uint8)
    labels[8:24, 4:12], labels[8:24, 20:28] = 1, 2
    area = int(np.count_nonzero(labels))
    header, model = _header(), ModelIdentity("rehearsal", "0", _UID, "")
    return Analysis(
        header=header,
        outcome=Outcome.ABSENT,
        bundle=BundleIdentity("rehearsal", "0", "", "rehearsal", model, model, "Rehearsal."),
        radiograph=Radiograph(np.zeros(labels.shape, np.float32), None, None, Orientation(), header),
        lung_mask=LungMask(labels > 0, labels, 1.0, area, area / labels.size, None),
        finding=Finding(0.0, 0.5),
    )


def _header() -> Dataset:
    header = Dataset()
    header.SOPClassUID = ComputedRadiographyImageStorage
    header.SOPInstanceUID = header.SeriesInstanceUID = header.StudyInstanceUID = _UID
    header.Rows = header.Columns = _SIDE
    return header
