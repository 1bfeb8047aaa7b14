"""The decision of a model, fitted on the folds of networks of its kind.

    python Testing/benchmarks/calibrate_model.py MODEL.dcmmodel OUT.dcmmodel --folds DIR... [--spread X --volume-alone]
    python Testing/benchmarks/calibrate_model.py MODEL.dcmmodel OUT.dcmmodel --like BEFORE.dcmmodel [--spread X]

Each DIR is what `evaluate` wrote for the patients that a fold's network, of identity calibration, had not learned from.
Threshold, slices and patients become those of `learning.calibration.fit_decision`; from which probability on a pixel is
myocardium stays as it is. X comes from `measure_logit_spread.py`. A rule that is to be judged on one fold is fitted on
the others, but takes the `--threshold` of all, so that the folds can be pooled. A model that learned on from BEFORE
takes its decision over, with X the ratio of its logits' spread to BEFORE's.
"""

from __future__ import annotations

import argparse
from dataclasses import replace
from pathlib import Path

from DCMMultiTaskLib.errors import InputError, exit_code
from DCMMultiTaskLib.inference.package import load_package, save_package
from DCMMultiTaskLib.learning.calibration import Scores, fit_decision

LEAST_SPREAD = 0.1


def main() -> None:
    """Write the model with the fitted decision."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("model", type=Path)
    parser.add_argument("output", type=Path)
    source = parser.add_mutually_exclusive_group(required=True)
    source.add_argument("--folds", type=Path, nargs="+")
    source.add_argument("--like", type=Path)
    parser.add_argument("--spread", type=float, default=1.0)
    parser.add_argument("--volume-alone", action="store_true")
    parser.add_argument("--threshold", type=float)
    args = parser.parse_args()
    if args.spread < LEAST_SPREAD:
        raise InputError(
            f"The model's logits spread {args.spread:g} times as wide as the folds': the class is lost, as in a mean "
            "of trainings that went apart."
        )
    package = load_package(args.model)
    if args.like:
        fitted = load_package(args.like).decision
        rule = replace(fitted.patient, scale=fitted.patient.scale / args.spread)
        fitted = replace(fitted, slice_scale=fitted.slice_scale / args.spread, patient=rule)
    else:
        scores = Scores.read([fold / "slices.csv" for fold in args.folds])
        fitted = fit_decision(scores, spread=args.spread, volume_alone=args.volume_alone)
    threshold = fitted.threshold if args.threshold is None else args.threshold
    masks = {name: getattr(package.decision, name) for name in ("mask_threshold", "smoothing_degrees")}
    decision = replace(fitted, threshold=threshold, **masks)
    save_package(replace(package, decision=decision), args.output, half_precision=True)
    print(decision)


if __name__ == "__main__":
    raise SystemExit(exit_code(main))
