r"""A sheet to look at: a model's outlines and the expert's in patients that it has not learned from, in one condition.

    python -m DCMMultiTaskLib.experiments.held_out_sheet --data patients.csv --split online --model MODEL.dcmmodel \
        --condition "late enhancement, transmural" -o sheet.png

The conditions are those of `contrasts`, with the same seeds: what is looked at is what is measured there.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np

from DCMMultiTaskLib.datasets.manifest import Patient
from DCMMultiTaskLib.datasets.truth import read_patient
from DCMMultiTaskLib.errors import InputError, exit_code
from DCMMultiTaskLib.evaluation.metrics import dice
from DCMMultiTaskLib.experiments.contrasts import Study, conditions
from DCMMultiTaskLib.experiments.held_out import add_arguments, patients_of, unseen
from DCMMultiTaskLib.imaging.volume import Volume, slices_first
from DCMMultiTaskLib.inference.package import load_package
from DCMMultiTaskLib.inference.predictor import Predictor
from DCMMultiTaskLib.report.contact_sheet import draw_mask
from DCMMultiTaskLib.report.style import LIGHT, MUTED, NIGHT, ORANGE, PAGE, SMALL, new_figure, picture, save

ACROSS = 5
# Share of the true heart's width and height that is shown around it.
AROUND = 0.2
# Dots per inch: enough for the eye at full width, and a file of half a megabyte.
DENSITY = 130


def draw_sheet(predictor: Predictor, patients: Sequence[Patient], condition: str, path: Path) -> None:
    """Draw a row for each patient: `ACROSS` slices from base to apex, the model's outline and thinner the expert's.

    Args:
        predictor: Of a model that has not learned from the patients.
        patients: Those to draw.
        condition: One of `contrasts.conditions`.
        path: The PNG.

    Raises:
        InputError: There is no such condition, a patient cannot be read, or the file cannot be written.
    """
    known = conditions()
    if condition not in known:
        raise InputError(f"There is no condition {condition!r}; these there are: {'; '.join(known)}.")
    tile, head, foot = PAGE / ACROSS, 0.17, 0.22
    height = len(patients) * (tile + head) + foot
    figure = new_figure(PAGE, height, layout="none", facecolor=NIGHT)
    figure.set_dpi(DENSITY)
    for row, patient in enumerate(patients):
        tiles = _tiles(predictor, patient, known[condition], row)
        for column, (number, dsc, image, mask, truth) in enumerate(tiles):
            bottom = height - (row + 1) * (tile + head)
            axes = figure.add_axes((column / ACROSS + 0.003, bottom / height, 1 / ACROSS - 0.006, tile / height))
            picture(axes)
            axes.imshow(image, cmap="gray", vmin=image.min(), vmax=np.percentile(image, 99.5), interpolation="bilinear")
            draw_mask(axes, mask, ORANGE, width=1.2)
            draw_mask(axes, truth, LIGHT, width=0.5)
            words = f"{patient.patient}, slice {number + 1}: {dsc:.2f}"
            axes.set_title(words, fontsize=SMALL - 1, color=LIGHT, pad=2)
    note = f"{condition}; orange: the model's outline; white: the expert's; number: DSC"
    figure.text(0.005, 0.07 / height, note, fontsize=SMALL, color=MUTED, va="center")
    save(figure, path)


def _tiles(
    predictor: Predictor, patient: Patient, render: Callable[[Volume, Volume, int], Study], number: int
) -> list[tuple[int, float, np.ndarray, np.ndarray, np.ndarray]]:
    """Of some slices number and DSC, and cut out around the true heart image, the model's mask and the true one."""
    image, truth = render(*read_patient(patient), number)
    result = predictor.predict(image)
    stacks = (image.array, result.mask, truth.array == 1)
    planes, masks, truths = (slices_first(stack, result.slice_axis) for stack in stacks)
    drawn = np.flatnonzero(truths.any(axis=(1, 2)))
    chosen = drawn[np.unique(np.linspace(0, len(drawn) - 1, ACROSS).round().astype(int))]
    rows, columns = (np.flatnonzero(truths.any(axis=(0, 3 - across))) for across in (1, 2))
    half = round((0.5 + AROUND) * max(np.ptp(rows), np.ptp(columns)))
    middle = [(int(places[0]) + int(places[-1])) // 2 for places in (rows, columns)]
    window = tuple(slice(max(at - half, 0), at + half) for at in middle)
    cut = ((planes[n][window], masks[n][window], truths[n][window]) for n in chosen)
    return [(int(n), dice(masks[n], truths[n]), *own) for n, own in zip(chosen, cut, strict=True)]


def main(arguments: Sequence[str] | None = None) -> None:
    """The command line of this file."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    add_arguments(parser)
    parser.add_argument("--model", type=Path, required=True)
    parser.add_argument("--condition", default="cine", help="as `contrasts` names it (default cine)")
    parser.add_argument("--patients", type=int, default=10, metavar="N", help="the first N (default 10)")
    parser.add_argument("-o", "--output", type=Path, required=True)
    args = parser.parse_args(arguments)
    package = load_package(args.model)
    patients = unseen(package, patients_of(args))[: args.patients]
    draw_sheet(Predictor(package, device="cpu"), patients, args.condition, args.output)


if __name__ == "__main__":
    raise SystemExit(exit_code(main))
