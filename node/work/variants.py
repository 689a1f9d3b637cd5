"""The Enhanced SR that stands in where a destination does not take the Comprehensive 3D SR."""

from datetime import UTC, datetime
from io import BytesIO

from pydicom import Dataset, dcmread
from pydicom.uid import UID, Comprehensive3DSRStorage, EnhancedSRStorage

from node.index import index_attributes
from pipeline.results import result_uid, to_part10
from storage.instances import add_instance, find_instance
from storage.ledger import Ledger
from storage.objects import ObjectStore
from storage.values import ReceivedInstance, StoredInstance

REPORT_CLASS = str(Comprehensive3DSRStorage)
VARIANT_CLASS = str(EnhancedSRStorage)


def enhanced_variant(ledger: Ledger, store: ObjectStore, report: StoredInstance) -> StoredInstance:
    """Give the Enhanced SR with the content of a Comprehensive 3D SR, made and entered when first needed.

    Notes
    -----
    The content tree of TID 1500 uses nothing that an Enhanced SR could not hold (PS3.3 A.35.2). The variant
    is an instance of its own: its UIDs are derived from the report's, so that it is always the same one.
    """
    sop_instance_uid = _variant_of(report.sop_instance_uid)
    with ledger.read() as connection:
        known = find_instance(connection, sop_instance_uid)
    if known is not None:
        return known
    variant = _convert(dcmread(BytesIO(store.read(report.file))), sop_instance_uid)
    file = store.write(to_part10(variant))
    entry = ReceivedInstance(
        attributes=index_attributes(variant),
        transfer_syntax_uid=report.transfer_syntax_uid,
        calling_ae_title=report.calling_ae_title,
        called_ae_title=report.calling_ae_title,
        peer_address="",
        received_at=datetime.now(UTC),
        part10=b"",
    )
    with ledger.begin() as connection:
        return add_instance(
            connection, entry, file, report.role, source_instance_id=report.source_instance_id
        ).instance


def _convert(report: Dataset, sop_instance_uid: str) -> Dataset:
    report.SOPClassUID = report.file_meta.MediaStorageSOPClassUID = EnhancedSRStorage
    report.SOPInstanceUID = report.file_meta.MediaStorageSOPInstanceUID = UID(sop_instance_uid)
    report.SeriesInstanceUID = _series_of_variant(report.SeriesInstanceUID)
    for study in report.get("PredecessorDocumentsSequence", []):
        for series in study.ReferencedSeriesSequence:
            series.SeriesInstanceUID = _series_of_variant(series.SeriesInstanceUID)
            for former in series.ReferencedSOPSequence:
                former.ReferencedSOPClassUID = EnhancedSRStorage
                former.ReferencedSOPInstanceUID = _variant_of(former.ReferencedSOPInstanceUID)
    return report


def _variant_of(report_uid: str) -> str:
    return result_uid(report_uid, "", "sr/enhanced")


def _series_of_variant(series_uid: str) -> str:
    return result_uid(series_uid, "", "sr/enhanced/series")
