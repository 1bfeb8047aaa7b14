"""The extraction path (section 3.1.1): the encoder that both tasks share."""

from __future__ import annotations

import torch.nn.functional as F
from torch import Tensor, nn

from DCMMultiTaskLib.networks.config import NetworkConfig
from DCMMultiTaskLib.networks.layers import ConvBlock, conv_blocks, normalisation


class ResidualUnit(nn.Module):
    """a^l = g(z^l + a^(l-1)) (Eq. 2), g the ReLU.

    z is two 3x3 convolutions with normalisation; where the channels change, a^(l-1) goes through a 1x1 projection.
    """

    def __init__(self, in_channels: int, out_channels: int, norm: str) -> None:
        super().__init__()
        self.first = ConvBlock(in_channels, out_channels, 3, norm)
        self.second = nn.Conv2d(out_channels, out_channels, 3, padding=1, bias=False)
        self.normalisation = normalisation(norm, out_channels)
        self.projection: nn.Module = nn.Identity()
        if in_channels != out_channels:
            self.projection = nn.Conv2d(in_channels, out_channels, 1, bias=False)

    def forward(self, features: Tensor) -> Tensor:
        """`(N, in_channels, H, W)` to `(N, out_channels, H, W)`."""
        z = self.normalisation(self.second(self.first(features)))
        return F.relu(z + self.projection(features))


class ExtractionPath(nn.Module):
    """Four stages of convolutions, each followed by 2x2 max pooling, then residual units.

    The pooling has stride 2: the printed stride of 1 does not downsample, and four deconvolutions bring the size back.
    """

    def __init__(self, config: NetworkConfig) -> None:
        super().__init__()
        stages = []
        channels = 1
        for stage, count in enumerate(config.extraction_convolutions):
            out_channels = config.width * 2**stage
            stages.append(conv_blocks(channels, out_channels, config.extraction_kernel, config.normalisation, count))
            channels = out_channels
        self.stages = nn.ModuleList(stages)
        deep = config.width * config.bottleneck
        units = []
        for _ in range(config.residual_units):
            units.append(ResidualUnit(channels, deep, config.normalisation))
            channels = deep
        self.residual_units = nn.Sequential(*units)
        self.out_channels = channels

    def forward(self, image: Tensor) -> tuple[Tensor, list[Tensor]]:
        """Encode.

        Args:
            image: `(N, 1, H, W)`, H and W multiples of 16.

        Returns:
            The deep features `(N, bottleneck * C, H / 16, W / 16)`, and the stages' features before pooling:
            `(N, C, H, W)`, `(N, 2C, H / 2, W / 2)`, `(N, 4C, H / 4, W / 4)`, `(N, 8C, H / 8, W / 8)`.
        """
        skips = []
        features = image
        for stage in self.stages:
            features = stage(features)
            skips.append(features)
            features = F.max_pool2d(features, kernel_size=2, stride=2)
        return self.residual_units(features), skips
