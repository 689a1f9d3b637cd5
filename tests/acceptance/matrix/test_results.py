"""What the node writes itself: delivered, committed to, and found right by every validator there is."""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from pydicom import Dataset, dcmread
from pydicom.dataset import FileMetaDataset
from pydicom.uid import (
    Comprehensive3DSRStorage,
    EnhancedSRStorage,
    ExplicitVRLittleEndian,
    SegmentationStorage,
)

from tests.acceptance.matrix.conftest import Site
from tests.support.matrix import Matrix
from tests.support.network import dcmtk
from tests.support.node import AE_TITLE
from tests.support.shipped import JUDGED, judged_film
from tests.support.validators import dcentvfy, dciodvfy, dicom_sr_validator, dsrdump
from tests.support.waiting import wait_until

pytestmark = [pytest.mark.dcmtk, pytest.mark.orthanc, pytest.mark.dicomweb, pytest.mark.slow]

KINDS = ("SEG", "SR", "PR", "OT", "DOC")
EXPECTED = len(KINDS) * 2 + 1
"""Results of two films, and the summary of their study."""
FOR_PACS = 4
"""SEG and Enhanced SR of both."""


@pytest.fixture(scope="module")
def study(site: Site) -> list[Path]:
    """Send two films of one study; give them and all their results as Orthanc has them."""
    first, second = (judged_film(name) for name in JUDGED[:2])
    second.StudyInstanceUID, second.SeriesInstanceUID = first.StudyInstanceUID, first.SeriesInstanceUID
    for number, (film, hour) in enumerate(((first, "070000"), (second, "080000")), start=1):
        film.InstanceNumber, film.AcquisitionTime, film.ContentTime = number, hour, hour
        film.PatientName, film.PatientID = first.PatientName, first.PatientID
        for keyword in (
            "StudyDate",
            "StudyTime",
            "StudyID",
            "AccessionNumber",
            "PatientBirthDate",
            "PatientSex",
        ):
            setattr(film, keyword, first.get(keyword, ""))
    files = [site.write(film) for film in (first, second)]
    sent = dcmtk(
        "storescu", "-R", "-aet", "MODALITY", "-aec", AE_TITLE, "127.0.0.1", str(site.node.port), *files
    )
    assert sent.returncode == 0, sent.stdout

    def held() -> list[dict[str, str]]:
        return [
            each for each in site.orthanc.instances() if each["StudyInstanceUID"] == first.StudyInstanceUID
        ]

    wait_until(lambda: len(held()) >= EXPECTED, 90, lambda: f"{held()} {site.node.log}")
    results = []
    for each in held():
        results.append(site.folder / f"result-{each['SOPInstanceUID']}.dcm")
        results[-1].write_bytes(site.orthanc.download(each["id"]))
    return files + results


def objects(study: list[Path], *sop_classes: str) -> list[Path]:
    return [path for path in study if dcmread(path, stop_before_pixels=True).SOPClassUID in sop_classes]


def test_results_are_delivered_and_committed_to(site: Site, matrix: Matrix, study: list[Path]) -> None:
    def committed(destination: str) -> int:
        queue: list[dict[str, object]] = site.node.status()["queue"]  # type: ignore[assignment]
        lines = [line for line in queue if line["work"] == f"commit {destination}"]
        assert not any(line["dead"] or line["uncommitted"] for line in lines)
        return sum(int(str(line["done"])) for line in lines)

    with matrix.cell("Orthanc", "results, committed", "expl"):
        wait_until(lambda: committed("orthanc") >= EXPECTED, 60, lambda: site.node.log)
    with matrix.cell("pynetdicom", "results, committed", "expl"):
        wait_until(lambda: committed("pacs") >= FOR_PACS, 60, lambda: site.node.log)
        classes = site.pacs.classes()
        assert (classes[SegmentationStorage], classes[EnhancedSRStorage]) == (2, 2)


def test_every_object_is_valid(matrix: Matrix, study: list[Path]) -> None:
    with matrix.cell("dciodvfy", "results"):
        assert {path.name: dciodvfy(path) for path in study[2:] if dciodvfy(path)} == {}
    with matrix.cell("dcentvfy", "whole study"):
        assert dcentvfy(*study) == []


def reports(site: Site, study: list[Path]) -> list[Path]:
    """Give a report of a film, the summary, and a report as Enhanced SR."""
    documents = objects(study, Comprehensive3DSRStorage)
    by_series = {dcmread(path).SeriesDescription: path for path in documents}
    enhanced = next(each for each in site.pacs.objects.values() if each.SOPClassUID == EnhancedSRStorage)
    return [*by_series.values(), site.write(_file(enhanced))]


def _file(received: Dataset) -> Dataset:
    """Give a File Meta to an object that came by C-STORE."""
    received.file_meta = FileMetaDataset()
    received.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    received.file_meta.MediaStorageSOPClassUID = received.SOPClassUID
    received.file_meta.MediaStorageSOPInstanceUID = received.SOPInstanceUID
    return received


def test_every_report_is_readable(site: Site, matrix: Matrix, study: list[Path]) -> None:
    with matrix.cell("dsrdump", "reports"):
        assert all("Probability" in dsrdump(path) for path in reports(site, study))


@pytest.mark.pixelmed
def test_every_report_follows_its_template(site: Site, matrix: Matrix, study: list[Path]) -> None:
    documents = reports(site, study)
    assert len(documents) == 3

    with matrix.cell("DicomSRValidator", "reports"), ThreadPoolExecutor(2) as pool:
        assert list(pool.map(dicom_sr_validator, documents)) == [[], [], []]
