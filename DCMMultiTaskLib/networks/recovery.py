"""The recovery path (section 3.1.3): the decoder that draws the myocardium."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from DCMMultiTaskLib.networks.config import NetworkConfig
from DCMMultiTaskLib.networks.layers import ConvBlock, conv_blocks


class RecoveryStep(nn.Module):
    """A 2x2 stride-2 deconvolution, the extraction path's features of that size, 3x3 convolutions."""

    def __init__(self, in_channels: int, out_channels: int, config: NetworkConfig) -> None:
        super().__init__()
        self.concatenates = config.recovery_skip == "concatenation"
        self.deconvolution = nn.ConvTranspose2d(in_channels, out_channels, 2, stride=2)
        norm = config.normalisation
        self.block = ConvBlock((1 + self.concatenates) * out_channels, out_channels, 3, norm)
        self.further = conv_blocks(out_channels, out_channels, 3, norm, config.recovery_convolutions - 1)

    def forward(self, features: Tensor, skip: Tensor) -> Tensor:
        """`(N, in_channels, H, W)` and `(N, out_channels, 2H, 2W)` to `(N, out_channels, 2H, 2W)`."""
        larger = self.deconvolution(features)
        return self.further(self.block(torch.cat([skip, larger], dim=1) if self.concatenates else larger + skip))


class RecoveryPath(nn.Module):
    """Four recovery steps to 8C, 4C, 2C and C channels, then a 1x1 convolution to the logits of `mask_head`.

    Padded convolutions lose no border, so the cropping that the text asks for has nothing to crop.
    """

    def __init__(self, channels: int, config: NetworkConfig) -> None:
        super().__init__()
        steps = []
        for stage in reversed(range(4)):
            out_channels = config.width * 2**stage
            steps.append(RecoveryStep(channels, out_channels, config))
            channels = out_channels
        self.steps = nn.ModuleList(steps)
        self.head = nn.Conv2d(channels, 2 if config.mask_head == "discs" else 1, 1)

    def forward(self, features: Tensor, skips: list[Tensor]) -> Tensor:
        """Decode.

        Args:
            features: Deep features `(N, channels, H / 16, W / 16)`.
            skips: The extraction path's features from full size down.

        Returns:
            Logits of the ring `(N, 1, H, W)`, or of the epicardium's and endocardium's discs `(N, 2, H, W)`.
        """
        for step, skip in zip(self.steps, reversed(skips), strict=True):
            features = step(features, skip)
        return self.head(features)
