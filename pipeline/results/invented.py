"""Analyses of films that nobody took: what an object holds can be seen from them before a film comes.

>>> objects = make_result_objects(invent_analysis(), invent_origin())

The two films differ in everything in which films, models and installations can differ. What is the same in
the results of both is written by this software; what is not comes from one of those.
"""

from datetime import UTC, datetime
from typing import Any

import numpy as np
from pydicom import Dataset
from pydicom.uid import ComputedRadiographyImageStorage, DigitalXRayImageStorageForPresentation

from pipeline.results.elements import put
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
    PixelSpacing,
    Radiograph,
    Reason,
    RuleVerdict,
    Verdict,
)

_SIDES = (800, 900)
_BOTH: dict[str, tuple[Any, Any]] = {
    "SOPClassUID": (ComputedRadiographyImageStorage, DigitalXRayImageStorageForPresentation),
    "SpecificCharacterSet": ("ISO_IR 100", "ISO_IR 192"),
    "Modality": ("CR", "DX"),
    "PatientName": ("Invented^First", "Invented^Second"),
    "PatientID": ("I-1", "I-2"),
    "IssuerOfPatientID": ("Ward 1", "Ward 2"),
    "PatientBirthDate": ("20260101", "20260202"),
    "PatientSex": ("F", "M"),
    "PatientAge": ("001D", "002D"),
    "PatientSize": ("0.45", "0.5"),
    "PatientWeight": ("2.5", "3.5"),
    "StudyDate": ("20260102", "20260204"),
    "StudyTime": ("070000", "080000"),
    "StudyID": ("1", "2"),
    "StudyDescription": ("Chest 1", "Chest 2"),
    "AccessionNumber": ("A1", "A2"),
    "ReferringPhysicianName": ("Invented^Doctor", "Invented^Physician"),
    "Manufacturer": ("Maker 1", "Maker 2"),
    "ManufacturerModelName": ("Detector 1", "Detector 2"),
    "DeviceSerialNumber": ("S1", "S2"),
    "SoftwareVersions": ("V1", "V2"),
    "InstitutionName": ("Hospital 1", "Hospital 2"),
    "StationName": ("CR1", "DX2"),
    "BodyPartExamined": ("CHEST", "CHESTABDOMEN"),
    "TimezoneOffsetFromUTC": ("+0900", "+0100"),
    "LossyImageCompression": ("01", "00"),
    "LossyImageCompressionRatio": ("10", None),
    "LossyImageCompressionMethod": ("ISO_10918_1", None),
    "RescaleIntercept": ("0", "-1"),
    "RescaleSlope": ("1", "2"),
    "RescaleType": ("US", "OD"),
    "WindowCenter": ("0.5", "0.6"),
    "WindowWidth": ("1.5", "1.6"),
}


def invent_origin(which: int = 0) -> Origin:
    """Make one of two installations."""
    return Origin(
        device_uid=_uid("installation", which),
        station_name=("NODE1", "NODE2")[which],
        made_at=datetime(2026, 1 + which, 2 + which, 7 + which, tzinfo=UTC),
    )


def invent_analysis(which: int = 0, *, is_judged: bool = True) -> Analysis:
    """Make the analysis of one of two films, by one of two bundles, with one of two answers.

    Parameters
    ----------
    is_judged
        A film that is not comes without picture, lungs and finding.
    """
    header, bundle = _header(which), _bundle(which)
    rule = RuleVerdict("age", Verdict.YES, ("1 day", "2 days")[which])
    if not is_judged:
        outcome = (Outcome.NOT_ELIGIBLE, Outcome.NOT_ASSESSABLE)[which]
        reason = (Reason.OTHER, Reason.POSITIONING)[which]
        why = ("no newborn", "turned")[which]
        return Analysis(header, outcome, bundle, reason=reason, explanation=why, verdicts=(rule,))
    return Analysis(
        header=header,
        outcome=(Outcome.ABSENT, Outcome.PRESENT)[which],
        bundle=bundle,
        radiograph=_radiograph(which, header),
        lung_mask=_lung_mask(which),
        finding=Finding((0.25, 0.75)[which], (0.5, 0.625)[which]),
        explanation=("", "age not known")[which],
        verdicts=(rule,),
    )


def _radiograph(which: int, header: Dataset) -> Radiograph:
    return Radiograph(
        pixels=np.full((_SIDES[which], _SIDES[which]), 0.5 + which / 4, np.float32),
        outside=None,
        spacing=PixelSpacing(0.1 + which, 0.2 + which, ("imager", "calibrated")[which]),
        orientation=Orientation(known=True),
        header=header,
        parameters=(("voi=window", "voi=percentile")[which],),
    )


def _lung_mask(which: int) -> LungMask:
    labels = np.zeros((_SIDES[which], _SIDES[which]), np.uint8)
    labels[160 : 480 + which, 80:240], labels[160 : 480 + which, 400:560] = 1, 2
    labels[200 : 200 + 80 * which, 80:120] = labels[200 : 200 + 80 * which, 520:560] = 0
    area = int(np.count_nonzero(labels))
    return LungMask(labels > 0, labels, 0.9, area, area / labels.size, float(area + which))


def _bundle(which: int) -> BundleIdentity:
    name = ("First", "Second")[which]
    segmenter, classifier = (
        ModelIdentity(
            f"{name} {use}", f"{which + 1}.{len(use)}", _uid(use, which), f"{which}" * 64, (f"{use}={name}",)
        )
        for use in ("segmenter", "classifier")
    )
    digest = f"{which + 2}" * 64
    return BundleIdentity(name, f"{which}.1", digest, f"{name} maker", segmenter, classifier, f"{name} only.")


def _header(which: int) -> Dataset:
    header = Dataset()
    for keyword, values in _BOTH.items():
        if values[which] is not None:
            put(header, keyword, values[which])
    for level in ("Study", "Series"):
        put(header, f"{level}InstanceUID", _uid(level, which))
    header.SOPInstanceUID = _uid("film", which)
    header.PatientOrientation = [["L", "F"], ["R", "FL"]][which]
    header.Rows = header.Columns = _SIDES[which]
    request = Dataset()
    request.RequestedProcedureID, request.ScheduledProcedureStepID = f"R{which}", f"S{which}"
    header.RequestAttributesSequence = [request]
    return header


def _uid(name: str, which: int) -> str:
    return result_uid(f"invented {name} {which}", "", "")
