"""How campaigns fetch from a PACS."""

from node.config.section import Section
from node.config.types import Count, Limit


class FetchConfig(Section):
    """How considerate `neolung fetch` is with the PACS and with this node."""

    associations: Count = 1
    """Studies retrieved at the same time, each over an association of its own."""
    objects_per_minute: Limit = 0
    """Most objects retrieved in a minute. 0: as fast as the PACS gives them."""
    days_per_query: Count = 7
    """Days that one query asks about; where the PACS limits its answers, less at a time is asked for."""
    max_waiting: Limit = 200
    """Films waiting for analysis above which nothing more is fetched for the moment. 0: no limit."""
    max_attempts: Count = 3
    """Tries with one study; between them the pauses of the destination's retry section."""
    give_up_after: Count = 5
    """Studies that fail one after the other before a campaign stops and says so."""
