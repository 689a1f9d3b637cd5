"""Values for tests that need rows in a ledger."""

from datetime import UTC, datetime, timedelta
from hashlib import sha256
from typing import Any

from sqlalchemy import Connection, Select

from storage.instances import add_instance
from storage.ledger import Ledger
from storage.queue import claim, enqueue
from storage.values import (
    AnalysisRecord,
    Claim,
    JobKind,
    NewJob,
    ReceivedInstance,
    Role,
    StoredFile,
    StoredInstance,
)

MINUTE = timedelta(minutes=1)
CR = "1.2.840.10008.5.1.4.1.1.1"
SEG = "1.2.840.10008.5.1.4.1.1.66.4"


def received(number: int = 1, **attributes: str | int | None) -> ReceivedInstance:
    """Give a radiograph of its own study; ``attributes`` replace those of the invented patient."""
    part10 = f"{number} {sorted(attributes.items())}".encode()
    return ReceivedInstance(
        attributes={
            "StudyInstanceUID": f"1.2.3.{number}",
            "SeriesInstanceUID": f"1.2.3.{number}.1",
            "SOPInstanceUID": f"1.2.3.{number}.1.1",
            "SOPClassUID": CR,
            "Modality": "CR",
            "PatientID": f"P{number}",
            "PatientName": f"Baby^No {number}",
            **attributes,
        },
        transfer_syntax_uid="1.2.840.10008.1.2.1",
        calling_ae_title="MODALITY",
        called_ae_title="NEOLUNG",
        peer_address="127.0.0.1",
        received_at=datetime(2026, 3, 1, 11, tzinfo=UTC),
        part10=part10,
    )


def file_of(instance: ReceivedInstance) -> StoredFile:
    """Give the file that the object store would make of an instance."""
    digest = sha256(instance.part10).hexdigest()
    return StoredFile(path=f"{digest[:2]}/{digest}.dcm", sha256=digest, size_bytes=len(instance.part10))


def add(
    connection: Connection,
    number: int = 1,
    *,
    role: Role = Role.SOURCE,
    source_instance_id: int | None = None,
    **attributes: str | int | None,
) -> StoredInstance:
    """Enter an instance and give its row."""
    instance = received(number, **attributes)
    added = add_instance(connection, instance, file_of(instance), role, source_instance_id=source_instance_id)
    return added.instance


def queue_jobs(
    ledger: Ledger,
    *keys: str,
    kind: JobKind = JobKind.ANALYSE,
    destination: str = "",
    priority: int = 0,
    max_attempts: int = 8,
) -> int:
    """Queue jobs of one invented instance; give the number of the new ones."""
    with ledger.begin() as connection:
        instance_id = add(connection).instance_id
        jobs = [NewJob(kind, key, instance_id, destination, priority, max_attempts) for key in keys]
        return enqueue(connection, jobs)


def claim_jobs(
    ledger: Ledger,
    limit: int = 8,
    *,
    kind: JobKind = JobKind.ANALYSE,
    destination: str = "",
    owner: str = "host:1",
) -> list[Claim]:
    """Claim jobs for one minute."""
    return claim(ledger, kind, destination, limit, lease=MINUTE, owner=owner)


def explain(connection: Connection, statement: Select[*tuple[Any, ...]]) -> str:
    """Let the database say how it would answer a query if the tables were big, with parameters as in use."""
    compiled = statement.compile(connection)
    driver = connection.connection.driver_connection
    assert driver is not None
    if connection.dialect.name == "sqlite":
        parameters = [compiled.params[name] for name in compiled.positiontup or ()]
        return str(driver.execute(f"EXPLAIN QUERY PLAN {compiled}", parameters).fetchall())
    driver.execute("SET LOCAL enable_seqscan = off")
    return str(driver.execute(f"EXPLAIN {compiled}", compiled.params).fetchall())


def analysis_of(source_instance_id: int, **changes: object) -> AnalysisRecord:
    """Give the record of an analysis that found something."""
    values: dict[str, object] = {
        "source_instance_id": source_instance_id,
        "bundle_digest": "ab" * 32,
        "pipeline_version": "1",
        "outcome": "present",
        "explanation": "",
        "probability": 0.75,
        "threshold": 0.5,
        "area_pixels": 12345,
        "area_mm2": 2345.5,
        "details": {"gate": ["ok"], "seconds": {"segment": 0.25}, "name": "홍"},
        "analysed_at": datetime(2026, 3, 1, 12, tzinfo=UTC),
    }
    return AnalysisRecord(**(values | changes))  # type: ignore[arg-type]
