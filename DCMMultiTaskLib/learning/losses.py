"""Jaccard distance, cross entropy and their weighted sum (section 3.2.1)."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor


def jaccard_distance(logits: Tensor, target: Tensor, *, smooth: float = 1.0) -> Tensor:
    """Soft Jaccard distance per image (Eq. 3), 1 - (sum GY + s) / (sum G + sum Y - sum GY + s).

    Args:
        logits: Myocardium logits `(N, 1, H, W)`; Y is their sigmoid.
        target: Ground truth G, `(N, 1, H, W)`, 0 or 1.
        smooth: s, so that an empty ground truth is defined; the printed formula has none.

    Returns:
        `(N,)`, 0 for a perfect mask.
    """
    probability = torch.sigmoid(logits.float())
    target = target.float()
    both = (probability * target).sum(dim=(1, 2, 3))
    either = probability.sum(dim=(1, 2, 3)) + target.sum(dim=(1, 2, 3)) - both
    return 1 - (both + smooth) / (either + smooth)


def total_loss(
    mask_logits: Tensor | None,
    dcm_logit: Tensor | None,
    mask: Tensor,
    dcm: Tensor,
    *,
    alpha: float = 3.0,
    classified: Tensor | None = None,
    disc_logits: Tensor | None = None,
    cavity: Tensor | None = None,
) -> tuple[Tensor, Tensor, Tensor]:
    """alpha * Jaccard distance + cross entropy (Eq. 5).

    The cross entropy is the standard binary one; in Eq. 4 as printed the second term has p and y exchanged.

    Args:
        mask_logits: `(N, 1, H, W)`; None for a network that draws no mask, whose Jaccard distance is then 0.
        dcm_logit: `(N,)`; None for a network that does not classify, whose cross entropy is then 0.
        mask: Ground truth mask `(N, 1, H, W)`.
        dcm: Ground truth label `(N,)`.
        alpha: Weight of the segmentation (Fig. 5 sweeps it).
        classified: `(N,)` bool, the images that enter the cross entropy; all by default.
        disc_logits: `(N, 2, H, W)` of epicardium and endocardium; None for a network that draws the ring alone. With
            them the Jaccard distance is the mean of the ring's and the two discs'.
        cavity: Ground truth of what the endocardium encloses, `(N, 1, H, W)`; needed with `disc_logits`.

    Returns:
        The total, the mean Jaccard distance and the mean cross entropy, each a scalar.
    """
    jaccard = cross_entropy = torch.zeros((), device=mask.device)
    if mask_logits is not None:
        jaccard = jaccard_distance(mask_logits, mask).mean()
    if disc_logits is not None and cavity is not None:
        epicardium, endocardium = disc_logits.split(1, dim=1)
        outer = jaccard_distance(epicardium, torch.maximum(mask, cavity)).mean()
        jaccard = (jaccard + outer + jaccard_distance(endocardium, cavity).mean()) / 3
    if dcm_logit is not None:
        entropy = F.binary_cross_entropy_with_logits(dcm_logit.float(), dcm.float(), reduction="none")
        weight = torch.ones_like(entropy) if classified is None else classified.to(entropy)
        cross_entropy = (entropy * weight).sum() / weight.sum().clamp(min=1)
    return alpha * jaccard + cross_entropy, jaccard, cross_entropy
