"""End diastole: the largest cavity, and the start of the heart beat where cavities cannot be told apart."""

import pytest

from DCMMultiTaskLib.measurements.heart_beat import end_diastole


@pytest.mark.parametrize(
    ("cavities", "phase"),
    [
        ([100, 80, 50, 70, 90], 0),
        ([90, 80, 50, 70, 100], 4),
        # The heart beat starts elsewhere, or the series is not triggered: the largest cavity counts.
        ([50, 70, 100, 80, 60], 2),
        # Three full phases in a row at its end: the last is the closest to the R wave.
        ([95, 80, 50, 70, 90, 100, 99, 98.5], 7),
        # The first and the last are equally close: the larger.
        ([99, 80, 50, 70, 100], 4),
        ([100, 80, 50, 70, 99], 0),
        # Nothing was found in any phase.
        ([0, 0, 0], 0),
    ],
)
def test_end_diastole(cavities, phase):
    assert end_diastole(dict(enumerate(map(float, cavities))), len(cavities)) == phase


def test_only_finished_phases_can_be_chosen():
    assert end_diastole({0: 60.0, 1: 90.0}, 20) == 1
