"""The command line as people and scripts use it: help, exit codes, JSON, messages that say what to do."""

import json
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Any

import pytest
from pydicom import Dataset, dcmread
from pydicom.uid import SecondaryCaptureImageStorage

from node.processes.supervisor import CANNOT_START
from storage.ledger import Ledger
from tests.support.films import make_film, part10_bytes
from tests.support.node import run_neolung
from tests.support.orthanc import free_port
from tests.support.shipped import judged_film
from tests.support.validators import dcentvfy, dciodvfy

COMMANDS = (
    *("demo", "run", "serve", "work", "deliver", "send", "query", "analyse", "explain", "status", "studies"),
    *("doctor", "jobs list", "jobs show", "jobs retry", "jobs cancel"),
)


def config(folder: Path, text: str = "") -> str:
    path = folder / "config.yaml"
    path.write_text(f"node:\n  data_dir: var\n  port: {free_port()}\n{text}", encoding="utf-8")
    return str(path)


def options(folder: Path) -> list[str]:
    return ["--out", str(folder / "out"), "--json", "--config", config(folder)]


def write(film: object, path: Path) -> Path:
    path.write_bytes(part10_bytes(film))  # type: ignore[arg-type]
    return path


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_has_help_with_an_example(command: str) -> None:
    shown = run_neolung(*command.split(), "--help")

    assert shown.returncode == 0
    assert f"Example: neolung {command}" in shown.stdout


def test_help_loads_no_heavy_library() -> None:
    heavy = ("pydicom", "torch", "sqlalchemy", "numpy", "rich")
    script = f"import sys, node.cli; print([name for name in {heavy} if name in sys.modules])"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)

    assert done.stdout.strip() == "[]"


def test_the_version_is_that_of_the_project() -> None:
    project = tomllib.loads((Path(__file__).parents[2] / "pyproject.toml").read_text(encoding="utf-8"))

    shown = run_neolung("--version")

    assert shown.returncode == 0
    assert shown.stdout == f"neolung {project['project']['version']}\n"


def test_a_wrong_option_is_wrong_usage() -> None:
    assert run_neolung("status", "--no-such-option").returncode == 2
    assert run_neolung("query", "--level", "FILM").returncode == 2
    assert run_neolung("query", "PatientID").returncode == 2


@pytest.mark.parametrize(
    "arguments",
    [
        "jobs show 99999999999999999999",
        "jobs retry 99999999999999999999",
        "jobs cancel 0",
        "jobs list --limit -1",
        "studies --limit 99999999999999999999",
        "query NoSuchKey=1",
        "query =1",
        "query RequestAttributesSequence=1",
        "query PatientWeight=heavy",
        "query SelectorATValue=none",
        "query --level IMAGE Rows=many",
        "query PixelData=1",
    ],
)
def test_a_value_that_cannot_be_is_wrong_usage(arguments: str, tmp_path: Path) -> None:
    path = config(tmp_path)
    Ledger.open(f"sqlite:///{tmp_path / 'var' / 'ledger.sqlite'}").close()

    done = run_neolung(*arguments.split(), "--config", path)

    assert done.returncode == 2
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize("command", ["run", "serve", "work", "deliver", "analyse FILM --out FILM/out"])
def test_a_folder_that_cannot_be_made_is_named(command: str, tmp_path: Path) -> None:
    film = write(make_film(), tmp_path / "film.dcm")
    path = tmp_path / "config.yaml"
    path.write_text("node: {data_dir: film.dcm/var}", encoding="utf-8")

    done = run_neolung(*command.replace("FILM", str(film)).split(), "--config", str(path))

    assert done.returncode == 1
    assert "Not a directory" in done.stderr
    assert str(film) in done.stderr
    assert "Traceback" not in done.stderr


def test_a_bad_configuration_is_named_with_its_line(tmp_path: Path) -> None:
    path = config(tmp_path, "limits:\n  max_asociations: 3\n")

    done = run_neolung("status", "--config", path)

    assert done.returncode == 1
    assert f"{path}:5" in done.stderr
    assert "max_associations" in done.stderr


@pytest.mark.parametrize("command", ["run", "serve", "work", "deliver", "web"])
def test_a_service_with_a_bad_configuration_says_that_another_start_cannot_help(
    command: str, tmp_path: Path
) -> None:
    path = config(tmp_path, "limits:\n  max_asociations: 3\n")

    assert run_neolung(command, "--config", path).returncode == CANNOT_START


def test_status_before_the_first_run_says_so(tmp_path: Path) -> None:
    done = run_neolung("status", "--config", config(tmp_path))

    assert done.returncode == 1
    assert "has not run yet" in done.stderr
    assert not (tmp_path / "var").exists()


def test_sending_to_a_node_that_is_down_fails_with_the_address(tmp_path: Path) -> None:
    film = write(make_film(), tmp_path / "film.dcm")

    done = run_neolung("send", str(film), "--config", config(tmp_path))

    assert done.returncode == 1
    assert "127.0.0.1" in done.stderr
    assert "neolung run" in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        ("explain gone.dcm", "gone.dcm: no such file"),
        ("explain folder", "folder is a folder; name one DICOM file"),
        ("explain 1.2.3", "no ledger"),
        ("explain text.dcm", "text.dcm: This is no DICOM file"),
        ("analyse gone.dcm", "gone.dcm: no such file or folder"),
        ("analyse folder", "no DICOM file in folder"),
        ("send gone.dcm", "gone.dcm: no such file or folder"),
        ("send folder", "no DICOM file in folder"),
        ("demo --out text.dcm", "text.dcm: File exists"),
        ("status --config gone.yaml", "gone.yaml: 1 problem\n  cannot be read: No such file or directory"),
    ],
)
def test_bad_input_is_one_sentence_that_names_it(arguments: str, reason: str, tmp_path: Path) -> None:
    (tmp_path / "folder").mkdir()
    (tmp_path / "text.dcm").write_text("not a film", encoding="utf-8")

    done = run_neolung(*arguments.split(), cwd=tmp_path)

    assert done.returncode == 1
    assert done.stderr.startswith(f"neolung: {reason}")
    assert "Errno" not in done.stderr


def test_an_unknown_destination_is_named_beside_the_known_ones(tmp_path: Path) -> None:
    film = write(make_film(), tmp_path / "film.dcm")
    known = "destinations:\n  - {name: pacs, ae_title: PACS, host: 127.0.0.1, port: 104}\n"

    done = run_neolung("send", str(film), "--to", "pasc", "--config", config(tmp_path, known))

    assert done.returncode == 1
    assert "pasc" in done.stderr
    assert "configured: pacs" in done.stderr


def test_analyse_writes_valid_objects_and_a_picture(tmp_path: Path) -> None:
    film = write(judged_film(), tmp_path / "film.dcm")

    done = run_neolung(
        "analyse", str(film), "--out", str(tmp_path / "out"), "--json", "--config", config(tmp_path)
    )

    (result,) = json.loads(done.stdout)
    assert done.returncode == 0
    assert result["outcome"] in {"present", "absent"}
    assert 0 <= result["probability"] <= 1
    folder = tmp_path / "out" / "film"
    assert dciodvfy(folder / "seg.dcm") == []
    assert dciodvfy(folder / "sr.dcm") == []
    assert (folder / "overlay.png").read_bytes().startswith(b"\x89PNG")
    segmentation = dcmread(folder / "seg.dcm")
    assert (segmentation.Rows, segmentation.Columns) == (judged_film().Rows, judged_film().Columns)
    assert result["area_pixels"] == int(segmentation.pixel_array.sum())


def test_analyse_writes_every_kind_when_asked(tmp_path: Path) -> None:
    film = write(judged_film(), tmp_path / "film.dcm")
    command = ["analyse", str(film), "--out", str(tmp_path / "out"), "--config", config(tmp_path)]

    assert run_neolung(*command, "--all").returncode == 0

    folder = tmp_path / "out" / "film"
    assert [path.stem for path in sorted(folder.glob("*.dcm"))] == ["pdf", "pr", "sc", "seg", "sr"]
    for path in folder.glob("*.dcm"):
        assert dciodvfy(path) == []
    assert dcentvfy(film, *folder.glob("*.dcm")) == []
    assert run_neolung(*command).returncode == 0
    assert [path.stem for path in sorted(folder.glob("*.dcm"))] == ["seg", "sr"]


def test_analyse_goes_on_after_files_that_are_no_films(tmp_path: Path) -> None:
    films = tmp_path / "films"
    films.mkdir()
    write(judged_film(), films / "good.dcm")
    write(make_film(sop_class=SecondaryCaptureImageStorage), films / "capture.dcm")
    (films / "text.dcm").write_text("not a film", encoding="utf-8")
    truncated = part10_bytes(judged_film())[:3000]
    (films / "truncated.dcm").write_bytes(truncated)
    names = [str(path) for path in sorted(films.iterdir())]

    done = run_neolung(
        "analyse", *names, "--out", str(tmp_path / "out"), "--json", "--config", config(tmp_path)
    )

    outcomes = {result["film"]: result["outcome"] for result in json.loads(done.stdout)}
    assert done.returncode == 1
    assert outcomes["good"] in {"present", "absent"}
    assert outcomes["capture"] == "not eligible"
    assert outcomes["text"] == "unsupported"
    assert outcomes["truncated"] in {"not assessable", "unsupported"}


def test_explain_names_the_rule_that_turned_a_film_away(tmp_path: Path) -> None:
    film = write(make_film(PatientAge="005Y", PatientBirthDate=""), tmp_path / "film.dcm")

    done = run_neolung("explain", str(film), "--json", "--config", config(tmp_path))

    answer = json.loads(done.stdout)
    assert answer["outcome"] == "not eligible"
    assert [rule["rule"] for rule in answer["rules"] if rule["verdict"] == "no"] == ["age"]


ROUTES = """
destinations:
  - {name: pacs, ae_title: PACS, host: pacs}
  - {name: research, ae_title: RESEARCH, host: research, send: [sr]}
routes:
  - name: er
    when: {calling_ae_title: ER*}
    priority: stat
  - name: named
    when: {tags: [{tag: PatientID, values: "X*"}], addresses: 10.3.0.0/16}
    process: false
  - name: newborns
    when: {gate: {age: yes, eligible: yes}}
    destinations: [research]
    priority: low
"""


def explained(folder: Path, film: Dataset, *options: str) -> dict[str, Any]:
    path = write(film, folder / "film.dcm")
    done = run_neolung("explain", str(path), "--json", *options, "--config", config(folder, ROUTES))
    assert done.returncode == 0, done.stderr
    answer: dict[str, Any] = json.loads(done.stdout)
    return answer


def test_explain_shows_every_condition_of_every_route_and_who_gets_what(tmp_path: Path) -> None:
    answer = explained(tmp_path, make_film(), "--calling", "NICU1")

    assert (answer["route"], answer["priority"]) == ("newborns", "low")
    assert [(route["route"], route["matches"]) for route in answer["routes"]] == [
        ("er", False),
        ("named", False),
        ("newborns", True),
    ]
    assert answer["routes"][0]["conditions"] == [
        {"condition": "calling AE title is ER*", "met": False, "seen": "NICU1"}
    ]
    assert list(answer["destinations"]) == ["research"]


def test_explain_takes_who_would_send_the_film_from_its_options(tmp_path: Path) -> None:
    answer = explained(tmp_path, judged_film(), "--calling", "ER1", "--address", "10.3.0.1")

    assert (answer["route"], answer["priority"]) == ("er", "stat")
    assert list(answer["destinations"]) == ["pacs", "research"]


def test_explain_tells_nothing_about_the_patient(tmp_path: Path) -> None:
    film = make_film(PatientName="Secret^Baby", PatientID="X-4711", AccessionNumber="ACC-77")
    path = write(film, tmp_path / "film.dcm")
    arguments = ("explain", str(path), "--address", "10.3.0.1", "--config", config(tmp_path, ROUTES))

    for done in (run_neolung(*arguments), run_neolung(*arguments, "--json")):
        assert done.returncode == 0
        assert "stored, and nothing else" in done.stdout or '"process": false' in done.stdout
        for secret in ("Secret", "4711", "ACC-77"):
            assert secret not in done.stdout + done.stderr


@pytest.mark.parametrize("command", ["analyse", "explain"])
def test_what_is_shown_to_people_ends_with_the_disclaimer_of_the_models(command: str, tmp_path: Path) -> None:
    film = write(judged_film(), tmp_path / "film.dcm")

    done = run_neolung(command, str(film), "--config", config(tmp_path), cwd=tmp_path)

    assert done.returncode == 0
    assert "not validated on newborns" in done.stdout.splitlines()[-1]


def test_doctor_finds_a_destination_that_is_down(tmp_path: Path) -> None:
    down = f"destinations:\n  - {{name: pacs, ae_title: PACS, host: 127.0.0.1, port: {free_port()}}}\n"

    done = run_neolung("doctor", "--json", "--config", config(tmp_path, down))

    checks = {check["subject"]: check["ok"] for check in json.loads(done.stdout)}
    assert done.returncode == 1
    assert checks["destination pacs"] is False
    assert checks["model bundle"] is True
    assert checks["decoders"] is True
    (decoders,) = [check["detail"] for check in json.loads(done.stdout) if check["subject"] == "decoders"]
    assert decoders.startswith("15 transfer syntaxes proven: ExplicitVRLittleEndian, ")
    assert "JPEGLSLossless" in decoders


def test_doctor_finds_a_damaged_bundle(tmp_path: Path) -> None:
    from shutil import copytree

    from pipeline.bundle import reference_bundle

    copytree(reference_bundle(), tmp_path / "bundle")
    weights = tmp_path / "bundle" / "segmenter.safetensors"
    content = bytearray(weights.read_bytes())
    content[-1] ^= 1
    weights.write_bytes(content)

    done = run_neolung("doctor", "--json", "--config", config(tmp_path, "model:\n  bundle: bundle\n"))

    (check,) = [check for check in json.loads(done.stdout) if check["subject"] == "model bundle"]
    assert done.returncode == 1
    assert check["ok"] is False
    assert "segmenter.safetensors" in check["detail"]
