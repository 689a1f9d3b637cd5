"""What a receiver of results may ask for."""

from dataclasses import dataclass
from typing import Literal, get_args

Charset = Literal["utf-8", "source"]
"""Character set of result objects: always UTF-8, or the film's own where that can carry all text."""

CHARSETS: tuple[Charset, ...] = get_args(Charset)

SrClass = Literal["comprehensive-3d", "enhanced"]
"""SOP Class of the report: Comprehensive 3D SR, or Enhanced SR; the tree is the same."""

Kind = Literal["seg", "sr", "pr", "sc", "pdf"]
"""Segmentation, Structured Report, presentation state, Secondary Capture, encapsulated PDF."""

VISIBLE_KINDS: tuple[Kind, ...] = ("pr", "sc", "pdf")
"""Those that show a SEG's and a report's content to viewers which show neither."""

DEFAULT_SC_SIDE = 2048


@dataclass(frozen=True, slots=True)
class Form:
    """One kind of result object as some destinations want it.

    Attributes
    ----------
    longest_side
        Pixels of a Secondary Capture, 0 for every other kind.
    """

    kind: Kind
    charset: Charset = "utf-8"
    longest_side: int = 0

    @property
    def uid_name(self) -> str:
        """What the object's UID is derived from, beside film, models and pipeline."""
        names = {"sr": "sr/comprehensive-3d", "sc": f"sc/{self.longest_side}"}
        return in_charset(names.get(self.kind, self.kind), self.charset)


def in_charset(name: str, charset: Charset) -> str:
    """Name a thing in results of a character set: another one is another set of instances."""
    return name if charset == "utf-8" else f"{name}/{charset}"
