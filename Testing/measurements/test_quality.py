"""Each reason against a slice, on drawn masks and drawn stacks."""

import numpy as np
import pytest

from DCMMultiTaskLib.measurements.evidence import contrast, gather, graininess
from DCMMultiTaskLib.measurements.masks import enclosed
from DCMMultiTaskLib.measurements.quality import (
    CONSTANT,
    NOISE,
    NOISE_ABOVE,
    NOTHING,
    NOTHING_BETWEEN,
    OUTSIDE_ROI,
    expected_slices,
    judge,
    mask_reasons,
    pixel_note,
    pixel_reasons,
)
from DCMMultiTaskLib.measurements.thickness import wall_thickness

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


def stack(*masks: np.ndarray) -> list[tuple[list[str], list[str]]]:
    """Reasons and cautions of slices 8 mm apart, cavity 200 and wall 80."""
    walls = np.stack(masks)
    cavities = enclosed(walls, 2).astype(bool)
    images = np.random.default_rng(0).normal(20, 5, walls.shape) + 60.0 * walls + 180.0 * cavities
    return judged(images, walls, cavities)


def judged(images: np.ndarray, walls: np.ndarray, cavities: np.ndarray) -> list[tuple[list[str], list[str]]]:
    thickness = [wall_thickness(wall, cavity, (1, 1)) for wall, cavity in zip(walls, cavities, strict=True)]
    own = [mask_reasons(wall, cavity, 1.0, WHOLE) for wall, cavity in zip(walls, cavities, strict=True)]
    evidence = gather(images, walls, cavities, (1.0, 1.0), thickness, np.full(len(walls), 0.98))
    return judge(own, evidence, cavities.sum(axis=(1, 2)), 8.0)


HEART = [ring(outer=outer, inner=outer - 8) for outer in (18, 22, 26, 28, 30)]


def test_a_heart_passes_without_a_word() -> None:
    assert stack(*HEART) == [([], [])] * 5


def test_an_open_ring_is_anatomy_at_the_base_and_a_reason_elsewhere() -> None:
    gap = (ROWS < 64) & (np.abs(COLUMNS - 64) < 20)
    reasons, cautions = stack(*HEART[:4], HEART[4] & ~gap)[4]
    assert "ring open" not in reasons and cautions == ["ring open at the base"]
    assert "ring open" in stack(HEART[0] & ~gap, *HEART[1:])[0][0]


def test_a_slice_is_held_against_those_beside_it() -> None:
    aside = ring(row=40, column=84, outer=26, inner=18)
    assert stack(*HEART[:2], aside, *HEART[3:])[2][0] == ["not in line with the slices beside it"]
    tiny = ring(outer=11, inner=5)
    assert "much smaller than in the slices beside it" in stack(*HEART[:3], tiny, HEART[4])[3][0]
    nothing = np.zeros_like(HEART[0])
    verdicts = [reasons for reasons, _ in stack(nothing, *HEART[:2], nothing, *HEART[3:])]
    assert verdicts[0] == ["no myocardium found"]
    assert verdicts[3] == ["no myocardium found, but in the slices beside it"]
    assert "no cavity, but in the slices beside it" in stack(*HEART[:2], disc(64, 64, 26), *HEART[3:])[2][0]


def test_long_rings_in_all_slices_are_no_short_axis() -> None:
    def oval(size: float) -> np.ndarray:
        return np.hypot((ROWS - 64) / 1.5, COLUMNS - 64) <= size

    verdicts = stack(*(oval(size) & ~oval(size - 8) for size in (18, 20, 22, 24)))
    assert verdicts == [([], ["outlines of the whole stack longish"])] * 4


@pytest.mark.parametrize("blood", [80.0, 88.0, 180.0])
def test_wall_and_cavity_have_to_differ(blood: float) -> None:
    wall, cavity = ring()[None], disc(64, 64, 22)[None] & ~ring()[None]
    image = 80.0 * wall + blood * cavity + np.random.default_rng(1).normal(0, 9, wall.shape)
    (reasons, cautions) = judged(image, wall, cavity)[0]
    assert reasons == (["no contrast between wall and cavity"] if blood == 80 else [])
    assert cautions == (["low contrast between wall and cavity"] if blood == 88 else [])


def test_a_scar_as_bright_as_the_blood_takes_no_contrast_away() -> None:
    wall, cavity = ring(), disc(64, 64, 22) & ~ring()
    image = np.where(wall & (COLUMNS > 70), 180.0, 60.0 * wall) + 180.0 * cavity
    assert contrast(image + np.random.default_rng(1).normal(0, 9, wall.shape), wall, cavity) > 2


def test_noise_is_grainy_and_tissue_is_not() -> None:
    noise = np.random.default_rng(2).normal(0, 1, (96, 96))
    assert graininess(noise) > 0.9
    assert graininess(ring() * 100.0) < 0.15
    spectrum = np.random.default_rng(3).normal(0, 1, (2, 48, 48))
    interpolated = np.abs(np.fft.ifft2(np.pad(spectrum[0] + 1j * spectrum[1], 24)))  # as a scanner does
    assert graininess(interpolated) > NOISE_ABOVE


def test_pixels_have_to_be_those_of_a_heart() -> None:
    assert not pixel_reasons((1.4, 1.4)) and not pixel_note((1.4, 1.4))
    assert "0.14 x 0.14 mm" in pixel_reasons((0.14, 0.14))[0]
    assert not pixel_reasons((3.0, 3.0)) and "3 x 3 mm" in pixel_note((3.0, 3.0))


def test_the_empty_slices_beyond_a_heart_are_not_expected_to_count() -> None:
    heart: list[list[str]] = [[], ["several pieces"], [], [NOTHING_BETWEEN], [], []]
    beyond = [[NOTHING]] * 4
    assert expected_slices([*beyond, *heart, *beyond, [OUTSIDE_ROI]], 8.0) == 6
    assert expected_slices([*beyond, [], [], *beyond], 8.0) == 10
    assert expected_slices([[CONSTANT], [NOISE], *heart, [NOISE]], 8.0) == 6
