"""Only what this machine was proven to decode is offered for images."""

import pytest
from pydicom.uid import ExplicitVRLittleEndian, ImplicitVRLittleEndian, JPEG2000Lossless, JPEGLosslessSV1

from node.network.contexts import decodable_syntaxes
from pipeline import codecs
from pipeline.codecs import Proof, prove_codecs


def test_a_transfer_syntax_whose_proof_fails_is_not_offered(monkeypatch: pytest.MonkeyPatch) -> None:
    proofs = prove_codecs() | {JPEGLosslessSV1: Proof(False, "gdcm", "broken")}
    monkeypatch.setattr(codecs, "prove_codecs", lambda: proofs)

    offered = decodable_syntaxes.__wrapped__()

    assert JPEGLosslessSV1 not in offered
    assert JPEG2000Lossless in offered
    assert offered[:2] == (ExplicitVRLittleEndian, ImplicitVRLittleEndian)
