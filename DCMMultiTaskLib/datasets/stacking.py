"""Single slices to one volume, with their true geometry."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from DCMMultiTaskLib.errors import InputError
from DCMMultiTaskLib.imaging.volume import Volume


def stack_slices(slices: Sequence[Volume]) -> tuple[Volume, list[int]]:
    """Put slices on top of each other, sorted along their normal.

    Args:
        slices: Volumes of one slice each, at least one.

    Returns:
        The volume, and for each of its slices the number of the given one.

    Raises:
        InputError: The slices differ in size, pixel spacing or orientation, share a place, are unevenly spaced (by
            more than a tenth) or shifted in their plane (by more than a pixel): no volume has that geometry.
    """
    first = slices[0]
    geometry = first.geometry
    for other in slices[1:]:
        if (
            other.array.shape != first.array.shape
            or not np.allclose(other.geometry.spacing[:2], geometry.spacing[:2], rtol=1e-3)
            or not np.allclose(other.geometry.direction, geometry.direction, atol=1e-3)
        ):
            raise InputError("the slices differ in size, pixel spacing or orientation.")
    normal = geometry.direction[:, 2]
    places = np.array([piece.geometry.origin for piece in slices])
    order = np.argsort(places @ normal, kind="stable")
    places = places[order]
    distance = geometry.spacing[2]
    if len(slices) > 1:
        distances = np.diff(places @ normal)
        distance = float(distances.mean())
        if distances.min() < 0.1:
            raise InputError("two of the slices lie at one place.")
        if np.abs(distances - distance).max() > 0.1 * distance:
            raise InputError(
                f"the slices are {distances.min():.1f} to {distances.max():.1f} mm apart, so that they form no volume."
            )
        sideways = places - places[0] - np.outer((places - places[0]) @ normal, normal)
        if np.linalg.norm(sideways, axis=1).max() > max(geometry.spacing[:2]):
            raise InputError("the slices do not lie above each other, so that they form no volume.")
    x, y, z = places[0].tolist()
    array = np.concatenate([slices[number].array for number in order])
    spacing = (*geometry.spacing[:2], distance)
    return Volume.of(array, spacing, (x, y, z), geometry.direction), order.tolist()
