"""How many times wider one model's logits spread than those of fold models, on the patients that both learned from.

A network that is trained longer gives larger logits. Calibration that was fitted on the folds' networks is carried over
to it by this ratio (`dcm-multitask train --calibrate ... --logit-spread RATIO`).

    python Testing/benchmarks/measure_logit_spread.py MANIFEST.csv MODEL.dcmmodel FOLD.dcmmodel...
"""

from __future__ import annotations

import argparse
from collections.abc import Collection
from pathlib import Path

import numpy as np

from DCMMultiTaskLib.datasets.manifest import read_manifest
from DCMMultiTaskLib.datasets.truth import read_patient
from DCMMultiTaskLib.errors import exit_code
from DCMMultiTaskLib.inference.package import load_package
from DCMMultiTaskLib.inference.predictor import Predictor


def slice_logits(model: Path, manifest: Path, patients: Collection[str]) -> dict[str, np.ndarray]:
    """The network's own logits of each patient's slices, the calibration undone."""
    package = load_package(model)
    predictor = Predictor(package)
    found = {}
    for patient in read_manifest(manifest):
        if patient.patient in patients:
            rows = predictor.predict(read_patient(patient)[0]).rows
            probability = np.clip([row.dcm_probability for row in rows], 1e-9, 1 - 1e-9)
            calibrated = np.log(probability / (1 - probability))[np.isfinite(probability)]
            found[patient.patient] = (calibrated - package.decision.slice_bias) / package.decision.slice_scale
    return found


def main() -> None:
    """The command line of this file: print the ratio for each fold, and their mean."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("manifest", type=Path)
    parser.add_argument("model", type=Path)
    parser.add_argument("folds", type=Path, nargs="+")
    args = parser.parse_args()
    learned = set(load_package(args.model).training["patients"])
    ours = slice_logits(args.model, args.manifest, learned)
    ratios = []
    for fold in args.folds:
        theirs = slice_logits(fold, args.manifest, learned & set(load_package(fold).training["patients"]))
        spreads = [np.concatenate([logits[name] for name in theirs]).std() for logits in (ours, theirs)]
        ratios.append(spreads[0] / spreads[1])
        print(f"{fold}: {spreads[0]:.2f} against {spreads[1]:.2f}, ratio {ratios[-1]:.2f}")
    print(f"mean ratio {np.mean(ratios):.2f}")


if __name__ == "__main__":
    raise SystemExit(exit_code(main))
