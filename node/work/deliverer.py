"""Delivers result objects to one destination: claim, one association, C-STORE each, a commit for each answer.

The destination's answer and what follows from it are written together. A crash between the answer and the
commit sends the same SOP Instance again, which a PACS takes for the instance that it has already.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from time import monotonic

from pynetdicom.presentation import PresentationContext, build_context

from node.audit.auditor import StudyPart
from node.errors import AssociationRefused
from node.log import EventLog, describe_exception
from node.network.outgoing import UNCOMPRESSED, make_contexts
from node.network.sender import Sender, SendResult, StoreAssociation, Verdict
from node.processes.lifetime import Drain
from node.work.circuit import Circuit
from node.work.outbox import Outbox
from node.work.variants import REPORT_CLASS, VARIANT_CLASS, enhanced_variant
from storage.errors import LeaseLost, ObjectLost, StorageFailed
from storage.instances import get_instances
from storage.queue import claim, extend, release
from storage.values import Claim, JobKind, StoredInstance

Parcel = tuple[Claim, StoredInstance]

NOTHING_DUE = float("inf")

_log = EventLog("deliverer")


class Deliverer:
    """Works on the DELIVER queue of one destination, a turn at a time."""

    def __init__(self, outbox: Outbox, circuit: Circuit, drain: Drain) -> None:
        self._outbox = outbox
        self._ledger = outbox.ledger
        self._destination = outbox.destination
        self._sender = Sender(outbox.destination, outbox.calling_ae_title)
        self._circuit = circuit
        self._drain = drain
        self._extend_at = 0.0
        self._failures = 0
        self._transfer = outbox.transfer()
        self._described: Mapping[str, StudyPart] = {}

    def turn(self) -> float:
        """Deliver what is due, over one association.

        Returns
        -------
        float
            Seconds for which nothing is to be done; 0 when there may be more.

        Raises
        ------
        StorageFailed
            If the ledger does not answer; what was claimed is claimed again when its lease has ended.
        """
        rest_s = self._circuit.rest_s()
        if rest_s > 0:
            return self._rest(rest_s)
        if self._circuit.needs_probe and not self._probe():
            return self._circuit.rest_s()
        limit = 1 if self._circuit.is_recovering else self._destination.batch
        claims = claim(
            self._ledger,
            JobKind.DELIVER,
            self._destination.name,
            limit,
            lease=self._outbox.lease,
            owner=self._outbox.owner,
        )
        if not claims:
            return NOTHING_DUE
        self._deliver(claims)
        return 0.0

    def _rest(self, rest_s: float) -> float:
        """Leave the destination alone, but look now and then whether it is back: that ends its pause."""
        if self._circuit.probe_in_s() == 0:
            try:
                self._sender.echo()
            except AssociationRefused:
                self._circuit.put_off_probe()
            else:
                _log.info("destination answers again", destination=self._destination.name)
                self._circuit.note_alive()
                return 0.0
        return min(rest_s, self._circuit.probe_in_s())

    def _probe(self) -> bool:
        try:
            self._sender.echo()
        except AssociationRefused as error:
            self._note_failure(str(error))
            return False
        self._circuit.note_alive()
        return True

    def _deliver(self, claims: Sequence[Claim]) -> None:
        with self._ledger.read() as connection:
            instances = get_instances(connection, [held.instance_id for held in claims])
        parcels: Sequence[Parcel] = list(zip(claims, instances, strict=True))
        failures = self._failures
        self._transfer, self._described = self._outbox.transfer(), self._outbox.described(instances)
        try:
            with self._sender.associate(self._contexts(instances)) as association:
                left = self._send_all(association, parcels)
        except AssociationRefused as error:
            left = parcels
            self._note_failure(str(error))
        finally:
            self._transfer.close()
        if left:
            release(self._ledger, [held for held, _ in left])
            if failures == self._failures and not self._drain.requested:
                self._note_failure("the destination ended the association")

    def _contexts(self, instances: Sequence[StoredInstance]) -> list[PresentationContext]:
        """Propose what the objects need, and the stand-in for reports where it may be needed."""
        kind = self._destination.sr_class
        classes = {instance.sop_class_uid for instance in instances}
        if kind == "comprehensive-3d" or REPORT_CLASS not in classes:
            return make_contexts(map(self._outbox.outgoing, instances))
        dropped = REPORT_CLASS if kind == "enhanced" else None
        sent_as_is = [instance for instance in instances if instance.sop_class_uid != dropped]
        stand_in = [] if VARIANT_CLASS in classes else [build_context(VARIANT_CLASS, list(UNCOMPRESSED))]
        return make_contexts(map(self._outbox.outgoing, sent_as_is)) + stand_in

    def _send_all(self, association: StoreAssociation, parcels: Sequence[Parcel]) -> Sequence[Parcel]:
        """Send one after the other; return those that were not sent."""
        self._extend_at = monotonic() + self._outbox.lease.total_seconds() / 3
        for number, (held, instance) in enumerate(parcels):
            if self._drain.requested:
                return parcels[number:]
            self._keep_leased(parcels[number:])
            verdict = self._send(association, held, instance)
            if verdict is Verdict.UNSENT:
                return parcels[number:]
            if verdict is Verdict.LATER:
                return parcels[number + 1 :]
        return ()

    def _keep_leased(self, parcels: Sequence[Parcel]) -> None:
        if monotonic() >= self._extend_at:
            extend(self._ledger, [held for held, _ in parcels], self._outbox.lease)
            self._extend_at = monotonic() + self._outbox.lease.total_seconds() / 3

    def _send(self, association: StoreAssociation, held: Claim, instance: StoredInstance) -> Verdict:
        """Send one object and write down what became of it; the verdict tells whether to go on."""
        try:
            return self._attempt(association, held, instance)
        except LeaseLost:
            _log.warning("delivered after the lease was lost", sop_instance_uid=held.key)
            return Verdict.DELIVERED

    def _attempt(self, association: StoreAssociation, held: Claim, instance: StoredInstance) -> Verdict:
        sent = instance
        try:
            sent = self._stand_in(association, instance)
            self._transfer.begin(self._described[sent.study_instance_uid], sent.sop_class_uid)
            result = association.store(self._outbox.verified(sent))
            if result.verdict is Verdict.REFUSED and not association.accepts(sent.sop_class_uid):
                result = replace(result, detail=result.detail + self._outbox.advice(sent))
        except StorageFailed:
            raise
        except ObjectLost as error:
            result = SendResult(sent.sop_instance_uid, Verdict.REFUSED, None, str(error))
        except Exception as error:  # noqa: BLE001 - the job boundary: one odd object must not stop the others
            self._outbox.put_off(held, describe_exception(error))
            return Verdict.REFUSED
        self._note(held, sent, result)
        return result.verdict

    def _note(self, held: Claim, sent: StoredInstance, result: SendResult) -> None:
        self._transfer.end(failure="" if result.verdict is Verdict.DELIVERED else result.detail)
        match result.verdict:
            case Verdict.DELIVERED:
                self._outbox.complete(held, sent, result.status or 0)
                self._circuit.note_success()
            case Verdict.REFUSED:
                self._outbox.bury(held, sent, result)
            case Verdict.LATER:
                self._outbox.put_off(held, result.detail)
                self._note_failure(result.detail)
            case Verdict.UNSENT:
                pass

    def _note_failure(self, reason: str) -> None:
        self._failures += 1
        self._circuit.note_failure(reason)

    def _stand_in(self, association: StoreAssociation, instance: StoredInstance) -> StoredInstance:
        """Choose between a report and its Enhanced SR; any other object stands for itself."""
        kind = self._destination.sr_class
        if instance.sop_class_uid != REPORT_CLASS or kind == "comprehensive-3d":
            return instance
        refused = not association.accepts(REPORT_CLASS) and association.accepts(VARIANT_CLASS)
        if kind == "enhanced" or refused:
            return enhanced_variant(self._ledger, self._outbox.store, instance)
        return instance
