"""Two thousand slices: the memory beyond the study itself stays small, whatever their number."""

import tracemalloc

import numpy as np

from DCMMultiTaskLib.imaging.grid import normalise, to_stack
from DCMMultiTaskLib.imaging.measurements import areas_mm2, enclosed_cavity
from DCMMultiTaskLib.imaging.volume import Volume


def peak_mib(slices: int) -> float:
    """Peak of the memory that the whole way takes, in MiB, without the study and its mask."""
    y, x = np.indices((96, 96)) - 47.5
    distance = np.hypot(y, x)
    heart = ((distance < 35) & (distance > 25)).astype(np.uint8)
    volume = Volume(np.repeat(heart[None] * np.uint8(200), slices, axis=0), (1.3, 1.3, 2.0))
    mask = np.zeros(volume.array.shape, np.uint8)
    tracemalloc.start()
    for start in range(0, slices, 50):
        stack = to_stack(volume, slice_axis=2, indices=range(start, start + 50))
        probabilities = normalise(stack.images)[:, 0] / 255
        stack.to_source(probabilities, threshold=0.5, out=mask)
    assert (areas_mm2(mask, volume, 2) > 0).all()
    assert enclosed_cavity(mask, 2).any(axis=(1, 2)).all()
    peak = tracemalloc.get_traced_memory()[1] / 2**20
    tracemalloc.stop()
    return peak - 1.0 * mask.nbytes / 2**20  # the cavity is as large as the mask


def test_memory_does_not_grow_with_the_number_of_slices():
    assert peak_mib(2000) < peak_mib(100) + 4
