"""Each reason against a slice, on drawn masks."""

import numpy as np
import pytest

from DCMMultiTaskLib.measurements.masks import enclosed
from DCMMultiTaskLib.measurements.quality import mask_reasons

WHOLE = (slice(0, 128), slice(0, 128))
ROWS, COLUMNS = np.mgrid[:128, :128].astype(float)


def disc(row: float, column: float, radius: float) -> np.ndarray:
    return np.hypot(ROWS - row, COLUMNS - column) <= radius


def ring(row: float = 64, column: float = 64, outer: float = 30, inner: float = 22) -> np.ndarray:
    return disc(row, column, outer) & ~disc(row, column, inner)


def verdict(mask: np.ndarray, field: tuple[slice, slice] = WHOLE, pixel_mm2: float = 1.0) -> str:
    return "; ".join(reasons(mask, field, pixel_mm2)) or "ok"


def reasons(mask: np.ndarray, field: tuple[slice, slice] = WHOLE, pixel_mm2: float = 1.0) -> list[str]:
    return mask_reasons(mask, enclosed(mask[None], 2)[0].astype(bool), pixel_mm2, field)


@pytest.mark.parametrize(
    ("mask", "expected"),
    [
        (ring(), "ok"),
        (ring(outer=12, inner=3), "ok"),
        (disc(64, 64, 10), "ok"),
        (np.zeros((128, 128), bool), "no myocardium found"),
        (ring(row=20), "partly outside the image; ring open"),
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


def test_every_reason_is_told_the_gravest_first() -> None:
    mask = (ring(row=31) & (ROWS > 31)) | disc(110, 110, 10)
    assert reasons(mask) == ["several pieces", "ring open"]
    assert reasons(ring(row=20) & (COLUMNS < 64)) == ["partly outside the image", "ring open"]
