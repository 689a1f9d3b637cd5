"""Results that lie on the node, sent to a destination that did not get them when they were made."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from node.config.addressee import addressee
from node.config.destinations import DestinationConfig
from node.config.schema import Config
from node.errors import NothingToSend
from node.operators import operator_name
from node.overview import open_ledger
from node.result_uids import uid_of_result
from node.routing.values import LOW
from node.work.doorbell import ring
from node.work.wishes import Wishes
from storage.analysed import analysed_films
from storage.analyses import latest_analysis
from storage.events import add_event
from storage.instances import results_of
from storage.queue import enqueue
from storage.routing import RoutingRecord, Stage, latest_routing
from storage.values import JUDGED, AnalysisRecord, JobKind, NewJob, StoredInstance

_ONLY_OF_JUDGED = ("seg", "pr")
_TURNED_AWAY = "not eligible"

ELSEWHERE = "their routes name other destinations, or none"
STOOD_FOR = "another film of the exposure stands for them"
NOT_ELIGIBLE = "they are not eligible, and results.send_not_eligible is false"


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
    left_out
        Number of films of which nothing is sent, by the reason.
    """

    films: int
    queued: int
    known: int
    never_made: tuple[str, ...]
    left_out: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class _Selection:
    """Says what of a film a destination may have."""

    destination: DestinationConfig
    wishes: Wishes
    against_routes: bool

    def left_out(self, record: AnalysisRecord, routed: RoutingRecord | None) -> str:
        """Give the reason why the destination gets nothing of a film; "" when it may."""
        if record.details.get("stands_for_it"):
            return STOOD_FOR
        if record.outcome == _TURNED_AWAY and not self.wishes.sends_not_eligible:
            return NOT_ELIGIBLE
        return "" if self.against_routes or self._is_routed_here(routed) else ELSEWHERE

    def expected(self, film: StoredInstance, record: AnalysisRecord) -> list[str]:
        """Give the UIDs of the results of an analysis, as they are derived when they are made."""
        return [
            uid_of_result(record, film.sop_instance_uid, form.uid_name)
            for form in sorted(self.wishes.forms[self.destination.name], key=lambda form: form.uid_name)
            if form.kind not in _ONLY_OF_JUDGED or record.outcome in JUDGED
        ]

    def _is_routed_here(self, routed: RoutingRecord | None) -> bool:
        if routed is None:  # analysed before there were routes
            return True
        named = routed.decision.get("destinations")
        names = named if isinstance(named, list) else []
        # A decision that does not say whether it was for all comes from before this was written down.
        is_for_all = bool(routed.decision.get("for_all", bool(names) and not routed.route))
        return is_for_all or self.destination.name in names


def send_stored(
    config: Config,
    name: str,
    *,
    study_instance_uid: str | None = None,
    since: datetime | None = None,
    against_routes: bool = False,
) -> SentAgain:
    """Queue the stored results of films for one destination, as its profile and the films' routes say.

    Parameters
    ----------
    study_instance_uid, since
        Only films of a study, or analysed since a moment, UTC.
    against_routes
        Also of films whose route named other destinations, or was in shadow; the event says so.

    Raises
    ------
    UnknownDestination, NothingToSend, NoLedger, StorageError
        If there is no such destination or ledger, or its profile lets nothing be sent.
    """
    destination = _destination(config, name)
    selection = _Selection(destination, Wishes.of(config), against_routes)
    jobs, lacking, left_out = list[NewJob](), list[str](), Counter[str]()
    with open_ledger(config) as ledger, ledger.begin() as connection:
        films = analysed_films(connection, study_instance_uid=study_instance_uid, since=since)
        for film in films:
            record = latest_analysis(connection, film.instance_id)
            if record is None:
                continue
            routed = latest_routing(connection, film.instance_id, Stage.ANALYSIS)
            reason = selection.left_out(record, routed)
            if reason:
                left_out[reason] += 1
                continue
            held = {result.sop_instance_uid: result for result in results_of(connection, film.instance_id)}
            expected = selection.expected(film, record)
            jobs += [_job(held[uid], destination) for uid in expected if uid in held]
            if not all(uid in held for uid in expected):
                lacking.append(film.sop_instance_uid)
        queued = enqueue(connection, jobs)
        detail = f"{queued} results queued by {operator_name()}" + (
            ", whatever the routes of the films said" if against_routes else ""
        )
        add_event(connection, "stored results sent", subject=destination.name, detail=detail)
    ring(config.node.data_dir, f"{JobKind.DELIVER}.{destination.name}")
    return SentAgain(len(films), queued, len(jobs) - queued, tuple(lacking), left_out)


def _destination(config: Config, name: str) -> DestinationConfig:
    destination = addressee(config, name)
    if destination.shadow or not Wishes.of(config).forms[destination.name]:
        reason = "is in shadow" if destination.shadow else "has no results in its `send`"
        raise NothingToSend(
            f"destination {destination.name} {reason}; change that in the configuration first"
        )
    return destination


def _job(result: StoredInstance, destination: DestinationConfig) -> NewJob:
    return NewJob(
        kind=JobKind.DELIVER,
        key=result.sop_instance_uid,
        instance_id=result.instance_id,
        destination=destination.name,
        priority=LOW,  # behind the results of films that come in meanwhile
        max_attempts=destination.retry.max_attempts,
    )
