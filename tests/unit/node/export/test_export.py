"""An export from the ledger to a folder: what is in it and what not; it can be given up and repeated."""

import csv
import json
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from pydicom import Dataset, dcmread
from pydicom.encaps import encapsulate, get_frame
from pydicom.uid import (
    DeflatedExplicitVRLittleEndian,
    ExplicitVRLittleEndian,
    ImplicitVRLittleEndian,
    JPEGBaseline8Bit,
    JPEGLSLossless,
    RLELossless,
    SecondaryCaptureImageStorage,
    generate_uid,
)

from node.errors import ExportFailed, ExportRefused
from node.export import exporter, folder
from node.export.making import TEXT_BURNED_IN, UNREADABLE_PIXELS
from node.export.selection import NOT_A_FILM, NOTHING_KNOWN
from node.export.sitekey import load_key
from node.index import index_attributes
from storage.analyses import add_analysis, list_analyses
from storage.annotations import Channel, FilmAnnotation, add_annotations
from storage.events import list_events
from storage.instances import add_instance, find_instance, results_of
from storage.values import ReceivedInstance, Role, StoredFile
from tests.support.films import CR, DX, draw_chest, encode, make_film, part10_bytes
from tests.support.validators import dciodvfy
from tests.support.work import ODD, Desk
from tests.unit.node.export.conftest import Run

BABY = {"rows": 144, "columns": 128}


def rows(out: Path) -> list[dict[str, str]]:
    with (out / "index.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def excluded(out: Path) -> list[str]:
    with (out / "excluded.csv").open(encoding="utf-8", newline="") as file:
        return [row["reason"] for row in csv.DictReader(file)]


def contents(out: Path) -> Mapping[str, bytes]:
    return {
        str(path.relative_to(out)): path.read_bytes() for path in sorted(out.rglob("*")) if path.is_file()
    }


def film(desk: Desk, **header: Any) -> Dataset:
    made = make_film(**(BABY | header))
    desk.receive(made)
    return made


def only(out: Path) -> tuple[Dataset, Dataset]:
    """Read the one film and the one outline of an export."""
    (row,) = rows(out)
    return dcmread(out / row["filepath"]), dcmread(out / row["mask"])


def test_film_and_outline_refer_to_each_other_under_new_uids(desk: Desk, run: Run, out: Path) -> None:
    source = film(desk)
    desk.analyse_all()
    run()
    image, outline = only(out)

    assert image.SOPInstanceUID != source.SOPInstanceUID
    assert image.StudyInstanceUID == outline.StudyInstanceUID
    assert image.PatientID == outline.PatientID
    assert image.StudyDate == outline.StudyDate
    (series,) = outline.ReferencedSeriesSequence
    assert series.SeriesInstanceUID == image.SeriesInstanceUID
    assert [one.ReferencedSOPInstanceUID for one in series.ReferencedInstanceSequence] == [
        image.SOPInstanceUID
    ]
    assert str(source.SOPInstanceUID) not in str(outline)


def test_the_pixels_are_those_of_the_film(desk: Desk, run: Run, out: Path) -> None:
    source = film(desk, photometric="MONOCHROME1", bits_stored=10, signed=True)
    desk.analyse_all()
    run()
    image, outline = only(out)

    assert np.array_equal(image.pixel_array, source.pixel_array)
    assert outline.pixel_array.any()


def test_films_of_one_baby_stay_together_and_their_days_apart(desk: Desk, run: Run, out: Path) -> None:
    for day, patient in (("20240301", "A"), ("20240304", "A"), ("20240304", "B")):
        film(desk, PatientID=patient, AcquisitionDate=day, StudyDate=day, PatientBirthDate="20240229")
    desk.analyse_all()
    run()
    found = rows(out)
    taken: dict[str, list[date]] = {}
    for row in found:
        day = str(dcmread(out / row["filepath"], stop_before_pixels=True).StudyDate)
        taken.setdefault(row["patient"], []).append(date.fromisoformat(day))

    assert sorted(len(days) for days in taken.values()) == [1, 2]
    (pair,) = (sorted(days) for days in taken.values() if len(days) == 2)
    assert pair[1] - pair[0] == timedelta(days=3)
    assert sorted(row["age_days"] for row in found) == ["1", "4", "4"]


@pytest.mark.parametrize(
    ("header", "days"),
    [
        ({"PatientBirthDate": "20240228"}, "3"),
        ({"PatientBirthDate": "", "PatientAge": "005D"}, "5"),
        ({"PatientBirthDate": "19000101", "PatientAge": "002W"}, "14"),
        ({"PatientBirthDate": "", "PatientAge": "two days"}, ""),
    ],
)
def test_the_age_is_in_days(desk: Desk, run: Run, out: Path, header: dict[str, str], days: str) -> None:
    film(desk, **header)
    desk.analyse_all()
    run()
    image, _ = only(out)

    assert rows(out)[0]["age_days"] == days
    assert not image.PatientBirthDate
    assert str(image.get("PatientAge") or "") in ("", f"{int(days or 0):03d}D", header.get("PatientAge"))


def test_a_film_that_shows_nobody_says_so(desk: Desk, run: Run, out: Path) -> None:
    film(desk, ImageComments="SYNTHETIC - Kim's phantom")
    desk.analyse_all()
    run()
    image, _ = only(out)

    assert "SYNTHETIC" in rows(out)[0]["provenance"]
    assert image.ImageComments == "SYNTHETIC"


@pytest.mark.parametrize("charset", ["ISO_IR 149", "ISO_IR 192", None])
def test_names_in_any_alphabet_are_left_behind(desk: Desk, run: Run, out: Path, charset: str | None) -> None:
    made = make_film(**BABY, SpecificCharacterSet=charset or "ISO_IR 192")
    made.PatientName, made.InstitutionName = "홍^길동", "길동 병원"
    if charset is None:  # a sender that forgot to say it
        made.pop("SpecificCharacterSet")
        made.PatientName, made.InstitutionName = "홍^길동".encode("cp949"), "길동 병원".encode("cp949")
    desk.receive(made)
    desk.analyse_all()
    run()
    everything = b"".join(contents(out).values())

    assert len(rows(out)) == 1
    assert not [code for code in ("utf-8", "cp949") if "길동".encode(code) in everything]


@pytest.mark.parametrize(
    "transfer_syntax", [ImplicitVRLittleEndian, DeflatedExplicitVRLittleEndian, RLELossless]
)
def test_films_come_in_any_encoding(desk: Desk, run: Run, out: Path, transfer_syntax: str) -> None:
    source = make_film(**BABY)
    desk.receive(encode(source, transfer_syntax))
    desk.analyse_all()
    run()
    image, _ = only(out)

    assert image.file_meta.TransferSyntaxUID == ExplicitVRLittleEndian
    assert np.array_equal(image.pixel_array, source.pixel_array)


def test_a_measurement_of_many_digits_is_no_identifier(desk: Desk, run: Run, out: Path) -> None:
    film(desk, ImagerPixelSpacing=["0.0999999", "0.0999999"])
    desk.analyse_all()
    run()

    assert rows(out)[0]["row_spacing_mm"] == "0.1"


def test_a_file_that_a_disk_spoilt_is_made_anew(desk: Desk, run: Run, out: Path) -> None:
    film(desk)
    desk.analyse_all()
    run()
    (path,) = (out / "films").rglob("*.dcm")
    path.write_bytes(path.read_bytes()[:1000])

    with pytest.raises(ExportFailed, match="whole file"):
        run()
    assert run().films == 1


def test_the_machine_is_never_a_label(desk: Desk, run: Run, out: Path) -> None:
    film(desk)
    desk.analyse_all()
    run()
    (row,) = rows(out)

    assert row["rds"] == ""
    assert 0 < float(row["machine_probability"]) < 1
    assert row["mask_by"] == "machine"
    assert row["machine_outcome"] == "present"


def annotate(desk: Desk, source: Dataset, **said: Any) -> None:
    with desk.ledger.begin() as connection:
        add_annotations(connection, [FilmAnnotation(str(source.SOPInstanceUID), Channel.TABLE, **said)])


def draw_by_hand(desk: Desk, source: Dataset) -> None:
    """Send the machine's outline, less its last segment, as a person's."""
    with desk.ledger.begin() as connection:
        found = find_instance(connection, source.SOPInstanceUID)
        assert found is not None
        drawn = next(
            one for one in results_of(connection, found.instance_id) if one.role is Role.SEGMENTATION
        )
        outline = dcmread(BytesIO(desk.store.read(drawn.file)))
        outline.SOPInstanceUID = outline.file_meta.MediaStorageSOPInstanceUID = generate_uid()
        outline.SegmentSequence[-1].SegmentLabel = "Heart"
        outline.SegmentSequence[-1].SegmentedPropertyTypeCodeSequence[0].CodeValue = "80891009"
        part10 = part10_bytes(outline)
        entry = ReceivedInstance(index_attributes(outline), "", "VIEWER", "", "", drawn.received_at, part10)
        added = add_instance(connection, entry, desk.store.write(part10), Role.OTHER).instance
        said = FilmAnnotation(
            str(source.SOPInstanceUID), Channel.SEGMENTATION, added.instance_id, has_lungs=True
        )
        add_annotations(connection, [said])


def test_what_a_person_said_is_the_label(desk: Desk, run: Run, out: Path) -> None:
    annotate(desk, film(desk), rds=True, grade=3, author="Kim^Radiologist")
    film(desk, PatientID="NOBODY^SAID")
    desk.analyse_all()
    report = run(annotated=True)
    (row,) = rows(out)

    assert (row["rds"], row["grade"]) == ("1", "3")
    assert report.labels == {"RDS": 1}
    assert b"Radiologist" not in b"".join(contents(out).values())


def test_a_label_that_came_later_is_taken_in(desk: Desk, run: Run, out: Path) -> None:
    source = film(desk)
    desk.analyse_all()
    run()
    annotate(desk, source, rds=False)
    run()

    assert rows(out)[0]["rds"] == "0"


@pytest.mark.parametrize(
    ("change", "column", "value"),
    [
        ({"bundle_digest": "cd" * 32}, "bundle", "cd" * 8),
        ({"threshold": 0.125}, "machine_threshold", "0.125"),
    ],
)
def test_what_another_model_said_is_taken_in_though_it_said_the_same(
    desk: Desk, run: Run, out: Path, change: dict[str, Any], column: str, value: str
) -> None:
    film(desk)
    desk.analyse_all()
    run()
    (before,) = rows(out)
    with desk.ledger.begin() as connection:
        (last,) = list_analyses(connection)
        add_analysis(connection, replace(last, **change))
    run()

    assert rows(out) == [before | {column: value}]


def test_what_a_person_drew_takes_the_place_of_what_the_machine_drew(desk: Desk, run: Run, out: Path) -> None:
    source = film(desk)
    desk.analyse_all()
    run()
    (before,) = rows(out)
    draw_by_hand(desk, source)
    report = run()
    (after,) = rows(out)

    assert report.outlines == {"human": 1}
    assert after["mask"] != before["mask"]
    assert 0 < int(after["roi_area"]) < int(before["roi_area"])
    assert len([name for name in contents(out) if name.startswith("masks/")]) == 1


def test_the_lung_area_is_counted_from_the_outline_that_is_given_out(desk: Desk, run: Run, out: Path) -> None:
    film(desk)
    desk.analyse_all()
    run()
    _, outline = only(out)
    (row,) = rows(out)

    assert int(row["roi_area"]) == int(outline.pixel_array.any(axis=0).sum())


def test_what_cannot_be_given_out_is_excluded_with_its_reason(desk: Desk, run: Run, out: Path) -> None:
    film(desk, PatientID="GOOD")
    film(desk, BurnedInAnnotation="YES")
    film(desk, sop_class=SecondaryCaptureImageStorage, Modality="OT")
    cut = make_film(**BABY)
    cut.PixelData = cut.PixelData[:100]
    desk.receive(cut)
    desk.analyse_all()
    film(desk)
    report = run()

    assert report.films == 1
    assert sorted(excluded(out)) == sorted([TEXT_BURNED_IN, NOT_A_FILM, UNREADABLE_PIXELS, NOTHING_KNOWN])


def test_borders_with_text_are_blacked_out(desk: Desk, run: Run, out: Path) -> None:
    film(desk, BurnedInAnnotation="YES", photometric="MONOCHROME1")
    desk.analyse_all()
    run(borders="10,0,0,25")
    image, _ = only(out)
    pixels = image.pixel_array

    assert (pixels[:14] == pixels.max()).all()
    assert (pixels[:, :32] == pixels.max()).all()
    assert pixels[72, 70] != pixels.max()
    assert image.BurnedInAnnotation == "NO"
    assert "113101" in [code.CodeValue for code in image.DeidentificationMethodCodeSequence]


@pytest.mark.parametrize("borders", ["5", "a,b,c,d", "50,0,0,0", "-1,0,0,0", "nan,0,0,0"])
def test_borders_that_are_none_are_refused(run: Run, borders: str) -> None:
    with pytest.raises(ExportRefused, match="percent"):
        run(borders=borders)


def test_comments_in_codestreams_and_bits_beside_the_pixels_are_left_behind(
    desk: Desk, run: Run, out: Path
) -> None:
    eight = make_film(**BABY, bits_stored=8, stored_values=np.rint(draw_chest(144, 128) * 255).astype(int))
    jpeg = encode(eight, JPEGBaseline8Bit)
    codestream = get_frame(jpeg.PixelData, 0, number_of_frames=1)
    commented = codestream[:2] + b"\xff\xfe\x00\x10Kim Minjun Bab" + codestream[2:]
    jpeg.PixelData = encapsulate([commented])
    overlaid = make_film(**BABY)
    values = np.frombuffer(overlaid.PixelData, "<u2") | 0x1000
    overlaid.PixelData = values.tobytes() + b"Kim Minjun Baby!"
    for one in (jpeg, overlaid):
        desk.receive(one)
    desk.analyse_all()
    run()

    assert len(rows(out)) == 2, excluded(out)
    assert not [name for name, content in contents(out).items() if b"Minjun" in content]
    assert all(dcmread(out / row["filepath"]).pixel_array.max() < 4096 for row in rows(out))


@pytest.mark.parametrize("sop_class", [CR, DX])
@pytest.mark.parametrize("transfer_syntax", [None, JPEGLSLossless])
def test_objects_are_as_valid_as_they_were(
    desk: Desk, run: Run, out: Path, tmp_path: Path, sop_class: str, transfer_syntax: str | None
) -> None:
    source = make_film(**BABY, sop_class=sop_class)
    if transfer_syntax:
        source = encode(source, transfer_syntax)
    desk.receive(source)
    desk.analyse_all()
    source.save_as(tmp_path / "source.dcm", enforce_file_format=True)
    run()
    (row,) = rows(out)

    assert len(dciodvfy(out / row["filepath"])) <= len(dciodvfy(tmp_path / "source.dcm"))
    assert dciodvfy(out / row["mask"]) == []


def test_objects_say_how_they_were_de_identified(desk: Desk, run: Run, out: Path) -> None:
    film(desk)
    desk.analyse_all()
    run()

    for made in only(out):
        assert made.PatientIdentityRemoved == "YES"
        assert made.LongitudinalTemporalInformationModified == "MODIFIED"
        codes = [code.CodeValue for code in made.DeidentificationMethodCodeSequence]
        assert codes == ["113100", "113105", "113107", "113108"]


def test_only_what_is_asked_for_is_exported(desk: Desk, run: Run, out: Path, tmp_path: Path) -> None:
    film(desk, PatientID="GOOD")
    film(desk, PatientID=ODD)
    desk.analyse_all()
    today = datetime.now(UTC).astimezone().date()

    assert run(tmp_path / "judged", judged=True).films == 1
    assert run(tmp_path / "since", since=today).films >= 1
    for nothing in ({"until": today - timedelta(days=1)}, {"annotated": True}):
        with pytest.raises(ExportRefused, match="no film"):
            run(tmp_path / "nothing", **nothing)


def test_the_same_key_gives_the_same_folder(desk: Desk, run: Run, tmp_path: Path) -> None:
    for patient in ("A", "B"):
        film(desk, PatientID=patient)
    desk.analyse_all()
    run(tmp_path / "one")
    run(tmp_path / "two")

    assert contents(tmp_path / "one") == contents(tmp_path / "two")


def test_another_key_gives_another_folder(desk: Desk, run: Run, tmp_path: Path) -> None:
    film(desk)
    desk.analyse_all()
    run(tmp_path / "one")
    with pytest.raises(ExportRefused, match=r"other\.key does not exist; name the secret"):
        run(tmp_path / "two", key=tmp_path / "other.key")
    load_key(tmp_path / "other.key")
    run(tmp_path / "two", key=tmp_path / "other.key")

    assert not contents(tmp_path / "one").keys() & set(rows(tmp_path / "two")[0].values())
    with pytest.raises(ExportRefused, match="another key"):
        run(tmp_path / "one", key=tmp_path / "other.key")


class Stopped(Exception):
    """What ends an export in the middle."""


@pytest.mark.parametrize("after", [0, 1, 3, 4, 6, 7, 9])
def test_an_export_goes_on_where_it_stopped(
    desk: Desk, run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, after: int
) -> None:
    for number in range(3):
        film(desk, PatientID=f"P{number}", seed=number)
    desk.analyse_all()
    run(tmp_path / "whole")
    written: list[str] = []
    write = folder.ExportFolder.write

    def stop(self: folder.ExportFolder, relative: str, content: bytes) -> None:
        if len(written) == after:
            raise Stopped
        written.append(relative)
        write(self, relative, content)

    monkeypatch.setattr(folder.ExportFolder, "write", stop)
    with pytest.raises(Stopped):
        run(tmp_path / "parts")
    monkeypatch.setattr(folder.ExportFolder, "write", write)
    assert (tmp_path / "parts" / "index.csv").exists() == (after > 7)
    with (tmp_path / "parts" / "journal.jsonl").open("a") as journal:
        journal.write('{"film": "torn')
    run(tmp_path / "parts")

    whole, parts = contents(tmp_path / "whole"), contents(tmp_path / "parts")
    assert whole == parts


def test_a_finished_film_is_not_made_again(
    desk: Desk, run: Run, out: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    film(desk)
    desk.analyse_all()
    run()
    before = contents(out)

    def never(*_: object) -> None:
        raise AssertionError

    monkeypatch.setattr(exporter.Exporter, "_make", never)
    run()
    assert contents(out) == before


def test_a_film_that_the_node_no_longer_holds_leaves_the_export(desk: Desk, run: Run, out: Path) -> None:
    film(desk, PatientID="GOES")
    annotate(desk, film(desk, PatientID="STAYS"), rds=True)
    desk.analyse_all()
    run()
    whole = rows(out)
    run(annotated=True)
    (stays,) = rows(out)
    (gone,) = (row for row in whole if row != stays)

    assert len([name for name in contents(out) if name.startswith("films/")]) == 1
    everything = b"".join(contents(out).values()).decode("latin-1")
    assert stays["patient"] in everything
    assert gone["patient"] not in everything
    assert gone["sop_instance_uid"] not in everything


def test_a_journal_that_is_not_rewritten_whole_stays_as_it_was(
    desk: Desk, run: Run, out: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    film(desk, PatientID="GOES")
    annotate(desk, film(desk, PatientID="STAYS"), rds=True)
    desk.analyse_all()
    run()
    before = contents(out)["journal.jsonl"]
    replace_file = Path.replace

    def killed(self: Path, target: Path) -> Path:
        if target.name == folder.JOURNAL:
            raise Stopped
        return replace_file(self, target)

    monkeypatch.setattr(Path, "replace", killed)
    with pytest.raises(Stopped):
        run(annotated=True)
    assert contents(out)["journal.jsonl"] == before
    assert "index.csv" not in contents(out)
    monkeypatch.setattr(Path, "replace", replace_file)
    run(annotated=True)
    assert len(contents(out)["journal.jsonl"].splitlines()) == 2
    assert not [name for name in contents(out) if name.startswith("journal.jsonl.")]


def test_the_folder_stays_locked_while_its_journal_is_rewritten(out: Path) -> None:
    mine, other = (folder.ExportFolder(out, {}) for _ in range(2))
    with mine.opened():
        mine.rewrite([folder.Entry("1.2.3", "state")])
        with pytest.raises(ExportRefused, match="another export"), other.opened():
            pass
    with other.opened() as known:
        assert list(known) == ["1.2.3"]


def test_a_journal_that_was_rewritten_before_it_was_locked_is_not_taken(
    out: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    late, lock = folder.ExportFolder(out, {}), folder.fcntl.flock

    def lock_too_late(descriptor: int, how: int) -> None:
        monkeypatch.setattr(folder.fcntl, "flock", lock)
        first = folder.ExportFolder(out, {})
        with first.opened():
            first.rewrite([])
        lock(descriptor, how)

    monkeypatch.setattr(folder.fcntl, "flock", lock_too_late)
    with pytest.raises(ExportRefused, match="another export"), late.opened():
        pass


def test_a_folder_with_something_else_is_refused_and_left_alone(desk: Desk, run: Run, out: Path) -> None:
    film(desk)
    desk.analyse_all()
    out.mkdir()
    (out / "thesis.txt").write_text("mine")

    with pytest.raises(ExportRefused, match="something else"):
        run()
    assert contents(out) == {"thesis.txt": b"mine"}


def test_a_full_disk_is_said_and_the_same_command_goes_on(
    desk: Desk, run: Run, out: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    film(desk)
    desk.analyse_all()
    replace = Path.replace

    def full(self: Path, target: Path) -> Path:
        if self.name.endswith(".partial"):
            raise OSError(28, "No space left on device", str(self))
        return replace(self, target)

    monkeypatch.setattr(Path, "replace", full)
    with pytest.raises(ExportFailed, match="full"):
        run()
    monkeypatch.setattr(Path, "replace", replace)
    assert not [name for name in contents(out) if "partial" in name]
    assert run().films == 1


def test_the_report_names_attributes_and_no_values(desk: Desk, run: Run, out: Path) -> None:
    film(desk, PatientName="Hong^Gildong", InstitutionName="Gildong Clinic", BurnedInAnnotation=None)
    desk.analyse_all()
    report = run()
    text = (out / "report.json").read_text()

    assert report.attributes["InstitutionName"] == {"removed": 1}
    assert report.attributes["PatientName"] == {"changed": 2}
    assert report.burned_in_text_not_stated == 1
    assert json.loads(text)["films"] == 1
    assert "gildong" not in (text + (out / "journal.jsonl").read_text()).lower()


def test_the_audit_trail_knows_of_it(desk: Desk, run: Run, out: Path) -> None:
    film(desk)
    desk.analyse_all()
    run(identified=True)
    with desk.ledger.read() as connection:
        events = [event for event in list_events(connection) if event.subject == str(out)]

    assert [event.what for event in events] == ["export ended", "export begins"]
    assert all("IDENTIFIED" in event.detail for event in events)
    trail = "".join(path.read_text() for path in desk.config.audit_dir.rglob("*.xml"))
    assert 'csd-code="110106"' in trail
    assert "TEST-0001" in trail


def test_an_identified_export_keeps_everything(desk: Desk, run: Run, out: Path) -> None:
    source = film(desk, PatientName="Hong^Gildong", PatientID="../../etc/P1")
    desk.analyse_all()
    run(identified=True)
    image, outline = only(out)

    assert image == dcmread(BytesIO(desk.store.read(_stored(desk, source))))
    assert outline.PatientName == "Hong^Gildong"
    assert "P1" in rows(out)[0]["patient"]
    with pytest.raises(ExportRefused, match="another mode"):
        run()


def _stored(desk: Desk, source: Dataset) -> StoredFile:
    with desk.ledger.read() as connection:
        found = find_instance(connection, source.SOPInstanceUID)
    assert found is not None
    return found.file
