"""One large film from C-STORE to the report in the PACS, a stream of them, and where the time goes."""

import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

from node.config.destinations import DestinationConfig
from node.network.outgoing import OutgoingObject
from node.network.sender import Sender
from pipeline.bundle import load_bundle, reference_bundle
from pipeline.cascade import Cascade
from pipeline.gate import GateSettings
from pipeline.results import make_result_objects, to_part10
from pipeline.values import Origin
from tests.bench.measuring import Figure, median_seconds
from tests.support.films import part10_bytes
from tests.support.node import AE_TITLE, running_node
from tests.support.pacs import Pacs
from tests.support.shipped import large_judged_film
from tests.support.waiting import wait_until

ROWS, COLUMNS, STREAM = 2600, 2160, 20
REPORT = "1.2.840.10008.5.1.4.1.1.88.34"


def measure(folder: Path) -> Iterator[Figure]:
    """Time the stages in this process, then the whole node."""
    yield from _stages()
    with Pacs() as pacs:
        address = {"ae_title": "PACS", "host": "127.0.0.1", "port": pacs.port}
        destination = {"name": "pacs", "storage_commitment": False, **address}
        with running_node(folder / "node", [destination]) as node:
            to_node = DestinationConfig(name="node", ae_title=AE_TITLE, host="127.0.0.1", port=node.port)
            films = [_outgoing(folder, number) for number in range(STREAM + 4)]
            _send_and_wait(to_node, films[:1], pacs)
            waits = [_send_and_wait(to_node, [film], pacs) for film in films[1:4]]
            yield Figure(
                f"C-STORE to SR in the PACS, {ROWS} x {COLUMNS}, queue empty", sorted(waits)[1], "s", 3
            )
            seconds = _send_and_wait(to_node, films[4:], pacs)
            yield Figure(f"{STREAM} films through the node", STREAM / seconds, "films/s")


def _stages() -> Iterator[Figure]:
    cascade = Cascade(load_bundle(reference_bundle(), device="cpu"), GateSettings())
    film = large_judged_film(ROWS, COLUMNS)
    analysis = cascade.analyse([film])[0]
    yield Figure(
        f"analysis of one film ({analysis.outcome})", median_seconds(lambda: cascade.analyse([film])), "s"
    )
    for stage, seconds in cascade.analyse([film])[0].seconds.items():
        yield Figure(f"  {stage}", seconds * 1000, "ms")
    origin = Origin("2.25.1", "bench", datetime.now(UTC))

    def results() -> bytes:
        return to_part10(make_result_objects(analysis, origin).report)

    yield Figure("SEG, SR and picture of one film", median_seconds(results) * 1000, "ms")


def _outgoing(folder: Path, number: int) -> OutgoingObject:
    film = large_judged_film(ROWS, COLUMNS)
    path = folder / f"{number}.dcm"
    path.write_bytes(part10_bytes(film))
    return OutgoingObject(film.SOPClassUID, film.SOPInstanceUID, film.file_meta.TransferSyntaxUID, path)


def _send_and_wait(node: DestinationConfig, films: list[OutgoingObject], pacs: Pacs) -> float:
    expected = pacs.classes()[REPORT] + len(films)
    started = time.perf_counter()
    Sender(node, "BENCH").send(films)
    wait_until(lambda: pacs.classes()[REPORT] >= expected, 300)
    return time.perf_counter() - started
