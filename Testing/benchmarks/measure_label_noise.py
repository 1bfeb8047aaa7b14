"""How far a model is from its limit: what the readers' lines scatter by, and what such a scatter alone costs in DSC.

The steepest fall from blood to muscle is looked for along the normals of the true cavity's outline, as in
`measure_mask_offset`. What is left after each patient's own shift, as the median of each eighth of each outline, is
where the reader drew the line elsewhere than the image has its edge: reading, and choice at the papillary muscles. The
masks are then drawn anew with both outlines moved by smooth random amounts of such sizes.

    python Testing/benchmarks/measure_label_noise.py --data MANIFEST.csv [--split NAME] [--mask-offset ROWS COLUMNS]
"""

from __future__ import annotations

import argparse

import numpy as np
from measure_mask_offset import SMALLEST_CAVITY, edge_distances, fitted_shift, mean_pixel_mm
from scipy import ndimage

from DCMMultiTaskLib.datasets.truth import read_patient, true_cavity
from DCMMultiTaskLib.errors import exit_code
from DCMMultiTaskLib.evaluation.metrics import dice
from DCMMultiTaskLib.experiments.held_out import add_arguments, patients_of
from DCMMultiTaskLib.imaging.grid import choose_slice_axis
from DCMMultiTaskLib.imaging.volume import slices_first

SECTORS = 8
FINER = 4  # the outlines move by parts of a pixel
SCATTERS_MM = (0.25, 0.5, 0.75, 1.0, 1.25, 1.5)

Slices = list[tuple[np.ndarray, np.ndarray, float]]
"""Image, labels and pixel size in mm of each slice with a heart."""


def reader_scatter(patients: list[Slices]) -> float:
    """Robust standard deviation in mm of the readers' line from the image's edge, over eighths of the outlines."""
    medians: list[float] = []
    for slices in patients:
        found = [
            (*edge_distances(image.astype(float), labels == 2), mm)
            for image, labels, mm in slices
            if (labels == 2).sum() >= SMALLEST_CAVITY
        ]
        if not found:
            continue
        shift = fitted_shift(np.concatenate([f[0] for f in found]), np.concatenate([f[1] for f in found]))
        for normals, distances, mm in found:
            left = distances - np.column_stack([normals, np.ones(len(normals))]) @ shift
            sector = np.floor((np.arctan2(*normals.T) / (2 * np.pi) % 1) * SECTORS).astype(int)
            medians += [mm * float(np.median(left[sector == s])) for s in range(SECTORS) if (sector == s).sum() > 3]
    return 1.4826 * float(np.median(np.abs(np.array(medians) - np.median(medians))))


def redrawn(labels: np.ndarray, scatter_pixels: float, rng: np.random.Generator) -> np.ndarray:
    """The wall with both outlines moved, bool on the finer grid; 0 gives the wall itself."""
    inside = []
    rows, columns = (
        slice(max(s.start - 4, 0), s.stop + 4) for s in ndimage.find_objects((labels > 0).astype(np.uint8))[0]
    )
    labels = labels[rows, columns]
    for region in (labels > 0, true_cavity(labels[None], 2)[0]):
        finer = ndimage.zoom(region.astype(np.uint8), FINER, order=0, grid_mode=True, mode="nearest").astype(bool)
        depth = ndimage.distance_transform_edt(finer) - ndimage.distance_transform_edt(~finer)
        row_of, column_of = np.indices(finer.shape)
        places = np.argwhere(finer)
        row, column = places.mean(axis=0) if len(places) else (0.0, 0.0)
        angle = np.arctan2(row_of - row, column_of - column)
        # A random function of the angle with the variance 1: eighths of the outline move on their own.
        waves = sum(
            (rng.normal() * np.cos(k * angle) + rng.normal() * np.sin(k * angle)) / np.sqrt(SECTORS / 2)
            for k in range(1, SECTORS // 2 + 1)
        )
        inside.append(depth + scatter_pixels * FINER * waves > 0)
    return inside[0] & ~inside[1]


def main() -> None:
    """The command line of this file: print the scatter, and the DSC that scatters cost."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    add_arguments(parser)
    patients: list[Slices] = []
    for patient in patients_of(parser.parse_args()):
        volume, mask = read_patient(patient)
        axis = choose_slice_axis(volume.geometry)
        mm = mean_pixel_mm(volume.geometry, axis)
        pairs = zip(*(slices_first(array, axis) for array in (volume.array, mask.array)), strict=True)
        patients.append([(image, labels, mm) for image, labels in pairs if (labels == 1).any()])
    print(f"Readers' endocardium against the image's edge: {reader_scatter(patients):.2f} mm")
    rng = np.random.default_rng(0)
    drawn = [(labels, mm, redrawn(labels, 0.0, rng)) for slices in patients for _, labels, mm in slices]
    smallest = np.array_split(np.argsort([(labels > 0).sum() * mm**2 for labels, mm, _ in drawn], kind="stable"), 3)[0]
    for scatter in SCATTERS_MM:
        scores = np.array([dice(redrawn(labels, scatter / mm, rng), wall) for labels, mm, wall in drawn])
        told = f"DSC per slice {scores.mean():.3f}, smallest third {scores[smallest].mean():.3f}"
        print(f"both outlines moved by {scatter:.2f} mm: {told}")


if __name__ == "__main__":
    raise SystemExit(exit_code(main))
