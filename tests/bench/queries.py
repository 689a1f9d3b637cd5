"""C-FIND against a ledger of many instances, and the queue's own rates."""

import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

from node.config.destinations import DestinationConfig
from node.network.find_scu import find, make_identifier
from storage.instances import add_instance
from storage.ledger import Ledger
from storage.queue import claim, complete, enqueue
from storage.values import JobKind, NewJob, ReceivedInstance, Role, StoredFile
from tests.bench.measuring import Figure, median_seconds, seconds
from tests.support.node import AE_TITLE, run_serve_only

INSTANCES, JOBS = 100_000, 1000


def measure(folder: Path) -> Iterator[Figure]:
    """Fill a ledger, then query it over DICOM."""
    (folder / "node" / "var").mkdir(parents=True)
    url = f"sqlite:///{folder / 'node' / 'var' / 'ledger.sqlite'}"
    ledger = Ledger.open(url)
    yield Figure(
        f"instances added, {INSTANCES} in one ledger", INSTANCES / seconds(lambda: _fill(ledger)), "/s"
    )
    yield Figure("jobs claimed and completed, one commit each", _queue_rate(ledger), "/s")
    ledger.close()
    with run_serve_only(folder / "node") as node:
        destination = DestinationConfig(name="node", ae_title=AE_TITLE, host="127.0.0.1", port=node.port)
        one = make_identifier("STUDY", {"PatientID": f"P{INSTANCES // 2}", "StudyInstanceUID": ""})
        yield Figure(
            f"C-FIND, one match among {INSTANCES}, association included",
            median_seconds(lambda: list(find(destination, "BENCH", one))) * 1000,
            "ms",
        )
        many = make_identifier("STUDY", {"StudyDate": "20240101", "PatientName": "", "StudyInstanceUID": ""})
        started = time.perf_counter()
        found = len(list(find(destination, "BENCH", many)))
        yield Figure(f"C-FIND, {found} responses", (time.perf_counter() - started) * 1000, "ms")


def _fill(ledger: Ledger) -> None:
    for start in range(0, INSTANCES, 2000):
        with ledger.begin() as connection:
            for number in range(start, start + 2000):
                add_instance(connection, _instance(number), _file(number), Role.OTHER)


def _instance(number: int) -> ReceivedInstance:
    attributes = {
        "PatientID": f"P{number}",
        "PatientName": f"Name{number % 5000}^Given",
        "StudyInstanceUID": f"1.2.3.{number}",
        "SeriesInstanceUID": f"1.2.3.{number}.1",
        "SOPInstanceUID": f"1.2.3.{number}.1.1",
        "SOPClassUID": "1.2.840.10008.5.1.4.1.1.1",
        "StudyDate": f"2024{1 + number % 4:02d}{1 + number // 4 % 25:02d}",
        "Modality": "CR",
    }
    return ReceivedInstance(
        attributes, "1.2.840.10008.1.2.1", "BENCH", AE_TITLE, "127.0.0.1", datetime.now(UTC), b""
    )


def _file(number: int) -> StoredFile:
    return StoredFile(f"{number}.dcm", f"{number:064x}", 0)


def _queue_rate(ledger: Ledger) -> float:
    with ledger.begin() as connection:
        enqueue(connection, [NewJob(JobKind.ANALYSE, str(number), 1 + number) for number in range(JOBS)])

    def work() -> None:
        while claims := claim(ledger, JobKind.ANALYSE, "", 1, lease=timedelta(seconds=60), owner="bench"):
            with ledger.begin() as connection:
                complete(connection, claims[0])

    return JOBS / seconds(work)
