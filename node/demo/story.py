"""The demonstration: films go in by C-STORE, results are found by C-FIND, and land in a folder to look at."""

import time
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

from rich.console import Console
from rich.progress import Progress

from node.config.destinations import DestinationConfig
from node.demo.collecting import Collector, ShownResult
from node.demo.node import MODALITY, DemoNode, running_node
from node.demo.pacs import AE_TITLE, DemoPacs
from node.errors import DemoFailed
from node.network.find_scu import find, make_identifier
from node.network.sending import send_files
from node.printing import show_table

FILMS = Path(__file__).parent / "films"
RESULTS_S = 100.0
_POLL_S = 0.25


def tell(out: Path) -> None:
    """Run the whole demonstration.

    Parameters
    ----------
    out
        Folder for the results; made if missing, results of an earlier run in it are replaced.

    Raises
    ------
    DemoFailed
        If the node does not start or the results do not come; the message shows the node's last words.
    """
    out.mkdir(parents=True, exist_ok=True)
    console = Console()
    films = sorted(FILMS.glob("*.dcm"))
    with TemporaryDirectory(prefix="neolung-demo-") as folder, DemoPacs(Path(folder) / "pacs") as pacs:
        destination = DestinationConfig(name="pacs", ae_title=AE_TITLE, host="127.0.0.1", port=pacs.port)
        console.print(f"A small PACS listens on port {pacs.port}. Starting a node beside it...")
        with running_node(Path(folder), destination) as node:
            console.print(f"The node {node.destination.ae_title} listens on port {node.destination.port}.")
            started = time.monotonic()
            _send(films, node)
            _wait_for_reports(films, destination, node)
            seconds = time.monotonic() - started
            collector = Collector(destination, pacs, node, out)
            shown = [collector.collect(film) for film in films]
    columns = ("film", "patient", "in the PACS", "RDS", "probability", "lungs", "why not judged")
    show_table("What the PACS holds now, found by C-FIND", columns, _rows(shown))
    console.print(
        f"{len(films)} films in {seconds:.0f} s. SEG, report and picture of each are in {out.resolve()}\n"
        "Research use only, not validated on newborns. No film shows one: see node/demo/films/README.md."
    )


def _send(films: list[Path], node: DemoNode) -> None:
    with Progress(transient=True) as progress:
        bar = progress.add_task("Sending films by C-STORE", total=len(films))
        for sent in send_files(node.destination, MODALITY, films):
            if not sent.stored:
                raise DemoFailed(f"{sent.path.name} was not stored: {sent.detail}\n{node.last_words()}")
            progress.advance(bar)


def _wait_for_reports(films: list[Path], pacs: DestinationConfig, node: DemoNode) -> None:
    """Ask the PACS by C-FIND until it holds a report for every film."""
    deadline = time.monotonic() + RESULTS_S
    with Progress(transient=True) as progress:
        bar = progress.add_task("Waiting for reports in the PACS", total=len(films))
        while time.monotonic() < deadline:
            keys = {"ModalitiesInStudy": "SR", "StudyInstanceUID": ""}
            there = len(list(find(pacs, MODALITY, make_identifier("STUDY", keys))))
            progress.update(bar, completed=there)
            if there >= len(films):
                return
            time.sleep(_POLL_S)
    raise DemoFailed(f"the results did not come in {RESULTS_S:.0f} s; last words:\n{node.last_words()}")


def _rows(results: list[ShownResult]) -> Iterator[tuple[object, ...]]:
    for result in results:
        summary = result.summary
        probability = None if summary.probability is None else f"{summary.probability:.3f}"
        # The figures say it all where there are any; a film that was not judged has a sentence.
        why = summary.conclusion if probability is None else ""
        row = (result.film, result.patient, result.modalities, summary.rds, probability, summary.lung_area)
        yield *row, why
