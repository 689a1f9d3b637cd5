"""What results that lie in the ledger are called."""

from pipeline.results import result_uid
from storage.values import AnalysisRecord


def uid_of_result(record: AnalysisRecord, film_uid: str, kind: str) -> str:
    """Give the SOP Instance UID that a result of an analysis has, as it was derived when it was made.

    Parameters
    ----------
    film_uid
        SOP Instance UID of the film.
    kind
        As in `pipeline.results.result_uid`.
    """
    return result_uid(
        film_uid,
        record.bundle_digest,
        kind,
        version=record.pipeline_version,
        generation=record.generation,
    )
