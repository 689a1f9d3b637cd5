"""The watch over the logs of this very run: it must find a patient who is planted, wherever that is."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.hygiene import Watch

ROOT = Path(__file__).parents[2]
PLANTS = {
    "nothing": "EventLog('receiver').info('instance stored', sop_instance_uid='1.2.3')",
    "name": "EventLog('receiver').info('instance stored', name='Invented^Newborn')",
    "part of a name": "EventLog('receiver').debug('cannot decode', reason='bad value: Newborn')",
    "identifier": "EventLog('receiver').error('odd TEST-0001')",
    "log of a process": "WATCH.note_log('2026-01-01 info receiver: TEST-0001 stored', 'node.log')",
    "who is in the audit trail": "WATCH.note_patients(['Kim^Baby']); EventLog('x').info('x', who='Baby')",
}


@pytest.mark.parametrize("plant", PLANTS)
def test_a_run_fails_that_names_a_patient_in_a_log(tmp_path, plant):
    test = tmp_path / "test_planted.py"
    imports = "from node.log import EventLog\nfrom tests.support.hygiene import WATCH\n"
    test.write_text(f"{imports}\n\ndef test_it():\n    {PLANTS[plant]}\n", encoding="utf-8")
    command = [sys.executable, "-m", "pytest", "-p", "tests.support.hygiene", "-p", "no:cacheprovider"]
    done = subprocess.run(
        [*command, "--rootdir", str(tmp_path), "-c", os.devnull, str(test)],
        capture_output=True,
        text=True,
        cwd=ROOT,
        timeout=120,
        check=False,
    )
    assert "1 passed" in done.stdout
    assert (done.returncode == 0) is (plant == "nothing")
    assert ("PATIENTS IN LOGS" in done.stdout) is (plant != "nothing")


def test_words_that_only_contain_a_name_are_no_leak():
    watch = Watch()
    watch.note_patients(["Kang^Min", "1234567"])
    watch.note_log("Kangaroo\nMin\n1234567\nat 1.2.1234567.3", "x")
    assert watch.leaks() == []
    watch.note_log("patient Kang^Min", "x")
    assert len(watch.leaks()) == 1
