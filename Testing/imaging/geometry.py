"""Ways of storing the same image, for the tests of this folder."""

from __future__ import annotations

from itertools import permutations, product

import numpy as np

from DCMMultiTaskLib.imaging.volume import Volume

STORAGES = [(order, flips) for order in permutations(range(3)) for flips in product((False, True), repeat=3)]
"""All 48 axis orders (new axis n of I, J, K is the old axis order[n]) and flips."""


def stored_as(volume: Volume, order: tuple[int, ...], flips: tuple[bool, ...]) -> Volume:
    """The same image in the patient, its axes stored in another order and direction."""
    array = volume.array.transpose([2 - order[2 - axis] for axis in range(3)])
    geometry = volume.geometry
    origin = np.array(geometry.origin)
    direction = geometry.direction[:, list(order)].copy()
    spacing = tuple(geometry.spacing[axis] for axis in order)
    for axis in range(3):
        if flips[axis]:
            array = np.flip(array, 2 - axis)
            origin += direction[:, axis] * spacing[axis] * (array.shape[2 - axis] - 1)
            direction[:, axis] *= -1
    return Volume.of(np.ascontiguousarray(array), spacing, tuple(origin), direction)


def rotation(rng: np.random.Generator) -> np.ndarray:
    """A random rotation matrix."""
    matrix, triangle = np.linalg.qr(rng.normal(size=(3, 3)))
    matrix *= np.sign(np.diag(triangle))
    return matrix * np.sign(np.linalg.det(matrix))
