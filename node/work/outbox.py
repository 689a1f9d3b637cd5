"""The ledger's side of one destination: what is sent there, and what is written down of each answer."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path

from node.audit.auditor import Auditor, Peer, StudyPart, no_auditor
from node.audit.transfers import Transfer, describe
from node.config.destinations import DestinationConfig
from node.log import EventLog
from node.network.outgoing import OutgoingObject
from node.network.sender import SendResult
from node.work.doorbell import ring
from node.work.retry import RetryPolicy
from node.work.values import kind_of
from storage.deliveries import record_delivery
from storage.events import add_event
from storage.ledger import Ledger
from storage.objects import ObjectStore
from storage.patients import patients_of
from storage.queue import bury, complete, enqueue, get_job, retry_later
from storage.values import Claim, JobKind, JobState, NewJob, StoredInstance

_log = EventLog("outbox")


@dataclass(frozen=True, slots=True)
class Outbox:
    """What the loops of one destination share.

    Attributes
    ----------
    owner
        Name of these loops among all that deliver; the same again after a restart.
    """

    ledger: Ledger
    store: ObjectStore
    destination: DestinationConfig
    calling_ae_title: str
    owner: str
    data_dir: Path
    auditor: Auditor = field(default_factory=no_auditor)

    def transfer(self) -> Transfer:
        """Begin to count for the audit trail what goes to the destination."""
        peer = Peer(self.destination.ae_title, self.destination.host, is_requestor=False)
        return Transfer(self.auditor, peer, is_sent=True)

    def described(self, instances: Sequence[StoredInstance]) -> Mapping[str, StudyPart]:
        """Say whose studies these are, by Study Instance UID."""
        with self.ledger.read() as connection:
            found = patients_of(connection, (each.study_instance_uid for each in instances))
        return {study_uid: describe(attributes) for study_uid, attributes in found.items()}

    @property
    def name(self) -> str:
        """Name of the destination."""
        return self.destination.name

    @property
    def policy(self) -> RetryPolicy:
        """Pauses between the attempts with one object."""
        return RetryPolicy(self.destination.retry.first_delay_s, self.destination.retry.max_delay_s)

    @property
    def lease(self) -> timedelta:
        """Longer than any exchange with the destination can be silent."""
        waits = self.destination
        opening_s = waits.connect_timeout_s + waits.acse_timeout_s
        return timedelta(seconds=60 + 2 * (opening_s + waits.dimse_timeout_s + waits.network_timeout_s))

    def outgoing(self, instance: StoredInstance) -> OutgoingObject:
        """Describe an object for the sender."""
        return OutgoingObject(
            sop_class_uid=instance.sop_class_uid,
            sop_instance_uid=instance.sop_instance_uid,
            transfer_syntax_uid=instance.transfer_syntax_uid,
            path=self.store.path(instance.file),
        )

    def verified(self, instance: StoredInstance) -> OutgoingObject:
        """Describe an object for the sender after checking its file.

        Raises
        ------
        ObjectLost
            If the file is missing or damaged.
        """
        self.store.read(instance.file)
        return self.outgoing(instance)

    def advice(self, refused: StoredInstance) -> str:
        """Say what an operator can change when the destination takes no object of this SOP Class."""
        kind, ways = kind_of(refused.role), []
        if kind in self.destination.send:
            ways.append(f"take {kind} out of `send` of destination {self.name}")
        if kind == "sr" and self.destination.sr_class != "auto":
            ways.append("set its sr_class to auto")
        if self.destination.transfer_syntax != "auto":
            ways.append("set its transfer_syntax to auto")
        return f"; enable it there, or {', or '.join(ways)}" if ways else ""

    def complete(self, held: Claim, sent: StoredInstance, status: int) -> None:
        """Write the delivery, the end of its job and the request for commitment: all or nothing.

        Raises
        ------
        LeaseLost
            If the claim no longer holds.
        """
        with self.ledger.begin() as connection:
            complete(connection, held)
            record_delivery(connection, sent.instance_id, self.name, status)
            if self.destination.storage_commitment:
                wanted = NewJob(
                    kind=JobKind.COMMIT,
                    key=held.key,  # by which an object that is not kept finds its DELIVER job again
                    instance_id=sent.instance_id,
                    destination=self.name,
                    priority=get_job(connection, held.job_id).priority,
                    max_attempts=self.destination.retry.max_attempts,
                )
                enqueue(connection, [wanted])
        ring(self.data_dir, f"commit.{self.name}")
        _log.info(
            "delivered", sop_instance_uid=sent.sop_instance_uid, destination=self.name, status=f"{status:04X}"
        )

    def bury(self, held: Claim, sent: StoredInstance, result: SendResult) -> None:
        """Make a refused object a dead letter.

        Raises
        ------
        LeaseLost
            If the claim no longer holds.
        """
        uid = sent.sop_instance_uid
        with self.ledger.begin() as connection:
            bury(connection, held, result.detail)
            if result.status is not None:
                record_delivery(connection, sent.instance_id, self.name, result.status)
            detail = f"{self.name}: {result.detail}"
            add_event(connection, "delivery refused", subject=held.key, detail=detail)
        _log.error("delivery refused", sop_instance_uid=uid, destination=self.name, reason=result.detail)

    def put_off(self, held: Claim, reason: str) -> None:
        """Try an object again after a pause.

        Raises
        ------
        LeaseLost
            If the claim no longer holds.
        """
        with self.ledger.begin() as connection:
            state = retry_later(connection, held, reason, self.policy.delay(held.attempt))
            if state is JobState.DEAD:
                add_event(connection, "delivery given up", subject=held.key, detail=f"{self.name}: {reason}")
        _log.warning(
            "delivery put off",
            sop_instance_uid=held.key,
            destination=self.name,
            attempt=held.attempt,
            reason=reason,
        )
