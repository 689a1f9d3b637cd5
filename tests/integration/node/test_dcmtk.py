"""DCMTK's programs as peers."""

import re
import shlex
import subprocess
from pathlib import Path

import pytest
from pydicom import dcmread
from pydicom.uid import JPEGLSLossless, RLELossless

from storage.instances import find_instance
from storage.jobs import list_jobs
from tests.support.films import encode, make_film, part10_bytes
from tests.support.network import dcmtk, listening_node

ROOT = Path(__file__).parents[3]

pytestmark = pytest.mark.dcmtk


def film_file(folder: Path, **header: object) -> Path:
    film = make_film(rows=128, columns=96, **header)
    file = folder / f"{film.SOPInstanceUID}.dcm"
    file.write_bytes(part10_bytes(film))
    return file


def peer(node, called="NEOLUNG"):
    return ("-aet", "DCMTK", "-aec", called, "127.0.0.1", str(node.port))


def test_echoscu_is_answered(node):
    assert dcmtk("echoscu", *peer(node)).returncode == 0


def test_echoscu_learns_why_it_is_rejected(node):
    result = dcmtk("echoscu", *peer(node, "WRONG"))
    assert result.returncode != 0
    assert "Called AE Title Not Recognized" in result.stdout


def test_storescu_stores_and_the_job_is_queued(node, tmp_path):
    file = film_file(tmp_path)
    result = dcmtk("storescu", "-R", *peer(node), file)
    assert result.returncode == 0, result.stdout
    uid = dcmread(file, stop_before_pixels=True).SOPInstanceUID
    with node.ledger.read() as connection:
        assert find_instance(connection, uid).calling_ae_title == "DCMTK"
        assert [job.key for job in list_jobs(connection)] == [uid]


def test_storescu_proposing_its_whole_list_stores_too(node, tmp_path):
    assert dcmtk("storescu", *peer(node), film_file(tmp_path)).returncode == 0


@pytest.mark.parametrize(("option", "syntax"), [("-xt", JPEGLSLossless), ("-xr", RLELossless)])
def test_storescu_sends_compressed_films(node, tmp_path, option, syntax):
    film = encode(make_film(rows=128, columns=96), syntax)
    (tmp_path / "film.dcm").write_bytes(part10_bytes(film))
    result = dcmtk("storescu", option, "-R", *peer(node), tmp_path / "film.dcm")
    assert result.returncode == 0, result.stdout
    with node.ledger.read() as connection:
        instance = find_instance(connection, film.SOPInstanceUID)
    assert instance.transfer_syntax_uid == syntax


def test_storescu_learns_of_a_full_disk(tmp_path):
    with listening_node(tmp_path / "node", limits={"min_free_bytes": 1 << 60}) as node:
        result = dcmtk("storescu", "-v", "-R", *peer(node), film_file(tmp_path))
    assert "Refused: OutOfResources" in result.stdout or "0xa700" in result.stdout.lower()


def test_dcmsend_stores_a_folder(node, tmp_path):
    folder = tmp_path / "films"
    folder.mkdir()
    for number in range(5):
        film_file(folder, seed=number)
    result = dcmtk("dcmsend", "+sd", *peer(node), folder)
    assert result.returncode == 0, result.stdout
    with node.ledger.read() as connection:
        assert len(list_jobs(connection)) == 5


@pytest.mark.parametrize("model", ["-S", "-P"])
def test_findscu_finds_in_both_models(node, tmp_path, model):
    dcmtk("storescu", "-R", *peer(node), film_file(tmp_path, PatientID="FIND-1"))
    level = "PATIENT" if model == "-P" else "STUDY"
    keys = ("-k", f"QueryRetrieveLevel={level}", "-k", "PatientID=FIND*", "-k", "PatientName")
    result = dcmtk("findscu", "-v", model, *peer(node), *keys)
    assert result.returncode == 0
    assert "FIND-1" in result.stdout
    assert "Received Final Find Response (Success)" in result.stdout


def test_findscu_is_told_what_is_wrong(node):
    keys = ("-k", "QueryRetrieveLevel=IMAGE", "-k", "SOPInstanceUID")
    result = dcmtk("findscu", "-v", "-S", *peer(node), *keys)
    assert "DataSetDoesNotMatchSOPClass" in result.stdout


def test_findscu_cancels(tmp_path):
    with listening_node(tmp_path / "node") as node:
        folder = tmp_path / "films"
        folder.mkdir()
        for number in range(30):
            film_file(folder, seed=number)
        dcmtk("dcmsend", "+sd", *peer(node), folder)
        keys = ("-k", "QueryRetrieveLevel=STUDY", "-k", "StudyInstanceUID")
        result = dcmtk("findscu", "-v", "-S", "--cancel", "2", *peer(node), *keys)
    assert result.returncode == 0
    assert "Sending C-CANCEL" in result.stdout or "Cancel" in result.stdout


def test_the_lines_of_the_readme_work_as_they_stand(node):
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    lines = re.findall(r"^    (?:echoscu|storescu|findscu) .*127\.0\.0\.1 11112.*$", text, re.MULTILINE)
    said = ""
    for line in lines:
        program, *arguments = shlex.split(line.replace("11112", str(node.port)))
        arguments = [str(ROOT / word) if word.endswith(".dcm") else word for word in arguments]
        result = dcmtk(program, "-v", *arguments)
        assert result.returncode == 0, result.stdout
        said += result.stdout
    assert len(lines) == 3
    assert "Received Store Response (Success)" in said
    assert "PHANTOM-102" in said


def test_an_aborted_storescu_leaves_nothing_half_done(node, tmp_path):
    folder = tmp_path / "films"
    folder.mkdir()
    for number in range(20):
        film_file(folder, seed=number)
    command = ["/usr/bin/storescu", "-R", "+sd", *peer(node), str(folder)]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    while not _jobs(node):
        assert process.poll() is None or _jobs(node)
    process.kill()
    process.wait()
    assert dcmtk("storescu", "-R", "+sd", *peer(node), folder).returncode == 0
    assert _jobs(node) == 20


def _jobs(node):
    with node.ledger.read() as connection:
        return len(list_jobs(connection))
