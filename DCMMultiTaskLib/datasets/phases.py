r"""Truth for the phases of a cine that nobody contoured: the contours of the others, carried along by registration.

    python -m DCMMultiTaskLib.datasets.phases SUNNYBROOK --offset 0.68 0.98 -o phases

Training that learns from end diastole alone knows no thick systolic walls. Sunnybrook has both contours there, and the
endocardium at end systole too. Each slice is followed from a contoured phase to all others, both ways round the heart
beat; where several phases have a contour, the nearer one counts more. What comes out is for `train --also`: a patient
who is held out is left out there too.
"""

from __future__ import annotations

import argparse
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import SimpleITK as sitk

from DCMMultiTaskLib.datasets.contours import polygon_mask, read_contour
from DCMMultiTaskLib.datasets.manifest import PreparedDataSet, PreparedPatient, write_data_set
from DCMMultiTaskLib.datasets.sunnybrook import PatientFiles, find_files, group_series, patient_row
from DCMMultiTaskLib.errors import InputError
from DCMMultiTaskLib.imaging.dicom_pixels import read_numbered
from DCMMultiTaskLib.imaging.reading import read_study
from DCMMultiTaskLib.imaging.volume import Volume

LABELS = {1: "o", 2: "i"}  # what the epicardium and what the endocardium encloses, from the outermost in
MARGIN_PIXELS = 20  # around the heart: what moves its outer wall
STEPS = 60
SMOOTHING_PIXELS = 1.5


def carry(frames: np.ndarray, known: Mapping[int, Mapping[int, np.ndarray]]) -> np.ndarray:
    """The masks of all frames of one slice from those of some.

    Args:
        frames: `(P, H, W)` intensities over one heart beat.
        known: For a frame's number and a label of `LABELS`, bool `(H, W)`: what the contour encloses.

    Returns:
        uint8 `(P, H, W)`: 1 myocardium, 2 cavity.
    """
    places = np.argwhere(np.any([mask for of_frame in known.values() for mask in of_frame.values()], axis=0))
    low = np.maximum(places.min(axis=0) - MARGIN_PIXELS, 0)
    high = np.minimum(places.max(axis=0) + MARGIN_PIXELS + 1, frames.shape[1:])
    box = np.s_[:, low[0] : high[0], low[1] : high[1]]
    distances = {label: np.zeros(frames[box].shape) for label in LABELS}
    weights = {label: np.zeros((len(frames), 1, 1)) for label in LABELS}
    for start, contours in known.items():
        outlines = {label: _signed_distance(mask[box[1:]]) for label, mask in contours.items()}
        for phase, away, moved in _followed(frames[box], start):
            for label, outline in outlines.items():
                weight = 1 / max(away, 1e-6)  # the contour itself, where there is one
                there = sitk.Resample(outline, moved, sitk.sitkLinear, 1e3)
                distances[label][phase] += weight * sitk.GetArrayViewFromImage(there)
                weights[label][phase] += weight
    masks = np.zeros(frames.shape, np.uint8)
    for label in LABELS:
        masks[box][distances[label] / weights[label] < 0] = label
    return masks


def _followed(frames: np.ndarray, start: int) -> list[tuple[int, int, sitk.Transform]]:
    """For every frame how many steps it lies from `start`, and where in `start` its places were."""
    found: list[tuple[int, int, sitk.Transform]] = [(start, 0, sitk.Transform(2, sitk.sitkIdentity))]
    images = [sitk.GetImageFromArray(np.ascontiguousarray(frame, dtype=np.float32)) for frame in frames]
    for way, steps in ((1, len(frames) // 2), (-1, (len(frames) - 1) // 2)):
        field: sitk.Image | None = None
        for step in range(1, steps + 1):
            phase = (start + way * step) % len(frames)
            field = _displacement(images[phase], images[start], field)
            # The transform takes the image away from the one that it is given.
            found.append((phase, step, sitk.DisplacementFieldTransform(sitk.Image(field))))
    return found


def _signed_distance(inside: np.ndarray) -> sitk.Image:
    """Negative inside, with the zero between the pixels on both sides."""
    image = sitk.GetImageFromArray(inside.astype(np.uint8))
    inner, outer = (
        sitk.SignedMaurerDistanceMap(part, squaredDistance=False, useImageSpacing=False) for part in (image, 1 - image)
    )
    return (inner - outer) / 2


def _displacement(fixed: sitk.Image, moving: sitk.Image, field: sitk.Image | None) -> sitk.Image:
    """From places of `fixed` to those of `moving`, by diffeomorphic demons (Vercauteren et al. 2009)."""
    like = sitk.HistogramMatching(moving, fixed, 256, 15, False)
    demons = sitk.DiffeomorphicDemonsRegistrationFilter()
    demons.SetNumberOfIterations(STEPS)
    demons.SetStandardDeviations(SMOOTHING_PIXELS)
    return demons.Execute(fixed, like, field) if field is not None else demons.Execute(fixed, like)


def prepare_phases(
    source: Path, directory: Path, *, offset: tuple[float, float] = (0.0, 0.0), step: int = 2
) -> PreparedDataSet:
    """A manifest of the patients of whom the whole cine is there, the phases of each slice one after another.

    Args:
        source: Folder with the Sunnybrook data, or a part of it.
        directory: Gets `patients.csv`, `images/` and `masks/`.
        offset: How many pixels (rows, columns) the contours are known to lie off the images; they are moved back.
        step: Take every so many phases, from end diastole on.

    Raises:
        InputError: There is no patient with contours and a whole cine, or the files cannot be written.
    """
    patients = {name: files for name, files in find_files(source).items() if files.dicom and files.contours}
    if not patients:
        raise InputError(f"{source}: no Sunnybrook patient with DICOM images and contours in it.")
    return write_data_set(
        source, directory, sorted(patients), lambda name: _prepare(source, name, patients[name], offset, step)
    )


def _prepare(source: Path, name: str, files: PatientFiles, offset: tuple[float, float], step: int) -> PreparedPatient:
    folder, contours = next(iter(files.contours.items()))
    (series,) = group_series(files.dicom)
    study = read_study(files.dicom[0].parent, keep_identifiers=True)
    cine = np.stack([phase.array for phase in study.phases])
    known: dict[int, dict[int, dict[int, np.ndarray]]] = {}  # by position, phase and label
    for number, drawn in sorted(contours.items()):
        position, phase = _place(cine, read_numbered(series[number])[0].array[0])
        known.setdefault(position, {})[phase] = {
            label: polygon_mask(read_contour(drawn[letter]) - offset[::-1], cine.shape[2:])
            for label, letter in LABELS.items()
            if letter in drawn
        }
    images, masks, frames = [], [], []
    for position, of_position in sorted(known.items()):
        whole = [phase for phase, drawn in of_position.items() if len(drawn) == len(LABELS)]
        if whole:
            order = (np.arange(0, len(cine), step) + whole[0]) % len(cine)
            images.append(cine[order, position])
            masks.append(carry(cine[:, position], of_position)[order])
            frames += order.tolist()
    stack = Volume.of(np.concatenate(images), study.geometry.spacing)
    group, dcm, part = patient_row(source, name, folder, files.dicom[0].parent)
    return PreparedPatient(group, dcm, part, stack, stack.with_array(np.concatenate(masks)), frames)


def _place(cine: np.ndarray, frame: np.ndarray) -> tuple[int, int]:
    """Position and phase of a frame in a cine `(P, N, H, W)`.

    Raises:
        InputError: No frame is that image.
    """
    if cine.shape[2:] == frame.shape:
        for phase, position in np.argwhere((cine == frame).all(axis=(2, 3))):
            return int(position), int(phase)
    raise InputError("a contoured frame is not in the cine.")


def main() -> None:
    """The command line of this file."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("source", type=Path, help="folder with DICOM images and contours")
    parser.add_argument("--offset", nargs=2, type=float, default=(0.0, 0.0), metavar=("ROWS", "COLUMNS"))
    parser.add_argument("-o", "--output", type=Path, required=True)
    args = parser.parse_args()
    print(prepare_phases(args.source, args.output, offset=tuple(args.offset)).manifest)


if __name__ == "__main__":
    main()
