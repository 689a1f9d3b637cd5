"""How a campaign is shown to people."""

from node.fetch.criteria import Criteria
from storage.campaign_studies import CampaignCount
from storage.campaigns import Campaign


def campaign_rows(campaign: Campaign, count: CampaignCount, is_running: bool) -> list[tuple[object, ...]]:
    """Give name and value of all that is known of a campaign."""
    return [
        ("asked", campaign.destination),
        ("looks for", Criteria.from_json(campaign.criteria).in_words),
        ("state", standing(campaign, is_running)),
        ("begun", f"{campaign.created_at:%Y-%m-%d %H:%M} UTC"),
        ("last changed", f"{campaign.changed_at:%Y-%m-%d %H:%M} UTC"),
        ("round", campaign.round),
        ("searched to", min(campaign.search_next, campaign.search_to)),
        (
            "studies",
            f"{count.studies}: {count.fetched} fetched, {count.found} to fetch, {count.failed} failed",
        ),
        ("objects", f"{count.instances_fetched} fetched, {count.instances_held} held before"),
        ("remark", campaign.error),
    ]


def standing(campaign: Campaign, is_running: bool) -> str:
    """Say where a campaign stands; one that is open and that nobody works on was interrupted."""
    if campaign.state == "open":
        return "running" if is_running else "interrupted"
    return str(campaign.state)
