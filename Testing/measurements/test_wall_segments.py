"""The wall by segments, on drawn hearts whose septum, base and thickness are known."""

import math
from collections import Counter

import numpy as np
import pytest
from drawn_studies import drawn_study, rotation

from DCMMultiTaskLib.errors import InputError
from DCMMultiTaskLib.imaging.volume import Geometry
from DCMMultiTaskLib.measurements.wall_segments import NAMES, WallSegments, bulls_eye, measure_segments
from DCMMultiTaskLib.phantom import make_phantom

# Rows to the feet and back, columns to the left and back, slices from apex to base: a short axis as scanners store it.
TO_BASE = np.array([-0.68, 0.67, 0.32]) / np.linalg.norm([0.68, 0.67, 0.32])
COLUMNS = np.cross([0.0, 0.0, -1.0], TO_BASE) / np.linalg.norm(np.cross([0.0, 0.0, -1.0], TO_BASE))
SHORT_AXIS = np.stack([COLUMNS, np.cross(TO_BASE, COLUMNS), TO_BASE], axis=1)
THICK = 12.0


def drawn_heart(degrees: float, *, slices: int = 10, apex: int = 1) -> tuple[np.ndarray, Geometry]:
    """Rings of 8 mm whose wall is 12 mm in the 60 degrees after `degrees`, counter-clockwise in the picture from right.

    Slices from apex to base; the first `apex` have no cavity.
    """
    row, column = (axis - 40 for axis in np.indices((80, 80)))
    radius, angle = np.hypot(row, column), np.degrees(np.arctan2(-row, column))
    labels = np.zeros((slices, 80, 80), np.uint8)
    for number in range(slices):
        inner = 0 if number < apex else 12 + number
        wall = np.where((angle - degrees) % 360 < 60, THICK, 8)
        labels[number][radius <= inner + wall] = 1
        labels[number][radius <= inner] = 2 if inner else 1
    return labels, Geometry((80, 80, slices), (1.0, 1.0, 8.0), (0.0, 0.0, 0.0), SHORT_AXIS)


def thickest(wall: WallSegments, level: str) -> str:
    rows = {wall.names[number]: mean for number, mean in wall.mean_mm.items() if wall.names[number].startswith(level)}
    assert max(rows.values()) > 9.5
    return max(rows, key=rows.__getitem__)


def point_at(degrees: float, geometry: Geometry, number: int = 5, radius: float = 25) -> np.ndarray:
    column, row = 40 + radius * math.cos(math.radians(degrees)), 40 - radius * math.sin(math.radians(degrees))
    return (geometry.index_to_lps @ [column, row, number, 1])[:3]


@pytest.mark.parametrize("turn", [0, 75, 200])
def test_segments_follow_the_given_insertion_through_the_septum(turn) -> None:
    # In the picture from apex to base the septum is counter-clockwise of the anterior insertion.
    for number, name in enumerate(("anteroseptal", "inferoseptal", "inferior", "inferolateral", "anterolateral")):
        labels, geometry = drawn_heart(turn + 60 * number)
        wall = measure_segments(labels, geometry, 2, septum_lps=point_at(turn, geometry))
        assert wall.named and thickest(wall, "basal") == f"basal {name}" and thickest(wall, "mid") == f"mid {name}"


def test_the_four_apical_segments_have_the_septum_in_their_middle() -> None:
    for degrees, name in ((30, "septal"), (120, "inferior"), (210, "lateral"), (300, "anterior")):
        labels, geometry = drawn_heart(degrees)
        wall = measure_segments(labels, geometry, 2, septum_lps=point_at(0, geometry))
        assert thickest(wall, "apical") == f"apical {name}"


@pytest.mark.parametrize("turn", [(0, 0, 0), (15, -10, 12)])
def test_without_a_point_the_septum_faces_right_and_front(turn) -> None:
    # In the usual picture the septum is on the left: from its upper left, 128 degrees, through 180.
    labels, geometry = drawn_heart(150)
    geometry = Geometry(geometry.size, geometry.spacing, geometry.origin, rotation(turn) @ SHORT_AXIS)
    wall = measure_segments(labels, geometry, 2)
    assert wall.named and "estimated" in wall.septum
    assert thickest(wall, "mid") in ("mid anteroseptal", "mid inferoseptal")


def test_the_way_of_storing_the_slices_changes_nothing() -> None:
    labels, geometry = drawn_heart(70)
    point = point_at(90, geometry)
    expected = measure_segments(labels, geometry, 2, septum_lps=point).mean_mm
    last = geometry.index_to_lps @ [79, 0, 9, 1]
    flipped = Geometry(geometry.size, geometry.spacing, tuple(last[:3]), SHORT_AXIS * [-1, 1, -1])
    other = measure_segments(labels[::-1, :, ::-1], flipped, 2, septum_lps=point)
    assert list(other.mean_mm.values()) == pytest.approx(list(expected.values()), abs=0.05, nan_ok=True)


def test_slices_are_divided_in_thirds_and_the_cap_is_the_apex() -> None:
    labels, geometry = drawn_heart(0)
    wall = measure_segments(labels, geometry, 2)
    slices = {number: {row.slice for row in wall.rows if row.segment == number} for number in NAMES}
    assert slices[1] == {7, 8, 9} and slices[7] == {4, 5, 6} and slices[13] == {1, 2, 3} and slices[17] == {0}
    assert math.isnan(wall.mean_mm[17])  # short-axis slices do not show how thick it is
    assert Counter(row.slice for row in wall.rows)[8] == 6 and Counter(row.slice for row in wall.rows)[1] == 4


def test_a_slice_that_cannot_be_believed_is_shown_and_never_averaged() -> None:
    labels, geometry = drawn_heart(0)
    labels[4][labels[4] == 1] = 0
    y, x = np.indices((80, 80)) - 40
    labels[4][(np.hypot(x, y) > 16) & (np.hypot(x, y) <= 20)] = 1
    everything = measure_segments(labels, geometry, 2)
    believed = measure_segments(labels, geometry, 2, counts=[number != 4 for number in range(10)])
    assert [row.slice for row in believed.rows] == [row.slice for row in everything.rows]
    assert {row.slice for row in believed.rows if not row.counted} == {4}
    assert believed.mean_mm[10] == pytest.approx(8, abs=0.4) and everything.mean_mm[10] < 7


def test_without_an_orientation_sectors_have_numbers_and_no_names_of_walls() -> None:
    labels, geometry = drawn_heart(130)
    wall = measure_segments(labels, Geometry(geometry.size, geometry.spacing), 2)
    assert not wall.named and "not known" in wall.septum
    assert thickest(wall, "mid") == "mid sector 2"
    assert not any(word in name for name in wall.names.values() for word in ("septal", "lateral", "ior"))
    # A point tells the septum there, too.
    upright = Geometry(geometry.size, geometry.spacing)
    assert measure_segments(labels, upright, 2, septum_lps=point_at(128, upright)).named


def test_fewer_than_three_rings_have_no_names() -> None:
    labels, geometry = drawn_heart(0, slices=2, apex=0)
    wall = measure_segments(labels, geometry, 2, septum_lps=point_at(0, geometry, 1))
    assert not wall.named and "three rings" in wall.septum


def test_an_empty_study_has_no_rows() -> None:
    _, geometry = drawn_heart(0)
    wall = measure_segments(np.zeros(geometry.shape, np.uint8), geometry, 2)
    assert not wall.rows and all(map(math.isnan, wall.mean_mm.values()))


def test_a_point_in_the_middle_of_the_cavity_is_refused() -> None:
    labels, geometry = drawn_heart(0)
    with pytest.raises(InputError, match="middle of the LV cavity"):
        measure_segments(labels, geometry, 2, septum_lps=point_at(0, geometry, radius=1))


def test_the_estimated_septum_of_a_phantom_faces_its_right_ventricle() -> None:
    # The phantom's septum is on the left of the picture, turned by up to half a radian.
    study = make_phantom(3, dilated=True, scar="none")
    wall = measure_segments(study.truth.array, study.truth.geometry, 2)
    assert wall.named and sum(math.isfinite(mean) for mean in wall.mean_mm.values()) == 16


def test_the_bulls_eye_covers_the_disc_once() -> None:
    area = sum((outer**2 - inner**2) * (last - first) / 360 for inner, outer, first, last in bulls_eye().values())
    assert area == pytest.approx(1) and list(bulls_eye()) == list(NAMES)


def test_a_result_has_its_segments_in_the_order_of_the_table() -> None:
    wall = drawn_study().wall_segments
    assert wall.rows and {row.slice for row in wall.rows if not row.counted} == {0}
