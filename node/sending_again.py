"""Results that lie on the node, sent to a destination that did not get them when they were made."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from node.config.addressee import addressee
from node.config.destinations import DestinationConfig
from node.config.schema import Config
from node.errors import NothingToSend
from node.operators import operator_name
from node.overview import open_ledger
from node.routing.values import LOW
from node.work.doorbell import ring
from node.work.wishes import Wishes
from pipeline.results import Form, result_uid
from storage.analysed import analysed_films
from storage.analyses import latest_analysis
from storage.events import add_event
from storage.instances import results_of
from storage.queue import enqueue
from storage.values import AnalysisRecord, JobKind, NewJob, StoredInstance

_JUDGED = ("present", "absent")
_ONLY_OF_JUDGED = ("seg", "pr")


@dataclass(frozen=True, slots=True)
class SentAgain:
    """What was put in the queue.

    Attributes
    ----------
    films
        Number of films that were looked at.
    queued
        Results that will be sent.
    known
        Results that were queued for this destination before, whatever became of them.
    never_made
        SOP Instance UIDs of films of which some result was not made, because nobody wanted it.
    """

    films: int
    queued: int
    known: int
    never_made: tuple[str, ...]


def send_stored(
    config: Config, name: str, *, study_instance_uid: str | None = None, since: datetime | None = None
) -> SentAgain:
    """Queue the stored results of films for one destination, as its profile says.

    Parameters
    ----------
    study_instance_uid, since
        Only films of a study, or analysed since a moment, UTC.

    Raises
    ------
    UnknownDestination, NothingToSend, NoLedger, StorageError
        If there is no such destination or ledger, or its profile lets nothing be sent.
    """
    destination = addressee(config, name)
    forms = Wishes.of(config).forms[destination.name]
    if destination.shadow or not forms:
        reason = "is in shadow" if destination.shadow else "has no results in its `send`"
        raise NothingToSend(
            f"destination {destination.name} {reason}; change that in the configuration first"
        )
    jobs, lacking = list[NewJob](), list[str]()
    with open_ledger(config) as ledger, ledger.begin() as connection:
        films = analysed_films(connection, study_instance_uid=study_instance_uid, since=since)
        for film in films:
            held = {result.sop_instance_uid: result for result in results_of(connection, film.instance_id)}
            record = latest_analysis(connection, film.instance_id)
            expected = [] if record is None else list(_expected(film, record, forms))
            jobs += [_job(held[uid], destination) for uid in expected if uid in held]
            if not all(uid in held for uid in expected):
                lacking.append(film.sop_instance_uid)
        queued = enqueue(connection, jobs)
        detail = f"{queued} results queued by {operator_name()}"
        add_event(connection, "stored results sent", subject=destination.name, detail=detail)
    ring(config.node.data_dir, f"{JobKind.DELIVER}.{destination.name}")
    return SentAgain(len(films), queued, len(jobs) - queued, tuple(lacking))


def _expected(film: StoredInstance, record: AnalysisRecord, forms: frozenset[Form]) -> Iterator[str]:
    """Give the UIDs of the results of an analysis in these forms, as they are derived when they are made."""
    for form in sorted(forms, key=lambda form: form.uid_name):
        if form.kind not in _ONLY_OF_JUDGED or record.outcome in _JUDGED:
            yield result_uid(
                film.sop_instance_uid, record.bundle_digest, form.uid_name, version=record.pipeline_version
            )


def _job(result: StoredInstance, destination: DestinationConfig) -> NewJob:
    return NewJob(
        kind=JobKind.DELIVER,
        key=result.sop_instance_uid,
        instance_id=result.instance_id,
        destination=destination.name,
        priority=LOW,  # behind the results of films that come in meanwhile
        max_attempts=destination.retry.max_attempts,
    )
