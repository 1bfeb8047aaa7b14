"""SegNet of Badrinarayanan et al. (2017)."""

from __future__ import annotations

import torch.nn.functional as F
from torch import Tensor, nn

from DCMMultiTaskLib.networks.comparison.vgg import CONVOLUTIONS, MULTIPLES, convolutions, encoder_stages, initialise
from DCMMultiTaskLib.networks.config import NetworkConfig
from DCMMultiTaskLib.networks.layers import network_input
from DCMMultiTaskLib.networks.output import NetworkOutput


class SegNet(nn.Module):
    """VGG-16's convolutions, and their mirror image after max-unpooling with the encoder's indices (section 3).

    Convolutions have a bias besides batch normalisation, as in the authors' Caffe model.
    """

    def __init__(self, config: NetworkConfig) -> None:
        super().__init__()
        self.config = config
        widths = [config.width * multiple for multiple in MULTIPLES]
        self.encoder = encoder_stages(config.width, batch_norm=True)
        self.decoder = nn.ModuleList(
            convolutions([widths[stage]] * CONVOLUTIONS[stage] + [widths[stage - 1]], batch_norm=True)
            for stage in (4, 3, 2, 1)
        )
        self.decoder.append(convolutions([config.width] * 2, batch_norm=True))
        self.head = nn.Conv2d(config.width, 1, 3, padding=1)
        initialise(self)

    def forward(self, image: Tensor) -> NetworkOutput:
        """Segment.

        Args:
            image: `(N, 1, H, W)` of any size, intensities in [0, 255].
        """
        features = network_input(image)
        sizes, indices = [], []
        for stage in self.encoder:
            features = stage(features)
            sizes.append(features.shape[-2:])
            # Rounding up: multiples of 16 are odd at the fifth pooling; unpooling is told the size before.
            features, index = F.max_pool2d(features, 2, stride=2, ceil_mode=True, return_indices=True)
            indices.append(index)
        for stage, index, size in zip(self.decoder, reversed(indices), reversed(sizes), strict=True):
            features = stage(F.max_unpool2d(features, index, (2, 2), output_size=list(size)))
        return NetworkOutput(self.head(features), None, None)
