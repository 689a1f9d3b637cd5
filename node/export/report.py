"""What was given out and what was removed: numbers and attributes only, nothing of any film."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass

from node.export.folder import Entry
from node.export.making import NOT_STATED


@dataclass(frozen=True, slots=True)
class Report:
    """Of one export.

    Attributes
    ----------
    outlines
        Films by who drew their outline.
    labels
        Films by what a person said.
    excluded
        Films by the reason why they, or their outlines, are left out.
    attributes
        Attribute to ``removed`` or ``changed`` to how often.
    burned_in_text_not_stated
        Films of which nobody knows whether they show text: look at them.
    identifiers_searched
        Different words and UIDs that the check searched for in every file; 0 without a check.
    """

    settings: Mapping[str, object]
    films: int
    patients: int
    outlines: Mapping[str, int]
    labels: Mapping[str, int]
    excluded: Mapping[str, int]
    attributes: Mapping[str, Mapping[str, int]]
    burned_in_text_not_stated: int
    identifiers_searched: int

    def to_json(self) -> dict[str, object]:
        """Give plain values."""
        return asdict(self)


def make_report(entries: Sequence[Entry], settings: Mapping[str, object], searched: int) -> Report:
    """Count over all films."""
    rows = [entry.row for entry in entries if entry.row is not None]
    counts: dict[str, Counter[str]] = {}
    for entry in entries:
        for attribute, actions in entry.tally.items():
            counts.setdefault(attribute, Counter()).update(actions)
    keyword, action = NOT_STATED
    not_stated = counts.get(keyword, Counter()).pop(action, 0)
    return Report(
        settings=settings,
        films=len(rows),
        patients=len({row["patient"] for row in rows}),
        outlines=_count(str(row.get("mask_by") or "none") for row in rows),
        labels=_count({"": "none", "1": "RDS", "0": "no RDS"}[str(row["rds"])] for row in rows),
        excluded=_count(entry.reason for entry in entries if entry.reason),
        attributes={name: dict(sorted(counts[name].items())) for name in sorted(counts) if counts[name]},
        burned_in_text_not_stated=not_stated,
        identifiers_searched=searched,
    )


def _count(things: Iterable[str]) -> dict[str, int]:
    return dict(sorted(Counter(things).items()))
