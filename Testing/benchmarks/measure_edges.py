"""Where reader and model disagree: which of the two outlines lies beside the edge that the image shows?

For each slice with a true and a predicted cavity the steepest fall from blood to muscle is looked for along the normals
of either outline, and its distance is explained by a shift of the whole outline and a constant, as in
`measure_mask_offset`. The constant is a matter of how papillary muscles and trabeculae are drawn; the shift is an
error, and the image is a judge of it that has seen the work of neither.

    python Testing/benchmarks/measure_edges.py --data MANIFEST.csv [--split NAME] [--mask-offset ROWS COLUMNS] \\
        [--models MODEL.dcmmodel...]

Each model is judged on the patients that it has not learned from.
"""

from __future__ import annotations

import argparse
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from measure_mask_offset import SMALLEST_CAVITY, edge_distances, fitted_shift, mean_pixel_mm

from DCMMultiTaskLib.datasets.truth import read_patient
from DCMMultiTaskLib.errors import exit_code
from DCMMultiTaskLib.evaluation.bootstrap import PatientBootstrap
from DCMMultiTaskLib.evaluation.metrics import dice
from DCMMultiTaskLib.experiments.held_out import add_arguments, patients_of, unseen
from DCMMultiTaskLib.imaging.volume import slices_first
from DCMMultiTaskLib.inference.package import load_package, shipped_model
from DCMMultiTaskLib.inference.predictor import Predictor
from DCMMultiTaskLib.report.tables import markdown

DISAGREE = 0.75


@dataclass(frozen=True)
class Slice:
    """One slice.

    Attributes:
        patient: Whose.
        heart_mm2: Area of the true heart, the cavity included.
        dsc: Agreement of reader and model about the wall.
        reader_beside_mm, model_beside_mm: Shift of the outline against the edge.
        reader_outside_mm, model_outside_mm: By how much it is drawn outside the edge all around.
    """

    patient: str
    heart_mm2: float
    dsc: float
    reader_beside_mm: float
    reader_outside_mm: float
    model_beside_mm: float
    model_outside_mm: float


def slices_of(models: list[Path], args: argparse.Namespace) -> list[Slice]:
    """All slices in which both cavities are large enough to tell."""
    found = []
    for model in models:
        predictor = Predictor(load_package(model), device="cpu")
        for patient in unseen(predictor.package, patients_of(args)):
            image, truth = read_patient(patient)
            result = predictor.predict(image)
            mm = mean_pixel_mm(image.geometry, result.slice_axis)
            stacks = (slices_first(a, result.slice_axis) for a in (image.array, truth.array, result.label_map))
            for pixels, true, drawn in zip(*stacks, strict=True):
                if min((labels == 2).sum() for labels in (true, drawn)) < SMALLEST_CAVITY or not (true == 1).any():
                    continue
                off = []
                for labels in (true, drawn):
                    rows, columns, constant = fitted_shift(*edge_distances(pixels.astype(float), labels == 2)) * mm
                    off += [float(np.hypot(rows, columns)), -float(constant)]
                found.append(Slice(patient.patient, float((true > 0).sum()) * mm**2, dice(drawn == 1, true == 1), *off))
    return found


def main() -> None:
    """The command line of this file: a table of all slices, of small hearts, and by how far both disagree."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    add_arguments(parser)
    parser.add_argument("--models", type=Path, nargs="+", default=[shipped_model()])
    args = parser.parse_args()
    slices = slices_of(args.models, args)
    third = np.quantile([s.heart_mm2 for s in slices], 1 / 3)
    groups = {
        "all": slices,
        "smallest third of the hearts": [s for s in slices if s.heart_mm2 <= third],
        f"DSC of {DISAGREE} or more": [s for s in slices if s.dsc >= DISAGREE],
        f"DSC below {DISAGREE}": [s for s in slices if s.dsc < DISAGREE],
    }
    columns = ("reader_beside_mm", "model_beside_mm", "reader_outside_mm", "model_outside_mm")
    rows = []
    for name, group in groups.items():
        values = {column: np.array([getattr(s, column) for s in group]) for column in columns}
        bootstrap = PatientBootstrap([s.patient for s in group])
        less = bootstrap.mean(values["model_beside_mm"] - values["reader_beside_mm"])
        rows.append([name, str(len(group)), *(bootstrap.mean(values[column]) for column in columns), less])
    head = ["slices", "number", *(column.replace("_mm", ", mm").replace("_", " ") for column in columns)]
    print(markdown([*head, "model less reader, beside"], rows))


if __name__ == "__main__":
    raise SystemExit(exit_code(main))
