"""What all result objects of one film share: its identity, who signs, when, in which character set."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from pipeline import PIPELINE_VERSION
from pipeline.results.elements import fit
from pipeline.results.equipment import MANUFACTURER, MODEL_NAME
from pipeline.results.header import Source
from pipeline.results.options import Charset, in_charset
from pipeline.results.times import in_offset
from pipeline.results.uids import result_uid
from pipeline.values import BundleIdentity, Origin


@dataclass(frozen=True, slots=True)
class ObjectKind:
    """One kind of result object.

    Attributes
    ----------
    name
        Goes into the object's UIDs.
    """

    name: str
    series_number: int
    series_description: str


@dataclass(frozen=True, slots=True, eq=False)
class Provenance:
    """Where the result objects of one film come from."""

    source: Source
    bundle: BundleIdentity
    origin: Origin
    charset: Charset

    def uid(self, kind: str) -> str:
        """Derive the UID of one thing in these results; another character set is another set of instances."""
        named = in_charset(kind, self.charset)
        film, generation = self.source.sop_instance_uid, self.origin.generation
        return result_uid(film, self.bundle.digest, named, generation=generation)

    @property
    def utc_offset(self) -> str:
        """Offset of the content times: the film's own, else this installation's."""
        return self.source.utc_offset or self.origin.utc_offset

    @property
    def made_at(self) -> datetime:
        """When the results count as made, in `utc_offset`."""
        return in_offset(self.origin.made_at, self.utc_offset)

    @property
    def made_at_with_offset(self) -> str:
        """`made_at` as a DT value, PS3.5 6.2."""
        return f"{self.made_at:%Y%m%d%H%M%S.%f}{self.utc_offset}"

    def identification(self, kind: ObjectKind) -> dict[str, Any]:
        """Name the object, its series and this software, as arguments of highdicom's SOP classes."""
        return {
            "sop_instance_uid": self.uid(kind.name),
            "series_instance_uid": self.uid(f"{kind.name}/series"),
            "series_number": kind.series_number,
            "series_description": kind.series_description,
            "instance_number": 1,
            "manufacturer": MANUFACTURER,
            "manufacturer_model_name": MODEL_NAME,
            "device_serial_number": fit("DeviceSerialNumber", self.origin.station_name),
            "software_versions": PIPELINE_VERSION,
            "content_qualification": "RESEARCH",
        }
