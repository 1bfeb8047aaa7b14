"""The picture of the wall's thickness has each segment at its place."""

from __future__ import annotations

import math

import numpy as np

from DCMMultiTaskLib.measurements.wall_segments import WallSegments, bulls_eye
from DCMMultiTaskLib.scene.bulls_eye import SIZE, thickness_image


def test_every_segment_has_its_number_at_its_place_and_an_unknown_one_is_left_empty() -> None:
    means = {number: float(number) if number != 8 else math.nan for number in range(1, 18)}
    image = thickness_image(WallSegments((), means, {}, True, ""))
    for number, (inner, outer, first, last) in bulls_eye().items():
        radius, angle = (inner + outer) / 2, math.radians((first + last) / 2)
        column = round((1 + radius * math.cos(angle)) / 2 * SIZE)
        row = round((1 - radius * math.sin(angle)) / 2 * SIZE)
        assert image[row, column] == (number if number != 8 else 0), number
    assert set(np.unique(image)) == {float(number) for number in range(18) if number != 8}
