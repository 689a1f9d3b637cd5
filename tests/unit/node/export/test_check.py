"""The check of an export finds whatever was left, wherever it was left, and never prints it."""

from collections.abc import Callable
from datetime import date, timedelta
from pathlib import Path

import pytest
from pydicom import DataElement, Dataset, dcmread
from pydicom.tag import Tag

from node.errors import ExportFailed
from node.export import making
from node.export.cleaner import Cleaner
from node.export.sitekey import load_key
from tests.support.films import make_film
from tests.support.work import Desk
from tests.unit.node.export.conftest import Run

SECRETS = ("Gildong", "KR860102", "20240301", "1.2.826.0.1.4711")
Leak = Callable[[Dataset], None]


def code(meaning: str) -> Dataset:
    item = Dataset()
    item.CodeValue, item.CodingSchemeDesignator, item.CodeMeaning = "51185008", "SCT", meaning
    return item


def in_sequence(made: Dataset) -> None:
    made.AnatomicRegionSequence = [code("Gildong")]


def in_private(made: Dataset) -> None:
    made.private_block(0x0011, "GILDONG", create=True).add_new(1, "LO", "KR860102")


def unknown(made: Dataset) -> None:
    made.add(DataElement(Tag(0x0010, 0x9998), "LO", "KR860102"))


def behind_pixels(made: Dataset) -> None:
    made.add(DataElement(Tag(0xFFFC, 0xFFFC), "OB", b"Gildong!"))


def among_pixels(made: Dataset) -> None:
    made.PixelData = made.PixelData[:-16] + b"HONG^GILDONG    "


def in_meta(made: Dataset) -> None:
    made.file_meta.SourceApplicationEntityTitle = "GILDONG"


def in_preamble(made: Dataset) -> None:
    made.preamble = b"Gildong".ljust(128, b"\0")


LEAKS: dict[str, tuple[Leak, str]] = {
    "a name": (lambda made: setattr(made, "PatientName", "Hong^Gildong"), "PatientName"),
    "part of a name": (lambda made: setattr(made, "BodyPartExamined", "GILDONG"), "BodyPartExamined"),
    "an ID": (lambda made: setattr(made, "PatientID", "KR860102"), "PatientID"),
    "an attribute": (lambda made: setattr(made, "InstitutionName", "Some Clinic"), "InstitutionName"),
    "a UID": (lambda made: setattr(made, "StudyInstanceUID", "1.2.826.0.1.4711"), "StudyInstanceUID"),
    "a date": (lambda made: setattr(made, "StudyDate", "20240301"), "StudyDate"),
    "a birth date": (lambda made: setattr(made, "ContentDate", "20240228"), "ContentDate"),
    "a time": (lambda made: setattr(made, "StudyTime", "073012"), "StudyTime"),
    "a long number": (lambda made: setattr(made, "SeriesNumber", "86010212"), "SeriesNumber"),
    "a short number": (lambda made: setattr(made, "KVP", "4711"), "KVP"),
    "a sequence": (in_sequence, "AnatomicRegionSequence > CodeMeaning"),
    "a private attribute": (in_private, "(0011,1001)"),
    "an unknown attribute": (unknown, "(0010,9998)"),
    "padding": (behind_pixels, "DataSetTrailingPadding"),
    "pixels": (among_pixels, "raw bytes"),
    "File Meta": (in_meta, "SourceApplicationEntityTitle"),
    "the preamble": (in_preamble, "whole file"),
}


@pytest.mark.parametrize("leak", LEAKS)
def test_a_leak_fails_the_export_and_is_named_by_its_place(
    desk: Desk, run: Run, out: Path, monkeypatch: pytest.MonkeyPatch, leak: str
) -> None:
    film = make_film(
        rows=144, columns=128, PatientName="Hong^Gildong", PatientID="KR860102", StudyDate="20240301",
        PatientBirthDate="20240228", StudyTime="073012", AccessionNumber="86010212",
        StudyInstanceUID="1.2.826.0.1.4711", StudyDescription="Some Clinic", OtherPatientIDs="04711",
    )  # fmt: skip
    desk.receive(film)
    desk.analyse_all()
    put, place = LEAKS[leak]
    clean_film = making.clean_film

    def leaky(*arguments: object) -> Dataset:
        made = clean_film(*arguments)  # type: ignore[arg-type]
        put(made)
        return made

    monkeypatch.setattr(making, "clean_film", leaky)
    with pytest.raises(ExportFailed) as failure:
        run()
    message = str(failure.value)

    assert place in message
    assert "films/" in message
    assert not [secret for secret in SECRETS if secret.lower() in message.lower()]
    assert not (out / "index.csv").exists()
    assert not (out / "report.json").exists()


@pytest.mark.parametrize("identifier", ["860102", "0860102", "58", "1", "0", "12"])
def test_a_number_that_is_an_id_does_not_go_out_and_does_not_stop_the_export(
    desk: Desk, run: Run, out: Path, identifier: str
) -> None:
    film = make_film(
        rows=144, columns=128, PatientID=identifier, AccessionNumber=identifier, SeriesNumber=identifier,
        AcquisitionNumber=identifier, InstanceNumber=identifier, KVP="58", Sensitivity="860102",
        ExposureTime="12", RescaleIntercept="0", RescaleSlope="1", WindowCenter="860102", WindowWidth="12",
    )  # fmt: skip
    desk.receive(film)
    desk.analyse_all()

    assert run().films == 1
    (path,) = (out / "films").rglob("*.dcm")
    made = dcmread(path)
    for keyword in ("SeriesNumber", "AcquisitionNumber", "InstanceNumber"):
        assert made[keyword].value < 10_000
    for keyword in ("KVP", "Sensitivity", "ExposureTime"):
        assert made[keyword].value != int(identifier)
    assert (made.RescaleIntercept, made.RescaleSlope, made.WindowWidth) == (0, 1, 12)


def test_what_another_baby_is_called_is_found_too(
    desk: Desk, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    for patient, name in (("A", "Kim^Minjun"), ("B", "Lee^Seoyeon")):
        desk.receive(make_film(rows=144, columns=128, PatientID=patient, PatientName=name))
    desk.analyse_all()
    monkeypatch.setattr(Cleaner, "_maker", lambda *_: "Minjun")

    with pytest.raises(ExportFailed, match="Manufacturer: a word"):
        run()


def test_a_shifted_date_that_happens_to_be_a_birth_date_is_no_leak(desk: Desk, run: Run, out: Path) -> None:
    key = load_key(desk.config.node.data_dir / "export.key")
    shift = -key.shift("id\x1f\x1fOLD").days
    film = make_film(rows=144, columns=128, PatientID="OLD", StudyDate="20240301", AcquisitionDate="20240301")
    film.PatientBirthDate = f"{date(2024, 3, 1) - timedelta(days=shift):%Y%m%d}"
    desk.receive(film)
    desk.analyse_all()

    assert run().films == 1
    (path,) = (out / "films").rglob("*.dcm")
    assert dcmread(path, stop_before_pixels=True).StudyDate == film.PatientBirthDate


@pytest.mark.parametrize("name", ["Lung^Left", "Chest^May", "Ada^Bea", "Fe^De", "1^2", "", "P^Model Films"])
def test_names_that_are_words_of_the_export_do_not_stop_it(desk: Desk, run: Run, name: str) -> None:
    desk.receive(make_film(rows=144, columns=128, PatientName=name, PatientID="12"))
    desk.analyse_all()

    assert run().films == 1
