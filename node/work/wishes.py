"""Which forms of result objects the destinations of a film want."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from node.config.destinations import DestinationConfig
from node.config.schema import Config
from pipeline.results import VISIBLE_KINDS, Charset, Form, Kind
from pipeline.values import Outcome

_ALWAYS: tuple[Kind, ...] = ("seg", "sr")
_UNICODE: list[Charset] = ["utf-8"]


@dataclass(frozen=True, slots=True)
class Wishes:
    """The result profiles of all destinations.

    Attributes
    ----------
    forms
        By the name of the destination: everything that it is to get.
    sends_not_eligible
        Whether anything leaves the node for a film that the gate turned away.
    """

    forms: Mapping[str, frozenset[Form]]
    sends_not_eligible: bool = True

    @classmethod
    def of(cls, config: Config) -> "Wishes":
        """Read the profiles; a destination under shadow wants what it would get without."""
        forms = {destination.name: frozenset(_forms(destination)) for destination in config.destinations}
        return cls(forms, config.results.send_not_eligible)

    def forms_of(self, destinations: Collection[str], outcome: Outcome) -> Sequence[Form]:
        """Give what is made of a film: SEG and report in any case, the rest where it is asked for.

        Parameters
        ----------
        destinations
            Names of those that get this film's results.

        Returns
        -------
        sequence of Form
            SEG and report of each character set that is wanted, Unicode if nobody asks; then what shows them.
        """
        wanted = {form for name in destinations for form in self.forms.get(name, ())}
        charsets = sorted({form.charset for form in wanted}) or _UNICODE
        always = [Form(kind, charset) for charset in charsets for kind in _ALWAYS]
        if outcome is Outcome.NOT_ELIGIBLE and not self.sends_not_eligible:
            return always
        visible = [form for form in wanted if form.kind in VISIBLE_KINDS]
        return always + sorted(visible, key=lambda form: (form.charset, form.kind, form.longest_side))

    @property
    def all_forms(self) -> frozenset[Form]:
        """Whatever some destination wants."""
        return frozenset(form for forms in self.forms.values() for form in forms)

    def is_wanted(self, form: Form, destination: str) -> bool:
        """Whether a destination is to get results of this form."""
        return form in self.forms[destination]


def _forms(destination: DestinationConfig) -> list[Form]:
    side = destination.sc_longest_side
    return [
        Form(kind, destination.charset, side if kind == "sc" else 0)
        for kind in destination.send
        if kind != "summary"  # of a study, not of a film
    ]
