"""Films with their features, in windows by the date they were taken."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta

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


def window_of(films: Iterable[FilmHistory], first: date, last: date) -> Window:
    """Gather the films of some days, both ends included."""
    chosen = [film for film in films if first <= day_of(film) <= last]
    return Window(first, last, len(chosen), _features(chosen))


def windows_of(films: Iterable[FilmHistory], days: int, after: date | None = None) -> list[Window]:
    """Part films into windows of so many days that begin on a Monday, the earliest first; none is empty.

    Parameters
    ----------
    after
        Leaves out windows that begin before the day after this one.
    """
    groups: dict[date, list[FilmHistory]] = {}
    for film in films:
        groups.setdefault(_begin(day_of(film), days), []).append(film)
    return [
        Window(first, first + timedelta(days=days - 1), len(group), _features(group))
        for first, group in sorted(groups.items())
        if after is None or first > after
    ]


def _begin(day: date, days: int) -> date:
    """Begin of the window that a day falls into; windows are counted from a Monday long ago."""
    return day - timedelta(days=(day - date(1900, 1, 1)).days % days)


def _features(films: Iterable[FilmHistory]) -> dict[str, Sample]:
    numbers: dict[str, list[float]] = {}
    words: dict[str, list[str]] = {}
    for film in films:
        features = film.details.get("features")
        for name, value in features.items() if isinstance(features, dict) else ():
            if isinstance(value, str):
                words.setdefault(name, []).append(value)
            elif isinstance(value, int | float):
                numbers.setdefault(name, []).append(float(value))
        waited = (film.analysed_at - film.received_at).total_seconds()
        numbers.setdefault(WAIT, []).append(max(0.0, waited))
    return {**numbers, **words}
