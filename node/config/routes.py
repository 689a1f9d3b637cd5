"""Routes: what becomes of a film, by who sends it and what its header says; the first match wins."""

from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BeforeValidator, Field, ValidationInfo, model_validator

from node.config.section import Section
from node.config.tags import Bound, TagName, check_bound
from node.config.types import Address, AETitle, Allowed, Flag, Name, resolve_path

REFERENCE = "reference"
"""Names the bundle that ships with neolung."""
_ANSWERS = {True: "yes", False: "no"}
"""What YAML makes of yes and no without quotes."""


def as_list(value: Any) -> Any:
    """Let one value stand for a list of one."""
    return value if isinstance(value, list | tuple) else [value]


def _as_answers(value: Any) -> Any:
    return [_ANSWERS.get(entry, entry) if isinstance(entry, bool) else entry for entry in as_list(value)]


def _as_texts(value: Any) -> Any:
    is_number = [isinstance(entry, int | float) and not isinstance(entry, bool) for entry in as_list(value)]
    return [str(entry) if plain else entry for entry, plain in zip(as_list(value), is_number, strict=True)]


def _bundle(name: str, info: ValidationInfo) -> str:
    """Resolve a folder against that of the configuration file, and look whether a bundle is there."""
    if name == REFERENCE:
        return name
    folder = resolve_path(Path(name), info)
    try:
        with (folder / "manifest.json").open("rb"):
            return str(folder)
    except OSError as error:
        raise ValueError(
            f"holds no manifest.json that can be read ({folder}: {error.strerror}); put the bundle there, or "
            f'write "{REFERENCE}" for the one that ships'
        ) from error


OneOrMoreTitles = Annotated[
    tuple[AETitle, ...],
    BeforeValidator(as_list),
    Allowed("an AE title or a list of them; * stands for any characters, ? for one"),
]
OneOrMoreNetworks = Annotated[
    tuple[Address, ...],
    BeforeValidator(as_list),
    Allowed("an IP address, a network as 10.1.0.0/16, or a list of them"),
]
OneOrMoreTexts = Annotated[
    tuple[str, ...],
    BeforeValidator(_as_texts),
    Allowed("a text or a list of them; * stands for any characters, ? for one"),
]
Answers = Annotated[
    tuple[Literal["yes", "no", "unknown"], ...],
    BeforeValidator(_as_answers),
    Allowed("yes, no, unknown, or a list of them"),
]
BundleName = Annotated[
    str, AfterValidator(_bundle), Allowed(f'the folder of a bundle, or "{REFERENCE}" for the one that ships')
]


class TagCondition(Section):
    """What one attribute must hold; all that is said of it must be so."""

    tag: TagName
    """Attribute, by keyword or as "(0018,1400)". SEQUENCE.KEYWORD is met when any item of it is."""
    values: OneOrMoreTexts = ()
    """Values of which one must be there, case apart; an attribute with several values needs only one."""
    at_least: Bound | None = None
    """Smallest value: of numbers, dates, times or ages, as the attribute is one."""
    at_most: Bound | None = None
    """Largest value."""
    present: Flag | None = None
    """true: there must be a value. false: there must be none."""

    @model_validator(mode="after")
    def _says_something(self) -> "TagCondition":
        if not self.values and self.at_least is None and self.at_most is None and self.present is None:
            raise ValueError("asks nothing; give values, at_least, at_most or present")
        if self.present is False and (self.values or self.at_least or self.at_most):
            raise ValueError("asks for a value and for none; leave out present or the others")
        check_bound(self.tag, self.at_least, self.at_most)
        return self


class GateAnswers(Section):
    """What the rules of the gate must say of the header; what is left out may say anything."""

    sop_class: Answers = ()
    """A CR or DX image."""
    modality: Answers = ()
    """Modality CR or DX."""
    species: Answers = ()
    """A human being."""
    pixels: Answers = ()
    """One monochrome frame of a size that is taken."""
    image_type: Answers = ()
    """An image of its own, no enhanced copy."""
    presentation_intent: Answers = ()
    """FOR PRESENTATION."""
    age: Answers = ()
    """A newborn, as gate.max_age_days says."""
    body_part: Answers = ()
    """The chest."""
    view: Answers = ()
    """A frontal view."""
    eligible: Answers = ()
    """What all rules say together: yes or no."""


class WhenConfig(Section):
    """Conditions of a route; all that are given must be met, and of a list one entry."""

    calling_ae_title: OneOrMoreTitles = ()
    """AE titles of senders."""
    called_ae_title: OneOrMoreTitles = ()
    """AE titles under which this node was called."""
    addresses: OneOrMoreNetworks = ()
    """Addresses and networks of senders."""
    tags: tuple[TagCondition, ...] = ()
    """Attributes of the film; each entry must be met."""
    gate: GateAnswers = Field(default_factory=GateAnswers)


class RouteConfig(Section):
    """One route."""

    name: Name
    """Name in commands, logs and the ledger."""
    when: WhenConfig = Field(default_factory=WhenConfig)
    process: Flag = True
    """Analyse the films. false: they are stored and nothing else."""
    priority: Literal["auto", "stat", "normal", "low"] = "auto"
    """Place in the queue. auto: stat where the film's Requested Procedure Priority says STAT or HIGH."""
    bundle: BundleName | None = None
    """Model bundle; null: that of model.bundle."""
    destinations: tuple[Name, ...] | None = None
    """Names of the destinations that get the results; null: all. An empty list: none."""
    shadow: Flag = False
    """Analyse and keep everything on the node, and send nothing."""
