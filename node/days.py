"""Days as people name them."""

from datetime import UTC, date, datetime, time, timedelta


def local_midnight(day: date | None, *, days: int = 0) -> datetime | None:
    """Give the moment, in UTC, at which a day begins where this machine stands, or one ``days`` later.

    None, for no bound, stays None.
    """
    if day is None:
        return None
    return datetime.combine(day + timedelta(days=days), time()).astimezone().astimezone(UTC)
