"""The multi-task network: one shared encoder, a mask and a DCM logit from it, or one of the two."""

from __future__ import annotations

from torch import Tensor, nn

from DCMMultiTaskLib.networks.attention import AttentionPath, Classifier
from DCMMultiTaskLib.networks.config import NetworkConfig
from DCMMultiTaskLib.networks.extraction import ExtractionPath
from DCMMultiTaskLib.networks.layers import network_input
from DCMMultiTaskLib.networks.output import NetworkOutput, ring_logits
from DCMMultiTaskLib.networks.recovery import RecoveryPath


class MultiTaskNetwork(nn.Module):
    """Extraction path, then attention path and recovery path side by side (section 3.1).

    Example:
        >>> import torch
        >>> from DCMMultiTaskLib.networks.config import preset
        >>> network = MultiTaskNetwork(preset("default", width=4))
        >>> output = network(torch.zeros(2, 1, 64, 48))
        >>> output.mask_logits.shape, output.dcm_logit.shape
        (torch.Size([2, 1, 64, 48]), torch.Size([2]))
    """

    def __init__(self, config: NetworkConfig) -> None:
        super().__init__()
        self.config = config
        self.extraction = ExtractionPath(config)
        channels = self.extraction.out_channels
        if "dcm" in config.tasks:
            self.attention = AttentionPath(channels, config)
            self.classifier = Classifier(channels, config.dropout)
        if "mask" in config.tasks:
            self.recovery = RecoveryPath(channels, config)

    def forward(self, image: Tensor) -> NetworkOutput:
        """Segment and classify.

        Args:
            image: `(N, 1, H, W)`, intensities in [0, 255], H and W multiples of 16.

        Raises:
            ValueError: H or W is not a multiple of 16.
        """
        features, skips = self.extraction(network_input(image, multiple=16))
        mask_logits = dcm_logit = attended = disc_logits = None
        if "dcm" in self.config.tasks:
            attended = self.attention(features)
            dcm_logit = self.classifier(attended)
        if "mask" in self.config.tasks:
            mask_logits = self.recovery(features, skips)
            if self.config.mask_head == "discs":
                disc_logits, mask_logits = mask_logits, ring_logits(mask_logits)
        return NetworkOutput(mask_logits, dcm_logit, attended, disc_logits)
