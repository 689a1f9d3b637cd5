"""STOW-RS on the wire: what is called stored is durable and queued; what is not says why (PS3.18 10.5)."""

import socket
import threading
import time
import tracemalloc
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from pydicom import Dataset
from pydicom.uid import JPEGLSLossless, VideoEndoscopicImageStorage

from node.network.access import Caller
from node.network.contexts import PLAIN_SYNTAXES
from node.network.sizes import Budget
from node.web.upload import Upload, UploadRules
from storage.jobs import list_jobs
from storage.values import StoredFile
from tests.support.films import encode, make_film, part10_bytes
from tests.support.web import BOUNDARY, WebNode, multipart_body, web_node

FAILED, STORED, OTHERS, REASON = "00081198", "00081199", "0008119A", "00081197"


def small_film(**header: object) -> Dataset:
    return make_film(rows=140, columns=130, **header)  # type: ignore[arg-type]


def reasons(answer, tag: str = FAILED) -> list[int]:  # type: ignore[no-untyped-def]
    return [item[REASON]["Value"][0] for item in answer.json().get(tag, {}).get("Value", [])]


def jobs(web: WebNode) -> list[str]:
    with web.ledger.read() as connection:
        return [job.key for job in list_jobs(connection)]


def files(web: WebNode) -> int:
    return len(list(web.config.objects_dir.glob("??/*.dcm")))


def test_a_stored_film_is_durable_named_and_queued(web: WebNode) -> None:
    film = encode(small_film(), JPEGLSLossless)
    answer = web.stow(film, accept="application/dicom+json")

    assert answer.status_code == 200
    assert answer.headers["content-type"] == "application/dicom+json"
    (item,) = answer.json()[STORED]["Value"]
    assert item["00081150"]["Value"] == [film.SOPClassUID]
    assert item["00081155"]["Value"] == [film.SOPInstanceUID]
    assert web.http.get(item["00081190"]["Value"][0]).status_code == 200
    assert answer.json()["00081190"]["Value"] == [f"{web.base}/studies/{film.StudyInstanceUID}"]
    assert jobs(web) == [film.SOPInstanceUID]


def test_the_same_film_again_makes_no_second_job(web: WebNode) -> None:
    film = small_film()

    assert [web.stow(film).status_code, web.stow(film).status_code] == [200, 200]
    assert len(jobs(web)) == files(web) == 1


@pytest.mark.parametrize(("policy", "status"), [("accept", 200), ("report", 409)])
def test_other_bytes_under_a_known_uid_are_kept_beside(tmp_path, policy: str, status: int) -> None:  # type: ignore[no-untyped-def]
    with web_node(tmp_path, receive={"duplicate_policy": policy}) as web:
        film = small_film()
        web.stow(film)
        film.PatientID = "another"
        answer = web.stow(film)

        assert answer.status_code == status
        assert reasons(answer) == ([0x0111] if policy == "report" else [])
        assert (len(jobs(web)), files(web)) == (1, 2)


def test_some_stored_and_some_not_is_accepted(web: WebNode) -> None:
    good, video = small_film(), small_film(SOPClassUID=VideoEndoscopicImageStorage)
    video.file_meta.MediaStorageSOPClassUID = VideoEndoscopicImageStorage
    body = multipart_body(part10_bytes(good), part10_bytes(video), b"no dicom at all")
    answer = web.post(body)

    assert answer.status_code == 202
    assert len(answer.json()[STORED]["Value"]) == 1
    assert reasons(answer) == [0x0122]
    assert reasons(answer, OTHERS) == [0xC000]


def _wrong_class(film: Dataset) -> None:
    film.file_meta.MediaStorageSOPInstanceUID = "1.2.3.4"


def _no_series(film: Dataset) -> None:
    del film.SeriesInstanceUID


def _unknown_syntax(film: Dataset) -> None:
    film.file_meta.TransferSyntaxUID = "1.2.840.10008.1.2.4.100"
    film["PixelData"].is_undefined_length = False


@pytest.mark.parametrize(
    ("spoil", "reason"), [(_wrong_class, 0xA900), (_no_series, 0xC000), (_unknown_syntax, 0xC122)]
)
def test_an_object_that_cannot_be_taken_says_why(web: WebNode, spoil, reason: int) -> None:  # type: ignore[no-untyped-def]

    from pydicom.filebase import DicomBytesIO
    from pydicom.filewriter import write_file_meta_info

    from tests.support.network import encoded

    film = small_film()
    spoil(film)
    head = DicomBytesIO()
    write_file_meta_info(head, film.file_meta)
    part10 = b"\0" * 128 + b"DICM" + head.getvalue() + encoded(film)
    answer = web.post(multipart_body(part10))

    assert answer.status_code == 409
    assert reasons(answer) == [reason]
    assert jobs(web) == []


def test_a_film_of_another_study_is_not_stored(web: WebNode) -> None:
    film = small_film()

    answer = web.stow(film, path="/studies/1.2.3")
    assert (answer.status_code, reasons(answer)) == (409, [0xC409])
    assert web.stow(film, path=f"/studies/{film.StudyInstanceUID}").status_code == 200


def test_the_answer_comes_as_xml_too(web: WebNode) -> None:
    film = small_film()
    answer = web.stow(film, accept="application/dicom+xml")

    assert answer.headers["content-type"] == "application/dicom+xml"
    assert b'keyword="ReferencedSOPSequence"' in answer.content


def test_a_single_file_needs_no_parts(web: WebNode) -> None:
    film = small_film()
    answer = web.post(part10_bytes(film), content_type="application/dicom")

    assert answer.status_code == 200
    assert jobs(web) == [film.SOPInstanceUID]


@pytest.mark.parametrize(
    ("kind", "status"),
    [
        ("application/json", 415),
        ("", 415),
        ('multipart/related; type="application/dicom+json"; boundary=x', 415),
        ('multipart/form-data; boundary="x"', 415),
        ('multipart/related; type="application/dicom"', 400),
        (f"multipart/related; boundary={BOUNDARY}", 200),
    ],
)
def test_only_dicom_files_are_taken(web: WebNode, kind: str, status: int) -> None:
    body = multipart_body(part10_bytes(small_film()))

    assert web.post(body, content_type=kind).status_code == status


@pytest.mark.parametrize("body", [b"", b"--x", multipart_body(), multipart_body(b"x")[:-12], b"\r\n" * 5000])
def test_a_body_that_is_not_well_formed_is_refused(web: WebNode, body: bytes) -> None:
    answer = web.post(body)

    assert answer.status_code == 400
    assert answer.text.endswith(".\n")


def test_what_came_before_a_fault_is_stored_all_the_same(web: WebNode) -> None:
    film = small_film()
    body = multipart_body(part10_bytes(film)).replace(b"--\r\n", b"\r\nno colon\r\n\r\n")

    assert web.post(body).status_code == 400
    assert jobs(web) == [film.SOPInstanceUID]


def test_parts_of_another_kind_fail_alone(web: WebNode) -> None:
    answer = web.post(multipart_body(b"{}", kind="application/json"))

    assert answer.status_code == 409
    assert reasons(answer, OTHERS) == [0xC000]


def test_an_answer_that_nobody_takes_is_refused_before_anything_is_stored(web: WebNode) -> None:
    assert web.stow(small_film(), accept="text/html").status_code == 406
    assert jobs(web) == []


def test_objects_and_requests_have_limits(tmp_path) -> None:  # type: ignore[no-untyped-def]
    limits, small, large = {"max_object_bytes": 60_000}, small_film(), make_film(rows=400, columns=400)
    with web_node(tmp_path, limits=limits, web={"max_upload_bytes": 500_000}) as web:
        answer = web.stow(large, small)
        assert answer.status_code == 202
        assert reasons(answer, OTHERS) == [0xA700]
        assert web.stow(large).status_code == 503
        assert web.stow(large, large).status_code == 413
        chunks = iter([multipart_body(part10_bytes(large), part10_bytes(large))])
        kind = f"multipart/related; boundary={BOUNDARY}"
        answer = web.http.post("/studies", content=chunks, headers={"content-type": kind})
        assert answer.status_code == 413
        assert jobs(web) == [small.SOPInstanceUID]


def test_a_full_disk_is_told_as_passing(tmp_path) -> None:  # type: ignore[no-untyped-def]
    with web_node(tmp_path, limits={"min_free_bytes": 1 << 60}) as web:
        answer = web.stow(small_film())

        assert answer.status_code == 503
        assert answer.headers["retry-after"] == "30"
        assert reasons(answer) == [0xA700]


def test_uploads_together_hold_no_more_than_their_budget(tmp_path) -> None:  # type: ignore[no-untyped-def]
    first, second = make_film(rows=400, columns=400), make_film(rows=400, columns=400)
    limits = {"max_buffered_bytes": len(part10_bytes(first)) * 3 // 2}
    writes, goes_on = threading.Event(), threading.Event()
    with web_node(tmp_path, limits=limits) as web, ThreadPoolExecutor(1) as others:
        write = web.objects.write

        def slow_write(*arguments: Any, **options: Any) -> StoredFile:
            writes.set()
            assert goes_on.wait(20)
            return write(*arguments, **options)

        web.objects.write = slow_write  # type: ignore[method-assign]
        going = others.submit(web.stow, first)
        try:
            assert writes.wait(20)
            refused = web.stow(second)
        finally:
            goes_on.set()

        assert (refused.status_code, reasons(refused, OTHERS)) == (503, [0xA700])
        assert going.result().status_code == 200
        assert web.stow(second).status_code == 200


def test_an_object_is_copied_once_out_of_its_file(tmp_path) -> None:  # type: ignore[no-untyped-def]
    part10 = part10_bytes(make_film(rows=2000, columns=2000))
    syntaxes = frozenset(map(str, PLAIN_SYNTAXES))
    rules = UploadRules(syntaxes, study="", max_object_bytes=0, folder=tmp_path, budget=Budget(0))
    upload = Upload(rules, None, lambda _: (0, ""), Caller("A", "B", "127.0.0.1"))
    for start in range(0, len(part10), 1 << 20):
        upload.feed(part10[start : start + (1 << 20)])
    tracemalloc.start()
    try:
        upload.finish()
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()

    assert [taken.is_stored for taken in upload.taken] == [True]
    assert peak < 1.5 * len(part10)


def test_a_large_upload_is_not_held_in_memory(web: WebNode) -> None:
    films = [small_film(StudyInstanceUID="1.2.3", SeriesInstanceUID="1.2.3.4") for _ in range(40)]

    def chunks():  # type: ignore[no-untyped-def]
        for film in films:
            yield multipart_body(part10_bytes(film))[: -len(BOUNDARY) - 6]
        yield f"--{BOUNDARY}--\r\n".encode()

    kind = f'multipart/related; type="application/dicom"; boundary={BOUNDARY}'
    answer = web.http.post("/studies/1.2.3", content=chunks(), headers={"content-type": kind})

    assert answer.status_code == 200
    assert len(answer.json()[STORED]["Value"]) == len(jobs(web)) == 40


def test_an_upload_that_is_broken_off_leaves_what_was_complete(web: WebNode) -> None:
    film = small_film()
    part = multipart_body(part10_bytes(film))[: -len(BOUNDARY) - 6]
    kind = f'multipart/related; type="application/dicom"; boundary={BOUNDARY}'
    head = (
        f"POST /dicom-web/studies HTTP/1.1\r\nHost: localhost\r\nContent-Type: {kind}\r\n"
        f"Content-Length: {10_000_000}\r\n\r\n"
    )
    with socket.create_connection(("127.0.0.1", web.server.port)) as connection:
        connection.sendall(head.encode() + part + part + b"\0" * (1 << 20))
        time.sleep(0.5)

    deadline = time.monotonic() + 10
    while "upload ended" not in web.log.getvalue() and time.monotonic() < deadline:
        time.sleep(0.05)
    assert "upload ended before its end" in web.log.getvalue()
    assert jobs(web) == [film.SOPInstanceUID]
    assert [path.name for path in web.config.node.data_dir.iterdir() if path.name.startswith("tmp")] == []
