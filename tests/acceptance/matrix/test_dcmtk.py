"""DCMTK: storescu with each of its flags, dcmsend, findscu, movescu, getscu, echoscu, and all that by TLS."""

from pathlib import Path

import pytest
from pydicom import Dataset

from tests.acceptance.matrix.conftest import HELD, Site, check_arrived
from tests.support.matrix import SYNTAXES, Matrix, make_proof
from tests.support.network import dcmtk
from tests.support.node import AE_TITLE

pytestmark = [pytest.mark.dcmtk, pytest.mark.orthanc, pytest.mark.dicomweb, pytest.mark.slow]

FLAGS = {
    "-x=": "expl",
    "-xe": "expl",
    "-xb": "expl",
    "-xi": "impl",
    "-xd": "defl",
    "-xs": "jll1",
    "-xt": "jls",
    "-xv": "j2k",
    "-xr": "rle",
    "-xw": "j2k~",
    "-xu": "jls~",
    "-xx": "jpg12~",
    "-xy": "jpg8~",
}
"""Flags of storescu, and how the film then arrives."""
KNOWN = sorted(set(FLAGS.values()))
PREFERENCES = ("+x=", "+xe", "+xi", "+xd", "+xs", "+xt", "+xv", "+xr", "+xw", "+xu", "+xx", "+xy")


@pytest.mark.parametrize("flag", FLAGS)
def test_storescu(site: Site, matrix: Matrix, flag: str) -> None:
    name = FLAGS[flag]
    number = list(FLAGS).index(flag) + 1
    # A film that is uncompressed is encoded as the flag says when it is sent.
    film = make_proof("expl" if name in ("expl", "impl") else name, "1.2.826.0.1.9001", number)

    with matrix.cell("DCMTK", f"storescu {flag}", name):
        sent = dcmtk("storescu", "-R", flag, *site.address, site.write(film))
        assert sent.returncode == 0, sent.stdout
        assert site.syntax_of(film) == SYNTAXES[name].transfer_syntax_uid


@pytest.mark.parametrize("name", KNOWN)
def test_dcmsend(site: Site, matrix: Matrix, name: str) -> None:
    film = make_proof(name, "1.2.826.0.1.9002", KNOWN.index(name) + 1)

    with matrix.cell("DCMTK", "dcmsend", name):
        sent = dcmtk("dcmsend", *site.address, site.write(film))
        assert sent.returncode == 0, sent.stdout
        assert site.syntax_of(film) is not None


def test_echoscu(site: Site, matrix: Matrix) -> None:
    with matrix.cell("DCMTK", "echoscu"):
        assert dcmtk("echoscu", *site.address).returncode == 0


@pytest.mark.parametrize("model", ["-P", "-S"])
@pytest.mark.parametrize(("flag", "name"), [("-xe", "expl"), ("-xi", "impl")])
def test_findscu(
    site: Site, matrix: Matrix, held: dict[str, Dataset], model: str, flag: str, name: str
) -> None:
    level = "PATIENT" if model == "-P" else "STUDY"
    keys = ("-k", f"QueryRetrieveLevel={level}", "-k", "PatientID=MATRI*", "-k", "PatientName")

    with matrix.cell("DCMTK", f"findscu {model}", name):
        found = dcmtk("findscu", "-v", flag, model, *site.address, *keys)
        assert "Matrix^Invented" in found.stdout
        assert "Received Final Find Response (Success)" in found.stdout


@pytest.mark.parametrize(("target", "title"), [("storescp", "STORESCP"), ("storescp +xa", "STORESCPALL")])
def test_movescu(site: Site, matrix: Matrix, held: dict[str, Dataset], target: str, title: str) -> None:
    keys = ("-k", "QueryRetrieveLevel=STUDY", "-k", f"StudyInstanceUID={HELD}")

    moved = dcmtk("movescu", "-S", "-aem", title, *site.address, *keys)

    assert moved.returncode == 0, moved.stdout
    check_arrived(matrix, ("DCMTK", f"movescu, to {target}"), site.received[target], held)


@pytest.mark.parametrize("flag", PREFERENCES)
def test_getscu(site: Site, matrix: Matrix, held: dict[str, Dataset], tmp_path: Path, flag: str) -> None:
    keys = ("-k", "QueryRetrieveLevel=STUDY", "-k", f"StudyInstanceUID={HELD}")

    got = dcmtk("getscu", "-S", flag, "-od", tmp_path, "+B", *site.address, *keys)

    assert got.returncode == 0, got.stdout
    check_arrived(matrix, ("DCMTK", f"getscu {flag}"), tmp_path, held)


@pytest.mark.parametrize("program", ["echoscu", "storescu", "findscu"])
def test_by_tls(site: Site, matrix: Matrix, program: str) -> None:
    keys = ("+tls", site.secure.key, site.secure.certificate, "+cf", site.hospital.file)
    where = ("-aet", "SECURE", "-aec", AE_TITLE, "127.0.0.1", str(site.tls_port))
    film = site.write(make_proof("expl", "1.2.826.0.1.9003", 1))
    asked = ("-S", "-k", "QueryRetrieveLevel=STUDY", "-k", "PatientID=MATRIX", "-k", "StudyInstanceUID")
    arguments = {"echoscu": where, "storescu": ("-R", *where, film), "findscu": ("-v", *where, *asked)}

    with matrix.cell("DCMTK", f"{program} +tls"):
        done = dcmtk(program, *keys, *arguments[program])
        assert done.returncode == 0, done.stdout
        assert program != "findscu" or "Received Final Find Response (Success)" in done.stdout


def test_storescu_names_a_user(site: Site, matrix: Matrix) -> None:
    film = site.write(make_proof("expl", "1.2.826.0.1.9003", 2))
    where = ("-aet", "NAMED", "-aec", AE_TITLE, "127.0.0.1", str(site.node.port), film)

    with matrix.cell("DCMTK", "storescu -usr -pwd"):
        assert dcmtk("storescu", "-R", "-usr", "kim", "-pwd", "right", *where).returncode == 0
