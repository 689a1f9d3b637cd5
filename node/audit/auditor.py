"""Turns what the node does into audit messages (PS3.15 A.5.3)."""

import getpass
import os
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field

from node.audit import codes
from node.audit.codes import Action, Code, Outcome
from node.audit.flood import Flood, counted
from node.audit.message import (
    AuditSource,
    Message,
    Participant,
    Subject,
    alert,
    audit_log,
    encode,
    patient,
    queried,
    study,
)
from node.audit.trail import NoTrail, Trail
from node.log import EventLog, describe_exception

_log = EventLog("audit")


@dataclass(slots=True)
class StudyPart:
    """Objects of one study that were sent, received or read together.

    Attributes
    ----------
    instances
        How many of each SOP Class.
    """

    study_uid: str
    patient_id: str = ""
    patient_name: str = ""
    accession: str = ""
    instances: dict[str, int] = field(default_factory=dict)

    def count(self, sop_class_uid: str) -> None:
        """Count one more object."""
        self.instances[sop_class_uid] = self.instances.get(sop_class_uid, 0) + 1

    @property
    def subjects(self) -> tuple[Subject, ...]:
        """The study and its patient."""
        return (
            study(self.study_uid, self.instances, self.accession),
            patient(self.patient_id, self.patient_name),
        )


@dataclass(frozen=True, slots=True)
class Peer:
    """The other end of a transfer or a query.

    Attributes
    ----------
    is_requestor
        Whether it asked for what happens.
    user_id
        Certificate or user where that is known, else the address.
    """

    ae_title: str
    address: str
    is_requestor: bool
    user_id: str = ""
    user_name: str = ""

    def as_participant(self, *roles: Code) -> Participant:
        """Give it the roles that it has in an event."""
        return Participant(
            self.user_id or self.address,
            self.is_requestor,
            roles,
            ae_title=self.ae_title,
            user_name=self.user_name,
            address=self.address,
        )


class Auditor:
    """Writes the events of one process into the audit trail; never raises, never waits for the network.

    Parameters
    ----------
    host
        Name or address of this machine.
    flood
        Makes what bounds the messages about those who are turned away.
    """

    def __init__(
        self,
        trail: Trail,
        source: AuditSource,
        ae_title: str = "",
        host: str = "",
        flood: Callable[[], Flood] = Flood,
    ) -> None:
        self._trail = trail
        self._source = source
        self._ae_title = ae_title
        self._host = host
        self._refusals, self._failed_logins = flood(), flood()

    def application_started(self) -> None:
        """Record that a process of the node has started (A.5.3.1)."""
        self._activity(codes.APPLICATION_START)

    def application_stopped(self) -> None:
        """Record that a process of the node is about to stop (A.5.3.1)."""
        self._tell_left_out(everything=True)
        self._activity(codes.APPLICATION_STOP)

    def transfer_begun(
        self, peer: Peer, part: StudyPart, *, is_sent: bool, requestor: Peer | None = None
    ) -> None:
        """Record that objects of a study begin to come from a peer, or to go to it (A.5.3.3)."""
        participants = self._ends(peer, requestor, is_sent=is_sent)
        self._write(Message(codes.BEGIN_TRANSFERRING, Action.EXECUTE, participants, part.subjects))

    def transferred(
        self,
        peer: Peer,
        part: StudyPart,
        *,
        is_sent: bool,
        failure: str = "",
        requestor: Peer | None = None,
    ) -> None:
        """Record that objects of a study came from a peer, went to it, or did not (A.5.3.7).

        Parameters
        ----------
        failure
            Why they did not; without patient data.
        requestor
            Who asked for it, where that is a third one, as by C-MOVE.
        """
        message = Message(
            codes.INSTANCES_TRANSFERRED,
            Action.READ if is_sent else Action.CREATE,
            self._ends(peer, requestor, is_sent=is_sent),
            part.subjects,
            outcome=Outcome.MINOR_FAILURE if failure else Outcome.SUCCESS,
            reason=failure,
        )
        self._write(message)

    def queried(
        self,
        peer: Peer,
        sop_class_uid: str,
        identifier: bytes,
        transfer_syntax_uid: str,
        *,
        failure: str = "",
    ) -> None:
        """Record that a peer asked for matches (A.5.3.10).

        Parameters
        ----------
        identifier
            As it was received, in the transfer syntax.
        """
        participants = (peer.as_participant(codes.SOURCE), self._self(codes.DESTINATION))
        subjects = (queried(sop_class_uid, identifier, transfer_syntax_uid),)
        outcome = Outcome.MINOR_FAILURE if failure else Outcome.SUCCESS
        self._write(
            Message(codes.QUERY, Action.EXECUTE, participants, subjects, outcome=outcome, reason=failure)
        )

    def instances_accessed(self, peer: Peer, part: StudyPart, *, failure: str = "") -> None:
        """Record that somebody looked at objects of a study, or tried to (A.5.3.6)."""
        participants = (peer.as_participant(), self._self())
        outcome = Outcome.MINOR_FAILURE if failure else Outcome.SUCCESS
        self._write(
            Message(
                codes.INSTANCES_ACCESSED,
                Action.READ,
                participants,
                part.subjects,
                outcome=outcome,
                reason=failure,
            )
        )

    def exported(self, parts: Sequence[StudyPart], media: str) -> None:
        """Record that a person took objects out, as for a training set (A.5.3.4)."""
        person = Participant(_person(), True, user_name=_person(), address=self._host)
        participants = (person, self._self(), Participant(media, False, (codes.DESTINATION_MEDIA,)))
        for part in parts:
            self._write(Message(codes.EXPORT, Action.READ, participants, part.subjects))

    def peer_refused(self, peer: Peer, reason: str) -> None:
        """Record that somebody was turned away: unknown, of a wrong certificate, over a limit (A.5.3.11)."""
        self._tell_left_out()
        left_out = self._refusals.admit(peer.address)
        if left_out is not None:
            self._alert(codes.NODE_AUTHENTICATION, peer, reason + counted(left_out))

    def settings_changed(self, what: str) -> None:
        """Record that a person changed who may do what, as users and tokens (A.5.3.11)."""
        self._changed(codes.SECURITY_CONFIGURATION, what)

    def software_changed(self, what: str) -> None:
        """Record that a person changed what the node works with, as the active bundle (A.5.3.11)."""
        self._changed(codes.SOFTWARE_CONFIGURATION, what)

    def user_authenticated(self, peer: Peer, *, failure: str = "") -> None:
        """Record that a user was named with a passcode, the right one or not (A.5.3.12)."""
        left_out = self._failed_logins.admit(peer.address) if failure else 0
        if left_out is None:
            return
        self._write(
            Message(
                codes.USER_AUTHENTICATION,
                Action.EXECUTE,
                (peer.as_participant(), self._self()),
                kinds=(codes.LOGIN,),
                outcome=Outcome.MINOR_FAILURE if failure else Outcome.SUCCESS,
                reason=failure + counted(left_out),
            )
        )

    def log_used(self, folder: str) -> None:
        """Record that a person read the audit trail (A.5.3.2)."""
        person = Participant(_person(), True, user_name=_person(), address=self._host)
        self._write(Message(codes.AUDIT_LOG_USED, Action.READ, (person,), (audit_log(f"file://{folder}"),)))

    def _tell_left_out(self, *, everything: bool = False) -> None:
        for address, left_out in self._refusals.remains(everything=everything).items():
            self._alert(codes.NODE_AUTHENTICATION, Peer("", address, True), f"refused{counted(left_out)}")

    def _activity(self, kind: Code) -> None:
        participants = (self._self(codes.APPLICATION),)
        self._write(Message(codes.APPLICATION_ACTIVITY, Action.EXECUTE, participants, kinds=(kind,)))

    def _changed(self, kind: Code, what: str) -> None:
        person = Peer("", self._host, True, _person(), _person())
        self._alert(kind, person, what, Outcome.SUCCESS)

    def _alert(self, kind: Code, peer: Peer, reason: str, outcome: Outcome = Outcome.SERIOUS_FAILURE) -> None:
        participants = (self._self(is_requestor=True), peer.as_participant())
        subjects = (alert(peer.address or self._host, reason),)
        self._write(
            Message(codes.SECURITY_ALERT, Action.EXECUTE, participants, subjects, (kind,), outcome, reason)
        )

    def _ends(self, peer: Peer, requestor: Peer | None, *, is_sent: bool) -> tuple[Participant, ...]:
        asked = requestor is None and not peer.is_requestor
        others = () if requestor is None else (requestor.as_participant(),)
        if is_sent:
            own = self._self(codes.SOURCE, is_requestor=asked)
            return own, peer.as_participant(codes.DESTINATION), *others
        return peer.as_participant(codes.SOURCE), self._self(codes.DESTINATION, is_requestor=asked), *others

    def _self(self, *roles: Code, is_requestor: bool = False) -> Participant:
        return Participant(str(os.getpid()), is_requestor, roles, ae_title=self._ae_title, address=self._host)

    def _write(self, message: Message) -> None:
        try:
            self._trail.append(encode(message, self._source))
        except Exception as error:  # noqa: BLE001 - the node's work goes on without its trail
            _log.error(
                "audit message lost", event_type=message.event.meaning, error=describe_exception(error)
            )


def no_auditor() -> Auditor:
    """Make an auditor that keeps nothing, for where no trail is wanted."""
    return Auditor(NoTrail(), AuditSource("none"))


def _person() -> str:
    """Name who runs this command."""
    with suppress(OSError, KeyError):
        return getpass.getuser()
    return str(os.getuid())
