"""FCN-8s of Long et al. (2015)."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from DCMMultiTaskLib.networks.comparison.vgg import encoder_stages, initialise, pool
from DCMMultiTaskLib.networks.config import NetworkConfig
from DCMMultiTaskLib.networks.layers import network_input
from DCMMultiTaskLib.networks.output import NetworkOutput


def upsampling(factor: int) -> nn.ConvTranspose2d:
    """A learned deconvolution of one channel to `factor` times the size, initialised to be bilinear (section 4.2)."""
    size = 2 * factor
    layer = nn.ConvTranspose2d(1, 1, size, stride=factor, padding=factor // 2, bias=False)
    weights = 1 - (torch.arange(size) - (factor - 0.5)).abs() / factor
    with torch.no_grad():
        layer.weight.copy_(torch.outer(weights, weights))
    return layer


class FCN8s(nn.Module):
    """VGG-16 with its fully connected layers as convolutions, and the scores of three depths summed (section 4.2).

    fc6 is padded to keep its input's size; the paper pads the image by 100 and crops instead.
    """

    def __init__(self, config: NetworkConfig) -> None:
        super().__init__()
        self.config = config
        width = config.width
        self.stages = encoder_stages(width, batch_norm=False)
        self.fully_connected = nn.Sequential(
            nn.Conv2d(8 * width, 64 * width, 7, padding=3),
            nn.ReLU(inplace=True),
            nn.Dropout2d(0.5),
            nn.Conv2d(64 * width, 64 * width, 1),
            nn.ReLU(inplace=True),
            nn.Dropout2d(0.5),
        )
        self.score_pool3 = nn.Conv2d(4 * width, 1, 1)
        self.score_pool4 = nn.Conv2d(8 * width, 1, 1)
        self.score_deep = nn.Conv2d(64 * width, 1, 1)
        self.up_deep = upsampling(2)
        self.up_pool4 = upsampling(2)
        self.up_image = upsampling(8)
        initialise(self)

    def forward(self, image: Tensor) -> NetworkOutput:
        """Segment.

        Args:
            image: `(N, 1, H, W)` of any size, intensities in [0, 255].
        """
        pooled = []
        features = network_input(image)
        for stage in self.stages:
            features = pool(stage(features))
            pooled.append(features)
        # Pooling rounds odd sizes up; the surplus row and column are cut off after each upsampling.
        scores = self.up_deep(self.score_deep(self.fully_connected(features)))
        scores = self.score_pool4(pooled[3]) + crop(scores, pooled[3])
        scores = self.score_pool3(pooled[2]) + crop(self.up_pool4(scores), pooled[2])
        return NetworkOutput(crop(self.up_image(scores), image), None, None)


def crop(scores: Tensor, like: Tensor) -> Tensor:
    """The top left of `scores`, as high and wide as `like`."""
    return scores[..., : like.shape[-2], : like.shape[-1]]
