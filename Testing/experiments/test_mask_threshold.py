"""Masks and measurements at several thresholds: a higher one draws less; models are judged on unseen patients alone."""

from dataclasses import replace

import pytest

from DCMMultiTaskLib.datasets.manifest import read_manifest
from DCMMultiTaskLib.experiments.mask_threshold import HEAD, scored, table_row
from DCMMultiTaskLib.inference.package import load_package
from DCMMultiTaskLib.phantom import write_phantoms


def test_a_higher_threshold_draws_less_on_the_patients_that_a_model_has_not_learned_from(tiny_model, tmp_path):
    patients = read_manifest(write_phantoms(tmp_path, count=2, seed=70, slices=4))
    package = load_package(tiny_model)
    package = replace(package, training={**package.training, "patients": [patients[0].patient]})
    rows = []
    for threshold in (0.3, 0.9):
        slices, whole = scored([package], patients, threshold)
        assert {row.patient for row in slices} == {row.patient for row in whole} == {patients[1].patient}
        rows.append(list(table_row(slices, whole)))
    low, high = (dict(zip(HEAD[1:], row, strict=True)) for row in rows)
    assert high["area over the expert's"].value < low["area over the expert's"].value
    assert high["mass, g"].value < low["mass, g"].value
    assert high["volume, ml"].value > low["volume, ml"].value
    areas = sum(row.area_mm2 for row in slices) / sum(row.true_area_mm2 for row in slices)
    assert high["area over the expert's"].value == pytest.approx(areas, rel=0.15)
