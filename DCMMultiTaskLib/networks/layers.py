"""The convolution block that every path is made of."""

from __future__ import annotations

from torch import Tensor, nn


def normalisation(kind: str, channels: int) -> nn.Module:
    """A normalisation layer for `(N, channels, H, W)`; `kind` as in `NetworkConfig.normalisation`."""
    if kind == "batch":
        return nn.BatchNorm2d(channels)
    return nn.GroupNorm(max(1, channels // 8), channels)


class ConvBlock(nn.Module):
    """Convolution that keeps the size, normalisation, ReLU (section 4.2: "attached to each convolution")."""

    def __init__(self, in_channels: int, out_channels: int, kernel: int, norm: str) -> None:
        super().__init__()
        self.convolution = nn.Conv2d(in_channels, out_channels, kernel, padding=kernel // 2, bias=False)
        self.normalisation = normalisation(norm, out_channels)
        self.activation = nn.ReLU(inplace=True)

    def forward(self, image: Tensor) -> Tensor:
        """`(N, in_channels, H, W)` to `(N, out_channels, H, W)`."""
        return self.activation(self.normalisation(self.convolution(image)))
