"""Two thousand slices: the memory beyond the study itself stays small, whatever their number."""

import tracemalloc

import numpy as np

from DCMMultiTaskLib.imaging.grid import SliceGrid, normalise
from DCMMultiTaskLib.imaging.volume import Volume
from DCMMultiTaskLib.measurements.masks import areas_mm2, enclosed


def peak_mib(slices: int) -> float:
    """Peak of the memory that the whole way takes, in MiB, without the study and its mask."""
    y, x = np.indices((96, 96)) - 47.5
    distance = np.hypot(y, x)
    heart = ((distance < 35) & (distance > 25)).astype(np.uint8)
    volume = Volume.of(np.repeat(heart[None] * np.uint8(200), slices, axis=0), (1.3, 1.3, 2.0))
    mask = np.zeros(volume.array.shape, np.uint8)
    grid = SliceGrid.around(volume.geometry, slice_axis=2)
    tracemalloc.start()
    for start in range(0, slices, 50):
        part = range(start, start + 50)
        probabilities = normalise(grid.sample(volume.array, part))[:, 0] / 255
        found = np.flatnonzero((probabilities >= 0.5).any(axis=(1, 2)))
        mask[start + found] = (heart > 0)[None]
    assert (areas_mm2(mask, volume.geometry, 2) > 0).all()
    assert enclosed(mask, 2).any(axis=(1, 2)).all()
    peak = tracemalloc.get_traced_memory()[1] / 2**20
    tracemalloc.stop()
    return peak - 1.0 * mask.nbytes / 2**20  # the cavity is as large as the mask


def test_memory_does_not_grow_with_the_number_of_slices():
    assert peak_mib(2000) < peak_mib(100) + 4
