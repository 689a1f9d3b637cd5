"""What every test shares: the peers they need, and skips that are counted out loud."""

import os
import sys
import threading
import time
from collections import Counter
from collections.abc import Generator
from pathlib import Path
from shutil import which

import pytest

from tests.support.orthanc import DICOMWEB_PLUGIN, PROGRAM

pytest_plugins = ["tests.support.hygiene", "tests.support.pauses"]

ROOT = Path(__file__).parents[1]


def _postgres_programs() -> bool:
    return any(Path("/usr/lib/postgresql").glob("*/bin/initdb"))


def _cuda_device() -> bool:
    try:
        import torch
    except ImportError:
        return False
    return torch.cuda.is_available()


def _orthanc_dicomweb() -> bool:
    return PROGRAM is not None and DICOMWEB_PLUGIN is not None


def _viewer() -> bool:
    packages = Path(__file__).parent / "viewer" / "node_modules" / "@cornerstonejs"
    return packages.is_dir() and all(which(program) for program in ("chromium", "node", "npm"))


PEERS = {
    "dcmtk": (lambda: Path("/usr/bin/storescu").exists(), "DCMTK (Debian package dcmtk)"),
    "orthanc": (lambda: PROGRAM is not None, "Orthanc (Debian package orthanc)"),
    "postgres": (_postgres_programs, "PostgreSQL (Debian package postgresql)"),
    "cuda": (_cuda_device, "a CUDA device"),
    "dicomweb": (_orthanc_dicomweb, "Orthanc's DICOMweb plugin (Debian package orthanc-dicomweb)"),
    "pixelmed": (
        lambda: which("DicomSRValidator") is not None,
        "PixelMed's DicomSRValidator (Debian packages pixelmed-apps and default-jre-headless)",
    ),
    "viewer": (_viewer, "Chromium and the viewer's npm packages (make viewer installs them)"),
}
OPTIONAL = {"cuda", "pixelmed", "viewer"}
"""Missing hardware is no fault of the machine's set-up, even in continuous integration; nor is what has a
command of its own, or is as large as a Java."""


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Skip what has no peer here; with CI=true a missing peer is a failure, not a skip."""
    wanted = {mark.name for item in items for mark in item.iter_markers()} & PEERS.keys()
    missing = {name: PEERS[name][1] for name in wanted if not PEERS[name][0]()}
    strict = os.environ.get("CI") == "true"
    for item in items:
        for name in missing.keys() & {mark.name for mark in item.iter_markers()}:
            if strict and name not in OPTIONAL:
                item.user_properties.append(("missing peer", missing[name]))
            else:
                item.add_marker(pytest.mark.skip(reason=f"needs {missing[name]}"))


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_setup(item: pytest.Item) -> None:
    """Fail the tests whose peer is missing where it must be there."""
    for name, value in item.user_properties:
        if name == "missing peer":
            pytest.fail(f"CI=true, but this machine has no {value}", pytrace=False)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, object, object]:
    """Turn a skip inside a test into a failure where CI=true, except for missing hardware."""
    report = yield
    marks = {mark.name for mark in item.iter_markers()}
    if report.skipped and os.environ.get("CI") == "true" and not marks & OPTIONAL:  # type: ignore[attr-defined]
        report.outcome = "failed"  # type: ignore[attr-defined]
        report.longrepr = f"skipped although CI=true: {report.longrepr}"  # type: ignore[attr-defined]
    return report


def _reason(report: pytest.TestReport) -> str:
    return str(report.longrepr[2] if isinstance(report.longrepr, tuple) else report.longrepr)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Say loudly what was not tested, and why."""
    skipped = terminalreporter.stats.get("skipped", [])
    if not skipped:
        return
    reasons = Counter(
        str(report.longrepr[2] if isinstance(report.longrepr, tuple) else report.longrepr)
        for report in skipped
    )
    terminalreporter.section(f"NOT TESTED: {len(skipped)} tests were skipped", sep="!", red=True)
    for reason, count in reasons.most_common():
        terminalreporter.write_line(f"{count:5d}  {reason.removeprefix('Skipped: ')}")


_PATIENCE_S = 15.0
_STATUS = pytest.StashKey[int]()


def pytest_sessionfinish(session: pytest.Session, exitstatus: int) -> None:
    """Remember how the tests went."""
    session.config.stash[_STATUS] = int(exitstatus)


@pytest.hookimpl(trylast=True)
def pytest_unconfigure(config: pytest.Config) -> None:
    """Name the threads that do not end, instead of waiting for them for ever."""
    deadline = time.monotonic() + _PATIENCE_S
    others = [one for one in threading.enumerate() if one is not threading.main_thread() and not one.daemon]
    for thread in others:
        thread.join(max(0.0, deadline - time.monotonic()))
    hanging = [thread.name for thread in others if thread.is_alive()]
    if hanging and _STATUS in config.stash:
        sys.stderr.write(f"\nTHREADS THAT DO NOT END: {', '.join(hanging)}\n")
        sys.stderr.flush()
        os._exit(config.stash[_STATUS])
