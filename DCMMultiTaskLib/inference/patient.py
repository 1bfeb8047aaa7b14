"""From the slices' DCM logits to the patient's."""

from __future__ import annotations

import numpy as np

from DCMMultiTaskLib.inference.settings import RULES, Decision


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


def patient_probability(logits: np.ndarray, areas: np.ndarray, usable: np.ndarray, decision: Decision) -> float:
    """The patient's probability: the rule of `decision.patient`, then its calibration; NaN without usable slices."""
    rule = decision.patient
    return float(sigmoid(rule.scale * patient_logit(logits, areas, usable, rule.kind) + rule.bias))


def rule_sentence(usable: int, slices: int, decision: Decision) -> str:
    """The rule in words, with how many slices it rests on."""
    if usable == 0:
        return f"No patient-level probability: none of the {slices} slices could be used."
    return f"Calibrated from {RULES[decision.patient.kind]}, over the {usable} of {slices} slices whose quality is ok."
