"""Films with their features, in windows by the date they were taken."""

from array import array
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from sys import intern

from node.drift.statistics import Sample
from storage.histories import FilmHistory

WAIT = "seconds to result"


@dataclass(frozen=True, slots=True)
class Window:
    """Films of some days.

    Attributes
    ----------
    last
        The last day that belongs to it.
    features
        Values by feature; a film that does not say one is not among them.
    """

    first: date
    last: date
    films: int
    features: Mapping[str, Sample]

    @property
    def name(self) -> str:
        """First and last day."""
        return f"{self.first:%Y-%m-%d} to {self.last:%Y-%m-%d}"


def day_of(film: FilmHistory) -> date:
    """Day on which a film was taken; that of its receipt where it does not say."""
    try:
        return datetime.strptime(film.taken_on[:8], "%Y%m%d").date()  # noqa: DTZ007 - a date has no zone
    except ValueError:
        return film.received_at.date()


def window_of(films: Iterable[FilmHistory], first: date | None, last: date | None) -> Window | None:
    """Gather the films of some days, both ends included; None where there is no film at all.

    Parameters
    ----------
    first, last
        None: from the first film on, to the last one.
    """
    gathered, days = _Gathered(), list[date]()
    for film in films:
        day = day_of(film)
        days = [min(day, *days), max(day, *days)] if days else [day, day]
        if (first or day) <= day <= (last or day):
            gathered.add(film)
    return gathered.as_window(first or days[0], last or days[1]) if days else None


def windows_of(films: Iterable[FilmHistory], days: int, after: date) -> list[Window]:
    """Part films into windows of so many days that begin on a Monday, the earliest first; none is empty.

    Parameters
    ----------
    after
        Leaves out windows that begin before the day after this one.
    """
    gathered: dict[date, _Gathered] = {}
    for film in films:
        first = _begin(day_of(film), days)
        if first > after:
            gathered.setdefault(first, _Gathered()).add(film)
    return [one.as_window(first, first + timedelta(days=days - 1)) for first, one in sorted(gathered.items())]


def _begin(day: date, days: int) -> date:
    """Begin of the window that a day falls into; windows are counted from a Monday long ago."""
    return day - timedelta(days=(day - date(1900, 1, 1)).days % days)


class _Gathered:
    """Features of films that are looked at one after the other: nothing else of them stays in memory."""

    def __init__(self) -> None:
        self._films = 0
        self._numbers: defaultdict[str, array[float]] = defaultdict(lambda: array("d"))
        self._words: defaultdict[str, list[str]] = defaultdict(list)

    def add(self, film: FilmHistory) -> None:
        """Take what a film says."""
        self._films += 1
        features = film.details.get("features")
        for name, value in features.items() if isinstance(features, dict) else ():
            if isinstance(value, str):
                self._words[name].append(intern(value))
            elif isinstance(value, int | float):
                self._numbers[name].append(value)
        waited = (film.analysed_at - film.received_at).total_seconds()
        self._numbers[WAIT].append(max(0.0, waited))

    def as_window(self, first: date, last: date) -> Window:
        """Give what was taken."""
        return Window(first, last, self._films, {**self._numbers, **self._words})
