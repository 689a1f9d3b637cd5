"""A hundred films in which every text tells whose they are: nothing of it leaves the house."""

from io import BytesIO
from pathlib import Path

import pytest
from pydicom import Dataset, dcmread

from node.index import index_attributes
from storage.instances import add_instance, results_of
from storage.values import ReceivedInstance, Role, StoredInstance
from tests.support.films import CR, DX, make_film, part10_bytes
from tests.support.planting import Plants
from tests.support.work import Desk
from tests.unit.node.export.conftest import Run

FILMS = 100


def planted_film(plants: Plants, number: int) -> Dataset:
    film = make_film(
        rows=128, columns=128, seed=number, sop_class=(CR, DX)[number % 2], BurnedInAnnotation=None,
        PatientName=plants.value("PN"), PatientID=plants.text(), ReferringPhysicianName=plants.value("PN"),
    )  # fmt: skip
    for keyword in ("StudyInstanceUID", "SeriesInstanceUID", "SOPInstanceUID"):
        setattr(film, keyword, plants.value("UI"))
    film.file_meta.MediaStorageSOPInstanceUID = film.SOPInstanceUID
    plants.sow(film)
    film.file_meta.SourceApplicationEntityTitle = plants.value("AE")
    film.preamble = plants.text().encode().ljust(128, b"\0")
    return film


def plant_in_outline(desk: Desk, film: StoredInstance, plants: Plants) -> None:
    """Draw again what the node drew, with plants in every text; the newest outline counts."""
    with desk.ledger.read() as connection:
        drawn = next(one for one in results_of(connection, film.instance_id) if one.role is Role.SEGMENTATION)
    outline = dcmread(BytesIO(desk.store.read(drawn.file)))
    plants.sow(outline, top=False)
    outline.SOPInstanceUID = outline.file_meta.MediaStorageSOPInstanceUID = plants.value("UI")
    outline.ContentCreatorName = plants.value("PN")
    part10 = part10_bytes(outline)
    entry = ReceivedInstance(
        index_attributes(outline),
        drawn.transfer_syntax_uid,
        "VIEWER",
        "NEOLUNG",
        "",
        drawn.received_at,
        part10,
    )
    with desk.ledger.begin() as connection:
        file = desk.store.write(part10)
        add_instance(connection, entry, file, Role.SEGMENTATION, source_instance_id=film.instance_id)


@pytest.fixture
def plants(desk: Desk) -> Plants:
    plants = Plants()
    films = [desk.receive(planted_film(plants, number)) for number in range(FILMS)]
    desk.analyse_all()
    for film in films[: FILMS // 2]:
        plant_in_outline(desk, film, plants)
    return plants


@pytest.mark.slow
def test_nothing_that_was_planted_is_in_the_export(run: Run, out: Path, plants: Plants) -> None:
    report = run()
    files = [path for path in out.rglob("*") if path.is_file()]

    assert report.films == FILMS
    assert report.outlines == {"machine": FILMS}
    assert len(plants.sown) > 100 * FILMS
    assert len(files) == 2 * FILMS + 4
    for path in files:
        assert plants.found_in(path.read_bytes()) == [], path
        assert plants.found_in(str(path.relative_to(out)).encode()) == []


def test_planting_is_found_where_nothing_was_removed(desk: Desk) -> None:
    plants = Plants()
    film = planted_film(plants, 0)

    assert set(plants.found_in(part10_bytes(film) + film.preamble)) == set(plants.sown)
