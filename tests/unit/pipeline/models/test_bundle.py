"""A bundle is used only when every digest, every tensor and the networks' own answers are as they were."""

import json
import os
import pickle
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import load_file, save_file

from pipeline.bundle import load_bundle, reference_bundle, verify_bundle
from pipeline.bundle.manifest import DISCLAIMER, MANIFEST_NAME, device_uid, sha256_of
from pipeline.engines import cuda_is_present
from pipeline.errors import BundleError
from tests.support.bundles import sign_again

FILES = (
    "segmenter.safetensors",
    "segmenter.onnx",
    "classifier.safetensors",
    "classifier.onnx",
    "MODEL_CARD.md",
)


def test_a_whole_bundle_loads_and_names_its_models(tiny_bundle: Path) -> None:
    bundle = load_bundle(tiny_bundle, device="cpu")

    identity = bundle.identity
    weights = sha256_of((tiny_bundle / "segmenter.safetensors").read_bytes())
    assert identity.digest == sha256_of((tiny_bundle / MANIFEST_NAME).read_bytes())
    assert identity.segmenter.weights_sha256 == weights
    assert identity.segmenter.device_uid == device_uid(weights)
    assert identity.segmenter.device_uid != identity.classifier.device_uid
    assert identity.disclaimer == DISCLAIMER
    assert not bundle.manifest.validated_on_newborns


def test_other_weights_are_another_device(tiny_bundle: Path) -> None:
    assert device_uid("0" * 64) != device_uid("1" * 64)
    assert device_uid("0" * 64) == device_uid("0" * 64)
    assert len(device_uid("f" * 64)) <= 64


@pytest.mark.parametrize("name", FILES)
def test_one_changed_byte_is_refused_by_the_files_name(damaged: Path, name: str) -> None:
    content = bytearray((damaged / name).read_bytes())
    content[len(content) // 2] ^= 1
    (damaged / name).write_bytes(content)

    with pytest.raises(BundleError, match=rf"{name}.*has changed"):
        load_bundle(damaged, device="cpu")


@pytest.mark.parametrize("name", FILES)
def test_a_missing_file_is_refused_by_its_name(damaged: Path, name: str) -> None:
    (damaged / name).unlink()

    with pytest.raises(BundleError, match=rf"{name}.*cannot be read"):
        load_bundle(damaged, device="cpu")


def test_a_folder_without_a_manifest_is_refused(tmp_path: Path) -> None:
    with pytest.raises(BundleError, match="no readable manifest"):
        load_bundle(tmp_path, device="cpu")


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("format_version", 2),
        ("format", "something else"),
        ("unheard_of", 1),
        ("segmenter__architecture__encoder", 7),
        ("segmenter__weights", "../segmenter.safetensors"),
        ("classifier__temperature", 0.0),
        ("classifier__threshold", 1.5),
    ],
)
def test_a_manifest_of_another_format_is_refused_by_the_key(damaged: Path, key: str, value: object) -> None:
    sign_again(damaged, **{key: value})

    with pytest.raises(BundleError, match=key.rsplit("__", 1)[-1]):
        verify_bundle(damaged)


def test_a_manifest_that_is_no_json_is_refused(damaged: Path) -> None:
    (damaged / MANIFEST_NAME).write_text("{", encoding="utf-8")

    with pytest.raises(BundleError, match="JSON"):
        verify_bundle(damaged)


@pytest.mark.parametrize("bad", [np.nan, np.inf])
def test_weights_that_are_not_finite_are_refused_by_the_tensors_name(damaged: Path, bad: float) -> None:
    tensors = load_file(damaged / "classifier.safetensors")
    tensors["classifier.weight"].flat[3] = bad
    save_file(tensors, damaged / "classifier.safetensors")
    sign_again(damaged)

    with pytest.raises(BundleError, match=r"classifier\.weight holds NaN or infinity"):
        load_bundle(damaged, device="cpu")


class _Trap:
    """Leaves a trace when it is unpickled."""

    def __init__(self, trace: Path) -> None:
        self.trace = trace

    def __reduce__(self) -> tuple[object, tuple[object, ...]]:
        return os.mkdir, (str(self.trace),)


@pytest.mark.parametrize("protocol", range(6))
def test_a_pickle_in_place_of_weights_is_refused_and_not_opened(
    damaged: Path, tmp_path: Path, protocol: int
) -> None:
    trace = tmp_path / "unpickled"
    (damaged / "segmenter.safetensors").write_bytes(pickle.dumps(_Trap(trace), protocol))
    sign_again(damaged)

    with pytest.raises(BundleError, match=r"segmenter\.safetensors"):
        load_bundle(damaged, device="cpu")
    assert not trace.exists()


def test_a_torch_archive_in_place_of_weights_is_called_a_pickle(damaged: Path) -> None:
    import torch

    torch.save({"weight": torch.zeros(3)}, damaged / "segmenter.safetensors")
    sign_again(damaged)

    with pytest.raises(BundleError, match="pickle"):
        load_bundle(damaged, device="cpu")


def test_weights_of_another_network_are_refused(damaged: Path) -> None:
    shutil.copy(damaged / "classifier.safetensors", damaged / "segmenter.safetensors")
    sign_again(damaged)

    with pytest.raises(BundleError, match="another architecture"):
        load_bundle(damaged, device="cpu")


def test_a_renamed_tensor_is_refused(damaged: Path) -> None:
    tensors = load_file(damaged / "classifier.safetensors")
    tensors["head.weight"] = tensors.pop("classifier.weight")
    save_file(tensors, damaged / "classifier.safetensors")
    sign_again(damaged)

    with pytest.raises(BundleError, match="another architecture"):
        load_bundle(damaged, device="cpu")


@pytest.mark.parametrize("cut", [0, 4, 100, -8])
def test_a_truncated_weights_file_is_refused(damaged: Path, cut: int) -> None:
    path = damaged / "segmenter.safetensors"
    path.write_bytes(path.read_bytes()[:cut])
    sign_again(damaged)

    with pytest.raises(BundleError, match=r"segmenter\.safetensors"):
        load_bundle(damaged, device="cpu")


def test_a_device_uid_of_other_weights_is_refused(damaged: Path) -> None:
    sign_again(damaged, segmenter__device_uid=device_uid("0" * 64))

    with pytest.raises(BundleError, match="Device UID"):
        verify_bundle(damaged)


def test_files_that_the_manifest_does_not_list_are_not_used(damaged: Path) -> None:
    manifest = json.loads((damaged / MANIFEST_NAME).read_text(encoding="utf-8"))
    manifest["files"] = [entry for entry in manifest["files"] if entry["name"] != "segmenter.onnx"]
    (damaged / MANIFEST_NAME).write_text(json.dumps(manifest), encoding="utf-8")

    with pytest.raises(BundleError, match=r"segmenter\.onnx is used but not among"):
        verify_bundle(damaged)


def test_a_network_that_answers_otherwise_than_in_training_is_refused(damaged: Path) -> None:
    tensors = load_file(damaged / "classifier.safetensors")
    tensors["classifier.bias"] = tensors["classifier.bias"] + np.float16(0.5)
    save_file(tensors, damaged / "classifier.safetensors")
    sign_again(damaged)

    verify_bundle(damaged)
    with pytest.raises(BundleError, match="other numbers"):
        load_bundle(damaged, device="cpu")


def test_a_graph_that_is_no_onnx_is_refused(damaged: Path) -> None:
    (damaged / "segmenter.onnx").write_bytes(b"not a graph")
    sign_again(damaged)

    with pytest.raises(BundleError, match=r"segmenter\.onnx"):
        load_bundle(damaged, device="cpu")


def test_cuda_is_refused_where_there_is_none(tiny_bundle: Path) -> None:
    if cuda_is_present():
        pytest.skip("needs a machine without CUDA")

    with pytest.raises(BundleError, match="CUDA device is missing"):
        load_bundle(tiny_bundle, device="cuda")


def test_the_graphs_hold_no_weights_and_no_paths(tiny_bundle: Path) -> None:
    for name in ("segmenter.onnx", "classifier.onnx"):
        content = (tiny_bundle / name).read_bytes()

        assert len(content) < 200_000
        assert b"site-packages" not in content
        assert str(Path.cwd()).encode() not in content


def test_the_reference_bundle_is_whole_small_and_honest() -> None:
    path = reference_bundle()
    manifest, identity = verify_bundle(path)

    assert sum(file.size_bytes for file in manifest.files) <= 25 * 10**6
    assert {file.name for file in manifest.files} == {file.name for file in path.iterdir()} - {MANIFEST_NAME}
    assert not manifest.validated_on_newborns
    assert "not validated on newborns" in identity.disclaimer
    assert "ot validated on newborns" in (path / "MODEL_CARD.md").read_text(encoding="utf-8")
    assert any("CC BY 4.0" in source.licence for source in manifest.data)


def test_serving_on_a_cpu_does_not_import_torch() -> None:
    code = (
        "import sys\n"
        "from pipeline.bundle import load_bundle, reference_bundle\n"
        "load_bundle(reference_bundle(), device='cpu')\n"
        "assert 'torch' not in sys.modules and 'timm' not in sys.modules\n"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
