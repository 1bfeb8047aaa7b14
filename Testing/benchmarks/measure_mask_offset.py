"""How far the truth masks of a manifest lie off their images, in pixels of the stored slices.

For each point of the true cavity's outline the steepest fall from blood to muscle is looked for along the outline's
normal; its distance is fitted, over all points of a patient, by a shift of the whole outline (rows, columns) and a
constant that takes up where readers draw the line against the trabeculae. A shift that all patients share is a matter
of how the contours were turned into pixels, not of anatomy.

    python Testing/benchmarks/measure_mask_offset.py --data MANIFEST.csv [--split NAME]
"""

from __future__ import annotations

import argparse

import numpy as np
from scipy import ndimage

from DCMMultiTaskLib.datasets.truth import read_patient
from DCMMultiTaskLib.errors import exit_code
from DCMMultiTaskLib.experiments.held_out import add_arguments, patients_of
from DCMMultiTaskLib.imaging.grid import choose_slice_axis
from DCMMultiTaskLib.imaging.volume import Geometry, slices_first

REACH = np.arange(-4, 4.01, 0.25)
SMALLEST_CAVITY = 200  # pixels; smaller ones have too much partial volume


def edge_distances(image: np.ndarray, cavity: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Outward normals `(P, 2)` of the cavity's outline, and how far along them the edge in the image lies `(P,)`."""
    depth = ndimage.distance_transform_edt(~cavity) - ndimage.distance_transform_edt(cavity)
    depth = ndimage.gaussian_filter(depth, 1.0)
    slope = np.stack(np.gradient(depth), axis=-1)
    rows, columns = np.nonzero(np.abs(depth) < 0.75)
    normals = slope[rows, columns] / np.linalg.norm(slope[rows, columns], axis=1, keepdims=True)
    outline = np.stack([rows, columns], axis=1) - depth[rows, columns, None] * normals
    places = outline[:, None] + REACH[None, :, None] * normals[:, None]
    profiles = ndimage.gaussian_filter1d(ndimage.map_coordinates(image, np.moveaxis(places, -1, 0), order=1), 1.5)
    fall = -np.gradient(profiles, axis=1)[:, 2:-2]
    steepest = fall.argmax(axis=1)
    clear = fall.max(axis=1) > 0.5 * np.median(fall.max(axis=1))
    return normals[clear], REACH[2:-2][steepest[clear]]


def mean_pixel_mm(geometry: Geometry, slice_axis: int) -> float:
    """Spacing in the slices' plane, the mean of rows and columns."""
    return float(np.mean([geometry.spacing[n] for n in range(3) if n != slice_axis]))


def fitted_shift(normals: np.ndarray, distances: np.ndarray) -> np.ndarray:
    """Rows, columns and constant that explain the distances, by a fit that outliers (papillary muscles) barely move."""
    system = np.column_stack([normals, np.ones(len(normals))])
    weights = np.ones(len(distances))
    for _ in range(30):
        shift = np.linalg.lstsq(system * weights[:, None], distances * weights, rcond=None)[0]
        weights = 1 / np.sqrt(1 + ((distances - system @ shift) / 0.7) ** 2)
    return shift


def main() -> None:
    """The command line: print the shift of each patient, their median, and their mean with its standard error."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    add_arguments(parser)
    shifts = []
    for patient in patients_of(parser.parse_args()):
        volume, mask = read_patient(patient)
        axis = choose_slice_axis(volume.geometry)
        found = [
            edge_distances(image.astype(float), labels == 2)
            for image, labels in zip(slices_first(volume.array, axis), slices_first(mask.array, axis), strict=True)
            if (labels == 2).sum() >= SMALLEST_CAVITY
        ]
        shift = fitted_shift(np.concatenate([n for n, _ in found]), np.concatenate([d for _, d in found]))
        # The image's edge lies at `shift` from the mask: the mask lies at minus that from the image.
        shifts.append(-shift[:2])
        print(f"{patient.patient:<14} rows {shifts[-1][0]:+.2f}  columns {shifts[-1][1]:+.2f}")
    rows, columns = np.median(shifts, axis=0)
    mean, error = np.mean(shifts, axis=0), np.std(shifts, axis=0, ddof=1) / np.sqrt(len(shifts))
    print(f"median         rows {rows:+.2f}  columns {columns:+.2f}")
    print(f"mean           rows {mean[0]:+.2f} (standard error {error[0]:.2f})  ", end="")
    print(f"columns {mean[1]:+.2f} (standard error {error[1]:.2f})")


if __name__ == "__main__":
    raise SystemExit(exit_code(main))
