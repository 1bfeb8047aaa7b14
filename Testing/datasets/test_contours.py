"""Contours to masks, against counts and areas worked out by hand."""

from pathlib import Path

import numpy as np
import pytest

from DCMMultiTaskLib.datasets.contours import polygon_mask, read_contour
from DCMMultiTaskLib.errors import InputError

SQUARE = np.array([[2.0, 3.0], [6.0, 3.0], [6.0, 8.0], [2.0, 8.0]])


@pytest.mark.parametrize("points", [SQUARE, SQUARE[::-1], np.vstack([SQUARE, SQUARE[:1]])])
def test_pixels_on_the_line_belong_whichever_way_it_runs(points: np.ndarray) -> None:
    expected = np.zeros((12, 10), bool)
    expected[3:9, 2:7] = True
    assert np.array_equal(polygon_mask(points, (12, 10)), expected)


def test_between_pixel_centres_only_those_inside_belong() -> None:
    mask = polygon_mask(SQUARE + np.array([0.5, 0.25]), (12, 10))
    expected = np.zeros((12, 10), bool)
    expected[4:9, 3:7] = True  # rows 3.25 to 8.25, columns 2.5 to 6.5
    assert np.array_equal(mask, expected)


def test_an_off_centre_circle_has_its_area_and_its_centre() -> None:
    angle = np.linspace(0, 2 * np.pi, 400, endpoint=False)
    x, y, radius = 61.3, 30.8, 20.0
    mask = polygon_mask(np.column_stack([x + radius * np.cos(angle), y + radius * np.sin(angle)]), (80, 100))
    rows, columns = np.nonzero(mask)
    assert mask.sum() == pytest.approx(np.pi * radius**2, rel=0.01)  # 1256.6
    assert rows.mean() == pytest.approx(y, abs=0.1)
    assert columns.mean() == pytest.approx(x, abs=0.1)


def test_half_pixel_steps_are_not_drawn_to_one_side() -> None:
    """Sunnybrook's points are multiples of 0.5, so that many pixel centres lie on the line."""
    angle = np.linspace(0, 2 * np.pi, 100, endpoint=False)
    points = np.round(2 * np.column_stack([40 + 15 * np.cos(angle), 35 + 15 * np.sin(angle)])) / 2
    assert np.argwhere(polygon_mask(points, (80, 80))).mean(axis=0) == pytest.approx([35, 40], abs=0.02)


def test_a_contour_that_reaches_outside_is_refused() -> None:
    with pytest.raises(InputError, match="outside its image of 8 rows and 10 columns"):
        polygon_mask(SQUARE, (8, 10))
    with pytest.raises(InputError, match="outside"):
        polygon_mask(SQUARE - 3, (12, 10))


def test_a_contour_file_is_x_and_y_in_lines(tmp_path: Path) -> None:
    (tmp_path / "c.txt").write_text("112.00 115.00 \r\n112.50 114.50\r\n113.00 114.00\r\n\r\n")
    assert read_contour(tmp_path / "c.txt").tolist() == [[112, 115], [112.5, 114.5], [113, 114]]


@pytest.mark.parametrize(
    "text", ["", "1 2\n3 4\n", "1 2\n3 x\n5 6\n", "1 2\n3\n5 6\n", "1 2 3\n4 5 6\n7 8 9\n", "nan 1\n" * 3]
)
def test_what_is_no_contour_is_refused(text: str, tmp_path: Path) -> None:
    (tmp_path / "c.txt").write_text(text)
    with pytest.raises(InputError, match=r"c\.txt: "):
        read_contour(tmp_path / "c.txt")
