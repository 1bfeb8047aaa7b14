"""Where the heart is: one point for the whole stack, from a first pass of the network over whole slices."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from DCMMultiTaskLib.imaging.grid import normalise, to_stack, whole_slice_size
from DCMMultiTaskLib.imaging.volume import Volume
from DCMMultiTaskLib.inference.runner import Runner
from DCMMultiTaskLib.inference.segmentation import Progress

# A heart fills a disc of about this radius; votes farther from the best disc's centre are other things.
HEART_RADIUS_MM = 30.0
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

    Slices vote with their confident pixels. The disc of a heart's size with the most votes wins, so that false
    positives elsewhere do not pull on the answer, however far they are.

    Args:
        myocardium: Probabilities `(N, H, W)`.
        spacing_mm: Pixel size.

    Returns:
        Row and column of the votes' centre around the winning disc; None where there are too few votes.
    """
    votes = np.where(myocardium > 0.5, myocardium, 0).sum(axis=0, dtype=np.float64) * spacing_mm**2
    height, width = votes.shape
    rows, columns = np.ogrid[:height, :width]
    reach = int(HEART_RADIUS_MM / spacing_mm)
    padded = (height + reach, width + reach)
    disc = np.zeros(padded)
    offsets = np.arange(-reach, reach + 1)
    inside = np.add.outer(offsets**2, offsets**2) <= reach**2
    disc[np.ix_(offsets, offsets)] = inside  # negative offsets wrap around, as the convolution does
    smoothed = np.fft.irfft2(np.fft.rfft2(votes, padded) * np.fft.rfft2(disc), padded)[:height, :width]
    centre = np.array(np.unravel_index(np.argmax(smoothed), smoothed.shape), dtype=float)
    if smoothed.max() < LEAST_VOTES_MM2:
        return None
    for _ in range(3):
        near = (rows - centre[0]) ** 2 + (columns - centre[1]) ** 2 <= (NEIGHBOURHOOD_MM / spacing_mm) ** 2
        weights = np.where(near, votes, 0)
        centre = np.array([(rows * weights).sum(), (columns * weights).sum()]) / weights.sum()
    return float(centre[0]), float(centre[1])


def locate(
    runner: Runner,
    volume: Volume,
    *,
    slice_axis: int,
    indices: np.ndarray,
    spacing_mm: float,
    smallest: tuple[int, int],
    percentiles: tuple[float, float],
    progress: Progress,
) -> Location:
    """Look for the heart in some slices.

    Args:
        runner: The network.
        volume: The study.
        slice_axis: 0, 1, 2 for I, J, K.
        indices: Slices to look at.
        spacing_mm: Pixel size of the network's grid.
        smallest: The least rows and columns to give the network, those that it was trained on.
        percentiles: As in `imaging.grid.normalise`.
        progress: Told after each batch, asked before each.

    Returns:
        The heart's place, or the image's centre where none was found or it was stopped.
    """
    whole = whole_slice_size(volume, slice_axis, spacing_mm)
    size = (max(whole[0], smallest[0]), max(whole[1], smallest[1]))
    step = runner.slices_per_batch(*size)
    found = []
    for start in range(0, len(indices), step):
        if not progress.go_on():
            return image_centre(volume)
        stack = to_stack(
            volume, slice_axis=slice_axis, size=size, spacing_mm=spacing_mm, indices=indices[start : start + step]
        )
        found.append(runner(normalise(stack.images, percentiles)).myocardium)
        progress.go_on(len(stack.indices))
    place = find_heart(np.concatenate(found), spacing_mm)
    if place is None:
        return image_centre(volume)
    middle = (volume.array.shape[2 - slice_axis] - 1) / 2
    return Location(stack.lps_of(*place, middle), "heart found")


def image_centre(volume: Volume) -> Location:
    """The place to look at when nothing better is known."""
    middle = (np.array(volume.array.shape[::-1]) - 1) / 2
    return Location((volume.index_to_lps @ np.append(middle, 1))[:3], IMAGE_CENTRE)


def slices_to_look_at(slices: int) -> np.ndarray:
    """Indices of at most `MOST_SLICES` of so many slices, evenly spaced."""
    return np.unique(np.linspace(0, slices - 1, min(slices, MOST_SLICES)).round().astype(int))
