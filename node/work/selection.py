"""Which of the claimed films go to the engine now; one that another of its exposure may stand for waits."""

from collections.abc import Sequence
from datetime import timedelta

from node.log import EventLog
from node.routing.related import standing
from node.routing.values import Sender
from node.work.values import Film
from pipeline.results.predecessors import NO_PAST, Maker, Past
from storage.analyses import makers_of
from storage.errors import LeaseLost
from storage.films import StoredFilm, films_beside
from storage.instances import results_of
from storage.ledger import Ledger
from storage.queue import complete, postpone
from storage.values import Claim, Role

_LOOK_AGAIN = timedelta(seconds=2)

_log = EventLog("worker")


def select_films(ledger: Ledger, claims: Sequence[Claim], serves: str = "") -> list[tuple[Claim, Film]]:
    """Give the claimed films that can be analysed now; the others are handed back for a moment.

    Parameters
    ----------
    serves
        Digest of the bundle that would judge them. A film that it judged last, and that was asked for again
        since, is left at that: meanwhile somebody has gone back to this bundle.

    Raises
    ------
    StorageFailed
        If the ledger does not answer.
    """
    with ledger.read() as connection:
        studies = films_beside(connection, [held.instance_id for held in claims])
    of_film = {film.instance_id: (film, films) for films in studies.values() for film in films}
    selected: list[tuple[Claim, Film]] = []
    for held in claims:
        film, beside = of_film[held.instance_id]
        relation = standing(film, beside)
        if film.is_asked_again and film.judged_by == serves:
            _leave(ledger, held)
        elif relation.must_wait:
            _hand_back(ledger, held)
        else:
            selected.append((held, _to_film(ledger, held, film, relation.stands_for_it)))
    return selected


def _to_film(ledger: Ledger, held: Claim, film: StoredFilm, stands_for_it: str) -> Film:
    return Film(
        instance_id=film.instance_id,
        sop_instance_uid=film.sop_instance_uid,
        file=film.file,
        asked_at=film.asked_at,
        sender=Sender(film.calling_ae_title, film.called_ae_title, film.peer_address),
        generation=film.generation,
        stands_for_it=stands_for_it,
        past=_past(ledger, film) if film.outcome else NO_PAST,
        is_last_attempt=held.attempt >= held.max_attempts,
    )


def _past(ledger: Ledger, film: StoredFilm) -> Past:
    with ledger.read() as connection:
        makers = makers_of(connection, film.instance_id)
        results = results_of(connection, film.instance_id)
    reports = frozenset(one.sop_instance_uid for one in results if one.role is Role.REPORT)
    return Past(tuple(Maker(*made_by) for made_by in makers), reports)


def _leave(ledger: Ledger, held: Claim) -> None:
    try:
        with ledger.begin() as connection:
            complete(connection, held)
    except LeaseLost:
        return
    _log.info("film was judged by this model last", sop_instance_uid=held.key)


def _hand_back(ledger: Ledger, held: Claim) -> None:
    reason = "waits for another image of the same exposure"
    try:
        with ledger.begin() as connection:
            postpone(connection, held, _LOOK_AGAIN, keep_token=False, error=reason)
    except LeaseLost:
        return
    _log.info("film waits for another of its exposure", sop_instance_uid=held.key)
