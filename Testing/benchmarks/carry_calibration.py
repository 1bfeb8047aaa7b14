"""One model's decision carried over to another's logits, on the patients that both learned from.

A network that went on learning gives logits of another mean and spread, also where it tells patients apart no better.
Folds of it would be needed to calibrate it anew; without them the calibration of the model that it came from holds for
it as far as the two agree: for logits m' + (l - m) s' / s, with the means and spreads over those patients. The patient
rule stays as it is, which needs one of the cavity's volume alone.

    python Testing/benchmarks/carry_calibration.py MANIFEST.csv FROM.dcmmodel TO.dcmmodel OUT.dcmmodel
"""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
from measure_logit_spread import slice_logits

from DCMMultiTaskLib.inference.package import load_package, save_package


def main(manifest: Path, source: Path, target: Path, output: Path) -> None:
    """Write the second model with the carried decision, and print means and spreads of the logits."""
    decision = load_package(source).decision
    if decision.patient.scale:
        sys.exit("The patient rule weighs the network's logit; fit it anew (calibrate_patients.py).")
    learned = set(load_package(source).training["patients"]) & set(load_package(target).training["patients"])
    old, new = (np.concatenate([*slice_logits(model, manifest, learned).values()]) for model in (source, target))
    scale = decision.slice_scale * old.std() / new.std()
    bias = decision.slice_bias + decision.slice_scale * old.mean() - scale * new.mean()
    print(f"{len(old)} logits: {old.mean():.2f} +- {old.std():.2f}, now {new.mean():.2f} +- {new.std():.2f}")
    carried = replace(decision, slice_scale=float(scale), slice_bias=float(bias))
    save_package(replace(load_package(target), decision=carried), output, half_precision=True)
    print(carried)


if __name__ == "__main__":
    main(*map(Path, sys.argv[1:5]))
