"""Finds the results of the demonstration by C-FIND and lays them out in a folder."""

import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path

from pydicom import Dataset, dcmread

from node.config.destinations import DestinationConfig
from node.demo.node import MODALITY, DemoNode
from node.demo.pacs import DemoPacs
from node.demo.reports import ReportSummary, summarise
from node.errors import DemoFailed
from node.network.find_scu import find, make_identifier
from storage.analyses import latest_analysis
from storage.instances import find_instance
from storage.ledger import Ledger
from storage.objects import ObjectStore


@dataclass(frozen=True, slots=True)
class ShownResult:
    """One line of the table at the end."""

    film: str
    patient: str
    modalities: str
    summary: ReportSummary
    folder: Path


class Collector:
    """Brings results from the PACS, and the picture from the node, into one folder a film."""

    def __init__(self, destination: DestinationConfig, pacs: DemoPacs, node: DemoNode, out: Path) -> None:
        self._destination = destination
        self._pacs = pacs
        self._node = node
        self._out = out

    def collect(self, film: Path) -> ShownResult:
        """Lay out the results of one film; what an earlier run left for it is replaced.

        Raises
        ------
        DemoFailed
            If the PACS holds no report of it.
        """
        header = dcmread(film, stop_before_pixels=True)
        folder = self._out / film.stem
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        found = self._find_results(str(header.StudyInstanceUID))
        for modality, sop_instance_uid in found.items():
            (folder / f"{modality.lower()}.dcm").write_bytes(self._pacs.read(sop_instance_uid))
        self._copy_picture(str(header.SOPInstanceUID), folder)
        if "SR" not in found:
            raise DemoFailed(f"the PACS holds no report of {film.name}; it holds {', '.join(found)}")
        report = dcmread(BytesIO(self._pacs.read(found["SR"])))
        return ShownResult(
            film.stem, str(report.PatientName), ", ".join(sorted(found)), summarise(report), folder
        )

    def _find_results(self, study_instance_uid: str) -> dict[str, str]:
        """Give the SOP Instance UID of each modality in the study, series by series (PS3.4 C.6.2)."""
        study = {"StudyInstanceUID": study_instance_uid}
        keys = study | {"SeriesInstanceUID": "", "Modality": ""}
        found = {}
        for series in list(self._ask("SERIES", keys)):
            keys = study | {"SeriesInstanceUID": str(series.SeriesInstanceUID), "SOPInstanceUID": ""}
            for instance in self._ask("IMAGE", keys):
                found[str(series.Modality)] = str(instance.SOPInstanceUID)
        return found

    def _ask(self, level: str, keys: dict[str, str]) -> Iterator[Dataset]:
        return find(self._destination, MODALITY, make_identifier(level, keys))

    def _copy_picture(self, sop_instance_uid: str, folder: Path) -> None:
        ledger = Ledger.open(f"sqlite:///{self._node.data_dir / 'ledger.sqlite'}", migrate=False)
        try:
            with ledger.read() as connection:
                film = find_instance(connection, sop_instance_uid)
                record = latest_analysis(connection, film.instance_id) if film else None
        finally:
            ledger.close()
        picture = record.details.get("overlay") if record else None
        if isinstance(picture, str):
            shutil.copy(ObjectStore(self._node.data_dir / "objects").path(picture), folder / "overlay.png")
