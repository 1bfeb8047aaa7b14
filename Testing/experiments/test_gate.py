"""Rates of the quality rules and of the intervals, from slices with known agreement."""

from pathlib import Path

import numpy as np
import pytest

from DCMMultiTaskLib.experiments.bad_inputs import brain, noise, shifted_crop, wrong_slice_axis
from DCMMultiTaskLib.experiments.gate import PLAIN, GateRow, doubt, draw_roc, rates, rejection, report
from DCMMultiTaskLib.experiments.intervals import SureRow, sure_report
from DCMMultiTaskLib.imaging.grid import choose_slice_axis
from DCMMultiTaskLib.phantom import make_phantom


def row(number: int, dsc: float, **numbers: float) -> GateRow:
    typical = {"certainty": 0.97, "contrast": 2.0 + 0.01 * number, "unevenness": 0.03, "agreement": dsc}
    measured: dict[str, float] = {**typical, **numbers}
    return GateRow(
        condition=PLAIN,
        patient=f"P{number % 5}",
        slice=number,
        distance_mm=8.0,
        dsc=dsc,
        quality="several pieces" if number == 21 else "ok",
        **measured,
    )


@pytest.fixture
def rows() -> list[GateRow]:
    right = [row(n, 0.9) for n in range(20)]
    wrong = [row(20, 0.3, contrast=0.1), row(21, 0.5), row(22, 0.55, agreement=0.95)]
    return [*right, *wrong]


def test_what_lies_beyond_the_right_masks_is_doubted_most(rows: list[GateRow]) -> None:
    score = doubt(rows)
    assert np.isinf(score[21])
    assert score[20] > score[:20].max() >= score[22]


def test_rates_count_wrong_masks_that_are_caught_and_right_ones_that_are_not(rows: list[GateRow]) -> None:
    caught, lost = rates(rows, np.array([bool(r.reasons) for r in rows]))
    assert caught.value == pytest.approx(2 / 3)
    assert lost.value == 0


def test_the_report_names_each_reason_and_the_roc_is_drawn(rows: list[GateRow], tmp_path: Path) -> None:
    text = "\n".join(report(rows))
    assert "| as it is | 23 |" in text
    assert "| no contrast between wall and cavity | 1 | 0 | 0 | 0 |" in text
    draw_roc({PLAIN: rows}, tmp_path / "roc.png")
    assert (tmp_path / "roc.png").stat().st_size > 5000


def test_rejecting_the_masks_on_which_views_agree_least_raises_the_dsc(rows: list[GateRow]) -> None:
    agreement = next(line for line in rejection(rows, share=0.1) if line.startswith("| agreement"))
    assert "0.883" in agreement


def test_intervals_are_counted_where_they_hold_the_experts_value() -> None:
    patients = [
        SureRow(
            patient=str(n),
            dcm=n % 2,
            volume_ml=100.0,
            volume_distance=0.02,
            true_volume_ml=101.0 if n else 200.0,
            mass_g=100.0,
            mass_distance=0.02,
            true_mass_g=100.0,
            dcm_probability=0.4 if n % 2 else 0.1,
            probability_distance=0.2,
            threshold=0.3,
            seconds=9.0,
            uncertainty_seconds=6.0,
        )
        for n in range(4)
    ]
    text = "\n".join(sure_report(patients))
    assert "| volume |" in text and "| 75 % (" in text
    assert "clear of the threshold: 4 of 4 patients, class right in 4" in text
    assert "2.0 times" in text


def test_bad_inputs_are_volumes_that_a_prediction_takes() -> None:
    for make in (brain, noise, wrong_slice_axis):
        volume = make(1)
        assert choose_slice_axis(volume.geometry) == 2
        assert volume.array.std() > 0
    phantom = make_phantom(3, slices=3, matrix=(160, 192))
    image, truth = shifted_crop(phantom.volume, phantom.truth, 0)
    assert image.array.shape == truth.array.shape
    assert 0 < truth.array.astype(bool).sum() < phantom.truth.array.astype(bool).sum()
