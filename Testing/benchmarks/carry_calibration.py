"""One model's calibration carried over to another's logits, on the patients that both learned from.

A network that went on learning gives logits of another mean and spread, also where it tells patients apart no better.
Folds of it would be needed to calibrate it anew; without them the calibration of the model that it came from holds for
it as far as the two agree: for logits m' + (l - m) s' / s, with the means and spreads over those patients.

    python Testing/benchmarks/carry_calibration.py MANIFEST.csv FROM.dcmmodel TO.dcmmodel OUT.dcmmodel
"""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path

import numpy as np

from DCMMultiTaskLib.datasets.manifest import read_manifest
from DCMMultiTaskLib.datasets.truth import read_patient
from DCMMultiTaskLib.inference.package import load_package, save_package
from DCMMultiTaskLib.inference.predictor import Predictor
from DCMMultiTaskLib.inference.settings import PatientRule


def logits(model: Path, manifest: Path, patients: set[str]) -> tuple[np.ndarray, np.ndarray]:
    """The network's own logits of all slices, and of all patients, the calibration undone."""
    package = load_package(model)
    predictor, decision = Predictor(package), package.decision
    slices: list[float] = []
    wholes: list[float] = []
    for patient in read_manifest(manifest):
        if patient.patient in patients:
            result = predictor.predict(read_patient(patient)[0])
            slices += [row.dcm_probability for row in result.rows]
            wholes.append(result.dcm_probability)
    found = []
    rule = decision.patient
    for values, scale, bias in (
        (slices, decision.slice_scale, decision.slice_bias),
        (wholes, rule.scale, rule.bias),
    ):
        probability = np.clip(np.array(values)[np.isfinite(values)], 1e-9, 1 - 1e-9)
        found.append((np.log(probability / (1 - probability)) - bias) / scale)
    return found[0], found[1]


def main(manifest: Path, source: Path, target: Path, output: Path) -> None:
    """Write the second model with the carried decision, and print means and spreads of the logits."""
    learned = set(load_package(source).training["patients"]) & set(load_package(target).training["patients"])
    before, after = (logits(model, manifest, learned) for model in (source, target))
    decision = load_package(source).decision
    lines = []
    for old, new, scale, bias in zip(
        before,
        after,
        (decision.slice_scale, decision.patient.scale),
        (decision.slice_bias, decision.patient.bias),
        strict=True,
    ):
        ratio = new.std() / old.std()
        lines.append((scale / ratio, bias - scale / ratio * (new.mean() - ratio * old.mean())))
        print(f"{len(old)} logits: {old.mean():.2f} +- {old.std():.2f}, now {new.mean():.2f} +- {new.std():.2f}")
    (slice_scale, slice_bias), (scale, bias) = ((float(a), float(b)) for a, b in lines)
    carried = replace(
        decision,
        slice_scale=slice_scale,
        slice_bias=slice_bias,
        patient=PatientRule(decision.patient.kind, scale, bias),
    )
    save_package(replace(load_package(target), decision=carried), output, half_precision=True)
    print(carried)


if __name__ == "__main__":
    main(*map(Path, sys.argv[1:5]))
