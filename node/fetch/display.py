"""Shows on a terminal how far a campaign is, and in a sentence how it ended."""

import sys
from collections.abc import Callable
from time import monotonic
from types import TracebackType
from typing import Self

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

from node.printing import counted
from storage.campaign_studies import CampaignCount
from storage.campaigns import Campaign, CampaignState

_PAUSE_S = 0.5


class Display:
    """A bar of the studies found so far, with the last day searched; nothing where no terminal is."""

    def __init__(self) -> None:
        self._shown_at = 0.0
        self._progress = Progress(
            TextColumn("{task.description}"),
            BarColumn(),
            TextColumn("{task.fields[state]}"),
            TimeElapsedColumn(),
            console=Console(stderr=True),
            transient=True,
            disable=not sys.stderr.isatty(),
        )
        self._bar = self._progress.add_task("Fetching", total=None, state="")

    def show(self, campaign: Campaign, count: Callable[[], CampaignCount]) -> None:
        """Show the present numbers, unless that was done just now."""
        if self._progress.disable or monotonic() - self._shown_at < _PAUSE_S:
            return
        self._shown_at = monotonic()
        numbers = count()
        self._progress.update(
            self._bar,
            description=f"Fetching from {campaign.destination}",
            total=max(1, numbers.studies),
            completed=numbers.studies - numbers.found,
            state=f"searched to {min(campaign.search_next, campaign.search_to)}, {_in_words(numbers)}",
        )

    def __enter__(self) -> Self:
        self._progress.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._progress.stop()


def summary(campaign: Campaign, count: CampaignCount) -> str:
    """Say how a campaign ended."""
    standing = {
        CampaignState.DONE: "done",
        CampaignState.OPEN: f"interrupted; to go on: neolung fetch resume {campaign.name}",
        CampaignState.PAUSED: f"paused; to go on: neolung fetch resume {campaign.name}",
        CampaignState.CANCELLED: "cancelled",
    }[campaign.state]
    failed = f" Why some failed: neolung fetch show {campaign.name} --failed" if count.failed else ""
    return f"Campaign {campaign.name}: {standing}. {_in_words(count)}.{failed}"


def _in_words(count: CampaignCount) -> str:
    return (
        f"{counted(count.studies, 'study', 'studies')}, {count.found} to fetch, {count.failed} failed; "
        f"{counted(count.instances_fetched, 'object')} fetched, {count.instances_held} held before"
    )
