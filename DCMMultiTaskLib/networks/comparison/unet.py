"""The U-Net of Ronneberger et al. (2015)."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from DCMMultiTaskLib.networks.config import NetworkConfig
from DCMMultiTaskLib.networks.layers import conv_blocks, network_input
from DCMMultiTaskLib.networks.output import NetworkOutput


def double_convolution(in_channels: int, out_channels: int) -> nn.Sequential:
    """Two 3x3 convolutions, each with batch normalisation and ReLU."""
    return conv_blocks(in_channels, out_channels, 3, "batch", 2)


class UNet(nn.Module):
    """Contracting path, expanding path, and concatenation of equal sizes (section 2).

    The convolutions are padded, so that the mask has the image's size without mirroring its border, and have batch
    normalisation: Luo et al. (section 4.2) attach it to each convolution.
    """

    def __init__(self, config: NetworkConfig) -> None:
        super().__init__()
        self.config = config
        widths = [config.width * 2**stage for stage in range(5)]
        self.contracting = nn.ModuleList(
            double_convolution(before, after) for before, after in zip([1, *widths[:3]], widths[:4], strict=True)
        )
        self.bottom = double_convolution(widths[3], widths[4])
        self.up = nn.ModuleList(nn.ConvTranspose2d(2 * width, width, 2, stride=2) for width in reversed(widths[:4]))
        self.expanding = nn.ModuleList(double_convolution(2 * width, width) for width in reversed(widths[:4]))
        self.head = nn.Conv2d(config.width, 1, 1)

    def forward(self, image: Tensor) -> NetworkOutput:
        """Segment.

        Args:
            image: `(N, 1, H, W)`, intensities in [0, 255], H and W multiples of 16.

        Raises:
            ValueError: H or W is not a multiple of 16.
        """
        features = network_input(image, multiple=16)
        skips = []
        for convolve in self.contracting:
            features = convolve(features)
            skips.append(features)
            features = F.max_pool2d(features, kernel_size=2, stride=2)
        features = self.bottom(features)
        for up, convolve, skip in zip(self.up, self.expanding, reversed(skips), strict=True):
            features = convolve(torch.cat([skip, up(features)], dim=1))
        return NetworkOutput(self.head(features), None, None)
