"""How exactly drawn walls of known thickness are measured: `python Testing/benchmarks/measure_thickness.py`."""

from __future__ import annotations

import numpy as np
from scipy import ndimage

from DCMMultiTaskLib.measurements.thickness import ANGLES, wall_thickness
from DCMMultiTaskLib.phantom.canvas import harmonics, random_wobble

COUNT = 400


def main() -> None:
    """Print bias, root mean square and largest error of mean, thinnest and thickest place, by pixel size."""
    for pixel_mm in (1.0, 1.25, 1.5):
        errors = np.array([error(np.random.default_rng(seed), pixel_mm) for seed in range(COUNT)])
        for name, column in zip(("mean", "thinnest", "thickest"), errors.T, strict=True):
            rms, largest = np.sqrt((column**2).mean()), np.abs(column).max()
            print(f"{pixel_mm} mm pixels, {name}: bias {column.mean():+.2f}, rms {rms:.2f}, largest {largest:.2f} mm")


def error(rng: np.random.Generator, pixel_mm: float) -> np.ndarray:
    """Measured less true mean, thinnest and thickest place of one ring of random size, shape and place."""
    radius, wall = rng.uniform(10, 35), rng.uniform(4, 12)
    inner_wobble, wall_wobble = random_wobble(rng, 0.05, (2, 3, 4)), random_wobble(rng, 0.13, (1, 2, 3, 5))

    def borders(angle: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        inner = radius * harmonics(angle, inner_wobble)
        return inner, inner + wall * harmonics(angle, wall_wobble)

    row, column = (axis * pixel_mm for axis in np.indices((96, 96)) - rng.uniform(45, 51, 2)[:, None, None])
    inner, outer = borders(np.arctan2(row, column))
    distance = np.hypot(row, column)
    found = wall_thickness((distance > inner) & (distance <= outer), distance <= inner, (pixel_mm, pixel_mm))

    angle = np.linspace(-np.pi, np.pi, 20001)[:-1]
    edges = borders(angle)
    area = (edges[0] ** 2).sum()
    middle = [(2 / 3 * edges[0] ** 3 * part).sum() / area for part in (np.sin(angle), np.cos(angle))]
    chords = np.diff([from_middle(edge, angle, middle) for edge in edges], axis=0)[0]
    places = ndimage.uniform_filter1d(chords, 7, mode="wrap")
    return np.array([found.mean_mm, found.min_mm, found.max_mm]) - (chords.mean(), places.min(), places.max())


def from_middle(edge: np.ndarray, angle: np.ndarray, middle: list[float]) -> np.ndarray:
    """The distance of a border from the cavity's centroid in the directions of the rays."""
    down, across = edge * np.sin(angle) - middle[0], edge * np.cos(angle) - middle[1]
    return np.interp(ANGLES, *sorted_by(np.arctan2(down, across), np.hypot(down, across)), period=2 * np.pi)


def sorted_by(key: np.ndarray, values: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    order = np.argsort(key)
    return key[order], values[order]


if __name__ == "__main__":
    main()
