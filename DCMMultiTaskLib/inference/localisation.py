"""Where the heart is: one point for the whole stack, from a first look of the network at a few slices."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import ndimage

from DCMMultiTaskLib.imaging.grid import SliceGrid, normalise
from DCMMultiTaskLib.imaging.volume import Geometry, Volume
from DCMMultiTaskLib.inference.runner import Runner
from DCMMultiTaskLib.inference.segmentation import Progress
from DCMMultiTaskLib.inference.settings import Preprocessing
from DCMMultiTaskLib.measurements.masks import enclosed

# The first look takes the middle of the image, in pixels so many times as large as the network's own; coarser ones
# (2 mm) place the heart less exactly, and at 3 mm the network no longer knows a heart.
COARSER = 1.5
# Levels of the stack, from one end to the other, at which it looks; short stacks have the outer two alone, so that the
# first look costs a third of the second or less.
LEVELS, LONG_STACK = (0.2, 0.4), 12
# A look that is not sure is done again, with care: whole slices, the network's own pixels, up to so many slices.
MOST_SLICES = 24

# Votes are gathered over places this near to each other (standard deviation), half a heart's size; around the best
# place, votes within a heart's largest radius make the centre, and what lies farther is something else.
SMOOTHING_MM = 25.0
NEIGHBOURHOOD_MM = 60.0
# Fewer votes than the myocardium of one small apical slice are chance.
LEAST_VOTES_MM2 = 150.0
# Standard deviation of the heart's distance from the image's centre, generously.
CENTRE_MM = 100.0
# Votes so near to the image's edge count less, and in surroundings darker than this part of the image's mean: air.
EDGE_MM, AIR_MM, AIR_LEVEL = 20.0, 15.0, 0.5
# The place is sure where enough of the slices draw a wall around a cavity there, most votes agree and can be trusted.
# Found on the split `train` and on images whose heart was painted over.
SURE_CAVITY_MM2, SURE_APART_MM, SURE_VOTES, SURE_TRUST = 100.0, 25.0, 0.5, 0.7
SURE_SLICES, SURE_SLICES_OF_WHOLE_STACK = 0.75, 0.5
FOUND, DOUBTFUL, IMAGE_CENTRE = "heart found", "heart found, perhaps by chance", "image centre"


@dataclass(frozen=True, eq=False)
class Location:
    """Where the network's second look is centred.

    Attributes:
        centre_lps: mm (LPS).
        method: `FOUND`, `DOUBTFUL`, `IMAGE_CENTRE` or `region of interest`.
    """

    centre_lps: np.ndarray
    method: str


@dataclass(frozen=True)
class Place:
    """Where a stack of maps shows the heart.

    Attributes:
        row: Of the votes' centre around the best place.
        column: See there.
        agreeing: Share of the slices that draw a wall around a cavity there.
        votes: Share of all votes that lie there.
        trust: How much a vote counts there.
    """

    row: float
    column: float
    agreeing: float
    votes: float
    trust: float = 1.0

    def sure(self, slices: float) -> bool:
        """Whether this is the heart and not chance, where that share of the slices should show it."""
        return self.agreeing >= slices and self.votes >= SURE_VOTES and self.trust >= SURE_TRUST


def find_heart(myocardium: np.ndarray, spacing_mm: float = 1.0, *, trust: np.ndarray | None = None) -> Place | None:
    """The heart's place in a stack of probability maps.

    Slices vote with their confident pixels and with what these enclose: the left ventricle is a closed ring, and most
    of what the network takes for muscle elsewhere is not. Votes far from the best place do not pull on the answer.

    Args:
        myocardium: Probabilities `(N, H, W)`.
        spacing_mm: Pixel size.
        trust: How much a vote counts in the choice of the best place, `(H, W)`; all the same if None.

    Returns:
        The place; None where there are too few votes.
    """
    confident = (myocardium > 0.5).astype(np.uint8)
    cavities = enclosed(confident, 2)
    stack = (confident + cavities).astype(np.float32) * spacing_mm**2
    votes = stack.sum(axis=0, dtype=np.float64)
    smooth = ndimage.gaussian_filter(
        votes if trust is None else votes * trust, SMOOTHING_MM / spacing_mm, mode="constant"
    )
    if votes.sum() < LEAST_VOTES_MM2 or not smooth.any():
        return None
    centre = np.array(np.unravel_index(np.argmax(smooth), votes.shape), dtype=float)
    rows, columns = np.ogrid[: votes.shape[0], : votes.shape[1]]

    def within(mm: float) -> np.ndarray:
        return (rows - centre[0]) ** 2 + (columns - centre[1]) ** 2 <= (mm / spacing_mm) ** 2

    for _ in range(20):
        before, centre = centre, _centre_of(np.where(within(NEIGHBOURHOOD_MM), votes, 0))
        if np.abs(centre - before).max() < 0.1:
            break
    near = within(NEIGHBOURHOOD_MM)
    rings = [
        (cavity * near).sum() * spacing_mm**2 >= SURE_CAVITY_MM2
        and np.hypot(*(_centre_of(own * near) - centre)) * spacing_mm <= SURE_APART_MM
        for own, cavity in zip(stack, cavities, strict=True)
    ]
    row, column = map(float, centre)
    return Place(
        row,
        column,
        agreeing=float(np.mean(rings)),
        votes=float(votes[near].sum() / votes.sum()),
        trust=1.0 if trust is None else float(trust[round(row), round(column)]),
    )


def _centre_of(weights: np.ndarray) -> np.ndarray:
    return np.array(ndimage.center_of_mass(weights))


def trusted(grid: SliceGrid, images: np.ndarray) -> np.ndarray:
    """How much a vote counts at each place: little far from the image's centre, beside its edge and in air.

    Args:
        grid: Centred on the image.
        images: Slices on it, `(N, H, W)`, 0 to 255.

    Returns:
        `(H, W)`, 0 to 1.
    """
    trust = np.ones(grid.size)
    for axis, (count, extent) in enumerate(zip(grid.size, grid.orientation.extent_mm(grid.source), strict=True)):
        away = np.abs(np.arange(count) - (count - 1) / 2) * grid.spacing_mm
        along = np.exp(-0.5 * (away / CENTRE_MM) ** 2) * np.clip((extent / 2 - away) / EDGE_MM, 0, 1)
        trust *= along[:, None] if axis == 0 else along
    mean = images.mean(axis=0, dtype=np.float64)
    around = ndimage.gaussian_filter(mean, AIR_MM / grid.spacing_mm, mode="nearest")
    return trust * np.clip(around / max(AIR_LEVEL * mean.mean(), 1e-6), 0, 1)


def locate(
    runner: Runner,
    volume: Volume,
    *,
    slice_axis: int,
    indices: np.ndarray,
    preprocessing: Preprocessing,
    progress: Progress,
) -> Location:
    """Look for the heart: at the middle of a few slices, and where that is not sure, at whole slices of the stack.

    Args:
        runner: The network.
        volume: The study.
        slice_axis: 0, 1, 2 for I, J, K.
        indices: Slices to look at first.
        preprocessing: As in the model package.
        progress: Told after each batch of the first look, asked before each of both.

    Returns:
        The heart's place, or the image's centre where none was found or it was stopped.
    """
    geometry, spacing, size = volume.geometry, preprocessing.spacing_mm, preprocessing.size
    middle = SliceGrid.around(geometry, slice_axis=slice_axis, size=size, spacing_mm=COARSER * spacing)
    place = _look(runner, middle, volume.array, indices, preprocessing, progress, tell=True)
    if place and place.sure(SURE_SLICES):
        return Location(middle.lps_of(place.row, place.column, (middle.slices - 1) / 2), FOUND)
    # Never less than the field that the network was trained on.
    whole = SliceGrid.whole(geometry, slice_axis=slice_axis, least=size, spacing_mm=spacing)
    some = np.unique(np.linspace(0, whole.slices - 1, min(whole.slices, MOST_SLICES)).round().astype(int))
    place = _look(runner, whole, volume.array, some, preprocessing, progress)
    if place is None:
        return image_centre(geometry)
    # The stack may run past the heart at both ends.
    method = FOUND if place.sure(SURE_SLICES_OF_WHOLE_STACK) else DOUBTFUL
    return Location(whole.lps_of(place.row, place.column, (whole.slices - 1) / 2), method)


def _look(
    runner: Runner,
    grid: SliceGrid,
    array: np.ndarray,
    indices: np.ndarray,
    preprocessing: Preprocessing,
    progress: Progress,
    *,
    tell: bool = False,
) -> Place | None:
    """The place that these slices show; None where they show none or it was stopped."""
    step = runner.slices_per_batch(*grid.size)
    images, maps = [], []
    for start in range(0, len(indices), step):
        if not progress.go_on():
            return None
        images.append(normalise(grid.sample(array, indices[start : start + step]), preprocessing.percentiles))
        maps.append(runner(images[-1]).myocardium)
        progress.go_on(len(images[-1]) if tell else 0)
    return find_heart(np.concatenate(maps), grid.spacing_mm, trust=trusted(grid, np.concatenate(images)[:, 0]))


def image_centre(geometry: Geometry) -> Location:
    """The place to look at when nothing better is known."""
    return Location(geometry.centre_lps, IMAGE_CENTRE)


def slices_to_look_at(slices: int, phases: int = 1) -> np.ndarray:
    """Indices of the few slices for the first look; the same ones when the stack is stored in reverse."""
    levels = LEVELS if slices * phases >= LONG_STACK else LEVELS[:1]
    below = np.array([int(level * (slices - 1)) for level in levels], dtype=int)
    return np.unique(np.concatenate([below, slices - 1 - below]))
