"""Write a model anew with another probability from which a pixel is myocardium, and smoothed masks.

    python Testing/benchmarks/set_mask_threshold.py THRESHOLD MODEL.dcmmodel OUT.dcmmodel [--smoothing DEGREES]

`DCMMultiTaskLib.experiments.mask_threshold` measures which one is best.
"""

from __future__ import annotations

import argparse
from dataclasses import replace
from pathlib import Path

from DCMMultiTaskLib.errors import exit_code
from DCMMultiTaskLib.inference.package import load_package, save_package


def main() -> None:
    """The command line of this file."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("threshold", type=float)
    parser.add_argument("model", type=Path)
    parser.add_argument("output", type=Path)
    parser.add_argument("--smoothing", type=float, metavar="DEGREES", help="along the wall; as in MODEL if left out")
    args = parser.parse_args()
    package = load_package(args.model)
    smoothing = package.decision.smoothing_degrees if args.smoothing is None else args.smoothing
    decision = replace(package.decision, mask_threshold=args.threshold, smoothing_degrees=smoothing)
    save_package(replace(package, decision=decision), args.output, half_precision=True)


if __name__ == "__main__":
    raise SystemExit(exit_code(main))
