"""What every network of the registry gives."""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor


class NetworkOutput(NamedTuple):
    """What one pass gives; None for a task that the network does not have.

    Attributes:
        mask_logits: Myocardium logits `(N, 1, H, W)`.
        dcm_logit: DCM logits `(N,)`.
        attention_features: What the classifier pools, `(N, channels, h, w)`; `Classifier.activation_map` makes the
            class activation map of it.
        disc_logits: Logits of what the epicardium and of what the endocardium encloses, `(N, 2, H, W)`; None from a
            network that draws the ring alone.
    """

    mask_logits: Tensor | None
    dcm_logit: Tensor | None
    attention_features: Tensor | None
    disc_logits: Tensor | None = None


def ring_logits(disc_logits: Tensor) -> Tensor:
    """The logit of lying inside the epicardium and not inside the endocardium.

    With P(epi) = sigmoid(e) and P(endo) = sigmoid(i), the logit of P(epi) (1 - P(endo)) is -log(e^-e + e^i + e^(i-e)),
    which neither overflows nor cancels.

    Args:
        disc_logits: `(N, 2, H, W)`, epicardium and endocardium.

    Returns:
        `(N, 1, H, W)`.
    """
    epicardium, endocardium = disc_logits.float().split(1, dim=1)
    terms = torch.stack([-epicardium, endocardium, endocardium - epicardium])
    return -torch.logsumexp(terms, dim=0)
