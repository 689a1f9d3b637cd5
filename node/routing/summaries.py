"""Which films make up which summary, and who gets it: a destination, of the films whose results it gets."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from node.config.destinations import DestinationConfig
from node.config.schema import Config
from node.routing.related import representatives
from pipeline.gate.exposure import Exposure
from pipeline.results import Charset
from storage.summaries import JudgedFilm, Pause

FEWEST = 2
"""Films that a summary is about."""


@dataclass(frozen=True, slots=True)
class PlannedSummary:
    """One summary.

    Attributes
    ----------
    films
        The latest first.
    destinations
        Those that want it, under shadow or not.
    """

    films: tuple[JudgedFilm, ...]
    charset: Charset
    destinations: tuple[DestinationConfig, ...]


def wants_summary(config: Config, destinations: Sequence[str]) -> bool:
    """Whether one of the destinations of a film's results wants summaries."""
    return any(one.name in destinations for one in config.destinations if "summary" in one.send)


def pause_of(config: Config) -> Pause:
    """Give the time for which a study must be quiet before its summary is made."""
    studies = config.studies
    return Pause(timedelta(seconds=studies.quiet_s), timedelta(seconds=studies.longest_wait_s))


def plan_summaries(config: Config, judged: Sequence[JudgedFilm]) -> Iterator[PlannedSummary]:
    """Group the destinations that want summaries by the films they get and their character set."""
    groups: dict[tuple[tuple[int, ...], Charset], list[DestinationConfig]] = {}
    for destination in config.destinations:
        if "summary" in destination.send:
            films = _films_for(destination.name, judged)
            key = tuple(one.film.instance_id for one in films), destination.charset
            groups.setdefault(key, []).append(destination)
    by_id = {one.film.instance_id: one for one in judged}
    for (numbers, charset), destinations in groups.items():
        if len(numbers) >= FEWEST:
            yield PlannedSummary(tuple(by_id[number] for number in numbers), charset, tuple(destinations))


def moment_of(one: JudgedFilm) -> str:
    """Tell when a film was taken, ``YYYYMMDDHHMMSS`` with or without a fraction; "" when it does not say."""
    return Exposure.from_facts(one.film.facts).moment


def _films_for(name: str, judged: Sequence[JudgedFilm]) -> list[JudgedFilm]:
    """Give one film of each exposure whose results a destination gets, the latest first."""
    mine = {
        one.film.instance_id: one for one in judged if one.destinations is None or name in one.destinations
    }
    chosen = representatives([one.film for one in mine.values()])
    return sorted((mine[film.instance_id] for film in chosen), key=_age, reverse=True)


def _age(one: JudgedFilm) -> tuple[datetime, str]:
    """Order films by when they were taken, else by when they came; in the end by their UIDs."""
    moment = moment_of(one)
    taken = datetime.strptime(moment[:14], "%Y%m%d%H%M%S").replace(tzinfo=UTC) if moment else None
    return taken or one.film.received_at, one.film.sop_instance_uid
