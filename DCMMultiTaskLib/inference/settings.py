"""The settings that a model package carries beside its weights: defaults, and the check of what a file says."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from DCMMultiTaskLib.inference.flips import FLIPS
from DCMMultiTaskLib.inference.patient import RULES

# How a slice is prepared. `spacing_mm` and `size` (rows, columns) are the network's grid; `percentiles` of a slice
# become 0 and 255; `flips` are the views whose predictions are averaged (test-time augmentation).
PREPROCESSING: dict[str, Any] = {
    "spacing_mm": 1.0,
    "size": [128, 128],
    "percentiles": [0.5, 99.5],
    "flips": ["none"],
}

# How logits become probabilities and classes: p = sigmoid(scale * logit + bias), for a slice and, by
# `inference.patient`, for the patient; the class is 1 from `threshold` on.
DECISION: dict[str, Any] = {
    "threshold": 0.5,
    "slice_scale": 1.0,
    "slice_bias": 0.0,
    "patient": {"kind": "area_weighted_mean_logit", "scale": 1.0, "bias": 0.0},
}


def check_preprocessing(values: Mapping[str, Any]) -> None:
    """Raises ValueError or KeyError where the values cannot be used."""
    _require(_number(values["spacing_mm"]) and values["spacing_mm"] > 0, "spacing_mm is not positive")
    size = values["size"]
    _require(
        len(size) == 2 and all(type(n) is int and 16 <= n <= 1024 and n % 16 == 0 for n in size),
        "size is not two multiples of 16",
    )
    low, high = values["percentiles"]
    _require(_number(low) and _number(high) and 0 <= low < high <= 100, "percentiles are not two rising numbers")
    unknown = [name for name in values["flips"] if name not in FLIPS]
    _require(bool(values["flips"]) and not unknown, f"flips must be some of {', '.join(FLIPS)}")


def check_decision(values: Mapping[str, Any]) -> None:
    """Raises ValueError or KeyError where the values cannot be used."""
    _require(_number(values["threshold"]) and 0 <= values["threshold"] <= 1, "threshold is not between 0 and 1")
    patient = values["patient"]
    for name, number in (
        ("slice_scale", values["slice_scale"]),
        ("slice_bias", values["slice_bias"]),
        ("scale", patient["scale"]),
        ("bias", patient["bias"]),
    ):
        _require(_number(number), f"{name} is not a number")
    _require(patient["kind"] in RULES, f"the patient rule is not one of {', '.join(RULES)}")


def _number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)


def _require(condition: bool, reason: str) -> None:
    if not condition:
        raise ValueError(reason)
