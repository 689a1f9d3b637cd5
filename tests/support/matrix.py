"""What works between the node and which peer, in which transfer syntax, as one picture.

>>> with matrix.cell("DCMTK", "store", "RLE"):
...     assert storescu(...) == 0
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from pydicom import Dataset
from pydicom.uid import UID

from pipeline.codecs.proving import read_proof
from pipeline.codecs.table import CODECS, Codec

NAMES = {
    "explicit": "expl",
    "implicit": "impl",
    "deflated": "defl",
    "jpeg_lossless_sv1": "jll1",
    "jpeg_lossless": "jll",
    "jpeg_ls_lossless": "jls",
    "jpeg_2000_lossless": "j2k",
    "rle": "rle",
    "htj2k_lossless": "htj2k",
    "htj2k_lossless_rpcl": "rpcl",
    "jpeg_2000": "j2k~",
    "jpeg_ls_near_lossless": "jls~",
    "jpeg_extended": "jpg12~",
    "jpeg_baseline": "jpg8~",
    "htj2k": "htj2k~",
}
"""Short names of the transfer syntaxes; a tilde marks the lossy ones."""

SYNTAXES: dict[str, Codec] = {NAMES[codec.proof]: codec for codec in CODECS}
ANY = "-"
"""Column of what does not depend on a transfer syntax."""


def make_proof(name: str, study: str, number: int) -> Dataset:
    """Give a tiny film in a transfer syntax, written by another implementation where there is one."""
    film = read_proof(SYNTAXES[name])
    film.StudyInstanceUID, film.SeriesInstanceUID = UID(study), UID(f"{study}.1")
    film.SOPInstanceUID = film.file_meta.MediaStorageSOPInstanceUID = UID(f"{study}.1.{number}")
    film.PatientID, film.PatientName, film.StudyDate = "MATRIX", "Matrix^Invented", "20260301"
    return film


@dataclass(slots=True)
class Matrix:
    """Outcomes, as they come."""

    rows: dict[tuple[str, str], dict[str, str]] = field(default_factory=dict)
    refusals: list[tuple[str, str]] = field(default_factory=list)

    @contextmanager
    def cell(self, peer: str, service: str, syntax: str = ANY) -> Iterator[None]:
        """Note whether a block passes."""
        row = self.rows.setdefault((peer, service), {})
        row[syntax] = "FAIL"
        yield
        row[syntax] = "ok"

    def refused(self, who: str, answer: str) -> None:
        """Note how somebody was turned away."""
        self.refusals.append((who, answer))

    def __str__(self) -> str:
        columns = [name for name in (ANY, *SYNTAXES) if any(name in row for row in self.rows.values())]
        head = ["peer", "service", *columns]
        lines = [[*key, *(row.get(name, ".") for name in columns)] for key, row in self.rows.items()]
        refused = [["refused", "answer"], *map(list, self.refusals)] if self.refusals else []
        return "\n".join([*_aligned([head, *lines]), "", *_aligned(refused)])


def _aligned(lines: list[list[str]]) -> list[str]:
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    return ["  ".join(map(str.ljust, line, widths)).rstrip() for line in lines]
