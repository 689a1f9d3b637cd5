import multiprocessing
import os
import stat
import threading
from datetime import UTC, date, datetime

import pytest

from node.audit.forwarder import Forwarder, Position
from node.audit.trail import AuditTrail
from node.errors import AuditFailed


def lines_of(trail):
    return [line for file in trail.files() for line in file.read_bytes().splitlines()]


def test_each_message_is_a_line_in_a_file_for_its_owner_alone(tmp_path):
    trail = AuditTrail(tmp_path / "audit", 1 << 20)
    for message in (b"<a/>", b"<b/>"):
        trail.append(message)
    (file,) = trail.files()
    assert file.read_bytes() == b"<a/>\n<b/>\n"
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert stat.S_IMODE(trail.folder.stat().st_mode) == 0o700
    assert file.name == f"audit-{datetime.now(UTC).date()}-0001.xml"


def test_a_full_file_is_followed_by_the_next_and_none_is_lost(tmp_path):
    trail = AuditTrail(tmp_path, 100)
    written = [b"<m n='%d'/>" % number for number in range(50)]
    for message in written:
        trail.append(message)
    assert len(trail.files()) > 5
    assert lines_of(trail) == written
    assert all(file.stat().st_size < 120 for file in trail.files())


def test_a_torn_line_does_not_spoil_the_next(tmp_path):
    trail = AuditTrail(tmp_path, 1 << 20)
    trail.append(b"<a/>")
    with trail.files()[0].open("ab") as file:
        file.write(b"<tor")
    trail.append(b"<b/>")
    assert lines_of(trail) == [b"<a/>", b"<tor", b"<b/>"]


def test_what_cannot_be_written_is_told(tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(AuditFailed, match="cannot be written"):
        AuditTrail(tmp_path / "file", 100).append(b"<a/>")


def _write_many(folder, who):
    trail = AuditTrail(folder, 2000)
    for number in range(200):
        trail.append(b"<m who='%d' n='%d'/>" % (who, number))


def test_processes_and_threads_share_one_trail(tmp_path):
    context = multiprocessing.get_context("spawn")
    writers = [context.Process(target=_write_many, args=(tmp_path, who)) for who in range(2)]
    writers += [threading.Thread(target=_write_many, args=(tmp_path, who)) for who in (2, 3)]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join()
    found = lines_of(AuditTrail(tmp_path, 2000))
    assert len(found) == 800
    for who in range(4):
        mine = [line for line in found if b"who='%d'" % who in line]
        assert mine == [b"<m who='%d' n='%d'/>" % (who, number) for number in range(200)]


def test_old_files_go_but_not_before_they_are_forwarded(tmp_path):
    names = [f"audit-2026-01-{day:02d}-0001.xml" for day in (1, 2, 3)]
    for name in names:
        (tmp_path / name).write_bytes(b"<a/>\n")
    trail = AuditTrail(tmp_path, 100)
    assert trail.forget(date(2026, 1, 3), keep_from="") == []
    assert [file.name for file in trail.forget(date(2026, 1, 3), keep_from=names[1])] == names[:1]
    assert [file.name for file in trail.forget(date(2026, 1, 3))] == names[1:2]
    assert [file.name for file in trail.files()] == names[2:]


class Repository:
    """Takes messages, or fails."""

    def __init__(self):
        self.taken = []
        self.broken = False

    def send(self, messages):
        if self.broken:
            raise AuditFailed("down")
        self.taken += [message.partition(b"\xef\xbb\xbf")[2] for message in messages]

    def close(self):
        pass


def forward_all(forwarder):
    while forwarder.forward():
        pass


def test_everything_is_forwarded_in_its_order_and_once(tmp_path):
    trail, there = AuditTrail(tmp_path, 100), Repository()
    written = [b"<m n='%d'/>" % number for number in range(30)]
    for message in written[:20]:
        trail.append(message)
    forward_all(Forwarder(trail, there, "host"))
    for message in written[20:]:
        trail.append(message)
    forward_all(Forwarder(trail, there, "host"))
    assert there.taken == written


def test_a_clock_that_goes_back_over_midnight_loses_nothing(tmp_path):
    trail, there = AuditTrail(tmp_path, 20), Repository()
    (tmp_path / "audit-2999-01-01-0001.xml").write_bytes(b"<a/>\n")
    forward_all(Forwarder(trail, there, "host"))
    written = [b"<m n='%d'/>" % number for number in range(5)]
    for message in written:
        trail.append(message)
        forward_all(Forwarder(trail, there, "host"))
    assert there.taken == [b"<a/>", *written]
    assert len(trail.files()) > 2


def test_what_the_repository_did_not_take_is_sent_again(tmp_path):
    trail, there = AuditTrail(tmp_path, 100), Repository()
    trail.append(b"<a/>")
    there.broken = True
    with pytest.raises(AuditFailed):
        Forwarder(trail, there, "host").forward()
    there.broken = False
    forward_all(Forwarder(trail, there, "host"))
    assert there.taken == [b"<a/>"]


def test_a_lost_state_sends_all_again_and_a_half_line_waits_for_its_end(tmp_path):
    trail, there = AuditTrail(tmp_path, 1 << 20), Repository()
    trail.append(b"<a/>")
    file = trail.files()[0]
    with file.open("ab") as opened:
        opened.write(b"<half")
    forwarder = Forwarder(trail, there, "host")
    forward_all(forwarder)
    assert there.taken == [b"<a/>"]
    assert forwarder.position() == Position(file.name, 5)
    trail.append(b"<b/>")
    forward_all(forwarder)
    assert there.taken == [b"<a/>", b"<half", b"<b/>"]
    (tmp_path / "forwarded.json").write_text("{not json", encoding="ascii")
    forward_all(forwarder)
    assert there.taken[3:] == there.taken[:3]


def test_a_message_larger_than_a_batch_is_forwarded(tmp_path):
    trail, there = AuditTrail(tmp_path, 1 << 20), Repository()
    large = b"<a>" + b"x" * (3 << 20) + b"</a>"
    trail.append(large)
    trail.append(b"<b/>")
    forward_all(Forwarder(trail, there, "host"))
    assert there.taken == [large, b"<b/>"]


def test_the_state_is_for_its_owner_alone(tmp_path):
    trail = AuditTrail(tmp_path, 100)
    trail.append(b"<a/>")
    forward_all(Forwarder(trail, Repository(), "host"))
    assert stat.S_IMODE(os.stat(tmp_path / "forwarded.json").st_mode) == 0o600  # noqa: PTH116
