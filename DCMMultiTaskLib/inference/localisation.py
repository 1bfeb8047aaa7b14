"""Where the heart is: one point for the whole stack, from a first pass of the network over whole slices."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from DCMMultiTaskLib.imaging.grid import SliceGrid, normalise
from DCMMultiTaskLib.imaging.volume import Geometry, Volume
from DCMMultiTaskLib.inference.runner import Runner
from DCMMultiTaskLib.inference.segmentation import Progress
from DCMMultiTaskLib.inference.settings import Preprocessing
from DCMMultiTaskLib.measurements.masks import enclosed

# Votes are gathered over places this near to each other (standard deviation), half a heart's size; around the best
# place, votes within a heart's largest radius make the centre, and what lies farther is something else.
SMOOTHING_MM = 25.0
NEIGHBOURHOOD_MM = 60.0
# Fewer votes than the myocardium of one small apical slice are chance.
LEAST_VOTES_MM2 = 150.0
# The heart spans the stack, so that some evenly spaced slices of a long one are enough.
MOST_SLICES = 24
IMAGE_CENTRE = "image centre"


@dataclass(frozen=True, eq=False)
class Location:
    """Where the network's second look is centred.

    Attributes:
        centre_lps: mm (LPS).
        method: `heart found`, `region of interest` or `image centre`.
    """

    centre_lps: np.ndarray
    method: str


def find_heart(myocardium: np.ndarray, spacing_mm: float = 1.0) -> tuple[float, float] | None:
    """The heart's place in a stack of probability maps.

    Slices vote with their confident pixels and with what these enclose: the left ventricle is a closed ring, and most
    of what the network takes for muscle elsewhere is not. Votes far from the best place do not pull on the answer.

    Args:
        myocardium: Probabilities `(N, H, W)`.
        spacing_mm: Pixel size.

    Returns:
        Row and column of the votes' centre around the best place; None where there are too few votes.
    """
    confident = (myocardium > 0.5).astype(np.uint8)
    votes = (confident + enclosed(confident, 2)).sum(axis=0, dtype=np.float64) * spacing_mm**2
    if votes.sum() < LEAST_VOTES_MM2:
        return None
    centre = np.array(
        np.unravel_index(np.argmax(_smoothed(votes, SMOOTHING_MM / spacing_mm)), votes.shape), dtype=float
    )
    rows, columns = np.ogrid[: votes.shape[0], : votes.shape[1]]
    for _ in range(20):
        near = (rows - centre[0]) ** 2 + (columns - centre[1]) ** 2 <= (NEIGHBOURHOOD_MM / spacing_mm) ** 2
        weights = np.where(near, votes, 0)
        before = centre
        centre = np.array([(rows * weights).sum(), (columns * weights).sum()]) / weights.sum()
        if np.abs(centre - before).max() < 0.1:
            break
    return float(centre[0]), float(centre[1])


def _smoothed(votes: np.ndarray, sigma: float) -> np.ndarray:
    """Gaussian smoothing, `sigma` in pixels; nothing beyond the edges."""
    reach = int(3 * sigma)
    offsets = np.arange(-reach, reach + 1)
    padded = (votes.shape[0] + reach, votes.shape[1] + reach)
    kernel = np.zeros((max(padded[0], 2 * reach + 1), max(padded[1], 2 * reach + 1)))
    # Negative offsets wrap around, as the convolution does.
    kernel[np.ix_(offsets, offsets)] = np.exp(-np.add.outer(offsets**2, offsets**2) / (2 * sigma**2))
    spectrum = np.fft.rfft2(votes, kernel.shape) * np.fft.rfft2(kernel)
    return np.fft.irfft2(spectrum, kernel.shape)[: votes.shape[0], : votes.shape[1]]


def locate(
    runner: Runner,
    volume: Volume,
    *,
    slice_axis: int,
    indices: np.ndarray,
    preprocessing: Preprocessing,
    progress: Progress,
) -> Location:
    """Look for the heart in whole slices.

    Args:
        runner: The network.
        volume: The study.
        slice_axis: 0, 1, 2 for I, J, K.
        indices: Slices to look at.
        preprocessing: As in the model package.
        progress: Told after each batch, asked before each.

    Returns:
        The heart's place, or the image's centre where none was found or it was stopped.
    """
    # Never less than the field that the network was trained on.
    grid = SliceGrid.whole(
        volume.geometry, slice_axis=slice_axis, least=preprocessing.size, spacing_mm=preprocessing.spacing_mm
    )
    step = runner.slices_per_batch(*grid.size)
    found = []
    for start in range(0, len(indices), step):
        if not progress.go_on():
            return image_centre(volume.geometry)
        images = grid.sample(volume.array, indices[start : start + step])
        found.append(runner(normalise(images, preprocessing.percentiles)).myocardium)
        progress.go_on(len(images))
    place = find_heart(np.concatenate(found), grid.spacing_mm)
    if place is None:
        return image_centre(volume.geometry)
    return Location(grid.lps_of(*place, (grid.slices - 1) / 2), "heart found")


def image_centre(geometry: Geometry) -> Location:
    """The place to look at when nothing better is known."""
    return Location(geometry.centre_lps, IMAGE_CENTRE)


def slices_to_look_at(slices: int) -> np.ndarray:
    """Indices of `MOST_SLICES` slices at most, evenly spaced over the stack."""
    return np.unique(np.linspace(0, slices - 1, min(slices, MOST_SLICES)).round().astype(int))
