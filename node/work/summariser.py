"""Makes the summaries of studies: a queue of the ledger, so that none is lost and none is made twice."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from io import BytesIO

from pydicom import Dataset, dcmread
from pydicom.uid import Comprehensive3DSRStorage

from node.config.schema import Config
from node.index import index_attributes
from node.log import EventLog, describe_exception
from node.result_uids import uid_of_result
from node.routing.summaries import PlannedSummary, moment_of, pause_of, plan_summaries
from node.work.doorbell import ring
from node.work.retry import RetryPolicy
from node.work.values import describe_failure
from pipeline.errors import UnsupportedInstance
from pipeline.results import to_part10
from pipeline.results.options import in_charset
from pipeline.results.predecessors import REPORT_KIND, DocumentReference, name_predecessors, reference
from pipeline.results.summary import Member, films_in, make_summary
from pipeline.results.times import content_moment, in_offset
from storage.errors import LeaseLost, StorageFailed
from storage.events import add_event
from storage.instances import add_instance, find_instance
from storage.ledger import Ledger
from storage.objects import ObjectStore
from storage.queue import claim, complete, enqueue, postpone, retry_later
from storage.summaries import JudgedFilm, judged_films, must_wait, summaries_of
from storage.values import (
    Claim,
    JobKind,
    JobState,
    NewJob,
    ReceivedInstance,
    Role,
    StoredFile,
    StoredInstance,
)

_LEASE = timedelta(minutes=5)
_FILMS_TO_COME = "waits for films of the study that are still to be analysed"
_NOTHING_DUE = float("inf")

_log = EventLog("summariser")


@dataclass(frozen=True, slots=True, eq=False)
class _Made:
    """A summary whose file is durable."""

    plan: PlannedSummary
    dataset: Dataset
    file: StoredFile


@dataclass(frozen=True, slots=True)
class Summariser:
    """Works on the SUMMARISE queue, a study at a time.

    Attributes
    ----------
    owner
        Name of this loop among all that work on the queue.
    utc_offset
        In which the summary is dated where the film that leads states none.
    """

    config: Config
    ledger: Ledger
    store: ObjectStore
    owner: str
    utc_offset: str

    def turn(self) -> float:
        """Make what is due of one study.

        Returns
        -------
        float
            Seconds for which nothing is to be done; 0 when there may be more.

        Raises
        ------
        StorageFailed
            If the ledger does not answer.
        """
        claims = claim(self.ledger, JobKind.SUMMARISE, "", 1, lease=_LEASE, owner=self.owner)
        if not claims:
            return _NOTHING_DUE
        try:
            self._attend(claims[0])
        except LeaseLost:
            _log.info("a later film came: the summary is made anew", study_instance_uid=claims[0].key)
        except StorageFailed:
            raise
        except Exception as error:  # noqa: BLE001 - the job boundary: one study must not stop the loop
            self._put_off(claims[0], describe_failure(error) or describe_exception(error))
        return 0.0

    def _attend(self, held: Claim) -> None:
        """Summarise a study, or let its summary wait while films of it are still to be analysed."""
        pause = pause_of(self.config)
        with self.ledger.read() as connection:
            waits = must_wait(connection, held, pause)
        if not waits:
            self._summarise(held)
            return
        with self.ledger.begin() as connection:
            postpone(connection, held, pause.quiet, keep_token=False, error=_FILMS_TO_COME)

    def _summarise(self, held: Claim) -> None:
        with self.ledger.read() as connection:
            judged = judged_films(connection, held.key)
            former = summaries_of(connection, held.key)
        made = [self._make(plan, former) for plan in plan_summaries(self.config, judged)]
        with self.ledger.begin() as connection:
            complete(connection, held)
            for one in made:
                if find_instance(connection, str(one.dataset.SOPInstanceUID)) is None:
                    entered = add_instance(
                        connection,
                        self._as_received(one.dataset),
                        one.file,
                        Role.SUMMARY,
                        source_instance_id=one.plan.films[0].film.instance_id,
                    )
                    enqueue(connection, _jobs(one.plan, entered.instance))
        for one in made:
            self._announce(one)

    def _make(self, plan: PlannedSummary, former: Sequence[StoredInstance]) -> _Made:
        members = [Member(self._report(one, plan), moment_of(one)) for one in plan.films]
        made_at = max(content_moment(member.report, self.utc_offset) for member in members)
        offset = str(members[0].report.get("TimezoneOffsetFromUTC") or self.utc_offset)
        summary = make_summary(members, in_offset(made_at, offset))
        name_predecessors(summary, self._replaced(summary, former))
        return _Made(plan, summary, self.store.write(to_part10(summary)))

    def _report(self, one: JudgedFilm, plan: PlannedSummary) -> Dataset:
        """Read a film's report: that of its newest analysis, in the character set that is wanted."""
        kind = in_charset(REPORT_KIND, plan.charset)
        expected = uid_of_result(one.record, one.film.sop_instance_uid, kind)
        whole = [report for report in one.reports if report.sop_class_uid == Comprehensive3DSRStorage]
        known = [report for report in whole if report.sop_instance_uid == expected] or whole
        if not known:
            raise UnsupportedInstance(f"film {one.film.sop_instance_uid} has no report that can be read")
        return self._read(known[-1])

    def _replaced(self, summary: Dataset, former: Sequence[StoredInstance]) -> list[DocumentReference]:
        """Find the newest summary of no other films than these, in the same character set."""
        films = films_in(summary)
        for stored in former:
            if stored.sop_instance_uid == summary.SOPInstanceUID:
                continue
            earlier = self._read(stored)
            is_alike = earlier.get("SpecificCharacterSet") == summary.get("SpecificCharacterSet")
            if is_alike and films_in(earlier) <= films:
                return [reference(earlier)]
        return []

    def _read(self, stored: StoredInstance) -> Dataset:
        return dcmread(BytesIO(self.store.read(stored.file)))

    def _as_received(self, summary: Dataset) -> ReceivedInstance:
        ae_title = self.config.node.ae_title
        return ReceivedInstance(
            attributes=index_attributes(summary),
            transfer_syntax_uid=str(summary.file_meta.TransferSyntaxUID),
            calling_ae_title=ae_title,
            called_ae_title=ae_title,
            peer_address="",
            received_at=datetime.now(UTC),
            part10=b"",
        )

    def _announce(self, made: _Made) -> None:
        for destination in made.plan.destinations:
            ring(self.config.node.data_dir, f"deliver.{destination.name}")
        _log.info(
            "study summarised",
            study_instance_uid=str(made.dataset.StudyInstanceUID),
            sop_instance_uid=str(made.dataset.SOPInstanceUID),
            films=len(made.plan.films),
        )

    def _put_off(self, held: Claim, reason: str) -> None:
        policy = RetryPolicy(self.config.work.first_delay_s, self.config.work.max_delay_s)
        try:
            with self.ledger.begin() as connection:
                state = retry_later(connection, held, reason, policy.delay(held.attempt))
                if state is JobState.DEAD:
                    add_event(connection, "summary given up", subject=held.key, detail=reason)
        except LeaseLost:
            return
        _log.warning("summary put off", study_instance_uid=held.key, attempt=held.attempt, reason=reason)


def _jobs(plan: PlannedSummary, summary: StoredInstance) -> Iterator[NewJob]:
    for destination in plan.destinations:
        if not destination.shadow:
            yield NewJob(
                kind=JobKind.DELIVER,
                key=summary.sop_instance_uid,
                instance_id=summary.instance_id,
                destination=destination.name,
                max_attempts=destination.retry.max_attempts,
            )
