"""Every choice of a training run, in one place; stored in the model package."""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass, field
from typing import Any

from DCMMultiTaskLib.learning.augmentation import NO_AUGMENTATION, AugmentationConfig
from DCMMultiTaskLib.networks.config import PRESETS, NetworkConfig

OPTIMISERS = ("adamw", "adam")
CENTRES = ("heart", "image")


@dataclass(frozen=True)
class TrainingSettings:
    """How a network is trained.

    Attributes:
        network_name: Name in `networks.registry`.
        network: The network's configuration.
        augmentation: How far the images are varied.
        centre: What the crops are centred on: the `heart`, or the middle of the `image` as in section 4.1.2.
        epochs: Passes over the training slices.
        batch_size: Slices per step and device.
        optimiser: `adamw` with a one-cycle rate, or `adam` with a constant rate as in section 4.2.
        learning_rate: Largest rate.
        weight_decay: Of AdamW.
        alpha: Weight of the Jaccard distance in the total loss (Eq. 5). At the paper's 3 the class pulls so hard on
            what both tasks share that the masks suffer (Documentation/trials.md).
        average: Decay of the exponential moving average of the weights, per step; 0 for none.
        seed: Of the weights, the order and the augmentation.
        patience: Stop after so many validations without a better DSC; 0 never stops early.
        also_share: Share of the slices that come from manifests learned from without validating (phantoms), whatever
            their number; 0 counts their slices as the others.
        repeats: Passes over the slices that count as one epoch of the progress bar and of `validate_every`.
        validate_every: Validations are so many (repeated) epochs apart.
    """

    network_name: str = "multitask"
    network: NetworkConfig = field(default_factory=lambda: PRESETS["default"])
    augmentation: AugmentationConfig = field(default_factory=AugmentationConfig)
    centre: str = "heart"
    epochs: int = 400
    batch_size: int = 16
    optimiser: str = "adamw"
    learning_rate: float = 2e-3
    weight_decay: float = 1e-4
    alpha: float = 100.0
    average: float = 0.998
    seed: int = 0
    patience: int = 0
    also_share: float = 0.25
    repeats: int = 10
    validate_every: int = 1

    def __post_init__(self) -> None:
        if self.optimiser not in OPTIMISERS:
            raise ValueError(f"optimiser must be one of {OPTIMISERS}, got {self.optimiser!r}")
        if self.centre not in CENTRES:
            raise ValueError(f"centre must be one of {CENTRES}, got {self.centre!r}")
        for name in ("epochs", "batch_size", "repeats", "validate_every"):
            if getattr(self, name) < 1:
                raise ValueError(f"{name} must be at least 1, got {getattr(self, name)}")
        for name in ("alpha", "weight_decay", "patience"):
            if not 0 <= getattr(self, name) < math.inf:
                raise ValueError(f"{name} must be at least 0, got {getattr(self, name):g}")
        if not 0 < self.learning_rate < math.inf:
            raise ValueError(f"learning_rate must be more than 0, got {self.learning_rate:g}")
        if not 0 <= self.seed < 2**32:
            raise ValueError(f"seed must be at least 0 and less than 2^32, got {self.seed}")
        if not 0 <= self.average < 1:
            raise ValueError(f"average must be at least 0 and less than 1, got {self.average:g}")
        if not 0 <= self.also_share < 1:
            raise ValueError(f"also_share must be at least 0 and less than 1, got {self.also_share:g}")

    def to_dict(self) -> dict[str, Any]:
        """JSON-ready fields."""
        return asdict(self)


def passes_at_a_time(epochs: int, most: int) -> int:
    """The largest number of passes up to `most` that divides them: so many are made as were asked for."""
    return next((n for n in range(most, 1, -1) if epochs % n == 0), 1)


def paper_settings(**changes: Any) -> TrainingSettings:
    """Section 4.2 as printed: the `luo2020` network, Adam at 1e-4, 40 epochs, no augmentation."""
    values: dict[str, Any] = {
        "network": PRESETS["luo2020"],
        "augmentation": NO_AUGMENTATION,
        "epochs": 40,
        "optimiser": "adam",
        "learning_rate": 1e-4,
        "alpha": 3.0,
        "average": 0.0,
        "repeats": 1,
    }
    return TrainingSettings(**{**values, **changes})
