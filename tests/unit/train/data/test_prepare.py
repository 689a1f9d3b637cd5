"""Whatever a site hands over becomes one index, or is turned away by name with the reason."""

import csv
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image
from pydicom import Dataset
from typer.testing import CliRunner, Result

from tests.support.films import make_film
from tests.support.prepared import (
    draw_film,
    draw_lungs,
    write_csv,
    write_film,
    write_labelme,
    write_segmentation,
)
from train.cli import app
from train.data import IndexedFilm, read_index, read_mask, read_pixels
from train.data.masks import write_mask
from train.data.prepared import read_prepared

ROWS, COLUMNS = 160, 140


def _prepare(*arguments: object) -> Result:
    return CliRunner().invoke(app, ["prepare", *map(str, arguments)])


def _done(out: Path, *arguments: object) -> tuple[dict[str, IndexedFilm], dict[str, str]]:
    """Prepare into a folder; films by name, and reasons by what was turned away."""
    result = _prepare("--out", out, *arguments)
    assert result.exit_code == 0, f"{result.output} {result.exception}"
    with (out / "rejected.csv").open(encoding="utf-8") as file:
        rejected = {row["what"]: row["reason"] for row in csv.DictReader(file)}
    return {film.path.name: film for film in read_index(out)}, rejected


def _refused(*arguments: object) -> str:
    result = _prepare(*arguments)
    assert result.exit_code == 1
    assert isinstance(result.exception, Exception)
    return str(result.exception)


def _dicom(path: Path, seed: int, **header: Any) -> Dataset:
    rng = np.random.default_rng(seed)
    noise = rng.integers(0, 4096, (ROWS // 20, COLUMNS // 20))
    film = make_film(stored_values=np.kron(noise, np.ones((20, 20), int)), PatientID=f"ID{seed}", **header)
    path.parent.mkdir(parents=True, exist_ok=True)
    film.save_as(path, enforce_file_format=True)
    return film


def _label_table(path: Path, values: dict[str, str], **more: str) -> Path:
    return write_csv(path, [{"file": name, "rds": value, **more} for name, value in values.items()])


def _pictures(folder: Path, count: int = 6) -> Path:
    for seed in range(count):
        write_film(folder, f"film-{seed}", seed, rows=10 + seed)
    return folder


def test_a_folder_of_dicom_with_outlines_of_every_kind_and_labels_by_every_key(tmp_path: Path) -> None:
    films, lungs = tmp_path / "films", draw_lungs((ROWS, COLUMNS))
    headers: list[dict[str, Any]] = [{"AccessionNumber": f"A{i}"} for i in range(6)]
    headers[1] |= {"PatientBirthDate": "", "PatientAge": "002W", "PatientSex": "M", "PatientWeight": "1.25"}
    sets = [_dicom(films / f"{i}" / "film.dcm", i, **header) for i, header in enumerate(headers)]
    write_segmentation(films / "seg-of-0", lungs > 0, sets[0])
    write_labelme(
        films / "1" / "film.json",
        [{"label": "lung", "points": [[6, 10], [34, 30]], "shape_type": "rectangle"}],
        (ROWS, COLUMNS),
    )
    write_mask(films / "2" / "film_mask.png", lungs)
    (films / "3" / "masks").mkdir()
    write_mask(films / "3" / "masks" / "film.png", lungs)
    write_mask(films / "4" / "Film.mask.png", lungs)
    labels = write_csv(
        tmp_path / "labels.csv",
        [
            {"SOP Instance UID": str(sets[0].SOPInstanceUID), "Accession-No": "", "File": "", "RDS": "Yes"},
            {"SOP Instance UID": "", "Accession-No": "A1", "File": "", "RDS": "no"},
            {"SOP Instance UID": "", "Accession-No": "", "File": "2\\FILM.dcm", "RDS": "TRUE"},
            {"SOP Instance UID": "", "Accession-No": "A4", "File": "", "RDS": ""},
        ],
    )

    result = _prepare("--films", films, "--labels", labels, "--out", tmp_path / "out", "--need-masks")
    assert result.exit_code == 0, f"{result.output} {result.exception}"
    assert "5/film.dcm" in result.output
    read = read_prepared(tmp_path / "out")

    assert [film.path for film in read] == [films / f"{i}" / "film.dcm" for i in range(5)]
    assert [film.rds for film in read] == [True, False, True, None, None]
    assert all(np.array_equal(read_mask(film), lungs) for film in read)
    assert {film.roi_area for film in read} == {560}
    assert (read[1].age_days, read[1].sex, read[1].attributes["weight_g"]) == (14, "M", "1250")
    assert (read[0].age_days, read[0].spacing_mm) == (1, (0.1, 0.1))
    assert "voi=percentiles" in read[0].attributes["decoding"]
    text = (tmp_path / "out" / "index.csv").read_text(encoding="utf-8")
    assert "ID1" not in text, "no Patient ID"
    assert len({film.patient for film in read}) == 5


def test_the_paper_profile_writes_eight_bit_png_beside_masks(tmp_path: Path) -> None:
    for seed in range(5):
        film = _dicom(tmp_path / "films" / f"{seed}.dcm", seed)
        write_segmentation(tmp_path / "films" / f"{seed}.seg", draw_lungs((ROWS, COLUMNS)) > 0, film)
    out = tmp_path / "out"

    _done(out, "--films", tmp_path / "films", "--profile", "paper")

    films = read_prepared(out)
    assert json.loads((out / "split.json").read_text(encoding="utf-8"))["name"] == "paper"
    assert sorted(film.split for film in films) == ["test", "train", "train", "train", "val"]
    for film in films:
        assert film.path.parent == out / "films"
        assert film.mask == out / "masks" / film.path.name
        with Image.open(film.path) as picture:
            assert (picture.mode, picture.getextrema()) == ("L", (0, 255))
        assert read_mask(film).sum() == film.roi_area == 560
        assert film.sop_instance_uid
        assert film.spacing_mm == (0.1, 0.1)


def test_a_recommended_index_points_to_the_source_and_copies_nothing(tmp_path: Path) -> None:
    _pictures(tmp_path / "films")
    films, rejected = _done(tmp_path / "out", "--films", tmp_path / "films")

    assert rejected == {}
    assert {path.name for path in (tmp_path / "out").iterdir()} == {"index.csv", "rejected.csv", "split.json"}
    for name, film in films.items():
        assert film.path == tmp_path / "films" / name
        assert film.mask == tmp_path / "films" / "masks" / name
        assert read_pixels(film).shape == read_mask(film).shape == film.shape


def test_the_same_films_give_the_same_bytes(tmp_path: Path) -> None:
    _pictures(tmp_path / "films")
    for out in ("one", "other"):
        _done(tmp_path / out, "--films", tmp_path / "films")

    for name in ("index.csv", "rejected.csv", "split.json"):
        assert (tmp_path / "one" / name).read_bytes() == (tmp_path / "other" / name).read_bytes()


def test_films_that_cannot_be_used_are_listed_with_the_reason(tmp_path: Path) -> None:
    films = _pictures(tmp_path / "films", 11)
    write_mask(films / "masks" / "film-0.png", draw_lungs((48, 41)))
    write_mask(films / "masks" / "film-1.png", np.zeros((48, 40), np.uint8))
    write_mask(films / "masks" / "film-2.png", np.ones((48, 40), np.uint8))
    (films / "film-3.png").write_bytes(b"\x89PNG\r\n half")
    Image.new("L", (40, 48), 7).save(films / "film-4.png")
    (films / "film-5.png").write_bytes((films / "film-6.png").read_bytes())
    write_labelme(films / "film-7.json", [])
    nan = np.full((48, 40), np.nan, np.float32)
    Image.fromarray(nan).save(films / "nan.tiff")
    write_mask(films / "masks" / "nobody.png", draw_lungs())
    (films / "half.dcm").write_bytes(b"DICM")
    _dicom(films / "lateral.dcm", 3, ViewPosition="LL")
    (films / "notes.txt").write_text("hello", encoding="utf-8")
    (films / ".hidden.png").write_bytes(b"")

    usable, rejected = _done(tmp_path / "out", "--films", films, "--split", "none")

    assert sorted(usable) == ["film-10.png", "film-5.png", "film-8.png", "film-9.png"]
    reasons = {
        "film-0.png": "draw it on the film's grid",
        "film-1.png": "holds no lung pixel",
        "film-2.png": "calls 100% of the film lung",
        "film-3.png": "cannot be read as a picture",
        "film-4.png": "all its pixels are alike",
        "film-6.png": "the same pixels as film-5.png; keep one",
        "film-7.png": "several outlines, film-7.json and masks/film-7.png",
        "nan.tiff": "not a number (NaN)",
        "masks/nobody.png": "an outline of no film here",
        "half.dcm": "no DICOM file",
        "lateral.dcm": "the node refuses such files, view",
    }
    assert rejected.keys() == reasons.keys()
    for what, reason in reasons.items():
        assert reason in rejected[what]


def test_the_same_sop_instance_uid_is_taken_once(tmp_path: Path) -> None:
    for seed in range(2):
        _dicom(tmp_path / "films" / f"{seed}.dcm", seed, SOPInstanceUID="1.2.3")

    films, rejected = _done(tmp_path / "out", "--films", tmp_path / "films", "--split", "none")

    assert list(films) == ["0.dcm"]
    assert rejected == {"1.dcm": "the same SOP Instance UID as 0.dcm; keep one of them"}


def test_labels_that_cannot_be_used_are_listed_with_the_reason(tmp_path: Path) -> None:
    films = _pictures(tmp_path / "films", 8)
    (films / "more").mkdir()
    Image.fromarray(draw_film(70)).save(films / "more" / "film-7.png")
    rows = [("0", "yes", "3"), ("1", "no", ""), ("2", "maybe", ""), ("3", "no", "II"), ("4", "yes", "5")]
    rows += [("5", "yes", ""), ("5", "no", ""), ("6", "", "iv"), ("7", "yes", ""), ("nobody", "yes", "")]
    labels = write_csv(
        tmp_path / "labels.csv",
        [{"file": f"film-{name}", "rds": value, "grade": grade} for name, value, grade in rows],
    )

    usable, rejected = _done(
        tmp_path / "out", "--films", films, "--labels", labels, "--split", "none", "--need-labels"
    )

    assert {name: film.rds for name, film in usable.items()} == {
        "film-0.png": True,
        "film-1.png": False,
        "film-6.png": True,
    }
    assert [film.attributes["grade"] for film in usable.values()] == ["3", "", "4"]
    reasons = {
        "film-2.png": "labels.csv, line 4: 'maybe' is an unknown label; known are",
        "film-3.png": "line 5: grade 2 contradicts the label 'no'",
        "film-4.png": "line 6: grade is '5'; it must be 1 to 4",
        "film-5.png": "lines 7 and 8 speak of this film and differ",
        "film-7.png": "line 10: film-7 fits film-7.png and more/film-7.png; give their paths",
        "more/film-7.png": "line 10: film-7 fits film-7.png and more/film-7.png; give their paths",
        f"{labels}, line 11": "a label of no film here",
    }
    assert rejected.keys() == reasons.keys()
    for what, reason in reasons.items():
        assert reason in rejected[what]


def test_a_table_of_another_collection_becomes_an_index(tmp_path: Path) -> None:
    films = _pictures(tmp_path / "films", 7)
    kinds = ["normal", "viral", "bacterial", "normal", "covid", "strange", "normal"]
    rows = [
        {
            "image_file": f"films/film-{i}.png",
            "mask": f"films/masks/film-{i}.png",
            "kind": kind,
            "split": "train" if i < 3 else "val",
            "patient": f"baby{i}",
            "view": "AP",
            "age_days": "2",
        }
        for i, kind in enumerate(kinds)
    ]
    rows[6]["image_file"] = "films/gone.png"
    table = write_csv(tmp_path / "table.csv", rows)
    columns = ("--column", "filepath=image_file", "--column", "rds=kind", "--keep", "view")
    words = ("--positive", "viral,Bacterial", "--negative", "NORMAL", "--unlabelled", "covid")

    usable, rejected = _done(
        tmp_path / "out", "--table", table, *columns, *words, "--provenance", "somewhere"
    )

    assert [film.rds for film in usable.values()] == [False, True, True, False, None]
    assert [film.split for film in usable.values()] == ["train", "train", "train", "val", "val"]
    assert {film.provenance for film in usable.values()} == {"somewhere; STAND-IN label"}
    assert usable["film-0.png"].attributes["view"] == "AP"
    assert usable["film-0.png"].age_days == 2
    assert "'strange' is an unknown label" in rejected["table.csv, line 7"]
    assert "gone.png (filepath) does not exist" in rejected["table.csv, line 8"]
    assert read_prepared(tmp_path / "out") == list(usable.values())
    _, elsewhere = _done(
        tmp_path / "again", "--table", table, "--films", films.parent, *columns, *words, "--labels-are-rds"
    )
    assert elsewhere == rejected
    assert "STAND-IN" not in (tmp_path / "again" / "index.csv").read_text(encoding="utf-8")


def test_the_papers_own_table_finds_labelme_files_beside_the_films(tmp_path: Path) -> None:
    lung = [{"label": "lung", "points": [[6, 10], [34, 10], [34, 30], [6, 30]], "shape_type": "polygon"}]
    for i in range(6):
        Image.fromarray(draw_film(i)).save(tmp_path / f"{i}.png")
        if i < 4:
            write_labelme(tmp_path / f"{i}.json", lung)
    rows = [{"filepath": f"{i}.png", "rds": str(i % 2), "exist_json": str(int(i < 5))} for i in range(6)]
    usable, rejected = _done(tmp_path / "out", "--table", write_csv(tmp_path / "paper.csv", rows))

    assert [film.roi_area for film in usable.values()] == [560, 560, 560, 560, 0]
    assert "4.json is no readable JSON file" in rejected["paper.csv, line 6"]
    assert json.loads((tmp_path / "out" / "split.json").read_text(encoding="utf-8"))["name"] == "patient"


def test_the_patient_is_found_in_the_name(tmp_path: Path) -> None:
    for seed, name in enumerate(["p1_a", "p1_b", "p2_a", "who"]):
        write_film(tmp_path / "films", name, seed)
    usable, rejected = _done(
        tmp_path / "out", "--films", tmp_path / "films", "--split", "none", "--patient-pattern", r"p(\d)_"
    )

    assert {name: film.patient for name, film in usable.items()} == {
        "p1_a.png": "1",
        "p1_b.png": "1",
        "p2_a.png": "2",
    }
    assert "finds no patient in who.png" in rejected["who.png"]


def test_a_patient_in_two_given_splits_is_refused_by_line(tmp_path: Path) -> None:
    _pictures(tmp_path, 4)
    rows = [
        {"file": f"film-{i}.png", "split": split, "patient": "twin" if i in (1, 3) else f"p{i}"}
        for i, split in enumerate(["train", "train", "train", "val"])
    ]
    table = write_csv(tmp_path / "table.csv", rows)

    message = _refused("--table", table, "--out", tmp_path / "out")
    assert message.startswith(
        "table.csv, line 5: patient twin is in split val, but in train at table.csv, line 3"
    )
    assert "--split patient" in message
    assert not (tmp_path / "out").exists()


def test_look_alikes_in_two_splits_are_told_and_training_refuses_them(tmp_path: Path) -> None:
    for i in range(3):
        Image.fromarray(draw_film(i, (96, 80))).save(tmp_path / f"{i}.png")
    Image.fromarray(np.rot90(draw_film(0, (96, 80)))).save(tmp_path / "3.png")
    rows = [{"file": f"{i}.png", "split": "val" if i == 3 else "train"} for i in range(4)]
    result = _prepare("--table", write_csv(tmp_path / "table.csv", rows), "--out", tmp_path / "out")

    assert result.exit_code == 0
    assert "1 LEAKS between splits" in result.output
    assert "look-alike" in result.output
    training = CliRunner().invoke(
        app, ["segment", "--films", str(tmp_path / "out"), "--run", str(tmp_path / "run")]
    )
    assert training.exit_code == 1
    assert "the splits share films of one baby: look-alike" in str(training.exception)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", r"labels\.csv is empty"),
        ("file,rds\n", r"labels\.csv has a line of column names and no row"),
        ("name,rds\nfilm-0,yes\n", r"labels\.csv has no column that names films"),
        ("file,diagnosis\nfilm-0,yes\n", r"labels\.csv has no column rds; name it: --column rds=NAME"),
        ("file,rds\nfilm-0,1\nfilm-1,yes\n", r"film-0\.png: the label is yes, and so are all 2"),
        ("file,rds\nfilm-0,1\nfilm-1,nan\n", r"film-0\.png: the label is yes, and so are all 1"),
    ],
)
def test_a_label_file_that_cannot_be_used_is_said_plainly(tmp_path: Path, text: str, message: str) -> None:
    _pictures(tmp_path / "films", 2)
    (tmp_path / "labels.csv").write_text(text, encoding="utf-8")

    with pytest.raises(AssertionError, match=message):
        raise AssertionError(
            _refused(
                "--films", tmp_path / "films", "--labels", tmp_path / "labels.csv", "--out", tmp_path / "o"
            )
        )


def test_nothing_usable_is_said_with_the_first_reason(tmp_path: Path) -> None:
    (tmp_path / "films").mkdir()
    assert "lists no film" in _refused("--films", tmp_path / "films", "--out", tmp_path / "out")

    Image.new("L", (40, 48), 7).save(tmp_path / "films" / "grey.png")
    message = _refused("--films", tmp_path / "films", "--out", tmp_path / "out")
    assert "no film can be used; 1 are turned away, the first being grey.png: " in message


def test_a_frozen_split_is_not_dealt_again(tmp_path: Path) -> None:
    films, out = _pictures(tmp_path / "films"), tmp_path / "out"
    _done(out, "--films", films)
    before = (out / "index.csv").read_bytes()
    _done(out, "--films", films)
    write_film(films, "another", 99)

    assert "prepare into another folder" in _refused("--films", films, "--out", out)
    assert (out / "index.csv").read_bytes() == before


def test_png_are_not_written_among_the_films(tmp_path: Path) -> None:
    films = _pictures(tmp_path / "films")
    message = _refused("--films", films, "--out", films / "png", "--profile", "paper")

    assert "give another folder" in message


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ([], "give --films FOLDER or --table FILE.csv"),
        (["--films", ".", "--profile", "best"], "'best' is none of recommended, paper"),
        (["--films", ".", "--split", "fair"], "'fair' is none of auto, given"),
        (["--films", ".", "--column", "rds"], "is not NAME=COLUMN"),
        (["--films", ".", "--positive", "a", "--negative", "A"], "a is given two meanings"),
        (["--films", ".", "--patient-pattern", "("], "--patient-pattern"),
        (["--films", ".", "--patient-pattern", "x"], "has no group"),
        (["--films", "nowhere"], "does not exist"),
    ],
)
def test_wrong_usage_ends_with_2(tmp_path: Path, arguments: list[str], message: str) -> None:
    result = CliRunner().invoke(
        app, ["prepare", "--out", str(tmp_path / "out"), *arguments], env={"COLUMNS": "400", "NO_COLOR": "1"}
    )

    assert result.exit_code == 2
    assert message in result.output
