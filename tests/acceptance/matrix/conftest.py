"""One node, its peers around it, and the picture of what works between them."""

from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from pydicom import Dataset, dcmread
from pynetdicom.presentation import build_context

from node.network.contexts import STUDY_ROOT_FIND
from node.users import Users
from tests.support.archive import Archive, running_archive
from tests.support.certificates import Authority, Identity
from tests.support.films import CR, part10_bytes
from tests.support.matrix import SYNTAXES, Matrix, make_proof
from tests.support.network import associate, find_contexts, query, store
from tests.support.node import AE_TITLE, RunningNode, running_node
from tests.support.orthanc import Orthanc, free_port, running_orthanc
from tests.support.pacs import Commitment, Pacs
from tests.support.scp import storescp

HELD = "1.2.826.0.1.9000"
"""A study of one film in each transfer syntax that the node holds."""
_DRAWN = pytest.StashKey[Matrix]()
ALL_SERVICES = ["echo", "store", "query", "retrieve", "commit"]


@dataclass(frozen=True, slots=True)
class Site:
    """A node and all its peers."""

    folder: Path
    node: RunningNode
    tls_port: int
    web: str
    hospital: Authority
    secure: Identity
    orthanc: Orthanc
    archive: Archive
    pacs: Pacs
    received: dict[str, Path]

    @property
    def address(self) -> tuple[str, ...]:
        """Name the node to DCMTK's programs, as the peer DCMTK."""
        return ("-aet", "DCMTK", "-aec", AE_TITLE, "127.0.0.1", str(self.node.port))

    def write(self, film: Dataset) -> Path:
        """Write a film into a file."""
        path = self.folder / f"{film.SOPInstanceUID}.dcm"
        path.write_bytes(part10_bytes(film))
        return path

    def syntax_of(self, film: Dataset) -> str | None:
        """Ask the node in which transfer syntax it holds a film; None when it does not."""
        keys = {
            name: film[name].value for name in ("StudyInstanceUID", "SeriesInstanceUID", "SOPInstanceUID")
        }
        with associate(self.node.port, find_contexts(), calling="PYNETDICOM") as association:
            (_, found), *rest = query(
                association, "IMAGE", STUDY_ROOT_FIND, **keys, AvailableTransferSyntaxUID=None
            )
        return str(found.AvailableTransferSyntaxUID) if rest and found is not None else None


@pytest.fixture(scope="package")
def matrix(pytestconfig: pytest.Config) -> Matrix:
    """Give the picture; it is printed at the end of the run."""
    return pytestconfig.stash.setdefault(_DRAWN, Matrix())


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    """Print the picture where it was drawn."""
    drawn = config.stash.get(_DRAWN, None)
    if drawn is not None:
        terminalreporter.section("peer x service x transfer syntax")
        terminalreporter.write_line(str(drawn))


@pytest.fixture(scope="package")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """Start everything."""
    folder = tmp_path_factory.mktemp("matrix")
    hospital = Authority(folder)
    secure = hospital.issue("SECURE")
    ports = {name: free_port() for name in ("node", "tls", "web", "plain", "all")}
    web = f"http://127.0.0.1:{ports['web']}/dicom-web"
    Users(folder / "users").put("kim", "right")
    with ExitStack() as stack:
        enter = stack.enter_context
        orthanc = enter(running_orthanc(folder, AE_TITLE, ports["node"], node_web=web))
        archive = enter(running_archive(folder / "archive", AE_TITLE, ports["node"]))
        pacs = Pacs()
        pacs.commitment, pacs.report_to = Commitment.NEW_ASSOCIATION, ("127.0.0.1", ports["node"], AE_TITLE)
        enter(pacs)
        received = {
            "storescp": enter(storescp(folder / "plain", "STORESCP", ports["plain"])),
            "storescp +xa": enter(storescp(folder / "all", "STORESCPALL", ports["all"], "+xa")),
        }
        tls = hospital.tls(hospital.issue(AE_TITLE, "127.0.0.1"), port=ports["tls"])
        sections: dict[str, Any] = {
            "node": {"port": ports["node"]},
            "tls": tls,
            "access": {"users": str(folder / "users"), "peers": _peers()},
            "commitment": {"offered": True},
            "studies": {"quiet_s": 0.5},
            "web": {"enabled": True, "port": ports["web"]},
            "routes": [
                {"name": "films", "when": {"calling_ae_title": "MODALITY"}},
                {"name": "rest", "process": False},
            ],
        }
        destinations = [
            _destination("orthanc", "ORTHANC", orthanc.port, "seg", "sr", "pr", "sc", "pdf", "summary"),
            _destination("pacs", "PACS", pacs.port, "seg", "sr", sr_class="enhanced"),
            _destination("orthanc-get", "ORTHANC", orthanc.port, retrieve="get"),
            _destination("archive", archive.ae_title, archive.port),
            _destination("archive-get", archive.ae_title, archive.port, retrieve="get"),
            _destination("plain", "STORESCP", ports["plain"]),
            _destination("all", "STORESCPALL", ports["all"]),
        ]
        node = enter(running_node(folder / "node", destinations, **sections))
        yield Site(folder, node, ports["tls"], web, hospital, secure, orthanc, archive, pacs, received)


def _peers() -> list[dict[str, object]]:
    names = ("DCMTK", "ORTHANC", "PYNETDICOM", "MODALITY", "PACS", "QRSCP", AE_TITLE, "TESTER")
    here = {"addresses": ["127.0.0.1"]}
    open_to = [{"name": name, "ae_title": name, "services": ALL_SERVICES, **here} for name in names]
    return [
        *open_to,
        {"name": "far", "ae_title": "FAR", "addresses": ["10.0.0.0/8"]},
        {"name": "secure", "ae_title": "SECURE", "certificate": "SECURE", **here},
        {"name": "named", "ae_title": "NAMED", "user": "passcode", **here},
        {"name": "curious", "ae_title": "CURIOUS", "services": ["echo"], **here},
    ]


def _destination(name: str, ae_title: str, port: int, *send: str, **settings: object) -> dict[str, object]:
    return {
        "name": name,
        "ae_title": ae_title,
        "host": "127.0.0.1",
        "port": port,
        "send": list(send),
        "retry": {"first_delay_s": 0.2},
        **settings,
    }


@pytest.fixture(scope="package")
def held(site: Site, matrix: Matrix) -> dict[str, Dataset]:
    """Store a study of one film in each transfer syntax; give the films by syntax."""
    films = {name: make_proof(name, HELD, number) for number, name in enumerate(SYNTAXES, start=1)}
    contexts = [build_context(CR, codec.transfer_syntax_uid) for codec in SYNTAXES.values()]
    with associate(site.node.port, contexts, calling="PYNETDICOM") as association:
        for name, film in films.items():
            with matrix.cell("pynetdicom", "store", name):
                assert store(association, film).Status == 0x0000
    return films


def check_arrived(matrix: Matrix, row: tuple[str, str], folder: Path, films: dict[str, Dataset]) -> None:
    """Note for each film whether it is in a folder and can be read."""
    received = (dcmread(path) for path in folder.iterdir())
    note_arrived(matrix, row, {str(each.SOPInstanceUID) for each in received if each.PixelData}, films)


def note_arrived(matrix: Matrix, row: tuple[str, str], uids: set[str], films: dict[str, Dataset]) -> None:
    """Note for each film whether it is among those that arrived; fail when one is not."""
    for name, film in films.items():
        matrix.rows.setdefault(row, {})[name] = "ok" if film.SOPInstanceUID in uids else "FAIL"
    assert {str(film.SOPInstanceUID) for film in films.values()} <= uids, row
