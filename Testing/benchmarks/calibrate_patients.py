"""The patient rule of a model, fitted on the folds of networks of its kind.

    python Testing/benchmarks/calibrate_patients.py MODEL.dcmmodel OUT.dcmmodel DIR...

Each DIR is what `evaluate` wrote for the patients that a fold's network, of identity calibration, had not learned from.
The patients' rule and the threshold become those of `learning.calibration.fit_decision`. The slices keep the weight of
their logits; where MODEL's threshold was that of even odds they are brought to the share of positives too.
"""

from __future__ import annotations

import math
import sys
from dataclasses import replace
from pathlib import Path

from DCMMultiTaskLib.inference.package import load_package, save_package
from DCMMultiTaskLib.learning.calibration import Scores, fit_decision


def main(model: Path, output: Path, folds: list[Path]) -> None:
    """Write the model with the fitted rule."""
    package = load_package(model)
    fitted = fit_decision(Scores.read([fold / "slices.csv" for fold in folds]))
    odds = fitted.threshold / (1 - fitted.threshold)
    before = package.decision.threshold / (1 - package.decision.threshold)
    decision = replace(
        package.decision,
        threshold=fitted.threshold,
        slice_bias=package.decision.slice_bias + math.log(odds / before),
        patient=fitted.patient,
    )
    save_package(replace(package, decision=decision), output, half_precision=True)
    print(decision)


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]), [Path(argument) for argument in sys.argv[3:]])
