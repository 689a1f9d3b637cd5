import sys
from dataclasses import replace

import pytest
from pydicom.uid import JPEGLSNearLossless

from pipeline.codecs import prove_codecs
from pipeline.codecs import proving as proving_module
from pipeline.codecs.proving import read_proof
from pipeline.codecs.table import CODEC_BY_TRANSFER_SYNTAX, CODECS

IN_ORDER_OF_PREFERENCE = [
    "1.2.840.10008.1.2.1",
    "1.2.840.10008.1.2",
    "1.2.840.10008.1.2.4.70",
    "1.2.840.10008.1.2.4.57",
    "1.2.840.10008.1.2.4.80",
    "1.2.840.10008.1.2.4.90",
    "1.2.840.10008.1.2.5",
    "1.2.840.10008.1.2.4.201",
    "1.2.840.10008.1.2.4.202",
    "1.2.840.10008.1.2.1.99",
    "1.2.840.10008.1.2.4.91",
    "1.2.840.10008.1.2.4.81",
    "1.2.840.10008.1.2.4.51",
    "1.2.840.10008.1.2.4.50",
    "1.2.840.10008.1.2.4.203",
]


def test_every_known_transfer_syntax_is_proven_here_and_stands_in_the_order_of_preference() -> None:
    proofs = prove_codecs()

    assert [uid for uid, proof in proofs.items() if not proof.ok] == []
    assert list(proofs) == IN_ORDER_OF_PREFERENCE


def test_pixels_that_differ_by_more_than_the_tolerance_are_no_proof() -> None:
    strict = replace(CODEC_BY_TRANSFER_SYNTAX[JPEGLSNearLossless], tolerance=1)

    proof = proving_module._prove(strict)

    assert not proof.ok
    assert proof.detail == "largest difference 2, allowed 1"


def test_a_decoder_that_is_not_installed_is_no_proof_and_no_crash(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "jpeg_ls", None)

    proofs = prove_codecs()

    assert not proofs[JPEGLSNearLossless].ok
    assert "jpeg_ls" in proofs[JPEGLSNearLossless].detail
    assert proofs["1.2.840.10008.1.2.4.70"].ok


@pytest.mark.parametrize("codec", CODECS, ids=lambda codec: codec.proof)
def test_a_proof_names_no_patient_and_is_encoded_as_it_claims(codec: object) -> None:
    film = read_proof(codec)  # type: ignore[arg-type]

    assert film.file_meta.TransferSyntaxUID == codec.transfer_syntax_uid  # type: ignore[attr-defined]
    assert not any(element.keyword.startswith("Patient") for element in film)
