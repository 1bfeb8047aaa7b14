"""Rules for the patient's probability, judged on patients that neither network nor rule knows."""

import csv
import math
import sys
from pathlib import Path

import numpy as np
import pytest

from DCMMultiTaskLib.evaluation.scoring import PatientScore, SliceScore
from DCMMultiTaskLib.experiments.verdict import calibration_error, judge_patients, main
from DCMMultiTaskLib.storage import write_rows

MASKS = dict.fromkeys(("dsc_eq6", "jsc", "hd95_mm", "surface_distance_mm", "dsc"), 0.8)
MASKS |= dict.fromkeys(("true_positive", "false_positive", "false_negative"), 10)


@pytest.fixture
def folds(tmp_path: Path) -> list[Path]:
    """Three folds of ten patients; volumes tell the labels apart, the network guesses."""
    generator = np.random.default_rng(0)
    for number in range(3):
        slices, patients = [], []
        for n in range(10):
            dcm = int(n < 3)
            who = {"patient": f"P{number}{n}", "group": "g", "dcm": dcm, **MASKS}
            volume = 130 * math.exp(0.8 * dcm + 0.15 * generator.normal())
            area = {"true_cavity_mm2": 10 * volume, "cavity_mm2": 10 * volume}
            for index in range(4):
                probability = float(generator.uniform(0.2, 0.8))
                row = {"slice": index, "true_area_mm2": 900.0, "area_mm2": 900.0, "quality": "ok"}
                slices.append(SliceScore(**who, **area, **row, dcm_probability=probability))
            wall = {"true_cavity_ml": volume, "cavity_ml": volume, "wall_sd_mm": float(generator.uniform(1, 2))}
            patients.append(PatientScore(**who, **area, **wall, dcm_probability=0.5))
        write_rows(tmp_path / str(number) / "slices.csv", SliceScore, slices)
        write_rows(tmp_path / str(number) / "patients.csv", PatientScore, patients)
    return [tmp_path / str(number) for number in range(3)]


def test_a_rule_that_weighs_the_volume_beats_a_network_that_guesses(folds: list[Path]) -> None:
    rows = {judged.name: judged.row() for judged in judge_patients(folds)}
    assert rows["volume (ships)"][1].value > 0.95
    assert rows["network"][1].value < 0.75
    assert rows["network and volume"][2].value < rows["network"][2].value


def test_the_table_and_the_picture_are_written(folds: list[Path], tmp_path: Path, monkeypatch, capsys) -> None:
    monkeypatch.setattr(sys, "argv", ["verdict", *map(str, folds), "-o", str(tmp_path / "out")])
    main()
    assert "30 patients, 9 positive" in capsys.readouterr().out
    with (tmp_path / "out" / "verdict.csv").open(encoding="utf-8") as stream:
        assert {"true volume (baseline)", "slices, calibrated"} <= {row["rule"] for row in csv.DictReader(stream)}
    assert (tmp_path / "out" / "reliability.png").stat().st_size > 5000


def test_calibration_error_by_hand() -> None:
    # Four groups of one: |0 - 0.1|, |1 - 0.6|, |0 - 0.7|, |1 - 0.9|.
    assert calibration_error(np.array([0, 1, 0, 1]), np.array([0.1, 0.6, 0.7, 0.9])) == pytest.approx(0.325)
