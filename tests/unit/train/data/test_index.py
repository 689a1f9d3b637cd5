"""An index of films is read whole, or refused by the line that is wrong."""

import csv
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.support.prepared import indexed_folder
from train.data import IndexedFilm, read_index, write_index
from train.errors import UnusableIndex

TEXTS = st.text(st.characters(blacklist_categories=("Cs", "Cc", "Z")), max_size=12)
NUMBERS = st.floats(0, 1e6, allow_nan=False)


@settings(deadline=None, max_examples=60)
@given(
    rds=st.sampled_from([None, False, True]),
    area=st.integers(0, 10**7),
    spacing=st.none() | st.tuples(st.floats(0.01, 5), st.floats(0.01, 5)),
    age=st.none() | NUMBERS,
    texts=st.tuples(TEXTS, TEXTS, TEXTS),
    patient=TEXTS.filter(bool),
)
def test_what_is_written_is_read_back(
    tmp_path_factory: pytest.TempPathFactory,
    rds: bool | None,
    area: int,
    spacing: tuple[float, float] | None,
    age: float | None,
    texts: tuple[str, str, str],
    patient: str,
) -> None:
    folder = tmp_path_factory.mktemp("index")
    (folder / "a,b.png").touch()
    (folder / "mask.png").touch()
    film = IndexedFilm(
        path=folder / "a,b.png",
        mask=folder / "mask.png" if area else None,
        patient=patient,
        rds=rds,
        roi_area=area,
        shape=(3, 4),
        spacing_mm=spacing,
        age_days=age,
        split=texts[0],
        provenance=texts[1],
        attributes={"grade": texts[2]},
    )
    write_index(folder, [film])

    assert read_index(folder) == [film]


def test_paths_are_relative_so_that_a_folder_can_be_moved(tmp_path: Path) -> None:
    indexed_folder(tmp_path / "here", [{}])
    (tmp_path / "here").rename(tmp_path / "there")

    (film,) = read_index(tmp_path / "there")
    assert film.path == tmp_path / "there" / "film-0.png"
    assert film.mask == tmp_path / "there" / "masks" / "film-0.png"


def test_an_index_may_point_to_films_elsewhere(tmp_path: Path) -> None:
    (film,) = indexed_folder(tmp_path / "films", [{}])
    (tmp_path / "out").mkdir()
    write_index(tmp_path / "out", [film])

    assert "../films/film-0.png" in (tmp_path / "out" / "index.csv").read_text(encoding="utf-8")
    assert read_index(tmp_path / "out") == [film]


def test_the_columns_are_the_papers_first(tmp_path: Path) -> None:
    indexed_folder(tmp_path, [{"rds": True}])

    with (tmp_path / "index.csv").open(encoding="utf-8") as file:
        (row,) = csv.DictReader(file)
    assert list(row)[:6] == ["filepath", "rds", "exist_json", "roi_area", "height", "width"]
    assert [row[name] for name in list(row)[1:6]] == ["1", "1", "560", "48", "40"]


@pytest.mark.parametrize(
    ("column", "cell", "message"),
    [
        ("filepath", "gone.png", r"line 3: .*gone\.png \(filepath\) does not exist"),
        ("filepath", "", "line 3: filepath or patient is empty"),
        ("patient", "", "line 3: filepath or patient is empty"),
        ("mask", "gone.png", r"line 3: .*gone\.png \(mask\) does not exist"),
        ("mask", "", "line 3: exist_json and mask disagree"),
        ("rds", "yes", "line 3: rds is 'yes'; it must be 0, 1 or empty"),
        ("roi_area", "nan", "line 3: roi_area is nan; it must be a number from 0 up"),
        ("roi_area", "1.5", "line 3: roi_area is '1.5'; it must be a whole number"),
        ("height", "0", "line 3: height is '0'; it must be a whole number from 1 up"),
        ("width", "", "line 3: width is ''; it must be a whole number"),
        ("age_days", "three", "line 3: age_days is 'three', no number"),
        ("row_spacing_mm", "inf", "line 3: row_spacing_mm is inf"),
    ],
)
def test_an_unusable_cell_is_named(tmp_path: Path, column: str, cell: str, message: str) -> None:
    indexed_folder(tmp_path, [{}, {}])
    path = tmp_path / "index.csv"
    with path.open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    rows[1][column] = cell
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)

    with pytest.raises(UnusableIndex, match=message):
        read_index(tmp_path)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (b"", "is empty"),
        (b"file,mask,patient,split\na,b,c,d\n", "lacks the column filepath"),
        (b"filepath,rds,exist_json,roi_area,height,width,patient,split\n", "lists no film"),
        (b"filepath\nfilm, of a baby\n", "line 2: more cells than columns"),
        (b"\xff\xfe\x00", "no CSV file in UTF-8"),
        (b'filepath\n"half', "no CSV file"),
    ],
)
def test_an_unusable_file_is_said_plainly(tmp_path: Path, text: bytes, message: str) -> None:
    (tmp_path / "index.csv").write_bytes(text)

    with pytest.raises(UnusableIndex, match=message):
        read_index(tmp_path)


def test_no_index_is_said_plainly(tmp_path: Path) -> None:
    with pytest.raises(UnusableIndex, match=r"index\.csv cannot be read"):
        read_index(tmp_path)


def test_a_byte_order_mark_is_no_part_of_a_name(tmp_path: Path) -> None:
    (film,) = indexed_folder(tmp_path, [{}])
    path = tmp_path / "index.csv"
    path.write_bytes(b"\xef\xbb\xbf" + path.read_bytes())

    assert read_index(path) == [film]


def test_a_row_is_equal_to_itself_and_can_be_a_key(tmp_path: Path) -> None:
    (film,) = indexed_folder(tmp_path, [{"attributes": {"grade": "2"}}])

    assert {film: 1}[replace(film)] == 1
