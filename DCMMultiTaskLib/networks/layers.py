"""The convolution block that every path is made of."""

from __future__ import annotations

from itertools import pairwise

from torch import Tensor, nn


def network_input(image: Tensor, *, multiple: int = 1) -> Tensor:
    """Intensities in [0, 255], as the grid has them, to around zero and near unit size, which optimisers like.

    Args:
        image: `(N, 1, H, W)`.
        multiple: What H and W have to be multiples of.

    Raises:
        ValueError: They are not.
    """
    height, width = image.shape[-2:]
    if height % multiple or width % multiple:
        raise ValueError(f"height and width must be multiples of {multiple}, got {height} x {width}")
    return image / 127.5 - 1


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


def conv_blocks(in_channels: int, out_channels: int, kernel: int, norm: str, count: int) -> nn.Sequential:
    """So many blocks in a row, `(N, in_channels, H, W)` to `(N, out_channels, H, W)`; none passes its input on."""
    channels = [in_channels] + [out_channels] * count
    return nn.Sequential(*(ConvBlock(before, after, kernel, norm) for before, after in pairwise(channels)))
