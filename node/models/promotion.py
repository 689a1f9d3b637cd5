"""The rules by which one bundle takes another's place, and the way back."""

from datetime import UTC, datetime

from node.config.schema import Config
from node.errors import ModelRefused
from node.models.choice import ChosenModel, active_choice, first_choice, first_model
from node.models.store import ModelStore, StoredModel
from node.operators import operator_name
from pipeline.bundle import verify_bundle
from pipeline.bundle.evidence import OUTLINES, read_evidence
from storage.events import add_event
from storage.ledger import Ledger
from storage.promotions import Part, Promotion, current, decide, decisions

PASSED, OVERRIDDEN, ROLLED_BACK, CHOSEN, ENDED = "passed", "overridden", "rolled back", "chosen", "ended"


class Registrar:
    """Decides for the person at the keyboard.

    Parameters
    ----------
    ledger
        Keeps the decisions; the worker follows them within a second.
    """

    def __init__(self, config: Config, ledger: Ledger) -> None:
        self._config = config
        self._ledger = ledger
        self._store = ModelStore.of(config)

    def promote(self, wanted: str, *, override: bool = False, reason: str = "") -> StoredModel:
        """Let a bundle take the active one's place.

        Raises
        ------
        ModelRefused
            If it is active already, or its comparison does not speak for it and nobody overrides that.
        BundleError
            If it is damaged.
        """
        model, active = self._store.find(wanted), active_choice(self._config, self._ledger)
        if model.digest == active.digest:
            raise ModelRefused(f"{model.name} ({model.short}) is active already")
        verify_bundle(model.path)
        doubts = doubts_about(model, active, self._store)
        if doubts and not (override and reason):
            cure = (
                "--reason '...' is missing"
                if override
                else "To do it all the same: --override --reason '...'"
            )
            raise ModelRefused(f"{model.name} is not promoted: {doubts}. {cure}")
        self._end_shadow_of(model)
        self._decide(Part.ACTIVE, model, OVERRIDDEN if doubts else PASSED, reason, doubts)
        return model

    def roll_back(self, *, reason: str = "") -> StoredModel:
        """Go back to the bundle that was active before.

        Raises
        ------
        ModelRefused
            If there was none, or it is gone.
        BundleError
            If it is damaged.
        """
        active = active_choice(self._config, self._ledger)
        before = self._before(active)
        verify_bundle(before.path)
        self._decide(Part.ACTIVE, before, ROLLED_BACK, reason or f"back from {active.name}", "")
        return before

    def shadow(self, wanted: str | None, *, reason: str = "") -> StoredModel | None:
        """Let a bundle judge beside the active one, or none any more.

        Raises
        ------
        ModelRefused
            If it is the active one.
        BundleError
            If it is damaged.
        """
        if wanted is None:
            with self._ledger.read() as connection:
                runs = current(connection, Part.SHADOW) is not None
            if runs:
                self._decide(Part.SHADOW, None, ENDED, reason, "")
            return None
        model = self._store.find(wanted)
        if model.digest == active_choice(self._config, self._ledger).digest:
            raise ModelRefused(f"{model.name} is the active bundle; it cannot be its own shadow")
        verify_bundle(model.path)
        self._decide(Part.SHADOW, model, CHOSEN, reason, "")
        return model

    def _end_shadow_of(self, model: StoredModel) -> None:
        """End the shadow of what becomes active, so that no roll-back puts it back there unseen."""
        with self._ledger.read() as connection:
            shadow = current(connection, Part.SHADOW)
        if shadow is not None and shadow.digest == model.digest:
            self._decide(Part.SHADOW, None, ENDED, f"{model.name} is promoted", "")

    def _before(self, active: ChosenModel) -> StoredModel:
        """Walk back: roll-backs undo the promotion before them, so that a second one goes further back."""
        with self._ledger.read() as connection:
            history = list(reversed(decisions(connection, Part.ACTIVE)))
        stack = [first_choice(self._config).digest]
        for decision in history:
            if decision.verdict == ROLLED_BACK and len(stack) > 1:
                stack.pop()
            elif decision.digest != stack[-1]:
                stack.append(decision.digest)
        if stack[-1] == active.digest:
            stack.pop()
        if not stack:
            raise ModelRefused(f"{active.name} is the first bundle of this node; there is none to go back to")
        if not stack[-1]:
            return first_model(self._config)  # says why it cannot be read
        found = self._store.by_digest(stack[-1])
        if found is None:
            raise ModelRefused(
                f"the bundle {stack[-1][:12]} is no longer in {self._store.changelog.parent}; add it again"
            )
        return found

    def _decide(self, part: Part, model: StoredModel | None, verdict: str, reason: str, doubts: str) -> None:
        digest, name = (model.digest, model.name) if model else ("", "none")
        by = operator_name()
        with self._ledger.begin() as connection:
            decide(connection, Promotion(part, digest, name, verdict, by, reason))
            detail = f"{verdict} by {by}" + (f": {reason}" if reason else "")
            add_event(connection, f"model made {part}", subject=digest or name, detail=f"{name}, {detail}")
        self._tell(part, f"{name} ({digest[:12]})" if digest else name, detail, doubts)

    def _tell(self, part: Part, name: str, detail: str, doubts: str) -> None:
        """Append to the change log of the site."""
        path = self._store.changelog
        path.parent.mkdir(parents=True, exist_ok=True)
        is_new = not path.exists()
        with path.open("a", encoding="utf-8") as file:
            if is_new:
                file.write("# Models of this node\n\nWhat became active or a shadow, the newest last.\n\n")
            against = f" Against it spoke: {doubts}." if doubts else ""
            file.write(f"- {datetime.now(UTC):%Y-%m-%d %H:%M} UTC, {part}: {name}, {detail}.{against}\n")


def doubts_about(model: StoredModel, active: ChosenModel, store: ModelStore) -> str:
    """Say what speaks against promoting a bundle; empty when its comparison speaks for it.

    Raises
    ------
    BundleError
        If the comparison is damaged.
    """
    evidence = read_evidence(model.path)
    if evidence is None:
        return "it brings no comparison with the active bundle along (neolung-train retrain makes one)"
    if evidence.against != active.digest:
        return f"it was compared with {evidence.against_name}, not with the active {active.name}"
    if not evidence.passes:
        failed = [sentence for sentence in evidence.sentences if sentence.endswith("fails")]
        return "its comparison fails: " + "; ".join(failed)
    if not evidence.shows(OUTLINES) and not _have_same_lungs(model, store.by_digest(active.digest)):
        return "it outlines lungs in another way than the active one, and its comparison has no outlines"
    return ""


def _have_same_lungs(model: StoredModel, other: StoredModel | None) -> bool:
    return other is not None and other.manifest.segmenter.device_uid == model.manifest.segmenter.device_uid
