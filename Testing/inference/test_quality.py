"""Each reason against a slice, on drawn masks."""

import numpy as np
import pytest

from DCMMultiTaskLib.imaging.measurements import enclosed_cavity
from DCMMultiTaskLib.inference.quality import convex_hull_area, mask_quality

WHOLE = (slice(0, 128), slice(0, 128))
ROWS, COLUMNS = np.mgrid[:128, :128].astype(float)


def disc(row: float, column: float, radius: float) -> np.ndarray:
    return np.hypot(ROWS - row, COLUMNS - column) <= radius


def ring(row: float = 64, column: float = 64, outer: float = 30, inner: float = 22) -> np.ndarray:
    return disc(row, column, outer) & ~disc(row, column, inner)


def verdict(mask: np.ndarray, field: tuple[slice, slice] = WHOLE, pixel_mm2: float = 1.0) -> str:
    return mask_quality(mask, enclosed_cavity(mask[None], 2)[0].astype(bool), pixel_mm2, field)


@pytest.mark.parametrize(
    ("mask", "expected"),
    [
        (ring(), "ok"),
        (ring(outer=12, inner=3), "ok"),
        (disc(64, 64, 10), "ok"),
        (np.zeros((128, 128), bool), "no myocardium found"),
        (ring(row=20), "partly outside the image"),
        (ring(column=100), "partly outside the image"),
        (ring() | disc(10, 10, 9), "several pieces"),
        (ring() | disc(10, 10, 3), "ok"),
        (ring() & ~((ROWS < 64) & (np.abs(COLUMNS - 64) < 20)), "ring open"),
        (ring() & (ROWS < 64), "ring open"),
        (disc(64, 64, 3), "implausible size"),
        (ring(outer=62, inner=50), "implausible size"),
    ],
)
def test_reasons(mask: np.ndarray, expected: str) -> None:
    assert verdict(mask) == expected


def test_size_is_judged_in_millimetres() -> None:
    assert verdict(ring(), pixel_mm2=0.01) == "implausible size"
    assert verdict(disc(64, 64, 3), pixel_mm2=4.0) == "ok"


def test_a_mask_at_the_edge_of_what_the_network_saw() -> None:
    assert verdict(ring(), (slice(34, 110), slice(0, 128))) == "partly outside the analysed field"
    assert verdict(ring(), (slice(20, 110), slice(20, 95))) == "partly outside the analysed field"
    assert verdict(ring(), (slice(20, 110), slice(20, 110))) == "ok"


def test_convex_hull_area() -> None:
    square = np.zeros((20, 20), bool)
    square[3:9, 4:12] = True
    assert convex_hull_area(square) == 48
    corner = square & (np.add.outer(np.arange(20), np.arange(20)) < 12)
    assert convex_hull_area(corner) >= corner.sum()
    assert convex_hull_area(disc(64, 64, 30)) == pytest.approx(np.pi * 30**2, rel=0.05)
    one = np.zeros((5, 5), bool)
    one[2, 2] = True
    assert convex_hull_area(one) == 1
