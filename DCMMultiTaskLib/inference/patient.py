"""From the slices' DCM logits and the volume of the LV cavity to the patient's probability."""

from __future__ import annotations

import numpy as np

from DCMMultiTaskLib.errors import count
from DCMMultiTaskLib.inference.settings import RULES, Decision
from DCMMultiTaskLib.measurements.volumes import Body

REFERENCE_SURFACE_M2 = 1.9
"""Body surface to which a volume is brought where the patient's own is known: an adult's of 175 cm and 75 kg."""


def sigmoid(logit: np.ndarray | float) -> np.ndarray:
    """1 / (1 + exp(-logit)), without overflow."""
    return 0.5 * (1 + np.tanh(0.5 * np.asarray(logit, dtype=np.float64)))


def patient_logit(logits: np.ndarray, areas: np.ndarray, usable: np.ndarray, kind: str) -> float:
    """The patient's uncalibrated logit.

    Args:
        logits: The slices' logits as the network gives them, `(N,)`.
        areas: The slices' myocardium areas in mm², `(N,)`.
        usable: Slices that count, bool `(N,)`.
        kind: One of `RULES`.

    Returns:
        The logit, or NaN where no slice is usable.

    Raises:
        ValueError: No such rule.
    """
    if kind not in RULES:
        raise ValueError(f"no patient rule {kind!r}; there are {', '.join(RULES)}")
    usable = np.asarray(usable, dtype=bool) & np.isfinite(logits)
    if not usable.any():
        return float("nan")
    weights = None
    if kind == "area_weighted_mean_logit" and np.any(areas[usable] > 0):
        weights = areas[usable]
    return float(np.average(logits[usable], weights=weights))


def reference_volume_ml(cavity_ml: float, body: Body | None) -> float:
    """The volume of the LV cavity, brought to a body surface of 1.9 m2 where the patient's is known."""
    return cavity_ml if body is None else cavity_ml * REFERENCE_SURFACE_M2 / body.surface_m2


def patient_probability(
    logits: np.ndarray,
    areas: np.ndarray,
    usable: np.ndarray,
    cavity_ml: float,
    decision: Decision,
    *,
    body: Body | None = None,
) -> float:
    """The patient's probability by `decision.patient`.

    Args:
        logits: As in `patient_logit`, with `areas` and `usable`.
        areas: See there.
        usable: See there.
        cavity_ml: Volume of the LV cavity in the phase that the logits are about.
        decision: As in the model package.
        body: How tall and heavy the patient is, where it is known.

    Returns:
        The probability; NaN without usable slices, or where the volume counts and there is none.
    """
    rule = decision.patient
    logit = rule.scale * patient_logit(logits, areas, usable, rule.kind) + rule.bias
    if rule.volume_scale:
        volume = reference_volume_ml(cavity_ml, body)
        logit += rule.volume_scale * np.log(volume / rule.volume_ml) if volume > 0 else np.nan
    return float(sigmoid(logit))


def rule_sentence(
    usable: int, slices: int, cavity_ml: float, decision: Decision, *, ejection_fraction: float = np.nan
) -> str:
    """What the patient's probability rests on, in words.

    Args:
        usable: Slices that count.
        slices: Slices in all.
        cavity_ml: Volume of the LV cavity.
        decision: As in the model package.
        ejection_fraction: Of a cine, in %; NaN where it is not known.
    """
    if usable == 0:
        return f"No patient-level probability: of {count(slices, 'slice')} none could be used."
    counted = f"{usable} of {count(slices, 'slice')}"
    rule = decision.patient
    if not rule.volume_scale:
        return f"From what the network sees in {counted} (those of quality ok)."
    if not cavity_ml > 0:
        return "No patient-level probability: the volume of the LV cavity is not known."
    volume = f"{cavity_ml:.0f} ml"
    if np.isfinite(ejection_fraction):
        volume = f"EDV {cavity_ml:.0f} ml, EF {ejection_fraction:.0f} %"
    size = "larger" if cavity_ml > rule.volume_ml else "smaller"
    network = (
        f" and what the network sees in {counted} (those of quality ok)."
        if rule.scale
        else f"; the slices' probabilities told no more on patients unseen in training. {counted} are of quality ok."
    )
    return (
        f"From the volume of the LV cavity ({volume}; {size} than the {rule.volume_ml:.0f} ml in the middle of the "
        f"patients it was calibrated on){network} A dilated ventricle with poor function can have an ischaemic cause, "
        "which this image cannot exclude."
    )
