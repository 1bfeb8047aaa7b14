"""A moving average of the weights that is useful from the first step on."""

from __future__ import annotations

from lightning.pytorch.callbacks import WeightAveraging
from torch import Tensor


class WarmAveraging(WeightAveraging):
    """Exponential moving average of the weights with the decay min(decay, (1 + n) / (10 + n)) at step n.

    A constant decay near one keeps the untrained weights in the average for thousands of steps; here they fade at once.
    Validation, checkpoints and the final network use the average.
    """

    def __init__(self, decay: float) -> None:
        def average(averaged: Tensor, current: Tensor, updates: Tensor | int) -> Tensor:
            now = min(decay, (1 + float(updates)) / (10 + float(updates)))
            return averaged * now + current * (1 - now)

        super().__init__(avg_fn=average)
