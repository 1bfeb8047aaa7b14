"""How long a prediction takes with one model as a multiple of another's, in turn: 12 slices of a phantom, no files.

python Testing/benchmarks/compare_models.py BEFORE.dcmmodel NOW.dcmmodel [RUNS]
"""

from __future__ import annotations

import statistics
import sys
import time
from pathlib import Path

import torch

from DCMMultiTaskLib.imaging.volume import Volume
from DCMMultiTaskLib.inference.package import load_package
from DCMMultiTaskLib.inference.predictor import Predictor
from DCMMultiTaskLib.phantom import make_phantom


def seconds(predictor: Predictor, volume: Volume) -> float:
    """Wall time of one prediction."""
    began = time.perf_counter()
    predictor.predict(volume)
    return time.perf_counter() - began


def main(before: Path, now: Path, runs: int) -> None:
    """Print the median, the smallest and the largest ratio, after one run of each that does not count."""
    torch.set_num_threads(2)
    volume = make_phantom(3, slices=12).volume
    predictors = [Predictor(load_package(path), device="cpu") for path in (before, now)]
    ratios = []
    for _ in range(runs + 1):
        old, new = (seconds(predictor, volume) for predictor in predictors)
        ratios.append(new / old)
    counted = ratios[1:]
    spread = f"{min(counted):.2f} to {max(counted):.2f}, {runs} runs in turn"
    print(f"{statistics.median(counted):.2f} times as long ({spread})")


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]), int(sys.argv[3]) if len(sys.argv) > 3 else 12)
