"""pynetdicom: store, find, move, get, storage commitment; dicomweb-client and httpx: DICOMweb."""

from typing import Any

import httpx
import pytest
from dicomweb_client import DICOMwebClient
from pydicom import Dataset
from pydicom.uid import UID, ExplicitVRLittleEndian, ImplicitVRLittleEndian
from pynetdicom import evt
from pynetdicom.presentation import build_context, build_role

from node.network.commitment import COMMITMENT, COMMITMENT_INSTANCE, Reference, make_request
from node.network.contexts import (
    FIND_MODELS,
    GET_MODELS,
    MOVE_MODELS,
    VERIFICATION,
)
from tests.acceptance.matrix.conftest import HELD, Site, note_arrived
from tests.support.films import CR, part10_bytes
from tests.support.matrix import SYNTAXES, Matrix, make_proof
from tests.support.network import associate, make_identifier, query
from tests.support.waiting import wait_until

pytestmark = [pytest.mark.dcmtk, pytest.mark.orthanc, pytest.mark.dicomweb, pytest.mark.slow]

PEER = "pynetdicom"
PLAIN = {"expl": ExplicitVRLittleEndian, "impl": ImplicitVRLittleEndian}


def keys(model: UID) -> dict[str, str]:
    """Give the unique keys of the held study in an information model."""
    is_patient_root = str(model).startswith("1.2.840.10008.5.1.4.1.2.1.")
    return {"StudyInstanceUID": HELD, **({"PatientID": "MATRIX"} if is_patient_root else {})}


def short(model: UID) -> str:
    return "patient root" if "PatientID" in keys(model) else "study root"


def test_echo(site: Site, matrix: Matrix) -> None:
    with (
        matrix.cell(PEER, "echo"),
        associate(site.node.port, [VERIFICATION], calling="PYNETDICOM") as association,
    ):
        assert association.send_c_echo().Status == 0x0000


@pytest.mark.parametrize("name", PLAIN)
@pytest.mark.parametrize("model", FIND_MODELS)
def test_find(site: Site, matrix: Matrix, held: dict[str, Dataset], model: UID, name: str) -> None:
    contexts = [build_context(model, PLAIN[name])]
    with (
        matrix.cell(PEER, f"find, {short(model)}", name),
        associate(site.node.port, contexts, calling="PYNETDICOM") as association,
    ):
        asked = {**keys(model), "SeriesInstanceUID": f"{HELD}.1", "SOPInstanceUID": None}
        answers = query(association, "IMAGE", model, **asked)
        assert [status for status, _ in answers] == [0xFF00] * len(held) + [0x0000]


@pytest.mark.parametrize("model", MOVE_MODELS)
def test_move(site: Site, matrix: Matrix, held: dict[str, Dataset], model: UID) -> None:
    site.pacs.objects.clear()
    with associate(site.node.port, [model], calling="PYNETDICOM") as association:
        *_, (final, _) = association.send_c_move(make_identifier("STUDY", **keys(model)), "PACS", model)

    note_arrived(matrix, (PEER, f"move, {short(model)}"), set(site.pacs.objects), held)
    assert final.Status == 0x0000


@pytest.mark.parametrize("accepts", ["its own", "uncompressed"])
@pytest.mark.parametrize("model", GET_MODELS)
def test_get(site: Site, matrix: Matrix, held: dict[str, Dataset], model: UID, accepts: str) -> None:
    received: dict[str, str] = {}
    own = [codec.transfer_syntax_uid for codec in SYNTAXES.values()]
    wanted = own if accepts == "its own" else [ExplicitVRLittleEndian]

    def take(event: Any) -> int:
        received[str(event.request.AffectedSOPInstanceUID)] = event.context.transfer_syntax
        return 0x0000

    contexts = [build_context(model), *(build_context(CR, syntax) for syntax in wanted)]
    options = {"ext_neg": [build_role(CR, scp_role=True)], "evt_handlers": [(evt.EVT_C_STORE, take)]}
    with associate(site.node.port, contexts, calling="PYNETDICOM", **options) as association:
        *_, (final, _) = association.send_c_get(make_identifier("STUDY", **keys(model)), model)

    note_arrived(matrix, (PEER, f"get, {short(model)}, {accepts}"), set(received), held)
    assert final.Status == 0x0000
    if accepts == "its own":
        syntaxes = {name: received[film.SOPInstanceUID] for name, film in held.items()}
        assert syntaxes == {name: codec.transfer_syntax_uid for name, codec in SYNTAXES.items()}


def test_by_tls(site: Site, matrix: Matrix, held: dict[str, Dataset]) -> None:
    model = GET_MODELS[1]
    options = {"ext_neg": [build_role(CR, scp_role=True)], "evt_handlers": [(evt.EVT_C_STORE, lambda _: 0)]}
    secure = site.hospital.client(site.secure)
    contexts = [build_context(model), CR]
    with associate(site.tls_port, contexts, calling="SECURE", tls_args=secure, **options) as association:
        *_, (final, _) = association.send_c_get(make_identifier("STUDY", **keys(model)), model)

    with matrix.cell(PEER, "get by TLS 1.3"):
        assert final.Status == 0x0000
        assert final.NumberOfCompletedSuboperations == len(held)


def test_commitment(site: Site, matrix: Matrix, held: dict[str, Dataset]) -> None:
    reports: list[Dataset] = []

    def take(event: Any) -> tuple[int, None]:
        reports.append(event.event_information)
        return 0x0000, None

    references = [Reference(CR, str(film.SOPInstanceUID)) for film in held.values()]
    handlers = [(evt.EVT_N_EVENT_REPORT, take)]
    with (
        matrix.cell(PEER, "storage commitment"),
        associate(
            site.node.port, [build_context(COMMITMENT)], calling="PYNETDICOM", evt_handlers=handlers
        ) as association,
    ):
        information = make_request("2.25.90001", references)
        status, _ = association.send_n_action(information, 1, COMMITMENT, UID(COMMITMENT_INSTANCE))
        assert status.Status == 0x0000
        wait_until(lambda: bool(reports), 20)
        assert len(reports[0].ReferencedSOPSequence) == len(held)
        assert "FailedSOPSequence" not in reports[0]


@pytest.mark.parametrize("name", SYNTAXES)
def test_stow(site: Site, matrix: Matrix, name: str) -> None:
    film = make_proof(name, "1.2.826.0.1.9030", list(SYNTAXES).index(name) + 1)

    with matrix.cell("httpx", "STOW-RS", name):
        headers = {"Content-Type": "application/dicom"}
        answer = httpx.post(f"{site.web}/studies", content=part10_bytes(film), headers=headers)
        assert answer.status_code == 200
        assert site.syntax_of(film) == SYNTAXES[name].transfer_syntax_uid


@pytest.mark.parametrize("name", SYNTAXES)
def test_wado(site: Site, matrix: Matrix, held: dict[str, Dataset], name: str) -> None:
    film = held[name]
    uids = (HELD, f"{HELD}.1", str(film.SOPInstanceUID))
    client = DICOMwebClient(site.web)

    with matrix.cell("dicomweb-client", "WADO-RS", name):
        assert client.retrieve_instance(*uids).Rows == film.Rows
    with matrix.cell("dicomweb-client", "WADO-RS frames", name):
        (frame,) = client.retrieve_instance_frames(*uids, frame_numbers=[1])
        assert len(frame) >= film.Rows * film.Columns * film.BitsAllocated // 8


def test_qido(site: Site, matrix: Matrix, held: dict[str, Dataset]) -> None:
    with matrix.cell("dicomweb-client", "QIDO-RS"):
        found = DICOMwebClient(site.web).search_for_instances(HELD)
        assert len(found) == len(held)


def test_the_node_is_asked_by_itself(site: Site, matrix: Matrix, held: dict[str, Dataset]) -> None:
    with matrix.cell("neolung", "query"):
        found = site.node.command("query", f"StudyInstanceUID={HELD}", "--json")
        assert HELD in found.stdout, found.stderr
    with matrix.cell("neolung", "send to Orthanc", "expl"):
        film = make_proof("expl", "1.2.826.0.1.9031", 1)
        assert site.node.command("send", str(site.write(film)), "--to", "orthanc").returncode == 0
