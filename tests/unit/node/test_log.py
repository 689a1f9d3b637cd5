import json
import logging
import subprocess
import sys
import warnings
from io import StringIO

import pytest
from pydicom import Dataset

from node.log import EventLog, configure_logging, describe_exception


@pytest.fixture
def stream():
    yield StringIO()
    logging.getLogger("neolung").handlers.clear()


def test_an_event_is_one_line_of_text(stream):
    configure_logging("info", "text", stream)
    EventLog("receiver").info("instance stored", sop_instance_uid="1.2.3", seconds=0.01234, comment=None)
    line = stream.getvalue()
    assert line.endswith(" info receiver: instance stored sop_instance_uid=1.2.3 seconds=0.012\n")
    assert line[10] == "T"


def test_an_event_is_one_json_object(stream):
    configure_logging("info", "json", stream)
    EventLog("query").warning("query answered", responses=3, comment='with "quotes"\nand lines')
    event = json.loads(stream.getvalue())
    del event["at"]
    assert event == {
        "level": "warning",
        "part": "query",
        "what": "query answered",
        "responses": 3,
        "comment": 'with "quotes"\nand lines',
    }
    assert stream.getvalue().count("\n") == 1


def test_what_a_peer_sends_cannot_forge_a_line(stream):
    configure_logging("info", "text", stream)
    EventLog("access").info("echo", calling_ae_title="A\n2026-01-01 error forged")
    assert stream.getvalue().count("\n") == 1


def test_less_important_events_are_left_out(stream):
    configure_logging("warning", "text", stream)
    EventLog("a").info("ordinary")
    EventLog("a").error("grave")
    assert "ordinary" not in stream.getvalue()
    assert "grave" in stream.getvalue()


def test_an_exception_is_described_without_its_message():
    try:
        int("Secret^Name")
    except ValueError as error:
        text = describe_exception(error)
    assert text.startswith("ValueError at test_log.py:")
    assert "Secret" not in text


def test_the_dicom_libraries_write_no_values(stream, capsys):
    configure_logging("debug", "text", stream)
    logging.getLogger("pynetdicom.acse").error("Secret")
    logging.getLogger("pydicom").warning("Secret")
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        configure_logging("debug", "text", stream)
        Dataset().PatientAge = "Secret^Name"
    assert caught == []
    assert "Secret" not in stream.getvalue() + capsys.readouterr().err


def test_lines_are_not_taken_for_what_a_decoder_says() -> None:
    program = """
from node.log import EventLog, configure_logging
from pipeline.codecs.libjpeg_messages import heard_messages
configure_logging("info", "text")
with heard_messages() as lines:
    EventLog("test").info("said meanwhile")
print(lines)
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)

    assert done.stdout == "[]\n"
    assert "info test: said meanwhile" in done.stderr
