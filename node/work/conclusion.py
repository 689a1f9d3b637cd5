"""How a film's job ends in the ledger: everything that follows from it in one transaction."""

from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from node.log import EventLog
from node.work.doorbell import ring
from node.work.retry import Bury, Drop, Later, RetryPolicy, decide
from node.work.routing import Routes
from node.work.values import FilmFailure, FilmResult, KeptBack, ResultInstance
from storage.analyses import add_analysis
from storage.errors import LeaseLost
from storage.events import add_event
from storage.instances import add_instance
from storage.ledger import Ledger
from storage.queue import bury, complete, enqueue, get_job, retry_later
from storage.routing import Stage, add_routing
from storage.shadows import ask_shadow
from storage.summaries import ask_for_summary
from storage.values import Claim, JobState, ReceivedInstance

_log = EventLog("worker")


@dataclass(frozen=True, slots=True)
class Concluder:
    """Writes what became of claims.

    Attributes
    ----------
    ae_title
        The node's own; it stands as the sender of result objects in the index.
    data_dir
        Where the bells of the delivery loops are.
    """

    ledger: Ledger
    routes: Routes
    policy: RetryPolicy
    ae_title: str
    data_dir: Path

    def finish(self, claim: Claim, result: FilmResult) -> bool:
        """End a job with its results: instances, record, DELIVER jobs and the job itself, or nothing of it.

        Returns
        -------
        bool
            False when another worker has the job by now; its results are the same.

        Raises
        ------
        StorageFailed
            If the ledger cannot be written at the moment.
        """
        try:
            with self.ledger.begin() as connection:
                complete(connection, claim)
                priority = get_job(connection, claim.job_id).priority
                for made in result.instances:
                    added = add_instance(
                        connection,
                        self._as_received(made),
                        made.file,
                        made.role,
                        source_instance_id=claim.instance_id,
                    )
                    enqueue(connection, self.routes.jobs(result, made, added.instance.instance_id, priority))
                add_analysis(connection, result.record)
                if not result.record.details.get("stands_for_it"):
                    ask_shadow(connection, claim, result.record.bundle_digest)
                decision = result.decision
                add_routing(
                    connection, claim.instance_id, Stage.ANALYSIS, decision.route, decision.as_record()
                )
                pause = self.routes.asks_for_summary(result)
                if pause is not None:
                    ask_for_summary(connection, claim.instance_id, pause, claim.max_attempts)
        except LeaseLost:
            return False
        for name in self.routes.names:
            ring(self.data_dir, f"deliver.{name}")
        return True

    def keep_back(self, claim: Claim, kept: KeptBack) -> bool:
        """End a job without analysis, because a route says now that the film is only stored.

        Raises
        ------
        StorageFailed
            If the ledger cannot be written at the moment.
        """
        try:
            with self.ledger.begin() as connection:
                complete(connection, claim)
                decision = kept.decision
                add_routing(
                    connection, claim.instance_id, Stage.ANALYSIS, decision.route, decision.as_record()
                )
        except LeaseLost:
            return False
        _log.info("film kept back", sop_instance_uid=claim.key, route=kept.decision.route)
        return True

    def fail(self, claim: Claim, failure: FilmFailure) -> None:
        """End an attempt without result: later, or never.

        Raises
        ------
        StorageFailed
            If the ledger cannot be written at the moment.
        """
        try:
            with self.ledger.begin() as connection:
                match decide(failure.failure, claim.attempt, self.policy):
                    case Later(delay):
                        state = retry_later(connection, claim, failure.error, delay)
                    case Bury():
                        bury(connection, claim, failure.error)
                        state = JobState.DEAD
                    case Drop():
                        return
                if state is JobState.DEAD:
                    add_event(connection, "analysis given up", subject=claim.key, detail=failure.error)
        except LeaseLost:
            return
        _log.warning(
            "analysis failed", sop_instance_uid=claim.key, attempt=claim.attempt, reason=failure.error
        )

    def _as_received(self, made: ResultInstance) -> ReceivedInstance:
        return ReceivedInstance(
            attributes=made.attributes,
            transfer_syntax_uid=made.transfer_syntax_uid,
            calling_ae_title=self.ae_title,
            called_ae_title=self.ae_title,
            peer_address="",
            received_at=datetime.now(UTC),
            part10=b"",
        )
