"""Decides which way films go; the same decision for the same film, sender and configuration."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from pydicom import Dataset

from node.config.routes import REFERENCE, RouteConfig
from node.config.schema import Config
from node.config.tags import parse_tag
from node.gating import gate_settings
from node.routing.conditions import judge_gate, judge_sender, judge_tags
from node.routing.values import DEFAULT_ROUTE, LOW, NORMAL, STAT, Decision, RouteVerdict, Sender
from pipeline.bundle import reference_bundle
from pipeline.gate.settings import GateSettings

_PRIORITIES = {"auto": None, "stat": STAT, "normal": NORMAL, "low": LOW}


@dataclass(frozen=True)
class Router:
    """The routes, ready to be held against films; picklable, for the engine's processes.

    Attributes
    ----------
    destinations
        Names of all destinations, which are those of a route that names none.
    """

    routes: tuple[RouteConfig, ...]
    destinations: tuple[str, ...]
    default_bundle: Path
    gate: GateSettings

    @classmethod
    def of(cls, config: Config, default_bundle: Path | None = None) -> "Router":
        """Make the router of a configuration.

        Parameters
        ----------
        default_bundle
            Of films whose route names none; None: that of the configuration.
        """
        names = tuple(destination.name for destination in config.destinations)
        bundle = default_bundle or config.model.bundle or reference_bundle()
        return cls(config.routes, names, bundle, gate_settings(config))

    @cached_property
    def asks_the_gate(self) -> bool:
        """Whether some route needs the whole header, because it asks what the gate says."""
        return any(any(wanted for _, wanted in route.when.gate) for route in self.routes)

    @cached_property
    def tags(self) -> frozenset[int]:
        """Top-level attributes that the conditions look at."""
        return frozenset(parse_tag(one.tag)[0] for route in self.routes for one in route.when.tags)

    @property
    def bundles(self) -> tuple[Path, ...]:
        """Every bundle that a film may need, that of films without a route first."""
        named = [self._bundle(route) for route in self.routes if route.process]
        return tuple(dict.fromkeys([self.default_bundle, *named]))

    def decide(self, header: Dataset, sender: Sender) -> Decision:
        """Let the first route win whose conditions the film meets.

        Parameters
        ----------
        header
            Must hold `tags`, or everything where a route asks the gate.
        """
        seen: list[RouteVerdict] = []
        for route, verdict in zip(self.routes, self.judge(header, sender), strict=True):
            seen.append(verdict)
            if verdict.matches:
                return self._follow(route, tuple(seen))
        return Decision(
            route=DEFAULT_ROUTE,
            process=True,
            shadow=False,
            priority=None,
            bundle=self.default_bundle,
            destinations=self.destinations,
            verdicts=tuple(seen),
            for_all=True,
        )

    def judge(self, header: Dataset, sender: Sender) -> Iterator[RouteVerdict]:
        """Hold every route against a film, in order."""
        verdicts = _once(lambda: gate_answers(header, self.gate))
        for route in self.routes:
            when = route.when
            conditions = [*judge_sender(when, sender), *judge_tags(when, header)]
            if any(wanted for _, wanted in when.gate):
                conditions += judge_gate(when.gate, verdicts())
            yield RouteVerdict(route.name, tuple(conditions))

    def _follow(self, route: RouteConfig, verdicts: tuple[RouteVerdict, ...]) -> Decision:
        wanted = self.destinations if route.destinations is None else route.destinations
        is_sent = route.process and not route.shadow
        return Decision(
            route=route.name,
            process=route.process,
            shadow=route.shadow,
            priority=_PRIORITIES[route.priority],
            bundle=self._bundle(route),
            destinations=wanted if is_sent else (),
            verdicts=verdicts,
            for_all=is_sent and route.destinations is None,
        )

    def _bundle(self, route: RouteConfig) -> Path:
        if route.bundle is None:
            return self.default_bundle
        return reference_bundle() if route.bundle == REFERENCE else Path(route.bundle)


def gate_answers(header: Dataset, settings: GateSettings) -> dict[str, str]:
    """Ask every rule of the header gate; ``eligible`` is what they say together."""
    from pipeline.gate import judge_header

    decision = judge_header(header, settings)
    answers = {verdict.rule.replace(" ", "_"): str(verdict.verdict) for verdict in decision.verdicts}
    return answers | {"eligible": "yes" if decision.passed else "no"}


def _once(ask: Callable[[], Mapping[str, str]]) -> Callable[[], Mapping[str, str]]:
    """Ask at the first call only; the gate reads some fifty attributes."""
    answer: list[Mapping[str, str]] = []

    def answers() -> Mapping[str, str]:
        if not answer:
            answer.append(ask())
        return answer[0]

    return answers
