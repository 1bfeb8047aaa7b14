r"""From which probability on a pixel should be myocardium: masks and measurements at several thresholds.

    python -m DCMMultiTaskLib.experiments.mask_threshold --data MANIFEST.csv --split train --models fold-*.dcmmodel

Each model is judged on the patients of the manifest that it did not learn from. A network trained on an overlap draws
what it is unsure of too large at one half; a higher threshold takes that back, until the overlap suffers.
`Testing/benchmarks/set_mask_threshold.py` writes the chosen one into a model.
"""

from __future__ import annotations

import argparse
import math
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from DCMMultiTaskLib.datasets.manifest import Patient
from DCMMultiTaskLib.errors import exit_code
from DCMMultiTaskLib.evaluation.bootstrap import Estimate, PatientBootstrap, column
from DCMMultiTaskLib.evaluation.scoring import PatientScore, SliceScore, score_patient
from DCMMultiTaskLib.evaluation.summary import size_thirds
from DCMMultiTaskLib.experiments.held_out import add_arguments, patients_of, unseen
from DCMMultiTaskLib.inference.package import ModelPackage, load_package
from DCMMultiTaskLib.inference.predictor import Predictor
from DCMMultiTaskLib.report.tables import Cell, markdown

THRESHOLDS = (0.5, 0.6, 0.7, 0.8, 0.9)
HEAD = ("threshold", "DSC per slice", "smallest third", "area over the expert's", "volume, ml", "mass, g", "wall, mm")


def scored(
    packages: Sequence[ModelPackage], patients: Sequence[Patient], threshold: float
) -> tuple[list[SliceScore], list[PatientScore]]:
    """The scores of all packages at one threshold, each on the patients that it did not learn from."""
    slices, whole = [], []
    for package in packages:
        decision = replace(package.decision, mask_threshold=threshold)
        predictor = Predictor(replace(package, decision=decision), device="cpu")
        for patient in unseen(package, patients):
            rows, row = score_patient(predictor, patient)
            slices += [own for own in rows if own.true_area_mm2 > 0]
            whole.append(row)
    return slices, whole


def table_row(slices: Sequence[SliceScore], patients: Sequence[PatientScore]) -> Iterator[Estimate]:
    """What `HEAD` names after the threshold.

    The area's ratio is the geometric mean over the slices with a mask; volume, mass and wall are the measured less the
    expert's.
    """
    bootstrap = PatientBootstrap([row.patient for row in slices])
    dsc = column(slices, "dsc")
    small = np.isin(np.arange(len(slices)), size_thirds(slices)[0])
    yield bootstrap.mean(dsc)
    yield bootstrap.ratio(dsc * small, small)
    with np.errstate(divide="ignore"):
        larger = bootstrap.mean(np.log(column(slices, "area_mm2") / column(slices, "true_area_mm2")))
    yield Estimate(*(math.exp(value) for value in (larger.value, larger.low, larger.high)))
    each = PatientBootstrap([row.patient for row in patients])
    for name in ("cavity_ml", "mass_g", "wall_mm"):
        yield each.mean(column(patients, name) - column(patients, f"true_{name}"))


def main() -> None:
    """The command line of this file."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    add_arguments(parser)
    parser.add_argument("--models", type=Path, nargs="+", required=True)
    parser.add_argument("--thresholds", type=float, nargs="+", default=THRESHOLDS)
    args = parser.parse_args()
    patients = patients_of(args)
    packages = [load_package(model) for model in args.models]
    rows: list[list[Cell]] = []
    for threshold in args.thresholds:
        slices, whole = scored(packages, patients, threshold)
        rows.append([f"{threshold:g}", *table_row(slices, whole)])
    print(f"{len(slices)} slices of {len(whole)} patients.")
    print(markdown(HEAD, rows, digits={4: 0, 5: 0, 6: 1}))


if __name__ == "__main__":
    raise SystemExit(exit_code(main))
