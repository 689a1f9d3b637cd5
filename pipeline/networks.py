"""The two networks as functions of a small description; training and serving build them here.

Importing this module costs nothing: torch, timm and segmentation-models-pytorch are loaded when a network is
built, and serving on a CPU builds none.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, cast

if TYPE_CHECKING:
    from torch import nn


@dataclass(frozen=True, slots=True)
class UNetArchitecture:
    """A U-Net (segmentation-models-pytorch) over a timm encoder, one grey channel in, one logit a pixel out.

    Attributes
    ----------
    encoder
        timm model name, ``tf_efficientnet_lite0``.
    decoder_channels
        Channels of the five decoder blocks, deepest first.
    """

    encoder: str = "tf_efficientnet_lite0"
    decoder_channels: tuple[int, ...] = (128, 64, 48, 32, 16)


@dataclass(frozen=True, slots=True)
class ClassifierArchitecture:
    """A timm classifier, one grey channel in, one logit out.

    Attributes
    ----------
    backbone
        timm model name.
    dropout
        Probability before the last layer while training, in [0, 1).
    """

    backbone: str = "tf_efficientnet_lite0"
    dropout: float = 0.2


Architecture = UNetArchitecture | ClassifierArchitecture


def build_network(architecture: Architecture) -> nn.Module:
    """Build the described network with random weights, in training mode.

    Returns
    -------
    nn.Module
        Takes (N, 1, S, S), S divisible by 32. A U-Net gives logits (N, 1, S, S), a classifier (N, 1).
    """
    if isinstance(architecture, UNetArchitecture):
        return build_unet(architecture)
    return build_classifier(architecture)


def build_unet(architecture: UNetArchitecture) -> nn.Module:
    """Build the segmentation network; see `build_network` for its shapes."""
    import segmentation_models_pytorch as smp

    return cast(
        "nn.Module",
        smp.Unet(
            f"tu-{architecture.encoder}",
            encoder_weights=None,
            decoder_channels=architecture.decoder_channels,
            in_channels=1,
            classes=1,
        ),
    )


def build_classifier(architecture: ClassifierArchitecture) -> nn.Module:
    """Build the classification network; see `build_network` for its shapes."""
    import timm

    network: nn.Module = timm.create_model(
        architecture.backbone, in_chans=1, num_classes=1, drop_rate=architecture.dropout
    )
    return network
