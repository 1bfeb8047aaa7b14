"""The user's region of interest: where the heart is."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from DCMMultiTaskLib.errors import InputError
from DCMMultiTaskLib.imaging.volume import Geometry


@dataclass(frozen=True, eq=False)
class Roi:
    """A point of the patient, or a box around it.

    Attributes:
        centre_lps: Centre in mm (LPS).
        size_mm: Full edge lengths along the box's axes; None for a point, which does not bound anything.
        axes: `(3, 3)`, columns are the box's axes (LPS unit vectors); None for the patient's own.
    """

    centre_lps: tuple[float, float, float]
    size_mm: tuple[float, float, float] | None = None
    axes: np.ndarray | None = None

    @classmethod
    def parse(cls, text: str) -> Roi:
        """Read `R,A,S` (a point) or `R,A,S,dR,dA,dS` (a box and its full edge lengths), mm as Slicer shows them.

        Raises:
            InputError: The text is neither.

        Example:
            >>> Roi.parse("10,-20,35.5,120,120,90").centre_lps
            (-10.0, 20.0, 35.5)
        """
        numbers = _numbers(text)
        if len(numbers) not in (3, 6) or min(numbers[3:], default=1.0) <= 0:
            raise InputError(
                f"The region of interest '{text}' is not R,A,S or R,A,S,dR,dA,dS: "
                "the centre and, if wanted, the edge lengths (above 0) in mm, with commas."
            )
        right, anterior, superior = numbers[:3]
        size = (numbers[3], numbers[4], numbers[5]) if len(numbers) == 6 else None
        return cls((-right, -anterior, superior), size)

    def contains(self, geometry: Geometry) -> np.ndarray:
        """Which voxels' centres lie in the box: bool, `(K, J, I)`; all of them for a point.

        Raises:
            InputError: The box lies outside the volume.
        """
        inside = np.ones(geometry.shape, dtype=bool)
        if self.size_mm is None:
            return inside
        # The position along each of the box's axes is a sum of a part for k, one for j and one for i.
        axes = np.eye(3) if self.axes is None else self.axes
        to_box = axes.T @ geometry.index_to_lps[:3, :3]
        start = axes.T @ (np.asarray(geometry.origin) - np.asarray(self.centre_lps))
        k, j, i = (np.arange(count) for count in geometry.shape)
        for steps, offset, length in zip(to_box, start, self.size_mm, strict=True):
            plane = steps[1] * j[:, None] + steps[0] * i + offset
            for slab, position in zip(inside, steps[2] * k, strict=True):
                slab &= np.abs(plane + position) <= length / 2 + 1e-6
        if not inside.any():
            raise InputError("the region of interest lies outside the volume.")
        return inside


def parse_point(text: str, what: str) -> tuple[float, float, float]:
    """A point written as `R,A,S`, mm as Slicer shows them, in mm (LPS).

    Raises:
        InputError: The text is none; `what` names it.
    """
    numbers = _numbers(text)
    if len(numbers) != 3:
        raise InputError(f"The {what} '{text}' is not R,A,S: a point in mm, with commas.")
    return -numbers[0], -numbers[1], numbers[2]


def _numbers(text: str) -> list[float]:
    """Finite numbers with commas between them; none where the text is something else."""
    try:
        numbers = [float(part) for part in text.split(",")]
    except ValueError:
        return []
    return numbers if all(map(math.isfinite, numbers)) else []
