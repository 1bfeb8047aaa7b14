"""Where a result comes from."""

from __future__ import annotations

import hashlib
import platform
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields
from typing import Any

import numpy as np
import SimpleITK as sitk

from DCMMultiTaskLib import __version__
from DCMMultiTaskLib.inference.settings import Decision, Preprocessing


@dataclass(frozen=True)
class Provenance:
    """What a result rests on, beside the study.

    Attributes:
        model: Name of the model.
        model_version: Its version.
        model_sha256: Of its file.
        versions: Versions of the software that computed the result.
        device: Where the network ran.
        mixed_precision: Whether it ran in half precision.
        batch_size: Slices at a time.
        notes: Sentences that a user has to see (fell back to the CPU, no heart found, ...).
        preprocessing: How slices were prepared.
        decision: How logits became probabilities and classes, the user's threshold included.
        localisation: How the heart was found (`method`), and where (`centre_ras_mm`).
        largest_component: Whether only the mask's largest piece was kept, without specks.
        phase: The phase that the rows are about, from 0.
        phases: How many phases the study has.
        seconds: Time for the whole study.
        network_seconds: Time in the network.
        network_masks_sha256: Of the labels as the network gave them (`masks_sha256`): a mask that was edited differs.
    """

    model: str
    model_version: str
    model_sha256: str
    versions: dict[str, str]
    device: str
    mixed_precision: bool
    batch_size: int
    notes: tuple[str, ...]
    preprocessing: Preprocessing
    decision: Decision
    localisation: dict[str, Any]
    largest_component: bool
    phase: int
    phases: int
    seconds: float
    network_seconds: float
    network_masks_sha256: dict[str, str] = field(default_factory=dict)

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> Provenance:
        """From what `to_dict` gave, also after it was JSON; other keys are left alone."""
        known = {one.name: values[one.name] for one in fields(cls) if one.name in values}
        known["notes"] = tuple(known["notes"])
        known["preprocessing"] = Preprocessing.from_dict(known["preprocessing"])
        known["decision"] = Decision.from_dict(known["decision"])
        return cls(**known)

    def to_dict(self) -> dict[str, Any]:
        """JSON-ready, fields in order."""
        return asdict(self)


def versions() -> dict[str, str]:
    """Versions of what computes a result."""
    import torch  # here, so that a result can be read where PyTorch is missing

    return {
        "DCMMultiTask": __version__,
        "python": platform.python_version(),
        "torch": str(torch.__version__),
        "numpy": np.__version__,
        "SimpleITK": sitk.Version.VersionString(),
    }


def masks_sha256(labels: Mapping[int, np.ndarray]) -> dict[str, str]:
    """SHA-256 of the labels of each phase, uint8 `(K, J, I)`, by its number from 0."""
    return {
        str(phase): hashlib.sha256(np.ascontiguousarray(of_phase, dtype=np.uint8).tobytes()).hexdigest()
        for phase, of_phase in labels.items()
    }
