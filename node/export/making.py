"""The files and the row of one film: de-identified, or as it came for use in the house."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Protocol

from pydicom import Dataset

from node.export.cleaner import Disguise, Tally
from node.export.folder import FILMS, MASKS
from node.export.index import describe
from node.export.objects import Rules, clean_film, clean_outline, cleaner_for, is_simulated, shows_text
from node.export.outlines import check_fits, lung_area
from node.export.profile import TABLE
from node.export.selection import Wanted
from node.export.sitekey import SiteKey
from pipeline.attributes import text
from pipeline.errors import PipelineError
from pipeline.pixels.description import describe_pixels
from pipeline.results import to_part10
from storage.truth import Outline

TEXT_BURNED_IN = "it says that text is burned in; --black-borders blacks borders out"
UNREADABLE_PIXELS = "its pixels are damaged, or of a size or kind that is not judged"
OUTLINE_LEFT_OUT = "without its outline, which is compressed, damaged, or of another film or grid"
NOT_STATED = ("BurnedInAnnotation", "not stated")


class Excluded(Exception):
    """A film is not exported; the text says why and is one of the constants above."""


@dataclass(frozen=True, slots=True, eq=False)
class Loaded:
    """A film and its outline as they came.

    Attributes
    ----------
    part10, drawn_part10
        The files.
    """

    film: Dataset
    part10: bytes = field(repr=False)
    drawn: Dataset | None = None
    drawn_part10: bytes = field(default=b"", repr=False)


@dataclass(slots=True, eq=False)
class Made:
    """What comes of one film.

    Attributes
    ----------
    files
        Contents by relative path.
    remark
        What went not as wished; one of the constants above.
    """

    files: dict[str, bytes] = field(default_factory=dict)
    row: dict[str, str | int | float] = field(default_factory=dict)
    tally: Tally = field(default_factory=Counter)
    remark: str = ""

    def add_film(self, relative: str, part10: bytes) -> None:
        """Add the film."""
        self.files[relative] = part10
        self.row |= {"filepath": relative, "exist_json": 0, "roi_area": 0}

    def add_outline(self, relative: str, part10: bytes, area: int, known: Outline | None) -> None:
        """Add its outline, which covers ``area`` pixels."""
        self.files[relative] = part10
        self.row |= {"mask": relative, "exist_json": 1, "roi_area": area}
        self.row["mask_by"] = str(known.drawn) if known else ""


class Method(Protocol):
    """How films are given out."""

    @property
    def settings(self) -> Mapping[str, object]:
        """Everything that the files follow from, but the films."""
        ...

    def name(self, wanted: Wanted) -> str:
        """Name a film in the export."""
        ...

    def seal(self, text: str) -> str:
        """Give a digest of a text that tells nothing of it."""
        ...

    def make(self, wanted: Wanted, loaded: Loaded) -> Made:
        """Make the files and the row; raises `Excluded`."""
        ...


@dataclass(frozen=True, slots=True)
class DeIdentified:
    """Nobody can be found by what is given out."""

    key: SiteKey = field(repr=False)
    rules: Rules

    @property
    def settings(self) -> Mapping[str, object]:
        """Key (by a fingerprint), borders and profile."""
        borders = self.rules.borders
        return {
            "identified": False,
            "key": self.key.digest("fingerprint", "")[:8].hex(),
            "borders": [borders.top, borders.right, borders.bottom, borders.left],
            "profile": sha256(TABLE.read_bytes()).hexdigest()[:16],
        }

    def name(self, wanted: Wanted) -> str:
        """Give the UID that replaces the film's own."""
        return self.key.uid(wanted.source.film.sop_instance_uid)

    def seal(self, text: str) -> str:
        """Give a digest that nobody can repeat without the key."""
        return self.key.digest("state", text).hex()

    def disguise(self, wanted: Wanted) -> Disguise:
        """Give what stands in for the film's patient."""
        return Disguise.of(self.key, wanted.source.patient_key)

    def make(self, wanted: Wanted, loaded: Loaded) -> Made:
        """Clean film and outline."""
        film, disguise, made = loaded.film, self.disguise(wanted), Made()
        if shows_text(film) and not self.rules.borders:
            raise Excluded(TEXT_BURNED_IN)
        cleaner = cleaner_for(film, disguise, self.rules, made.tally)
        try:
            clean = clean_film(film, cleaner, disguise, self.rules)
        except PipelineError as error:
            raise Excluded(UNREADABLE_PIXELS) from error
        if "BurnedInAnnotation" not in clean:
            made.tally[NOT_STATED] += 1
        made.add_film(_path(FILMS, disguise, clean), to_part10(clean))
        if loaded.drawn is not None:
            try:
                drawn = clean_outline(loaded.drawn, film, cleaner, disguise)
                relative, area = _path(MASKS, disguise, drawn), lung_area(drawn)
                made.add_outline(relative, to_part10(drawn), area, wanted.truth.outline)
            except PipelineError:
                made.remark = OUTLINE_LEFT_OUT
        described = describe(clean, film, wanted.truth, self.rules.gate, simulated=is_simulated(film))
        made.row |= described | {"patient": disguise.patient_id}
        return made


@dataclass(frozen=True, slots=True)
class Identified:
    """Films and outlines byte by byte as they came, for use in the house only."""

    rules: Rules

    @property
    def settings(self) -> Mapping[str, object]:
        """Only that nothing is removed."""
        return {"identified": True}

    def name(self, wanted: Wanted) -> str:
        """Give the film's own UID."""
        return wanted.source.film.sop_instance_uid

    def seal(self, text: str) -> str:
        """Give the plain digest."""
        return sha256(text.encode()).hexdigest()

    def make(self, wanted: Wanted, loaded: Loaded) -> Made:
        """Copy film and outline; files are named by their digest, for UIDs come from elsewhere."""
        film, made = loaded.film, Made()
        try:
            describe_pixels(film, self.rules.limits)
        except PipelineError as error:
            raise Excluded(UNREADABLE_PIXELS) from error
        made.add_film(f"{FILMS}/{sha256(loaded.part10).hexdigest()}.dcm", loaded.part10)
        if loaded.drawn is not None:
            relative = f"{MASKS}/{sha256(loaded.drawn_part10).hexdigest()}.dcm"
            try:
                check_fits(loaded.drawn, film)
                made.add_outline(relative, loaded.drawn_part10, lung_area(loaded.drawn), wanted.truth.outline)
            except PipelineError:
                made.remark = OUTLINE_LEFT_OUT
        described = describe(film, film, wanted.truth, self.rules.gate, simulated=is_simulated(film))
        made.row |= described | {"patient": wanted.source.patient_key.replace("\x1f", " ").strip()}
        return made


def _path(kind: str, disguise: Disguise, dataset: Dataset) -> str:
    return f"{kind}/{disguise.patient_id}/{text(dataset, 'SOPInstanceUID')}.dcm"
