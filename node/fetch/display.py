"""Shows on a terminal how far a campaign is, and in a sentence how it ended."""

import sys
from types import TracebackType
from typing import Self

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

from node.printing import counted
from storage.campaign_studies import CampaignCount
from storage.campaigns import Campaign, CampaignState


class Display:
    """A bar of the days searched and the numbers of studies and objects; nothing where no terminal is.

    Attributes
    ----------
    count
        The numbers last shown.
    """

    def __init__(self) -> None:
        self.count = CampaignCount()
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

    def show(self, campaign: Campaign, count: CampaignCount) -> None:
        """Show the present numbers."""
        self.count = count
        searched = max(0, count.studies - count.found)
        self._progress.update(
            self._bar,
            description=f"Fetching from {campaign.destination}",
            total=max(1, count.studies),
            completed=searched,
            state=f"searched to {min(campaign.search_next, campaign.search_to)}, {_numbers(count)}",
        )

    def summary(self, campaign: Campaign) -> str:
        """Say how the campaign stands."""
        standing = {
            CampaignState.DONE: "done",
            CampaignState.OPEN: f"interrupted; to go on: neolung fetch resume {campaign.name}",
            CampaignState.PAUSED: f"paused; to go on: neolung fetch resume {campaign.name}",
            CampaignState.CANCELLED: "cancelled",
        }[campaign.state]
        failed = f" Why some failed: neolung fetch show {campaign.name} --failed" if self.count.failed else ""
        return f"Campaign {campaign.name}: {standing}. {_numbers(self.count).capitalize()}.{failed}"

    def __enter__(self) -> Self:
        self._progress.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._progress.stop()


def _numbers(count: CampaignCount) -> str:
    return (
        f"{counted(count.studies, 'study', 'studies')}, {count.found} to fetch, {count.failed} failed; "
        f"{counted(count.instances_fetched, 'object')} fetched, {count.instances_held} held before"
    )
