"""Who took what out: the node's history, and the audit trail that names patients (PS3.15 A.5.3.4)."""

from collections.abc import Iterable
from pathlib import Path

from node.audit.auditor import Auditor, StudyPart
from node.export.selection import Wanted
from storage.events import add_event
from storage.ledger import Ledger

_BY_ID = "id"


def study_parts(films: Iterable[Wanted]) -> list[StudyPart]:
    """Count films and outlines by study."""
    parts: dict[str, StudyPart] = {}
    for wanted in films:
        film, outline = wanted.source.film, wanted.truth.outline
        part = parts.setdefault(
            film.study_instance_uid,
            StudyPart(film.study_instance_uid, _patient_id(wanted.source.patient_key)),
        )
        part.count(film.sop_class_uid)
        if outline is not None:
            part.count(outline.instance.sop_class_uid)
    return list(parts.values())


def record_begin(ledger: Ledger, auditor: Auditor, films: list[Wanted], folder: Path, mode: str) -> None:
    """Record an export before its first file is written, so that none goes unseen."""
    _note(ledger, "export begins", folder, f"{len(films)} films, {mode}")
    given_out = [wanted for wanted in films if not wanted.refusal]
    auditor.exported(study_parts(given_out), f"{folder.absolute()} ({mode})")


def record_end(ledger: Ledger, films: int, folder: Path, mode: str) -> None:
    """Record that an export has come to its end."""
    _note(ledger, "export ended", folder, f"{films} films, {mode}")


def _note(ledger: Ledger, what: str, folder: Path, detail: str) -> None:
    with ledger.begin() as connection:
        add_event(connection, what, subject=str(folder), detail=detail)


def _patient_id(patient_key: str) -> str:
    """Take the Patient ID out of what the ledger tells patients apart with; empty where that is none."""
    kind, *rest = patient_key.split("\x1f")
    return rest[-1] if kind == _BY_ID and rest else ""
