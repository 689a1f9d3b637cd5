"""The state of the node in the text format of Prometheus, read from the ledger when somebody asks."""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from time import monotonic

from prometheus_client import CollectorRegistry, start_http_server
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from node.config.schema import Config
from node.drift.watch import Course, look_for_drift
from node.errors import ListenFailed, NoReference
from node.log import EventLog
from node.models.choice import active_model
from pipeline.errors import BundleError
from storage.analyses import count_outcomes
from storage.breaker import trouble_with
from storage.errors import StorageError
from storage.jobs import counts
from storage.ledger import Ledger
from storage.values import JobState

_DRIFT_S = 3600.0

_log = EventLog("metrics")


@contextmanager
def offering_metrics(config: Config, ledger: Ledger) -> Iterator[int]:
    """Answer at the configured port while the block runs; gives the port, 0 when none is configured.

    Raises
    ------
    ListenFailed
        If the port cannot be opened.
    """
    if config.metrics.port is None:
        yield 0
        return
    registry = CollectorRegistry()
    registry.register(NodeState(config, ledger))
    try:
        server, thread = start_http_server(config.metrics.port, config.metrics.listen, registry)
    except OSError as error:
        raise ListenFailed(
            f"cannot listen on {config.metrics.listen}, port {config.metrics.port}: {error.strerror}; set "
            "metrics.port"
        ) from error
    try:
        yield int(server.server_port)
    finally:
        server.shutdown()
        server.server_close()
        thread.join(5)


class NodeState(Collector):
    """Reads everything anew at each scrape, drift once an hour."""

    def __init__(self, config: Config, ledger: Ledger) -> None:
        self._config = config
        self._ledger = ledger
        self._course: Course | None = None
        self._course_at: float | None = None

    def collect(self) -> Iterable[Metric]:
        """Give all figures; where the ledger does not answer, that alone."""
        up = GaugeMetricFamily("neolung_ledger_up", "Whether the ledger answers.")
        try:
            families = [*self._queue(), self._destinations(), self._outcomes(), *self._drift()]
        except (StorageError, BundleError) as error:
            _log.warning("figures cannot be read", reason=str(error))
            up.add_metric((), 0)
            return [up]
        up.add_metric((), 1)
        return [up, *families]

    def _newest_course(self) -> Course | None:
        """Look for drift once an hour: it reads every film."""
        now = monotonic()
        if self._course_at is None or now - self._course_at >= _DRIFT_S:
            try:
                self._course = look_for_drift(self._config, self._ledger, last=1)
            except NoReference:
                self._course = None
            self._course_at = now
        return self._course

    def _queue(self) -> Iterator[Metric]:
        jobs = GaugeMetricFamily("neolung_jobs", "Jobs.", labels=("kind", "destination", "state"))
        oldest = GaugeMetricFamily(
            "neolung_oldest_waiting_seconds", "Age of the oldest waiting job.", labels=("kind", "destination")
        )
        with self._ledger.read() as connection:
            rows = counts(connection)
        for row in rows:
            jobs.add_metric((row.kind, row.destination, row.state), row.jobs)
            if row.state is JobState.READY:
                waiting_s = row.oldest_waiting.total_seconds() if row.oldest_waiting else 0.0
                oldest.add_metric((row.kind, row.destination), waiting_s)
        yield jobs
        yield oldest

    def _destinations(self) -> Metric:
        up = GaugeMetricFamily(
            "neolung_destination_up",
            "1: results are sent as they come; 0: sending pauses after failures.",
            labels=("destination",),
        )
        with self._ledger.read() as connection:
            for destination in self._config.destinations:
                is_down = trouble_with(connection, destination.name).down_until is not None
                up.add_metric((destination.name,), 0 if is_down else 1)
        return up

    def _outcomes(self) -> Metric:
        films = GaugeMetricFamily(
            "neolung_analyses", "Analyses by their outcome, of all models.", labels=("outcome",)
        )
        with self._ledger.read() as connection:
            for outcome, count in count_outcomes(connection).items():
                films.add_metric((outcome,), count)
        return films

    def _drift(self) -> Iterator[Metric]:
        model = active_model(self._config, self._ledger)
        active = GaugeMetricFamily("neolung_model", "The active model.", labels=("name", "digest"))
        active.add_metric((model.name, model.short), 1)
        yield active
        course = self._newest_course()
        if course is None:
            return
        alarm = GaugeMetricFamily("neolung_drift_alarm", "Features unlike the reference in the last window.")
        effect = GaugeMetricFamily(
            "neolung_drift_effect", "Distance from the reference, 0 to 1.", labels=("feature",)
        )
        last = course.windows[-1] if course.windows else None
        alarm.add_metric((), len(last.alarms) if last else 0)
        for change in last.changes if last else ():
            effect.add_metric((change.feature,), change.effect)
        yield alarm
        yield effect
