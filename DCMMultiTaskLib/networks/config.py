"""One configuration for every size and variant of the network, stored with the weights."""

from __future__ import annotations

from dataclasses import asdict, dataclass, fields, replace
from typing import Any

TASKS = ("mask", "dcm")
NORMALISATIONS = ("batch", "group")
MASK_DECODERS = ("full", "depthwise")
MASK_HEADS = ("ring", "discs")
RECOVERY_SKIPS = ("sum", "concatenation")


@dataclass(frozen=True)
class NetworkConfig:
    """What a `MultiTaskNetwork` is built from; the comparison networks read `width` and `tasks` alone.

    Attributes:
        name: Preset this began as; shown in model cards.
        tasks: `mask` draws the myocardium, `dcm` classifies; a network with one of them is a single-task network.
        width: Base width C. The extraction path has C, 2C, 4C and 8C channels.
        bottleneck: Channels of the residual units and the attention path, as a multiple of C.
        extraction_kernel: Kernel of the extraction path's convolutions: 1 as printed (3.1.1), 3 sees neighbours.
        extraction_convolutions: Convolutions per stage; seven in all in the paper.
        residual_units: Residual units (Eq. 2) after the extraction path.
        attention_modules: Attention Modules (Eq. 1) in the attention path.
        trunk_convolutions: 3x3 convolutions in each module's soft (trunk) branch.
        mask_decoder: `full`: 7x7 deconvolutions as printed; `depthwise`: 7x7 per channel, then 1x1 across channels.
        normalisation: `batch` as printed, or `group` (8 channels a group).
        dropout: Probability of dropping a pooled feature before the classifier's linear layer.
        mask_head: `ring`: one logit, the myocardium's, as printed; `discs`: two, of what the epicardium and of what the
            endocardium encloses, and the myocardium is what lies between them.
        recovery_skip: How the recovery path takes the extraction path's features in: their `sum` as printed (3.1.3), or
            `concatenation` as a U-Net does.
        recovery_convolutions: 3x3 convolutions in each step of the recovery path, 1 as printed.

    Packages written before a field was there are read with its default.
    """

    name: str = "default"
    tasks: tuple[str, ...] = TASKS
    width: int = 16
    bottleneck: int = 8
    extraction_kernel: int = 3
    extraction_convolutions: tuple[int, int, int, int] = (2, 2, 2, 2)
    residual_units: int = 3
    attention_modules: int = 2
    trunk_convolutions: int = 4
    mask_decoder: str = "depthwise"
    normalisation: str = "group"
    dropout: float = 0.3
    mask_head: str = "ring"
    recovery_skip: str = "sum"
    recovery_convolutions: int = 1

    def __post_init__(self) -> None:
        if not self.tasks or len(set(self.tasks)) < len(self.tasks) or not set(self.tasks) <= set(TASKS):
            raise ValueError(f"tasks must be one or both of {TASKS}, got {self.tasks}")
        if self.width < 1 or self.bottleneck < 1:
            raise ValueError("width and bottleneck must be positive")
        if self.recovery_convolutions < 1:
            raise ValueError(f"recovery_convolutions must be positive, got {self.recovery_convolutions}")
        if self.extraction_kernel % 2 != 1:
            raise ValueError(f"extraction_kernel must be odd, got {self.extraction_kernel}")
        if len(self.extraction_convolutions) != 4 or min(self.extraction_convolutions) < 1:
            raise ValueError(f"extraction_convolutions must be 4 positive numbers, got {self.extraction_convolutions}")
        if self.normalisation not in NORMALISATIONS:
            raise ValueError(f"normalisation must be one of {NORMALISATIONS}, got {self.normalisation!r}")
        if self.mask_decoder not in MASK_DECODERS:
            raise ValueError(f"mask_decoder must be one of {MASK_DECODERS}, got {self.mask_decoder!r}")
        if self.mask_head not in MASK_HEADS:
            raise ValueError(f"mask_head must be one of {MASK_HEADS}, got {self.mask_head!r}")
        if self.recovery_skip not in RECOVERY_SKIPS:
            raise ValueError(f"recovery_skip must be one of {RECOVERY_SKIPS}, got {self.recovery_skip!r}")

    def to_dict(self) -> dict[str, Any]:
        """JSON-ready fields."""
        return asdict(self)

    @classmethod
    def from_dict(cls, values: dict[str, Any]) -> NetworkConfig:
        """The inverse of `to_dict`.

        Raises:
            ValueError: A field is unknown, or a value is out of range.
        """
        unknown = sorted(set(values) - {f.name for f in fields(cls)})
        if unknown:
            raise ValueError(f"unknown network settings: {', '.join(unknown)}")
        settings: dict[str, Any] = {
            n: tuple(value) if isinstance(value, list) else value for n, value in values.items()
        }
        return cls(**settings)


PRESETS = {
    "luo2020": NetworkConfig(
        name="luo2020",
        bottleneck=16,
        extraction_kernel=1,
        extraction_convolutions=(2, 2, 2, 1),
        mask_decoder="full",
        normalisation="batch",
        dropout=0.0,
    ),
    "default": NetworkConfig(normalisation="batch", recovery_skip="concatenation", recovery_convolutions=2),
}


def preset(name: str, **changes: Any) -> NetworkConfig:
    """A preset by name, with fields changed.

    Raises:
        ValueError: No such preset.
    """
    if name not in PRESETS:
        raise ValueError(f"no preset {name!r}; there are {', '.join(PRESETS)}")
    return replace(PRESETS[name], **changes)
