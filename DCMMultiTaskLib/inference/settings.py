"""The choices that a model package carries beside its weights, and the strict check of what a file says."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields
from typing import Any

from DCMMultiTaskLib.inference.flips import FLIPS

RULES = ("mean_logit", "area_weighted_mean_logit")
"""How the slices' logits become the patient's: each counts the same, or by its myocardium's area."""
MOST_SMOOTHING = 45.0


@dataclass(frozen=True)
class Preprocessing:
    """How a slice is prepared for the network.

    Attributes:
        spacing_mm: Pixel size of the network's grid.
        size: Its rows and columns.
        percentiles: Those of a slice that become 0 and 255.
        flips: Views whose predictions are averaged (test-time augmentation), names in `flips.FLIPS`.

    Raises:
        ValueError: A value is out of range.
    """

    spacing_mm: float = 1.0
    size: tuple[int, int] = (128, 128)
    percentiles: tuple[float, float] = (0.5, 99.5)
    flips: tuple[str, ...] = ("none",)

    def __post_init__(self) -> None:
        _require(_number(self.spacing_mm) and self.spacing_mm > 0, "spacing_mm is not positive")
        _require(
            len(self.size) == 2 and all(type(n) is int and 16 <= n <= 1024 and n % 16 == 0 for n in self.size),
            "size is not two multiples of 16",
        )
        _require(
            len(self.percentiles) == 2
            and all(map(_number, self.percentiles))
            and 0 <= self.percentiles[0] < self.percentiles[1] <= 100,
            "percentiles are not two rising numbers",
        )
        unknown = [name for name in self.flips if name not in FLIPS]
        _require(bool(self.flips) and not unknown, f"flips must be some of {', '.join(FLIPS)}")

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> Preprocessing:
        """From JSON; raises ValueError or KeyError where the values cannot be used."""
        return cls(**_fields(cls, values))

    def to_dict(self) -> dict[str, Any]:
        """JSON-ready."""
        return asdict(self)


@dataclass(frozen=True)
class PatientRule:
    """The patient's probability: sigmoid(scale * logit + volume_scale * ln(volume / volume_ml) + bias).

    The volume is the LV cavity's at end diastole, that of a body of 1.9 m2 where the patient's surface is known.

    Attributes:
        kind: How the patient's logit comes from the slices', of `RULES`.
        scale: Weight of the logit.
        bias: Offset.
        volume_scale: Weight of the logarithm of the volume; 0 in packages of before it counted.
        volume_ml: Geometric mean of the volumes of the patients that the rule was fitted on.
    """

    kind: str = "area_weighted_mean_logit"
    scale: float = 1.0
    bias: float = 0.0
    volume_scale: float = 0.0
    volume_ml: float = 150.0

    def __post_init__(self) -> None:
        _require(self.kind in RULES, f"the patient rule is not one of {', '.join(RULES)}")
        for name in ("scale", "bias", "volume_scale", "volume_ml"):
            _require(_number(getattr(self, name)), f"{name} is not a number")
        _require(self.volume_ml > 0, "volume_ml is not positive")


@dataclass(frozen=True)
class Decision:
    """How logits become masks, probabilities and classes.

    Attributes:
        threshold: Probability from which the class is 1.
        slice_scale: A slice's probability is sigmoid(slice_scale * logit + slice_bias).
        slice_bias: See there.
        patient: The patient's probability.
        mask_threshold: Probability from which a pixel is myocardium. A network that is trained on an overlap (Dice,
            Jaccard) draws what it is unsure of too large at one half (Bertels et al., Medical Image Analysis 67, 2021).
        smoothing_degrees: How far the probabilities are smoothed along the wall first (`inference.smoothing`); 0: not.

    Raises:
        ValueError: A value is out of range.
    """

    threshold: float = 0.5
    slice_scale: float = 1.0
    slice_bias: float = 0.0
    patient: PatientRule = field(default_factory=PatientRule)
    mask_threshold: float = 0.5
    smoothing_degrees: float = 0.0

    def __post_init__(self) -> None:
        _require(_number(self.threshold) and 0 <= self.threshold <= 1, "threshold is not between 0 and 1")
        _require(_number(self.mask_threshold) and 0 < self.mask_threshold < 1, "mask_threshold is not between 0 and 1")
        _require(
            _number(self.smoothing_degrees) and 0 <= self.smoothing_degrees <= MOST_SMOOTHING,
            f"smoothing_degrees is not between 0 and {MOST_SMOOTHING:g}",
        )
        _require(_number(self.slice_scale), "slice_scale is not a number")
        _require(_number(self.slice_bias), "slice_bias is not a number")

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> Decision:
        """From JSON; raises ValueError or KeyError where the values cannot be used."""
        # Older packages do not name what was not there yet.
        before = {"mask_threshold": cls.mask_threshold, "smoothing_degrees": cls.smoothing_degrees}
        known = _fields(cls, {**before, **values})
        rule = {"volume_scale": 0.0, "volume_ml": PatientRule.volume_ml, **known["patient"]}
        return cls(**{**known, "patient": PatientRule(**_fields(PatientRule, rule))})

    def to_dict(self) -> dict[str, Any]:
        """JSON-ready."""
        return asdict(self)


def _fields(kind: type, values: Mapping[str, Any]) -> dict[str, Any]:
    """The values of a dataclass's fields, lists as tuples; exactly these have to be there."""
    names = [f.name for f in fields(kind)]
    unknown = sorted(set(values) - set(names))
    _require(not unknown, f"unknown settings: {', '.join(unknown)}")
    return {name: tuple(values[name]) if isinstance(values[name], list) else values[name] for name in names}


def _number(value: Any) -> bool:
    """Whether it is one that a float can hold; whole numbers of a file may be larger."""
    return isinstance(value, int | float) and not isinstance(value, bool) and abs(value) <= sys.float_info.max


def _require(condition: bool, reason: str) -> None:
    if not condition:
        raise ValueError(reason)
