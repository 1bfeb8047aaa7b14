"""The residual attention network of Wang et al. (2017), Attention-56."""

from __future__ import annotations

import torch.nn.functional as F
from torch import Tensor, nn

from DCMMultiTaskLib.networks.attention import Classifier
from DCMMultiTaskLib.networks.config import NetworkConfig
from DCMMultiTaskLib.networks.layers import network_input
from DCMMultiTaskLib.networks.output import NetworkOutput


def preactivation(channels: int) -> nn.Sequential:
    """Batch normalisation and ReLU, which come before each convolution."""
    return nn.Sequential(nn.BatchNorm2d(channels), nn.ReLU(inplace=True))


class ResidualUnit(nn.Module):
    """A bottleneck with pre-activation: 1x1, 3x3 and 1x1 convolutions, added to the input."""

    def __init__(self, in_channels: int, out_channels: int, stride: int = 1) -> None:
        super().__init__()
        middle = out_channels // 4
        self.preactivation = preactivation(in_channels)
        self.bottleneck = nn.Sequential(
            nn.Conv2d(in_channels, middle, 1, bias=False),
            preactivation(middle),
            nn.Conv2d(middle, middle, 3, stride=stride, padding=1, bias=False),
            preactivation(middle),
            nn.Conv2d(middle, out_channels, 1, bias=False),
        )
        self.projection: nn.Module | None = None
        if stride != 1 or in_channels != out_channels:
            self.projection = nn.Conv2d(in_channels, out_channels, 1, stride=stride, bias=False)

    def forward(self, features: Tensor) -> Tensor:
        """`(N, in_channels, H, W)` to `(N, out_channels, H / stride, W / stride)`, rounded up."""
        activated = self.preactivation(features)
        shortcut = features if self.projection is None else self.projection(activated)
        return shortcut + self.bottleneck(activated)


def same_size_units(channels: int, count: int) -> nn.Sequential:
    """`count` residual units that keep channels and size."""
    return nn.Sequential(*(ResidualUnit(channels, channels) for _ in range(count)))


class SoftMaskBranch(nn.Module):
    """Bottom-up by max pooling, top-down by bilinear interpolation, then two 1x1 convolutions and a sigmoid (Fig. 2).

    One residual unit (r = 1) between two poolings and on each skip connection, two at the lowest resolution.
    """

    def __init__(self, channels: int, poolings: int) -> None:
        super().__init__()
        self.bottom_up = nn.ModuleList(ResidualUnit(channels, channels) for _ in range(poolings - 1))
        self.skips = nn.ModuleList(ResidualUnit(channels, channels) for _ in range(poolings - 1))
        self.bottom = same_size_units(channels, 2)
        self.top_down = nn.ModuleList(ResidualUnit(channels, channels) for _ in range(poolings - 1))
        self.head = nn.Sequential(
            preactivation(channels),
            nn.Conv2d(channels, channels, 1, bias=False),
            preactivation(channels),
            nn.Conv2d(channels, channels, 1, bias=False),
            nn.Sigmoid(),
        )

    def forward(self, features: Tensor) -> Tensor:
        """`(N, channels, H, W)` to the mask in (0, 1), same shape."""
        size = features.shape[-2:]
        kept = []
        for unit, skip in zip(self.bottom_up, self.skips, strict=True):
            features = unit(shrink(features))
            kept.append(skip(features))
        features = self.bottom(shrink(features))
        for unit, skipped in zip(self.top_down, reversed(kept), strict=True):
            features = unit(F.interpolate(features, skipped.shape[-2:], mode="bilinear") + skipped)
        return self.head(F.interpolate(features, size, mode="bilinear"))


def shrink(features: Tensor) -> Tensor:
    """3x3 max pooling with stride 2; sizes round up, so that one place stays one place."""
    return F.max_pool2d(features, kernel_size=3, stride=2, padding=1)


class AttentionModule(nn.Module):
    """Attention residual learning, H = (1 + M) T (Eq. 3), between p = 1 residual units; t = 2 units in the trunk T."""

    def __init__(self, channels: int, poolings: int) -> None:
        super().__init__()
        self.before = ResidualUnit(channels, channels)
        self.trunk = same_size_units(channels, 2)
        self.mask = SoftMaskBranch(channels, poolings)
        self.after = ResidualUnit(channels, channels)

    def forward(self, features: Tensor) -> Tensor:
        """`(N, channels, H, W)` to the same shape."""
        features = self.before(features)
        return self.after((1 + self.mask(features)) * self.trunk(features))


class ResidualAttentionNetwork(nn.Module):
    """Attention-56 (table 2): three stages of a residual unit and an Attention Module, then three residual units.

    The modules pool three, two and one times, which took the paper's images of 224 x 224 to 7 x 7 in each; an image
    of 64 x 64 comes to 2 x 2.
    """

    def __init__(self, config: NetworkConfig) -> None:
        super().__init__()
        self.config = config
        width = config.width
        self.stem = nn.Sequential(
            nn.Conv2d(1, width, 7, stride=2, padding=3, bias=False),
            preactivation(width),
            nn.MaxPool2d(3, stride=2, padding=1),
        )
        self.stages = nn.Sequential(
            ResidualUnit(width, 4 * width),
            AttentionModule(4 * width, poolings=3),
            ResidualUnit(4 * width, 8 * width, stride=2),
            AttentionModule(8 * width, poolings=2),
            ResidualUnit(8 * width, 16 * width, stride=2),
            AttentionModule(16 * width, poolings=1),
            ResidualUnit(16 * width, 32 * width, stride=2),
            same_size_units(32 * width, 2),
            preactivation(32 * width),
        )
        self.classifier = Classifier(32 * width, 0.0)

    def forward(self, image: Tensor) -> NetworkOutput:
        """Classify.

        Args:
            image: `(N, 1, H, W)` of any size, intensities in [0, 255].
        """
        features = self.stages(self.stem(network_input(image)))
        return NetworkOutput(None, self.classifier(features), features)
