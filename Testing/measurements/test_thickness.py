"""Wall thickness of drawn rings whose thickness is known."""

import math

import numpy as np
import pytest

from DCMMultiTaskLib.measurements.thickness import WallThickness, wall_thickness


def drawn_ring(
    inner_mm: float, outer_mm: float, pixel_mm: tuple[float, float], centre: tuple[float, float] = (40.3, 37.8)
) -> tuple[np.ndarray, np.ndarray]:
    """Myocardium and cavity of a ring on 80 x 80 pixels."""
    y, x = np.indices((80, 80))
    radius = np.hypot((y - centre[0]) * pixel_mm[0], (x - centre[1]) * pixel_mm[1])
    return (radius > inner_mm) & (radius <= outer_mm), radius <= inner_mm


def numbers(wall: WallThickness) -> list[float]:
    return [wall.mean_mm, wall.min_mm, wall.max_mm, wall.sd_mm, wall.ring_share]


@pytest.mark.parametrize("pixel_mm", [(1.0, 1.0), (1.5, 1.5), (1.25, 1.56)])
@pytest.mark.parametrize(("inner_mm", "outer_mm"), [(20.0, 28.0), (30.0, 35.0), (8.0, 20.0), (25.0, 29.0)])
def test_the_thickness_of_a_ring_is_found_to_half_a_pixel(pixel_mm, inner_mm, outer_mm) -> None:
    for centre in ((40.0, 40.0), (40.3, 37.8), (39.5, 40.5)):
        wall = wall_thickness(*drawn_ring(inner_mm, outer_mm, pixel_mm, centre), pixel_mm)
        assert wall.mean_mm == pytest.approx(outer_mm - inner_mm, abs=0.4)
        # A drawn border is off by up to half a pixel.
        assert wall.min_mm == pytest.approx(outer_mm - inner_mm, abs=0.5 * max(pixel_mm))
        assert wall.max_mm == pytest.approx(outer_mm - inner_mm, abs=0.5 * max(pixel_mm))
        assert wall.sd_mm < 0.4 and wall.ring_share == 1


def test_an_uneven_wall_has_its_thinnest_and_thickest_part() -> None:
    y, x = np.indices((80, 80)) - 40
    cavity = np.hypot(x, y) <= 18
    myocardium = (np.hypot(x - 3, y) <= 26) & ~cavity  # 5 mm on the left, 11 mm on the right
    wall = wall_thickness(myocardium, cavity, (1.0, 1.0))
    assert wall.min_mm == pytest.approx(5, abs=0.5) and wall.max_mm == pytest.approx(11, abs=0.5)
    assert wall.sd_mm > 1.5


def test_a_turned_or_mirrored_slice_has_the_same_thickness() -> None:
    y, x = np.indices((80, 80)) - 40
    cavity = np.hypot(x, 1.2 * y) <= 18
    myocardium = (np.hypot(x - 3, y + 1) <= 27) & ~cavity
    expected = numbers(wall_thickness(myocardium, cavity, (1.4, 1.1)))
    for turn in (lambda a: a[::-1], lambda a: a[:, ::-1]):
        assert numbers(wall_thickness(turn(myocardium), turn(cavity), (1.4, 1.1))) == pytest.approx(expected, abs=1e-3)
    assert numbers(wall_thickness(myocardium.T, cavity.T, (1.1, 1.4))) == pytest.approx(expected, abs=1e-3)


def test_directions_in_the_gap_of_an_open_ring_are_left_out() -> None:
    myocardium, cavity = drawn_ring(20, 28, (1.0, 1.0))
    angle = np.degrees(np.arctan2(*(np.indices(cavity.shape) - np.array([40.3, 37.8])[:, None, None])))
    wall = wall_thickness(myocardium & (np.abs(angle) > 40), cavity, (1.0, 1.0))
    assert wall.ring_share == pytest.approx(1 - 80 / 360, abs=0.03)
    assert wall.min_mm == pytest.approx(8, abs=0.6) and wall.mean_mm == pytest.approx(8, abs=0.3)


@pytest.mark.parametrize("missing", ["cavity", "myocardium", "both"])
def test_without_a_cavity_or_a_wall_there_is_no_thickness(missing) -> None:
    myocardium, cavity = drawn_ring(20, 28, (1.0, 1.0))
    myocardium = myocardium if missing == "cavity" else np.zeros_like(myocardium)
    cavity = cavity if missing == "myocardium" else np.zeros_like(cavity)
    wall = wall_thickness(myocardium, cavity, (1.0, 1.0))
    assert math.isnan(wall.mean_mm) and math.isnan(wall.min_mm) and wall.ring_share == 0


def test_a_ring_at_the_images_edge_is_measured() -> None:
    wall = wall_thickness(*drawn_ring(20, 28, (1.0, 1.0), centre=(28.5, 28.5)), (1.0, 1.0))
    assert wall.max_mm == pytest.approx(8, abs=0.5) and wall.ring_share == 1


def test_a_cavity_whose_middle_lies_outside_of_it_is_not_measured() -> None:
    y, x = np.indices((80, 80)) - 40
    crescent = (np.hypot(x, y) <= 20) & (np.hypot(x - 3, y) > 18)
    wall = wall_thickness((np.hypot(x, y) <= 26) & (np.hypot(x, y) > 20), crescent, (1.0, 1.0))
    assert math.isnan(wall.mean_mm)
