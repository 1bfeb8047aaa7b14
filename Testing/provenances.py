"""A provenance for results that tests make by hand."""

from dataclasses import replace
from typing import Any

from DCMMultiTaskLib.inference.provenance import Provenance
from DCMMultiTaskLib.inference.settings import Decision, Preprocessing

_DRAWN = Provenance(
    model="drawn",
    model_version="1",
    model_sha256="ab" * 32,
    versions={},
    device="cpu",
    mixed_precision=False,
    batch_size=16,
    notes=(),
    preprocessing=Preprocessing(),
    decision=Decision(),
    localisation={"method": "heart found", "centre_ras_mm": [0.0, 0.0, 0.0]},
    largest_component=True,
    phase=0,
    phases=1,
    seconds=1.5,
    network_seconds=1.0,
)


def provenance(**changes: Any) -> Provenance:
    """That of a made-up model, with fields changed."""
    return replace(_DRAWN, **changes)
