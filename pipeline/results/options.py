"""What a receiver of results may ask for."""

from typing import Literal

Charset = Literal["utf-8", "source"]
"""Character set of result objects: always UTF-8, or the film's own where that can carry all text."""

SrClass = Literal["comprehensive-3d", "enhanced"]
"""SOP Class of the report: Comprehensive 3D SR, or Enhanced SR; the tree is the same."""
