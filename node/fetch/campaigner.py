"""Works on one campaign: searches day by day and fetches what was found, until nothing is left to do.

Every step is in the ledger before the next one begins, and repeating a step does no harm: a process that was
killed is followed by one that goes on (``neolung fetch resume``).
"""

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import timedelta
from functools import partial

from node.config.destinations import DestinationConfig
from node.config.schema import Config
from node.errors import AssociationRefused, CampaignStopped, FetchFailed, FetchRefused, QueryFailed
from node.fetch.criteria import Criteria
from node.fetch.listing import list_study
from node.fetch.retrieving import Retriever
from node.fetch.searching import Portion, find_studies
from node.log import EventLog
from node.network.find_scu import open_questions
from node.processes.lifetime import Drain
from node.work.retry import RetryPolicy
from storage.campaign_studies import (
    CampaignCount,
    CampaignStudy,
    add_studies,
    count_studies,
    due_studies,
    finish_study,
    next_due,
    put_off_study,
)
from storage.campaigns import Campaign, CampaignState, change_state, get_campaign, note_error
from storage.ledger import Ledger

_LOOK_S = 1.0

_log = EventLog("fetch")

Show = Callable[[Campaign, Callable[[], CampaignCount]], None]
"""Shows how far a campaign is, or not just now: counting takes time where there are many studies."""


@dataclass(frozen=True, slots=True)
class Tools:
    """What every campaign at one destination works with."""

    config: Config
    ledger: Ledger
    destination: DestinationConfig
    retriever: Retriever
    drain: Drain

    @property
    def policy(self) -> RetryPolicy:
        """Pauses between tries."""
        return RetryPolicy(self.destination.retry.first_delay_s, self.destination.retry.max_delay_s)


class Campaigner:
    """Works on one campaign in this process."""

    def __init__(self, tools: Tools, name: str, show: Show) -> None:
        self._tools = tools
        self._name = name
        self._show = show
        self._failures = 0

    def run(self) -> Campaign:
        """Work until the campaign is done, an operator wants it otherwise, or the wish to stop; give it.

        Raises
        ------
        CampaignStopped
            If the destination does not let it go on; the campaign stays open.
        """
        try:
            while (campaign := self._look()).state is CampaignState.OPEN and not self._tools.drain.requested:
                self._step(campaign)
        except CampaignStopped as stop:
            with self._tools.ledger.begin() as connection:
                note_error(connection, self._look().campaign_id, str(stop))
            _log.error("campaign stopped", campaign=self._name, reason=str(stop))
            raise
        return campaign

    def _look(self) -> Campaign:
        with self._tools.ledger.read() as connection:
            campaign = get_campaign(connection, self._name)
            self._show(campaign, partial(count_studies, connection, campaign.campaign_id))
        return campaign

    def _step(self, campaign: Campaign) -> None:
        """Fetch what is due, else search on, else wait, else end."""
        tools = self._tools
        with tools.ledger.read() as connection:
            due = due_studies(connection, campaign.campaign_id, tools.config.fetch.associations)
            wait = next_due(connection, campaign.campaign_id)
        if due:
            self._fetch_all(campaign, due)
        elif not campaign.is_searched:
            self._search(campaign)
        elif wait is not None:
            tools.drain.wait(min(_LOOK_S, wait.total_seconds()))
        else:
            with tools.ledger.begin() as connection:
                change_state(connection, self._name, CampaignState.DONE, of=[CampaignState.OPEN])

    def _search(self, campaign: Campaign) -> None:
        tools = self._tools
        days = timedelta(days=tools.config.fetch.days_per_query - 1)
        portion = Portion(campaign.search_next, min(campaign.search_next + days, campaign.search_to))
        try:
            with open_questions(tools.destination, tools.config.node.ae_title) as questions:
                found = find_studies(questions, Criteria.from_json(campaign.criteria), portion)
        except (AssociationRefused, QueryFailed) as error:
            self._bear(error)
            return
        self._failures = 0
        with tools.ledger.begin() as connection:
            added = add_studies(connection, campaign, list(found), portion.last_day + timedelta(days=1))
        _log.info("searched", campaign=self._name, to=portion.last_day, studies=len(found), new=added)

    def _fetch_all(self, campaign: Campaign, due: Sequence[CampaignStudy]) -> None:
        criteria = Criteria.from_json(campaign.criteria)
        with ThreadPoolExecutor(len(due), thread_name_prefix="fetch") as pool:
            for error in list(pool.map(lambda study: self._try(criteria, study), due)):
                if error is None:
                    self._failures = 0
                else:
                    self._bear(error)

    def _try(self, criteria: Criteria, study: CampaignStudy) -> Exception | None:
        """Fetch one study and write down what came of it; give the error, if any."""
        try:
            return self._fetch(criteria, study)
        except (FetchRefused, AssociationRefused) as error:
            return error  # says nothing about the study
        except FetchFailed as error:
            return self._put_off(study, error, str(error))
        except QueryFailed as error:
            return self._put_off(study, error, error.reason)

    def _fetch(self, criteria: Criteria, study: CampaignStudy) -> Exception | None:
        tools, uid = self._tools, study.study_instance_uid
        with open_questions(tools.destination, tools.config.node.ae_title) as questions:
            listing = list_study(questions, criteria, uid, tools.ledger)
        arrived = tools.retriever.fetch(listing, study.study_row)
        _log.info(
            "study fetched",
            study_instance_uid=uid,
            fetched=arrived.fetched,
            missing=arrived.missing,
            held=listing.held,
        )
        if not arrived.missing:
            with tools.ledger.begin() as connection:
                wanted, held = len(listing.wanted), listing.held
                finish_study(connection, study.study_row, wanted=wanted, held=held, fetched=arrived.fetched)
            return None
        if tools.drain.requested:
            return None
        text = f"{arrived.missing} of {len(listing.missing_uids)} objects did not come"
        text += f"; {tools.destination.name} reports {arrived.failed} failed"
        if not arrived.fetched:
            text += self._hint()
        failure = self._put_off(study, FetchFailed(text), text, fetched=arrived.fetched)
        # Where something came, it is the study that is amiss, not the two systems.
        return None if arrived.fetched else failure

    def _hint(self) -> str:
        """Say what to look at when nothing comes at all."""
        name, node = self._tools.destination.name, self._tools.config.node
        if self._tools.destination.retrieve == "get":
            return ". The node's log says whether it refused them"
        return (
            f". Does {name} know where {node.ae_title} listens, and does access.peers let it store? The "
            "node's log says whether it called"
        )

    def _put_off(self, study: CampaignStudy, error: Exception, text: str, *, fetched: int = 0) -> Exception:
        tools, attempt = self._tools, study.attempts + 1
        delay = tools.policy.delay(attempt) if attempt < tools.config.fetch.max_attempts else None
        with tools.ledger.begin() as connection:
            put_off_study(connection, study, text, delay, fetched=fetched)
        _log.warning("study not fetched", study_instance_uid=study.study_instance_uid, reason=text)
        return error

    def _bear(self, error: Exception) -> None:
        """Go on after a pause, or stop the campaign when that is to no purpose."""
        self._failures += 1
        reason = error.reason if isinstance(error, QueryFailed) else str(error)
        if isinstance(error, FetchRefused) or self._failures >= self._tools.config.fetch.give_up_after:
            raise CampaignStopped(f"{reason}. To go on afterwards: neolung fetch resume {self._name}")
        if isinstance(error, AssociationRefused | QueryFailed):
            self._tools.drain.wait(self._tools.policy.delay(self._failures).total_seconds())
