"""What every network of the registry gives."""

from __future__ import annotations

from typing import NamedTuple

from torch import Tensor


class NetworkOutput(NamedTuple):
    """What one pass gives; None for a task that the network does not have.

    Attributes:
        mask_logits: Myocardium logits `(N, 1, H, W)`.
        dcm_logit: DCM logits `(N,)`.
        attention_features: What the classifier pools, `(N, channels, h, w)`; `Classifier.activation_map` makes the
            class activation map of it.
    """

    mask_logits: Tensor | None
    dcm_logit: Tensor | None
    attention_features: Tensor | None
