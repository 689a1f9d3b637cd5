"""What older versions did not index is read from the files, and a damaged file holds nothing up."""

from contextlib import closing
from io import BytesIO

import pytest
from pydicom import Dataset
from pydicom.uid import ExplicitVRLittleEndian
from sqlalchemy import delete, insert

from node.config.schema import Config
from node.network.access import Caller
from node.network.intake import Intake, StoreRequest
from node.processes.lifetime import Drain
from node.reindexing import complete_index
from storage.backfill import SEQUENCES
from storage.instances import find_instance
from storage.ledger import Ledger
from storage.matching import Item, Level, Single
from storage.objects import ObjectStore
from storage.query import find
from storage.tables import backfill, sequence_item
from tests.support.films import CR, make_film
from tests.support.network import encoded


def film(number):
    region = Dataset()
    region.CodeValue, region.CodingSchemeDesignator, region.CodeMeaning = f"C{number}", "SCT", "흉부"
    return make_film(
        rows=16,
        columns=16,
        seed=number,
        SpecificCharacterSet="ISO_IR 192",
        AnatomicRegionSequence=[region],
        SOPInstanceUID=f"1.2.{number}",
    )


@pytest.fixture
def old(tmp_path):
    """Give a ledger with three films whose sequences are not in the index, and its store."""
    config = Config.model_validate(
        {"node": {"data_dir": str(tmp_path)}, "limits": {"min_free_bytes": 0}}, context={"base": tmp_path}
    )
    with closing(Ledger.open(config.ledger_url)) as ledger:
        objects = ObjectStore(config.objects_dir)
        intake = Intake(ledger, objects, config)
        for number in range(3):
            made = film(number)
            request = StoreRequest(
                CR,
                made.SOPInstanceUID,
                ExplicitVRLittleEndian,
                CR,
                Caller("A", "B", "127.0.0.1"),
                BytesIO(encoded(made)),
            )
            assert intake.take(request)[0] == 0x0000
        with ledger.begin() as connection:
            connection.execute(delete(sequence_item))
            note = {"name": SEQUENCES, "next_instance_id": 1, "last_instance_id": 3}
            connection.execute(insert(backfill).values(note))
        yield config, ledger, objects


def codes(ledger):
    with ledger.read() as connection:
        wanted = {"AnatomicRegionSequence": Item({"CodeMeaning": Single("흉부")})}
        entries = list(find(connection, Level.IMAGE, wanted))
    return sorted(entry["AnatomicRegionSequence"][0]["CodeValue"] for entry in entries)


def test_older_films_are_indexed_once(old):
    config, ledger, objects = old
    assert codes(ledger) == []
    for _ in range(2):
        complete_index(config, ledger, objects, Drain())
        assert codes(ledger) == ["C0", "C1", "C2"]


def test_a_lost_file_is_passed_over(old):
    config, ledger, objects = old
    with ledger.read() as connection:
        objects.path(find_instance(connection, "1.2.1").file).unlink()
    complete_index(config, ledger, objects, Drain())
    assert codes(ledger) == ["C0", "C2"]


def test_the_wish_to_stop_leaves_the_rest_for_later(old):
    config, ledger, objects = old
    drain = Drain()
    drain.request()
    complete_index(config, ledger, objects, drain)
    assert codes(ledger) == []
