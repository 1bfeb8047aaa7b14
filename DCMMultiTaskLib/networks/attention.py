"""The attention path (section 3.1.2) and the classifier that it ends in."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from DCMMultiTaskLib.networks.config import NetworkConfig
from DCMMultiTaskLib.networks.layers import ConvBlock, conv_blocks, normalisation


def deconvolution(kind: str, channels: int, norm: str) -> nn.Sequential:
    """A 7x7 deconvolution with stride 2; `kind` as in `NetworkConfig.mask_decoder`."""
    groups = channels if kind == "depthwise" else 1
    layers: list[nn.Module] = [
        nn.ConvTranspose2d(channels, channels, 7, stride=2, padding=3, output_padding=1, groups=groups, bias=False)
    ]
    if kind == "depthwise":
        layers.append(nn.Conv2d(channels, channels, 1, bias=False))
    return nn.Sequential(*layers, normalisation(norm, channels), nn.ReLU(inplace=True))


class AttentionModule(nn.Module):
    """H = (1 + M) T (Eq. 1): the mask branch M weighs what the soft (trunk) branch T finds.

    T is 3x3 convolutions. M is an encoder of two (2x2 max pooling, 1x1 convolution), a decoder of two 7x7
    deconvolutions up to the input's size, and a sigmoid.
    """

    def __init__(self, channels: int, config: NetworkConfig) -> None:
        super().__init__()
        norm = config.normalisation
        self.trunk = conv_blocks(channels, channels, 3, norm, config.trunk_convolutions)
        self.encoder = nn.ModuleList(ConvBlock(channels, channels, 1, norm) for _ in range(2))
        self.decoder = nn.ModuleList(deconvolution(config.mask_decoder, channels, norm) for _ in range(2))
        self.mask_head = nn.Conv2d(channels, channels, 1)

    def mask(self, features: Tensor) -> Tensor:
        """M in (0, 1), same shape as the input."""
        size = features.shape[-2:]
        encoded = features
        for encode in self.encoder:
            encoded = encode(F.max_pool2d(encoded, kernel_size=2, stride=2, ceil_mode=True))
        for decode in self.decoder:
            encoded = decode(encoded)
        # Rounding up while pooling makes odd sizes work; the surplus row and column are cut off here.
        return torch.sigmoid(self.mask_head(encoded[..., : size[0], : size[1]]))

    def forward(self, features: Tensor) -> Tensor:
        """`(N, channels, H, W)` to the same shape."""
        return (1 + self.mask(features)) * self.trunk(features)


class AttentionPath(nn.Module):
    """The Attention Modules one after the other."""

    def __init__(self, channels: int, config: NetworkConfig) -> None:
        super().__init__()
        self.modules_in_order = nn.Sequential(
            *(AttentionModule(channels, config) for _ in range(config.attention_modules))
        )

    def forward(self, features: Tensor) -> Tensor:
        """`(N, channels, H, W)` to the same shape."""
        return self.modules_in_order(features)


class Classifier(nn.Module):
    """Global average pooling and one linear layer, so that the class activation map is exact (Zhou et al. 2016)."""

    def __init__(self, channels: int, dropout: float) -> None:
        super().__init__()
        self.dropout = nn.Dropout(dropout)
        self.linear = nn.Linear(channels, 1)

    def forward(self, features: Tensor) -> Tensor:
        """`(N, channels, H, W)` to the DCM logit `(N,)`."""
        return self.linear(self.dropout(features.mean(dim=(-2, -1)))).squeeze(-1)

    def activation_map(self, features: Tensor) -> Tensor:
        """Each place's share of the logit, `(N, H, W)`: its mean over H, W plus the bias is the logit."""
        return torch.einsum("nchw,c->nhw", features, self.linear.weight[0])
