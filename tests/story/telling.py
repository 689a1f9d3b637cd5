"""The year itself, chapter by chapter; each chapter is one that a site can do with the same commands."""

import csv
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from pipeline.bundle.evidence import read_evidence
from pipeline.results.times import content_moment
from storage.annotations import list_annotations
from storage.events import list_events
from storage.ledger import Ledger
from tests.story.babies import OURS, UPDATED, Baby, Processing, make_baby
from tests.story.hospital import Hospital, StoryFailed, auroc_of, open_hospital, predecessors
from tests.support.waiting import wait_until

_AT_ONCE = 20


@dataclass(frozen=True, slots=True)
class Plan:
    """How long the story is.

    Attributes
    ----------
    babies
        In the whole year: two thirds come before the retraining, one sixth while its result runs in shadow,
        one sixth after its promotion and the vendor's update.
    long_side
        Pixels of the films.
    bundle
        That the hospital starts with; None: the one that ships.
    window_days, least_films
        Of the watch over drift.
    """

    babies: int = 600
    long_side: int = 640
    budget: str = "small"
    bundle: Path | None = None
    window_days: int = 14
    least_films: int = 10
    say: Callable[[str], None] = print


@dataclass(slots=True)
class Told:
    """What came of it, for who checks.

    Attributes
    ----------
    differences
        Candidate minus start bundle on the locked babies, by figure.
    """

    passes: bool = False
    differences: dict[str, float | None] = field(default_factory=dict)
    agreement: dict[str, str] = field(default_factory=dict)
    was_overridden: bool = False
    alarms: list[str] = field(default_factory=list)


def tell(folder: Path, plan: Plan) -> Told:
    """Play the year.

    Raises
    ------
    StoryFailed
        If something does not go as it must: a film is lost, a command fails, an alarm is missing.
    """
    started, told = time.monotonic(), Told()
    spring, autumn = 2 * plan.babies // 3, 5 * plan.babies // 6
    drift = {"window_days": plan.window_days, "least_films": plan.least_films}
    with open_hospital(folder, plan.bundle, drift, plan.say) as hospital:
        first = _babies_arrive(hospital, plan, range(spring), OURS, "January to August")
        _readers_correct(hospital, plan, first)
        hospital.type("drift", "--freeze")
        candidate = _retrain(hospital, plan, told)
        second = _run_in_shadow(hospital, plan, candidate, range(spring, autumn), told)
        _promote(hospital, plan, candidate, told)
        last = _babies_arrive(hospital, plan, range(autumn, plan.babies), UPDATED, "November and December")
        _watch(hospital, plan, told)
        new = _go_back(hospital, plan)
        _report_anew(hospital, plan, last)
        _nothing_is_lost(hospital, plan, [*first, *second, new], last)
    minutes = (time.monotonic() - started) / 60
    plan.say(f"\nThe year took {minutes:.1f} minutes. SYNTHETIC: every baby is simulated.")
    return told


def _babies_arrive(
    hospital: Hospital, plan: Plan, numbers: range, processing: Processing, when: str
) -> list[Baby]:
    plan.say(f"\n== {when}: {len(numbers)} babies arrive by C-STORE ({processing.vendor}) ==")
    babies: list[Baby] = []
    for begin in range(numbers.start, numbers.stop, _AT_ONCE):
        part = range(begin, min(begin + _AT_ONCE, numbers.stop))
        arrived = [make_baby(number, plan.babies, processing, plan.long_side) for number in part]
        hospital.send([baby.film for baby in arrived])
        babies += arrived
    hospital.wait_for_analyses(60 + 10.0 * len(numbers))
    area, judged = auroc_of(hospital, babies)
    plan.say(f"{judged} of {len(babies)} films were judged, AUROC against the truth {area:.3f} (SYNTHETIC).")
    return babies


def _readers_correct(hospital: Hospital, plan: Plan, babies: Sequence[Baby]) -> None:
    plan.say("\n== Readers send corrections back: lungs as SEG, findings as SR, the rest as a table ==")
    for begin in range(0, len(babies), _AT_ONCE):
        part = babies[begin : begin + _AT_ONCE]
        hospital.send([baby.lungs() for baby in part if baby.is_outlined])
        hospital.send([baby.reading() for baby in part if baby.number % 3])
    table = hospital.folder / "readings.csv"
    with table.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(["accession", "rds", "author"])
        writer.writerows(
            (baby.film.AccessionNumber, int(baby.has_rds), "Kim") for baby in babies if baby.number % 3 == 0
        )
    hospital.type("labels", "import", table)
    ledger = _ledger(hospital)
    with ledger.read() as connection:
        found = list_annotations(connection, 1_000_000)
    ledger.close()
    drawn, said = sum(one.has_lungs for one in found), sum(one.rds is not None for one in found)
    if (drawn, said) != (sum(baby.is_outlined for baby in babies), len(babies)):
        raise StoryFailed(f"{drawn} outlines and {said} findings came in")
    plan.say(f"{drawn} films have lungs drawn by a person, {said} a finding.")


def _retrain(hospital: Hospital, plan: Plan, told: Told) -> Path:
    plan.say("\n== Export, and retraining in the basement ==")
    out, candidate = hospital.folder / "export", hospital.folder / "candidate"
    hospital.type("export", out)
    start = ["--from", plan.bundle] if plan.bundle else []
    hospital.train("retrain", "--data", out, "--out", candidate, "--budget", plan.budget, *start)
    evidence = read_evidence(candidate)
    if evidence is None:
        raise StoryFailed("the candidate brings no comparison along")
    told.passes = evidence.passes
    told.differences = {one.figure: one.difference for one in evidence.differences}
    return candidate


def _run_in_shadow(hospital: Hospital, plan: Plan, candidate: Path, numbers: range, told: Told) -> list[Baby]:
    plan.say("\n== September, October: the candidate runs in shadow ==")
    hospital.type("models", "add", candidate)
    digest = next(one["digest"] for one in hospital.ask("models", "list") if one["comparison"])
    hospital.type("models", "shadow", digest[:12])
    babies = _babies_arrive(hospital, plan, numbers, OURS, "September, October")
    page = hospital.folder / "compared"
    told.agreement = hospital.ask("models", "compare", "--out", page)["figures"]
    if told.agreement["films that both judged"] != str(len(numbers)):
        raise StoryFailed(f"in shadow {told.agreement['films that both judged']} films were judged")
    hospital.type("models", "compare")
    return babies


def _promote(hospital: Hospital, plan: Plan, candidate: Path, told: Told) -> None:
    plan.say("\n== A person decides ==")
    digest = next(one["digest"] for one in hospital.ask("models", "list") if one["comparison"])[:12]
    if not told.passes:
        hospital.type("models", "promote", digest, expected=(1,))
    override = (
        []
        if told.passes
        else [
            "--override",
            "--reason",
            "tells sick from well better on our films; readers watch for missed ones",
        ]
    )
    told.was_overridden = bool(override)
    hospital.type("models", "promote", digest, *override)
    _wait_for_model(hospital, 1)


def _wait_for_model(hospital: Hospital, changes: int) -> None:
    """Wait until the running node has taken up so many changes of its model."""
    wait_until(lambda: hospital.node.log.count("new model serves") >= changes, 120, lambda: hospital.node.log)


def _watch(hospital: Hospital, plan: Plan, told: Told) -> None:
    plan.say("\n== The vendor updated his software, and told nobody ==")
    hospital.type("drift", "--out", hospital.folder / "drift", expected=(1,))
    course = hospital.ask("drift", expected=(1,))
    told.alarms = [window["window"] for window in course["windows"] if window["is_alarm"]]
    ledger = _ledger(hospital)
    with ledger.read() as connection:
        raised = {event.subject for event in list_events(connection, limit=100_000) if event.what == "drift"}
    ledger.close()
    if not told.alarms or not raised.issuperset(told.alarms[:-1]):
        raise StoryFailed(f"alarms {told.alarms}, events {sorted(raised)}")


def _go_back(hospital: Hospital, plan: Plan) -> Baby:
    plan.say("\n== Until the cause is known, back to the old model ==")
    hospital.type("models", "rollback", "--reason", "films changed, see drift")
    plan.say((hospital.node.folder / "var/models/CHANGELOG.md").read_text(encoding="utf-8").strip())
    baby = make_baby(plan.babies + 1, plan.babies + 2, OURS, plan.long_side)
    _wait_for_model(hospital, 2)
    hospital.send([baby.film])
    hospital.wait_for_analyses(120)
    active = next(one["digest"] for one in hospital.ask("models", "list") if one["role"] == "active")
    if hospital.analyses()[baby.uid]["bundle_digest"] != active:
        raise StoryFailed("after the roll-back the old model does not judge")
    return baby


def _report_anew(hospital: Hospital, plan: Plan, babies: Sequence[Baby]) -> None:
    """Have the films that the rejected model judged judged by the old one; its reports replace the others."""
    hospital.type("reprocess", "start")
    hospital.wait_for_analyses(60 + 10.0 * len(babies))
    reports = hospital.reports()
    for baby in babies:
        old, new = sorted(reports[baby.uid], key=lambda report: content_moment(report, "+0000"))
        if predecessors(new) != [old.SOPInstanceUID]:
            raise StoryFailed("the old model's new report does not name the one that it replaces")
    plan.say(f"{len(babies)} films have a second report in the PACS; each names the first as replaced.")


def _nothing_is_lost(hospital: Hospital, plan: Plan, once: Sequence[Baby], twice: Sequence[Baby]) -> None:
    reports = {uid: len(found) for uid, found in hospital.reports().items()}
    expected = {**{baby.uid: 1 for baby in once}, **{baby.uid: 2 for baby in twice}}
    if reports != expected:
        wrong = [uid for uid in expected.keys() | reports.keys() if expected.get(uid) != reports.get(uid)]
        raise StoryFailed(f"{len(wrong)} films have too few or too many reports in the PACS: {wrong[:3]}")
    plan.say(
        f"\nIn the PACS all {len(once)} films that were judged once have one report, "
        f"all {len(twice)} that were judged twice have two."
    )


def _ledger(hospital: Hospital) -> Ledger:
    return Ledger.open(f"sqlite:///{hospital.node.folder / 'var' / 'ledger.sqlite'}")
