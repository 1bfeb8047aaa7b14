"""DeepLabv3 of Chen et al. (2017)."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from DCMMultiTaskLib.networks.comparison.resnet import RESNET50, ResNetBackbone
from DCMMultiTaskLib.networks.config import NetworkConfig
from DCMMultiTaskLib.networks.layers import network_input
from DCMMultiTaskLib.networks.output import NetworkOutput

# Section 3.3: 6, 12 and 18 at output stride 16, doubled at output stride 8.
RATES = (12, 24, 36)


def convolution(in_channels: int, out_channels: int, kernel: int, *, rate: int = 1) -> nn.Sequential:
    """Atrous convolution that keeps the size, batch normalisation, ReLU."""
    return nn.Sequential(
        nn.Conv2d(in_channels, out_channels, kernel, padding=rate * (kernel // 2), dilation=rate, bias=False),
        nn.BatchNorm2d(out_channels),
        nn.ReLU(inplace=True),
    )


class AtrousSpatialPyramidPooling(nn.Module):
    """A 1x1 convolution, three atrous ones and the image's average side by side, then a 1x1 convolution (Fig. 5)."""

    def __init__(self, in_channels: int, out_channels: int) -> None:
        super().__init__()
        self.branches = nn.ModuleList([convolution(in_channels, out_channels, 1)])
        self.branches.extend(convolution(in_channels, out_channels, 3, rate=rate) for rate in RATES)
        self.image_pooling = convolution(in_channels, out_channels, 1)
        self.project = convolution(out_channels * 5, out_channels, 1)

    def forward(self, features: Tensor) -> Tensor:
        """`(N, in_channels, H, W)` to `(N, out_channels, H, W)`; N is 2 or more while training."""
        average = self.image_pooling(features.mean(dim=(-2, -1), keepdim=True)).expand(-1, -1, *features.shape[-2:])
        return self.project(torch.cat([*(branch(features) for branch in self.branches), average], dim=1))


class DeepLabV3(nn.Module):
    """ResNet-50 at output stride 8, atrous spatial pyramid pooling, and bilinear upsampling.

    As in torchvision, the last stage has no multi-grid and a 3x3 convolution precedes the last one.
    """

    def __init__(self, config: NetworkConfig) -> None:
        super().__init__()
        self.config = config
        channels = 4 * config.width
        self.backbone = ResNetBackbone(RESNET50, config.width, output_stride=8)
        self.pyramid = AtrousSpatialPyramidPooling(self.backbone.out_channels, channels)
        self.head = nn.Sequential(convolution(channels, channels, 3), nn.Conv2d(channels, 1, 1))

    def forward(self, image: Tensor) -> NetworkOutput:
        """Segment.

        Args:
            image: `(N, 1, H, W)` of any size, intensities in [0, 255].
        """
        logits = self.head(self.pyramid(self.backbone(network_input(image))))
        return NetworkOutput(F.interpolate(logits, image.shape[-2:], mode="bilinear"), None, None)
