"""What is decided when a film comes in: whether it is analysed at all, and how soon."""

from collections.abc import Mapping
from datetime import timedelta

from pydicom import Dataset
from pydicom.tag import Tag

from node.config.schema import Config
from node.routing.router import Router
from node.routing.values import NORMAL, STAT, Decision, Sender
from node.text import read_text
from pipeline.film_classes import CAPTURE_CLASSES, RADIOGRAPH_CLASSES
from pipeline.gate.exposure import EXPOSURE_KEYWORDS, Exposure, read_exposure
from pipeline.results.equipment import MANUFACTURER, MODEL_NAME
from storage.admission import Admission

_PRIORITY = Tag("RequestedProcedurePriority")
_MAKER = (Tag("Manufacturer"), Tag("ManufacturerModelName"))
_URGENT = ("STAT", "HIGH")


class Reception:
    """Decides about received films.

    Attributes
    ----------
    tags
        Top-level attributes that are looked at; None: all of the header.
    """

    def __init__(self, config: Config) -> None:
        self._router = Router.of(config)
        self._max_attempts = config.work.max_attempts
        self._wait = timedelta(seconds=config.studies.companion_wait_s)
        needed = self._router.tags | {_PRIORITY, *_MAKER, *map(Tag, EXPOSURE_KEYWORDS)}
        self.tags = None if self._router.asks_the_gate else frozenset(map(Tag, needed))

        self._classes = {*RADIOGRAPH_CLASSES}
        if config.receive.process_secondary_capture:
            self._classes |= {*CAPTURE_CLASSES}

    def takes(self, sop_class_uid: str) -> bool:
        """Whether objects of a SOP Class may be analysed."""
        return sop_class_uid in self._classes

    def is_film(self, sop_class_uid: str, header: Dataset) -> bool:
        """Whether an object may be analysed: a picture of a result is no film, whichever node it reaches."""
        maker = tuple((read_text(header, tag) or "").strip() for tag in _MAKER)
        return self.takes(sop_class_uid) and maker != (MANUFACTURER, MODEL_NAME)

    def admission(self, header: Dataset, sender: Sender, *, ordinary: int = NORMAL) -> Admission:
        """Decide whether a film is analysed, and how soon.

        Parameters
        ----------
        header
            Holds at least `tags`.
        ordinary
            Priority of films that neither a route nor their own header puts anywhere else.
        """
        decision = self._router.decide(header, sender)
        asked = STAT if (read_text(header, _PRIORITY) or "").strip().upper() in _URGENT else ordinary
        exposure = read_exposure(header, self._router.gate)
        return Admission(
            is_queued=decision.process,
            priority=asked if decision.priority is None else decision.priority,
            max_attempts=self._max_attempts,
            delay=self._wait if self._waits(exposure) else timedelta(0),
            exposure=exposure.as_facts(),
            route=decision.route,
            decision=_without_bundle(decision) if self._router.routes else None,
        )

    def _waits(self, exposure: Exposure) -> bool:
        """Whether the gate would refuse it, and a film of the same exposure is to be expected."""
        return exposure.is_enhanced or (exposure.is_raw and not self._router.gate.allow_for_processing)


def _without_bundle(decision: Decision) -> Mapping[str, object]:
    """Give the decision as it stands at receipt: which bundle judges is settled when the film is analysed."""
    return {name: value for name, value in decision.as_record().items() if name != "bundle"}
