from node.audit.auditor import Auditor, Peer, StudyPart
from node.audit.message import AuditSource
from node.audit.reading import latest
from node.audit.trail import AuditTrail


def test_the_last_messages_come_first_and_torn_ones_not_at_all(tmp_path):
    trail = AuditTrail(tmp_path, 500)
    auditor = Auditor(trail, AuditSource("NODE"), "NEOLUNG", "host")
    auditor.application_started()
    trail.append(b"<AuditMessage><torn")
    peer = Peer("CR1", "10.1.2.3", is_requestor=True, user_id="kim")
    auditor.transferred(peer, StudyPart("1.2", "P1"), is_sent=False, failure="status A700")
    newest, oldest = latest(trail, 10)
    assert newest.event == "DICOM Instances Transferred"
    assert newest.outcome == "minor failure"
    assert newest.reason == "status A700"
    assert newest.who.startswith("kim CR1 10.1.2.3, ")
    assert newest.what == "1.2, P1"
    assert oldest.event == "Application Activity, Application Start"
    assert [entry.event for entry in latest(trail, 1)] == [newest.event]
