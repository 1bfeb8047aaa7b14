"""VGG-16 of Simonyan and Zisserman (2015), and the convolutions of it that FCN-8s and SegNet begin with."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import torch.nn.functional as F
from torch import Tensor, nn

from DCMMultiTaskLib.networks.config import NetworkConfig
from DCMMultiTaskLib.networks.layers import network_input
from DCMMultiTaskLib.networks.output import NetworkOutput

# Column D of table 1: convolutions per stage, and the stage's channels as a multiple of the first stage's.
CONVOLUTIONS = (2, 2, 3, 3, 3)
MULTIPLES = (1, 2, 4, 8, 8)


def convolutions(channels: Sequence[int], *, batch_norm: bool) -> nn.Sequential:
    """3x3 convolutions with ReLU, from `channels[0]` by way of all between to `channels[-1]`."""
    layers: list[nn.Module] = []
    for before, after in pairwise(channels):
        layers.append(nn.Conv2d(before, after, 3, padding=1))
        if batch_norm:
            layers.append(nn.BatchNorm2d(after))
        layers.append(nn.ReLU(inplace=True))
    return nn.Sequential(*layers)


def encoder_stages(width: int, *, batch_norm: bool) -> nn.ModuleList:
    """The thirteen convolutions in five stages; 2x2 max pooling follows each stage, and is the caller's."""
    stages = nn.ModuleList()
    before = 1
    for count, multiple in zip(CONVOLUTIONS, MULTIPLES, strict=True):
        stages.append(convolutions([before] + [width * multiple] * count, batch_norm=batch_norm))
        before = width * multiple
    return stages


def pool(features: Tensor) -> Tensor:
    """2x2 max pooling, `(N, C, H, W)` to `(N, C, ceil(H / 2), ceil(W / 2))`."""
    # Rounding up is Caffe's, which these networks were published for: multiples of 16 are odd at the fifth pooling.
    return F.max_pool2d(features, kernel_size=2, stride=2, ceil_mode=True)


def initialise(network: nn.Module) -> None:
    """He et al. (2015): without it thirteen convolutions from PyTorch's defaults shrink the signal to nothing."""
    for module in network.modules():
        if isinstance(module, (nn.Conv2d, nn.Linear)):
            nn.init.kaiming_normal_(module.weight, nonlinearity="relu")
            if module.bias is not None:
                nn.init.zeros_(module.bias)


class VGG16(nn.Module):
    """Thirteen convolutions and three fully connected layers, without normalisation, as published (section 2.1).

    The fully connected layers take 7 x 7 places, what an image of 224 x 224 leaves; other sizes are averaged to that.
    There is no global average pooling, so there is no class activation map.
    """

    def __init__(self, config: NetworkConfig) -> None:
        super().__init__()
        self.config = config
        self.stages = encoder_stages(config.width, batch_norm=False)
        self.average = nn.AdaptiveAvgPool2d(7)
        hidden = 64 * config.width
        self.fully_connected = nn.Sequential(
            nn.Linear(8 * config.width * 7 * 7, hidden),
            nn.ReLU(inplace=True),
            nn.Dropout(0.5),
            nn.Linear(hidden, hidden),
            nn.ReLU(inplace=True),
            nn.Dropout(0.5),
            nn.Linear(hidden, 1),
        )
        initialise(self)

    def forward(self, image: Tensor) -> NetworkOutput:
        """Classify.

        Args:
            image: `(N, 1, H, W)` of any size, intensities in [0, 255].
        """
        features = network_input(image)
        for stage in self.stages:
            features = pool(stage(features))
        dcm_logit = self.fully_connected(self.average(features).flatten(start_dim=1)).squeeze(-1)
        return NetworkOutput(None, dcm_logit, None)
