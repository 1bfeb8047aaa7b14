"""What the smoothing along the wall costs: the same model with and without it, in turn, on a phantom of twelve slices.

    python Testing/benchmarks/measure_smoothing.py [--times 20] [--model MODEL.dcmmodel]

How much is smoothed is the model's own choice.
"""

from __future__ import annotations

import argparse
import time
from dataclasses import replace
from pathlib import Path

import numpy as np

from DCMMultiTaskLib.errors import exit_code
from DCMMultiTaskLib.inference.package import load_package, shipped_model
from DCMMultiTaskLib.inference.predictor import Predictor
from DCMMultiTaskLib.phantom import make_phantom

WARM_UP = 2


def main() -> None:
    """The command line: print the median times of a prediction and their ratio."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--times", type=int, default=20)
    parser.add_argument("--model", type=Path)
    args = parser.parse_args()
    package = load_package(args.model or shipped_model())
    plain = replace(package, decision=replace(package.decision, smoothing_degrees=0.0))
    predictors = [Predictor(own, device="cpu") for own in (plain, package)]
    volume = make_phantom(1, slices=12).volume
    seconds = np.empty((WARM_UP + args.times, 2))
    for own in seconds:
        for number, predictor in enumerate(predictors):
            began = time.perf_counter()
            predictor.predict(volume)
            own[number] = time.perf_counter() - began
    without, with_it = np.median(seconds[WARM_UP:], axis=0)
    ratio = np.median(seconds[WARM_UP:, 1] / seconds[WARM_UP:, 0])
    print(f"without {1000 * without:.0f} ms, smoothed {1000 * with_it:.0f} ms, ratio {ratio:.2f}")


if __name__ == "__main__":
    raise SystemExit(exit_code(main))
