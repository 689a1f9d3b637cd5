"""A node's ledger and object files without network and models, and process functions for the engine.

The process functions make real SEG and SR of invented analyses. A film's Patient ID says what it does to its
worker: ``POISON`` kills the process, ``FAIL`` fails as software does, ``ODD`` is not assessable.
"""

import os
import signal
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from functools import partial
from itertools import zip_longest
from pathlib import Path
from typing import Any

from pydicom import Dataset

from node.config.schema import Config
from node.gating import gate_settings
from node.index import index_attributes
from node.routing.receipt import Reception
from node.routing.router import Router
from node.routing.values import Sender
from node.work.analysis import AnalysisSettings, analyse_films
from node.work.conclusion import Concluder
from node.work.models import ModelSettings
from node.work.retry import RetryPolicy
from node.work.routing import Routes
from node.work.selection import select_films
from node.work.values import Film, FilmOutcome, FilmResult
from node.work.wishes import Wishes
from pipeline.values import Analysis, Outcome, RuleVerdict
from storage.admission import admit
from storage.instances import add_instance
from storage.ledger import Ledger
from storage.objects import ObjectStore
from storage.queue import claim, list_jobs
from storage.values import Job, JobKind, JobState, ReceivedInstance, Role, StoredInstance
from tests.support.analyses import make_analysis
from tests.support.films import make_film, part10_bytes

POISON, FAIL, ODD = "POISON", "FAIL", "ODD"
NO_PAUSE = RetryPolicy(first_delay_s=0.01, max_delay_s=0.05)


@dataclass(slots=True)
class Desk:
    """Ledger, object store and configuration of a node below one folder."""

    config: Config
    ledger: Ledger
    store: ObjectStore

    @property
    def data_dir(self) -> Path:
        return self.config.node.data_dir

    def settings(self) -> AnalysisSettings:
        """What the process functions below need."""
        return AnalysisSettings(
            router=Router.of(self.config),
            models=ModelSettings(gate_settings(self.config)),
            objects_dir=self.config.objects_dir,
            device_uid="2.25.4711",
            station_name="TEST",
            utc_offset="+0000",
            wishes=Wishes.of(self.config),
        )

    def process(self) -> "partial[list[FilmOutcome]]":
        """Give a picklable process function for the engine."""
        return partial(process_invented, self.settings())

    def concluder(self, policy: RetryPolicy = NO_PAUSE) -> Concluder:
        return Concluder(self.ledger, Routes(self.config), policy, self.config.node.ae_title, self.data_dir)

    def receive(
        self, film: Dataset | None = None, *, priority: int = 0, max_attempts: int = 3
    ) -> StoredInstance:
        """Take a film in as the receiver does: durable file, row and job."""
        film = make_film(rows=64, columns=52) if film is None else film
        part10 = part10_bytes(film)
        file = self.store.write(part10)
        received = ReceivedInstance(
            attributes=index_attributes(film),
            transfer_syntax_uid=str(film.file_meta.TransferSyntaxUID),
            calling_ae_title="MODALITY",
            called_ae_title="NEOLUNG",
            peer_address="127.0.0.1",
            received_at=datetime.now(UTC),
            part10=part10,
        )
        with self.ledger.begin() as connection:
            added = add_instance(connection, received, file, Role.SOURCE)
            sender = Sender(received.calling_ae_title, received.called_ae_title, received.peer_address)
            admission = Reception(self.config).admission(film, sender, ordinary=priority)
            admit(connection, added, replace(admission, max_attempts=max_attempts, delay=timedelta(0)))
        return added.instance

    def analyse_all(self) -> None:
        """Conclude every waiting film, without any worker."""
        hour = timedelta(hours=1)
        while claims := claim(self.ledger, JobKind.ANALYSE, "", 100, lease=hour, owner="desk"):
            selected = select_films(self.ledger, claims)
            results = process_invented(self.settings(), [film for _, film in selected])
            for (held, _), result in zip(selected, results, strict=True):
                assert isinstance(result, FilmResult)
                self.concluder().finish(held, result)

    def jobs(self, kind: JobKind, state: JobState | None = None) -> list[Job]:
        with self.ledger.read() as connection:
            return list_jobs(connection, kind=kind, state=state, limit=10_000)

    def is_done(self, kind: JobKind) -> bool:
        """Whether no job of this kind waits or runs."""
        return not self.jobs(kind, JobState.READY)


def open_desk(folder: Path, url: str | None = None, **sections: Any) -> Desk:
    """Open a node's stores below ``folder``; ``sections`` go into its configuration."""
    settings: dict[str, Any] = {"node": {"data_dir": str(folder)}, "ledger": {"url": url}, **sections}
    config = Config.model_validate(settings, context={"base": folder})
    folder.mkdir(parents=True, exist_ok=True)
    return Desk(config, Ledger.open(config.ledger_url), ObjectStore(config.objects_dir))


def process_invented(settings: AnalysisSettings, films: Sequence[Film]) -> list[FilmOutcome]:
    """Make real result objects of invented analyses, as `process_batch` does of real ones."""
    return analyse_films(settings, films, lambda _bundle: invent)


def invent(films: Sequence[Dataset], known: Sequence[Sequence[RuleVerdict]] = ()) -> list[Analysis]:
    """Analyse without models; a film that another stands for is turned away."""
    # All of a batch is read before anything is made, so poison takes its whole batch along.
    if any(film.PatientID == POISON for film in films):
        os.kill(os.getpid(), signal.SIGKILL)
    outcomes = {FAIL: Outcome.FAILED, ODD: Outcome.NOT_ASSESSABLE}
    asked = [outcomes.get(film.PatientID, Outcome.PRESENT) for film in films]
    return [
        make_analysis(Outcome.NOT_ELIGIBLE if verdicts else outcome, film)
        for film, outcome, verdicts in zip_longest(films, asked, known)
    ]
