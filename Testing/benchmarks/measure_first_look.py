"""How far the first look places the heart from its true centre, and how sure it is: phantoms and, if given, patients.

    python Testing/benchmarks/measure_first_look.py [--phantoms 200] [--data patients.csv] [--split train]

Phantoms are in every contrast, and turned to the eight poses in files whose orientation does not say so; patients are
shown as they are and as rendered late enhancement in another pose. It runs at older commits too, to compare.
"""

from __future__ import annotations

import argparse
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from DCMMultiTaskLib.datasets.manifest import read_manifest
from DCMMultiTaskLib.datasets.truth import read_patient
from DCMMultiTaskLib.errors import exit_code
from DCMMultiTaskLib.experiments.rendered import SMALL, late_enhancement, turned
from DCMMultiTaskLib.imaging.grid import choose_slice_axis
from DCMMultiTaskLib.imaging.orientation import SliceOrientation
from DCMMultiTaskLib.imaging.volume import Volume
from DCMMultiTaskLib.inference.localisation import locate, slices_to_look_at
from DCMMultiTaskLib.inference.package import load_package, shipped_model
from DCMMultiTaskLib.inference.predictor import Predictor
from DCMMultiTaskLib.inference.runner import Runner
from DCMMultiTaskLib.inference.segmentation import Progress
from DCMMultiTaskLib.phantom import make_phantom

CONTRASTS, SCARS = ("lge", "cine", "random", "any"), ("none", "large", "random")
# A place that far away leaves a part of the heart out of the network's 128 mm.
LOST_MM = 40.0
Study = tuple[str, Volume, Volume]


def phantoms(count: int) -> Iterator[Study]:
    """Set, image and truth."""
    for n in range(count):
        phantom = make_phantom(
            70_000 + n,
            contrast=CONTRASTS[n % 4],
            scar=SCARS[n % 3],
            open_base=n % 2 == 0,
            slices=8 + n % 6,
        )
        pose = n // 4 % 8
        yield f"phantoms, {CONTRASTS[n % 4]}", turned(phantom.volume, pose), turned(phantom.truth, pose)


def patients(manifest: Path, split: str | None) -> Iterator[Study]:
    """Set, image and truth."""
    for n, patient in enumerate(read_manifest(manifest, split=split)):
        image, truth = read_patient(patient)
        yield "patients, cine", image, truth
        pose = 1 + (n + 3) % 7
        rendered = late_enhancement(image, truth, seed=4000 + n, lesion=SMALL)
        yield "patients, late enhancement, other pose", turned(rendered, pose), turned(truth, pose)


def away_mm(centre_lps: np.ndarray, truth: Volume, slice_axis: int) -> float:
    """Distance in the slices' plane from the centre of the true ventricle."""
    orientation = SliceOrientation.of(truth.geometry, slice_axis)
    centre = np.argwhere(orientation.view(truth.array) > 0).mean(axis=0)
    place = np.asarray(orientation.to_view_index(truth.geometry, centre_lps))
    return float(np.hypot(*((place - centre)[1:] * orientation.pixel_mm(truth.geometry))))


def main() -> None:
    """The command line of this file."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--phantoms", type=int, default=200)
    parser.add_argument("--data", type=Path)
    parser.add_argument("--split")
    args = parser.parse_args()
    predictor = Predictor(load_package(shipped_model()), device="cpu")
    runner = Runner(predictor.network, predictor.device)
    found: dict[str, list[tuple[float, str]]] = {}
    for studies in (phantoms(args.phantoms), patients(args.data, args.split) if args.data else ()):
        for name, image, truth in studies:
            axis = choose_slice_axis(image.geometry)
            location = locate(
                runner,
                image,
                slice_axis=axis,
                indices=slices_to_look_at(image.geometry.size[axis]),
                preprocessing=predictor.package.preprocessing,
                progress=Progress(0, None, None),
            )
            found.setdefault(name, []).append((away_mm(location.centre_lps, truth, axis), location.method))
    print(f"{'set':<42} {'studies':>7} {'median':>7} {'95 %':>6} {'largest mm':>10} {'lost':>5}  how")
    for name, rows in found.items():
        away = np.array([row[0] for row in rows])
        lost = np.count_nonzero(away > LOST_MM)
        how = ", ".join(f"{method}: {count}" for method, count in Counter(row[1] for row in rows).items())
        print(
            f"{name:<42} {len(away):>7} {np.median(away):>7.1f} {np.percentile(away, 95):>6.1f} {away.max():>10.1f} "
            f"{lost:>5}  {how}"
        )


if __name__ == "__main__":
    raise SystemExit(exit_code(main))
