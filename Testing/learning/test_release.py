"""A shipped package carries its card and results, and they agree."""

import pytest

from DCMMultiTaskLib.errors import InputError
from DCMMultiTaskLib.evaluation.summary import TITLES
from DCMMultiTaskLib.inference.package import load_package
from DCMMultiTaskLib.report.release import release


def test_card_and_package_have_the_same_results(tiny_model, tmp_path):
    metrics = {name: {"value": 0.5, "low": 0.25, "high": 0.75} for name in TITLES}
    metrics["auc_per_patient"] = {"value": 0.875, "low": 0.5, "high": 1.0}
    output = tmp_path / "mine.dcmmodel"
    sha256 = release(tiny_model, output, card="# Mine\n\n{{online}}\n", results={"online": metrics})
    package = load_package(output)
    assert (package.name, package.sha256) == ("mine", sha256)
    assert package.results["online"] == metrics
    assert "| DCM AUC per patient | 0.875 | 0.500 to 1.000 |" in package.card


def test_a_result_that_is_not_known_is_null_in_the_package(tiny_model, tmp_path):
    nan = float("nan")
    metrics = {name: {"value": nan, "low": nan, "high": nan} for name in TITLES}
    release(tiny_model, tmp_path / "mine.dcmmodel", card="{{online}}", results={"online": metrics})
    package = load_package(tmp_path / "mine.dcmmodel")
    assert package.results["online"]["auc_per_patient"] == {"value": None, "low": None, "high": None}
    assert "| DCM AUC per patient | nan | nan to nan |" in package.card


def test_a_card_that_names_a_missing_result_is_refused(tiny_model, tmp_path):
    with pytest.raises(InputError, match="not given: cv"):
        release(tiny_model, tmp_path / "mine.dcmmodel", card="{{cv}}", results={})
    assert not (tmp_path / "mine.dcmmodel").exists()


def test_the_data_licence_of_a_training_that_was_not_told_is_put_right(tiny_model, tmp_path):
    before = load_package(tiny_model).training
    release(tiny_model, tmp_path / "mine.dcmmodel", card="", results={}, data_licence="CC0 1.0")
    assert load_package(tmp_path / "mine.dcmmodel").training == {**before, "data_licence": "CC0 1.0"}
