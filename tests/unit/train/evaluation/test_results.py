"""Rows of answers survive the file, and a damaged file is named."""

from dataclasses import replace
from pathlib import Path

import pytest

from tests.unit.train.evaluation.made_up import made_results
from train.errors import UnusableIndex
from train.evaluation.overlap import Overlap
from train.evaluation.results import FilmResult, Known, Said, labelled, read_results, write_results


def test_rows_come_back_as_they_were_written(tmp_path: Path) -> None:
    bare = FilmResult(Known("a, b.png", "p|1", "test", "Größe"), Said("failed"))
    results = [*made_results(6), bare]

    write_results(tmp_path / "rows.csv", results)
    back = read_results(tmp_path / "rows.csv")
    write_results(tmp_path / "again.csv", back)

    assert back[-1] == bare
    assert [one.known for one in back] == [one.known for one in results]
    assert [one.said.outcome for one in back] == [one.said.outcome for one in results]
    assert back[0].said.probability == pytest.approx(results[0].said.probability)
    assert isinstance(back[0].overlap, Overlap)
    assert (tmp_path / "rows.csv").read_bytes() == (tmp_path / "again.csv").read_bytes()


def test_a_damaged_row_is_named(tmp_path: Path) -> None:
    path = tmp_path / "rows.csv"
    write_results(path, made_results(3))
    path.write_text(path.read_text().replace("SYNTHETIC phantom,1", "SYNTHETIC phantom,maybe", 1))

    with pytest.raises(UnusableIndex, match="line 3"):
        read_results(path)
    path.write_text("file,label\nx,1\n")
    with pytest.raises(UnusableIndex, match="lacks the column film"):
        read_results(path)


def test_only_films_with_label_and_probability_are_compared_with_labels() -> None:
    one, other, third = made_results(3)
    unlabelled = replace(other, known=replace(other.known, rds=None))
    unjudged = replace(third, said=replace(third.said, probability=None))

    assert labelled([one, unlabelled, unjudged]) == [one]


@pytest.mark.parametrize(
    ("provenance", "source"),
    [
        ("SYNTHETIC phantom, generator 4, seed 17", "SYNTHETIC phantom, generator 4"),
        ("SYNTHETIC hybrid, generator 1, seed 3, on film.jpg", "SYNTHETIC hybrid, generator 1"),
        ("ward 3, seeded by hand", "ward 3, seeded by hand"),
    ],
)
def test_simulated_films_of_one_generator_are_one_source(provenance: str, source: str) -> None:
    assert Known("film.png", "1", "test", provenance).source == source
