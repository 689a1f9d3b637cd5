"""A candidate replaces a bundle or nothing, never what somebody still needs."""

from pathlib import Path

import pytest

from tests.support.bundles import make_tiny_bundle
from tests.support.two_lungs import two_lung_films
from train.errors import UnusableFolder
from train.places import refuse_out
from train.retraining.command import Retraining, run_retrain
from train.retraining.lock import LOCK_NAME


@pytest.fixture
def data(tmp_path: Path) -> Path:
    two_lung_films(tmp_path / "site" / "films", 6)
    return tmp_path / "site" / "films"


def _content(folder: Path) -> set[Path]:
    return set(folder.rglob("*"))


def test_missing_empty_and_older_bundles_are_replaced(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    for out in (tmp_path / "missing", tmp_path / "empty", make_tiny_bundle(tmp_path / "bundle")):
        refuse_out(out, {"the data": tmp_path / "data"})


def test_a_folder_with_other_things_is_left_alone(data: Path, tmp_path: Path) -> None:
    out = tmp_path / "thesis"
    out.mkdir()
    (out / "chapter.txt").write_text("years of work", encoding="utf-8")
    with pytest.raises(UnusableFolder, match="give a new or an empty folder"):
        run_retrain(Retraining(data, out, budget="tiny"))
    assert _content(out) == {out / "chapter.txt"}
    assert not (data / LOCK_NAME).exists()


@pytest.mark.parametrize("above", ["site/films", "site", "."])
def test_the_films_are_never_replaced(data: Path, tmp_path: Path, above: str) -> None:
    (tmp_path / above / "manifest.json").write_text("{}", encoding="utf-8")
    before = _content(tmp_path)
    with pytest.raises(UnusableFolder, match=r"the data .* lies there"):
        run_retrain(Retraining(data / "index.csv", tmp_path / above, budget="tiny"))
    assert _content(tmp_path) == before


@pytest.mark.parametrize(
    ("what", "changes"),
    [
        ("the bundle to start from", {"start": ""}),
        ("the bundle to start from", {"start": "start"}),
        ("the lock file", {"lock": "locked.json"}),
        ("the run folder", {"run": "run"}),
        ("the run folder", {"run": ""}),
    ],
)
def test_neither_start_nor_lock_nor_run_folder_is_replaced(
    data: Path, tmp_path: Path, what: str, changes: dict[str, str]
) -> None:
    out = make_tiny_bundle(tmp_path / "out")
    asked = Retraining(data, out, budget="tiny", **{name: out / inside for name, inside in changes.items()})  # type: ignore[arg-type]
    before = _content(out)
    with pytest.raises(UnusableFolder, match=rf"{what} .* lies there"):
        run_retrain(asked)
    assert _content(out) == before


def test_a_link_or_a_file_is_no_folder(data: Path, tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to(data)
    (tmp_path / "file").write_text("", encoding="utf-8")
    for out in (tmp_path / "link", tmp_path / "file", Path(), Path("..")):
        with pytest.raises(UnusableFolder, match="no folder's own name"):
            run_retrain(Retraining(data, out, budget="tiny"))
