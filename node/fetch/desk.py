"""What an operator does with campaigns: start, resume, repeat, pause, cancel, or only look ahead."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from functools import partial

from node.composition.auditing import make_auditor
from node.config.addressee import addressee, own_address
from node.config.destinations import DestinationConfig
from node.config.schema import Config
from node.errors import CampaignStopped
from node.fetch.campaigner import Campaigner, Show, Tools
from node.fetch.criteria import Criteria
from node.fetch.listing import StudyListing, list_study
from node.fetch.pace import Pace
from node.fetch.retrieving import Pull, Retriever, pull_by_get, pull_by_move
from node.fetch.searching import Portion, find_studies
from node.network.contexts import decodable_syntaxes
from node.network.find_scu import open_questions
from node.network.intake import Intake
from node.network.pull_scu import Getter
from node.operators import operator_name
from node.overview import open_ledger
from node.processes.lifetime import Drain, hold_lock, is_held
from node.processes.service import lock_name
from node.reach import listens
from node.work.doorbell import ring
from storage.campaign_studies import CampaignCount, count_studies
from storage.campaigns import Campaign, CampaignState, add_campaign, begin_round, change_state, get_campaign
from storage.events import add_event
from storage.ledger import Ledger
from storage.objects import ObjectStore

_LOCK_WAIT_S = 1.0
"""Longer than anybody takes to look whether the lock is held."""
_UNFINISHED = (CampaignState.OPEN, CampaignState.PAUSED)


@dataclass(frozen=True, slots=True)
class FoundStudy:
    """One study that would be fetched.

    Attributes
    ----------
    study_date
        As the PACS gives it.
    """

    study_date: str
    listing: StudyListing


def preview(config: Config, name: str, criteria: Criteria, today: date) -> Iterator[FoundStudy]:
    """Search as a campaign would, and change nothing; studies in which nothing fits are left out.

    Raises
    ------
    UnknownDestination, AssociationRefused, QueryFailed, NoLedger, StorageError
    """
    destination = addressee(config, name)
    with (
        open_ledger(config) as ledger,
        open_questions(destination, config.node.ae_title) as questions,
    ):
        for portion in _portions(*criteria.days(today), config.fetch.days_per_query):
            for uid, study in find_studies(questions, criteria, portion).items():
                listing = list_study(questions, criteria, uid, ledger)
                if listing.wanted:
                    yield FoundStudy(str(study.get("StudyDate") or ""), listing)


def start(config: Config, name: str, destination: str, criteria: Criteria, today: date) -> None:
    """Enter a campaign; `work_on` then works on it.

    Raises
    ------
    UnknownDestination, NoLedger, StorageError
        CampaignNotChangeable if there is one of that name.
    """
    known = addressee(config, destination).name
    with open_ledger(config) as ledger, ledger.begin() as connection:
        add_campaign(connection, name, known, criteria.to_json(), criteria.days(today))
        add_event(connection, "campaign started", subject=name, detail=f"by {operator_name()}")


def resume(config: Config, name: str) -> None:
    """Open a paused campaign again; one that is open, and perhaps interrupted, stays so.

    Raises
    ------
    NoLedger, StorageError
        CampaignNotChangeable if it has ended.
    """
    with open_ledger(config) as ledger, ledger.begin() as connection:
        change_state(connection, name, CampaignState.OPEN, of=_UNFINISHED)
        add_event(connection, "campaign resumed", subject=name, detail=f"by {operator_name()}")


def repeat(config: Config, name: str, today: date) -> None:
    """Begin another round of a campaign.

    Raises
    ------
    NoLedger, StorageError
    """
    with open_ledger(config) as ledger, ledger.begin() as connection:
        criteria = Criteria.from_json(get_campaign(connection, name).criteria)
        begin_round(connection, name, criteria.days(today))
        add_event(connection, "campaign repeated", subject=name, detail=f"by {operator_name()}")


def end(config: Config, name: str, state: CampaignState) -> None:
    """Pause or cancel a campaign; the process that works on it stops after the studies in hand.

    Raises
    ------
    NoLedger, StorageError
        CampaignNotChangeable if it has ended already.
    """
    with open_ledger(config) as ledger, ledger.begin() as connection:
        of = (CampaignState.OPEN,) if state is CampaignState.PAUSED else _UNFINISHED
        change_state(connection, name, state, of=of)
        add_event(connection, f"campaign {state}", subject=name, detail=f"by {operator_name()}")


def work_on(config: Config, name: str, drain: Drain, show: Show) -> tuple[Campaign, CampaignCount]:
    """Work on a campaign until it ends or is to stop; give it and its numbers as they then are.

    Raises
    ------
    AlreadyRunning
        If another process works on it.
    CampaignStopped
        If it cannot go on.
    UnknownDestination, NoLedger, StorageError
    """
    lock = hold_lock(config.node.data_dir, lock_name(f"fetch {name}", config), wait_s=_LOCK_WAIT_S)
    with lock, open_ledger(config) as ledger:
        with ledger.read() as connection:
            destination = addressee(config, get_campaign(connection, name).destination)
        pull = _make_pull(config, ledger, destination)
        retriever = Retriever(pull, ledger, Pace(config.fetch, ledger, drain), drain)
        campaign = Campaigner(Tools(config, ledger, destination, retriever, drain), name, show).run()
        with ledger.read() as connection:
            return campaign, count_studies(connection, campaign.campaign_id)


def is_worked_on(config: Config, name: str) -> bool:
    """Tell whether a process of this machine works on a campaign at this moment."""
    return is_held(config.node.data_dir, lock_name(f"fetch {name}", config))


def _make_pull(config: Config, ledger: Ledger, destination: DestinationConfig) -> Pull:
    if destination.retrieve == "get":
        intake = Intake(ledger, ObjectStore(config.objects_dir), config)
        syntaxes, auditor = decodable_syntaxes(), make_auditor(config)
        getter = Getter(destination, config.node.ae_title, intake, syntaxes, auditor)
        return pull_by_get(getter, partial(ring, config.node.data_dir, "analyse"))
    host, port = own_address(config)
    if port and not listens(host, port):
        raise CampaignStopped(
            f"{config.node.ae_title} does not listen at {host}:{port}, where {destination.name} would send "
            "to; start the node with: neolung run"
        )
    return pull_by_move(destination, config.node.ae_title)


def _portions(first: date, last: date, days: int) -> Iterator[Portion]:
    while first <= last:
        end_of_portion = min(first + timedelta(days=days - 1), last)
        yield Portion(first, end_of_portion)
        first = end_of_portion + timedelta(days=1)
