"""Keeps the ledger from growing for ever: what ended long ago is forgotten, hour by hour."""

from collections.abc import Callable
from datetime import datetime, timedelta

from node.log import EventLog, describe_exception
from node.processes.lifetime import Drain
from storage.commitment_requests import forget_requests
from storage.errors import StorageError
from storage.ledger import Ledger
from storage.retention import forget_events, forget_jobs

_PAUSE_S = 3600.0
_LONGEST_DAYS = 36500

_log = EventLog("housekeeping")

Forget = Callable[[Ledger, datetime], int]


def keep_house(
    ledger: Ledger,
    keep_days: int,
    drain: Drain,
    *,
    also: Callable[[], object] = lambda: None,
    pause_s: float = _PAUSE_S,
) -> None:
    """Tidy up now and then until the wish to stop.

    Parameters
    ----------
    keep_days
        How long what has ended is kept; 0 for ever.
    also
        What else is done each time.
    pause_s
        Time between two rounds, seconds.
    """
    while not drain.requested:
        try:
            tidy_up(ledger, keep_days, drain)
            also()
        except StorageError as error:
            _log.warning("old rows are kept for now", reason=str(error))
        except Exception as error:  # noqa: BLE001 - whatever fails here, the receiver goes on receiving
            _log.error("housekeeping failed", error=describe_exception(error))
        drain.wait(pause_s)


def tidy_up(ledger: Ledger, keep_days: int, drain: Drain) -> None:
    """Forget what ended, and the history, of more than some days ago, as far as time allows.

    Raises
    ------
    StorageError
        If the ledger does not answer; what is left then goes another time.
    """
    if keep_days == 0:
        return
    with ledger.read() as connection:
        before = ledger.now(connection) - timedelta(days=min(keep_days, _LONGEST_DAYS))
    jobs = _all_of(forget_jobs, ledger, before, drain)
    requests = _all_of(forget_requests, ledger, before, drain)
    events = _all_of(forget_events, ledger, before, drain)
    if jobs or requests or events:
        _log.info(
            "old rows forgotten",
            jobs=jobs,
            commitment_requests=requests,
            events=events,
            before=before.date(),
        )


def _all_of(forget: Forget, ledger: Ledger, before: datetime, drain: Drain) -> int:
    forgotten = 0
    while not drain.requested and (portion := forget(ledger, before)):
        forgotten += portion
    return forgotten
