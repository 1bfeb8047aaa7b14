r"""Volumes and ejection fraction of whole cines against an expert's contours, and how steady the verdict is.

    python -m DCMMultiTaskLib.experiments.cines --cines SUNNYBROOK/dicom --contours SUNNYBROOK/contours \
        --mask-offset 0.43 0.73 --models A.dcmmodel B.dcmmodel

A cine is a folder of DICOM files; the contours of frame NNNN (`NNNN.dcm`) are `IM-SSSS-NNNN-icontour-manual.txt` in the
folder of the same name, as Sunnybrook has them. Of its cines the end-diastolic slices are in the manifest that models
learn from; what they do in systole is seen here alone.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from DCMMultiTaskLib.datasets.contours import polygon_mask, read_contour
from DCMMultiTaskLib.datasets.sunnybrook import drawn_frame
from DCMMultiTaskLib.errors import InputError, exit_code
from DCMMultiTaskLib.evaluation.metrics import Counts
from DCMMultiTaskLib.imaging.reading import read_study
from DCMMultiTaskLib.imaging.segments import LV_CAVITY
from DCMMultiTaskLib.imaging.study import Source, Study
from DCMMultiTaskLib.inference.package import load_package
from DCMMultiTaskLib.inference.predictor import Predictor
from DCMMultiTaskLib.measurements.heart_beat import ejection_percent
from DCMMultiTaskLib.report.tables import Cell, markdown

HEAD = [
    *("", "EDV, ml", "ESV, ml", "EF, %", "cavity's DSC at ED", "at ES", "area over the expert's at ED", "at ES"),
    "probability from phases around ED",
]
# So many phases before and after end diastole.
AROUND = 3


@dataclass(frozen=True, eq=False)
class ExpertBeat:
    """An expert's cavities of two phases of a cine.

    Attributes:
        ed, es: End diastole and end systole: the phase, and bool `(slices drawn, J, I)` with the slices' numbers.
    """

    ed: tuple[int, np.ndarray, np.ndarray]
    es: tuple[int, np.ndarray, np.ndarray]


def read_expert(study: Study, contours: Path, offset: tuple[float, float]) -> ExpertBeat:
    """Read the contours of a cine's endocardium.

    Args:
        study: The cine, read from DICOM files, slices along its last axis.
        contours: A folder with the contours anywhere below it.
        offset: How many pixels (rows, columns) they lie off the image; they are moved back.

    Raises:
        InputError: There are no contours of exactly two phases of it, or one cannot be read.
    """
    columns, rows, _ = study.geometry.size
    place_of = {
        instance.path.stem: (phase, number)
        for phase, instances in enumerate(study.source.instances)
        for number, instance in enumerate(instances)
    }
    drawn: dict[int, dict[int, np.ndarray]] = {}
    for path in sorted(contours.rglob("*.txt")):
        frame, letter = drawn_frame(path) or (None, "")
        place = place_of.get(str(frame))
        if place is not None and letter == "i":
            points = read_contour(path) - offset[::-1]
            drawn.setdefault(place[0], {})[place[1]] = polygon_mask(points, (rows, columns))
    if len(drawn) != 2:
        raise InputError(f"{contours}: contours of two phases of {study.name} were expected, not of {len(drawn)}.")
    beats = [(phase, np.array(sorted(own)), np.stack([own[n] for n in sorted(own)])) for phase, own in drawn.items()]
    beats.sort(key=lambda beat: beat[2].sum(), reverse=True)
    return ExpertBeat(*beats)


def table_row(predictor: Predictor, study: Study, expert: ExpertBeat) -> list[Cell]:
    """What `HEAD` names after the first column; masks are compared in the expert's phases and slices.

    The probabilities are those of the phases alone, `AROUND` of them before and after end diastole: their range.
    """
    result = predictor.predict(study)
    beat = result.heart_beat
    if beat is None:
        raise InputError(f"{result.name} is no cine.")
    overlaps, ratios = [], []
    for phase, slices, truth in (expert.ed, expert.es):
        cavity = result.labels[phase][slices] == LV_CAVITY.label
        overlaps.append(f"{Counts.of_masks(cavity, truth).dsc.value():.3f}")
        ratios.append(f"{cavity.sum() / truth.sum():.2f}")
    volumes = (f"{beat.edv_ml:.0f}", f"{beat.esv_ml:.0f}", f"{beat.ejection_fraction_percent:.1f}")
    near = [study.phases[(beat.ed_phase + n) % len(study.phases)] for n in range(-AROUND, AROUND + 1)]
    alone = [replace(study, phases=(phase,), times_ms=None, source=Source()) for phase in near]
    told = [predictor.predict(phase).dcm_probability for phase in alone]
    return [*volumes, *overlaps, *ratios, f"{min(told):.3f} to {max(told):.3f}"]


def expert_row(study: Study, expert: ExpertBeat) -> list[Cell]:
    """The expert's own volumes, by summation of the slices drawn."""
    voxel_ml = float(np.prod(study.geometry.spacing)) / 1000
    edv, esv = (float(beat[2].sum()) * voxel_ml for beat in (expert.ed, expert.es))
    return [f"{edv:.0f}", f"{esv:.0f}", f"{ejection_percent(edv, esv):.1f}", *[None] * 5]


def main(arguments: Sequence[str] | None = None) -> None:
    """The command line of this file."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument(
        "--cines", type=Path, required=True, help="folder with a folder of DICOM files for each patient"
    )
    parser.add_argument(
        "--contours", type=Path, required=True, help="folder with a folder of contours for each patient"
    )
    parser.add_argument("--mask-offset", nargs=2, type=float, default=(0.0, 0.0), metavar=("ROWS", "COLUMNS"))
    parser.add_argument("--models", type=Path, nargs="+", required=True)
    args = parser.parse_args(arguments)
    predictors = {path.name: Predictor(load_package(path), device="cpu") for path in args.models}
    for folder in sorted(path for path in args.cines.iterdir() if path.is_dir()):
        study = read_study(folder)
        expert = read_expert(study, args.contours / folder.name, tuple(args.mask_offset))
        rows: list[list[Cell]] = [["expert", *expert_row(study, expert)]]
        rows += [[name, *table_row(predictor, study, expert)] for name, predictor in predictors.items()]
        print(f"\n{folder.name}\n\n{markdown(HEAD, rows)}")


if __name__ == "__main__":
    raise SystemExit(exit_code(main))
