"""What `neolung send` tells of each file, against the node itself and against another Storage SCP."""

from pathlib import Path

import pytest
from pydicom.uid import CTImageStorage, ExplicitVRLittleEndian, ImplicitVRLittleEndian

from node.config.destinations import DestinationConfig
from node.errors import AssociationRefused
from node.network import sending
from node.network.sending import SentFile, send_files
from tests.support.films import make_film, part10_bytes
from tests.support.network import ListeningNode, listening_node
from tests.support.orthanc import free_port
from tests.support.pacs import Pacs


def write(
    folder: Path, name: str = "film.dcm", *, syntax: str = ExplicitVRLittleEndian, **header: object
) -> Path:
    film = make_film(rows=64, columns=48, **header)
    film.file_meta.TransferSyntaxUID = syntax
    if "SOPClassUID" in header:
        film.file_meta.MediaStorageSOPClassUID = film.SOPClassUID
    path = folder / name
    path.write_bytes(part10_bytes(film))
    return path


def send(node: ListeningNode, *files: Path) -> list[SentFile]:
    address = DestinationConfig(name="node", ae_title="NEOLUNG", host="127.0.0.1", port=node.port)
    return list(send_files(address, "TESTER", files))


def test_a_refusal_comes_with_its_meaning_and_the_words_of_the_peer(tmp_path: Path) -> None:
    with listening_node(tmp_path / "node", limits={"max_object_bytes": 1000}) as node:
        (sent,) = send(node, write(tmp_path))

    assert not sent.stored
    assert sent.detail == (
        "C-STORE status A700H (Refused: Out of Resources): object larger than limits.max_object_bytes"
    )


def test_a_class_that_is_not_accepted_is_named_with_its_transfer_syntax(
    node: ListeningNode, tmp_path: Path
) -> None:
    (sent,) = send(node, write(tmp_path, SOPClassUID=CTImageStorage))

    assert sent.detail == (
        "the peer did not accept CT Image Storage (1.2.840.10008.5.1.4.1.1.2) in Explicit VR Little Endian "
        "(1.2.840.10008.1.2.1): it does not support this SOP Class"
    )


def test_a_transfer_syntax_that_is_not_accepted_is_named(node: ListeningNode, tmp_path: Path) -> None:
    path = write(tmp_path)
    content = path.read_bytes()
    path.write_bytes(content.replace(b"1.2.840.10008.1.2.1\0", b"1.2.840.10008.1.2.9\0"))

    (sent,) = send(node, path)

    assert "Computed Radiography Image Storage" in sent.detail
    assert "in 1.2.840.10008.1.2.9: it does not support this transfer syntax" in sent.detail


def test_what_cannot_be_sent_is_told_and_the_rest_goes(node: ListeningNode, tmp_path: Path) -> None:
    film, text, gone = write(tmp_path), tmp_path / "text.dcm", tmp_path / "gone.dcm"
    text.write_text("no film", encoding="utf-8")

    sent = {each.path.name: each for each in send(node, text, film, gone, tmp_path)}

    assert sent["film.dcm"] == SentFile(film, True)
    assert sent["text.dcm"].detail == "not a DICOM file with SOP Class and Instance UID"
    assert sent["gone.dcm"].detail == "cannot be read: No such file or directory"
    assert sent[tmp_path.name].detail == "cannot be read: Is a directory"


def test_a_film_that_cannot_be_encoded_anew_is_told_and_the_rest_goes(tmp_path: Path) -> None:
    pacs = Pacs()
    pacs.syntaxes = [ImplicitVRLittleEndian]
    damaged, whole = write(tmp_path, "damaged.dcm"), write(tmp_path, "whole.dcm")
    rows = b"\x28\x00\x10\x00US"
    damaged.write_bytes(damaged.read_bytes().replace(rows + b"\x02\x00", rows + b"\x01\x00"))
    with pacs:
        address = DestinationConfig(name="pacs", ae_title="PACS", host="127.0.0.1", port=pacs.port)
        sent = list(send_files(address, "TESTER", [damaged, whole]))

    assert [each.stored for each in sent] == [False, True]
    assert sent[0].detail.startswith("damaged, cannot be encoded for this peer")


def test_films_stored_before_the_peer_went_down_are_still_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sending, "FILES_PER_ASSOCIATION", 1)
    files = [write(tmp_path, f"{number}.dcm", seed=number) for number in range(2)]
    with Pacs() as pacs:
        address = DestinationConfig(name="pacs", ae_title="PACS", host="127.0.0.1", port=pacs.port)
        answers = send_files(address, "TESTER", files)
        first = next(answers)
    (second,) = answers

    assert first == SentFile(files[0], True)
    assert not second.stored
    assert f"pacs (PACS at 127.0.0.1:{pacs.port})" in second.detail


def test_a_peer_that_was_never_there_is_one_error(tmp_path: Path) -> None:
    address = DestinationConfig(name="pacs", ae_title="PACS", host="127.0.0.1", port=free_port())

    with pytest.raises(AssociationRefused):
        list(send_files(address, "TESTER", [write(tmp_path)]))
