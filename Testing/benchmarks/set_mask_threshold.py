"""Write a model anew with another probability from which a pixel is myocardium.

    python Testing/benchmarks/set_mask_threshold.py THRESHOLD MODEL.dcmmodel OUT.dcmmodel

`DCMMultiTaskLib.experiments.mask_threshold` measures which one is best.
"""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path

from DCMMultiTaskLib.inference.package import load_package, save_package

if __name__ == "__main__":
    package = load_package(Path(sys.argv[2]))
    decision = replace(package.decision, mask_threshold=float(sys.argv[1]))
    save_package(replace(package, decision=decision), Path(sys.argv[3]), half_precision=True)
