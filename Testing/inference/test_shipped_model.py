"""The model that ships: small, documented, and at home on a study it has not seen."""

import numpy as np
import pytest

from DCMMultiTaskLib.inference.package import load_package, shipped_model
from DCMMultiTaskLib.inference.predictor import Predictor
from DCMMultiTaskLib.phantom import make_phantom


def test_it_is_small_and_its_card_has_the_measured_results():
    path = shipped_model()
    package = load_package(path)
    assert path.stat().st_size <= 8_000_000
    assert package.training["data_licence"] and package.licence
    for label in ("online", "online_as_distributed", "folds"):
        dsc = package.results[label]["dsc_per_slice"]["value"]
        assert f"| DSC per slice | {dsc:.3f} |" in package.card
        assert "auc_per_patient" in package.results[label]
        # A model-free baseline stands beside it; the volume took the place of the area.
        assert {"auc_per_patient_true_volume", "auc_per_patient_baseline"} & set(package.results[label])
    assert "Research use only" in package.card


@pytest.mark.parametrize(("seed", "dilated"), [(41, True), (42, False)])
def test_it_finds_the_myocardium_of_phantoms_that_it_has_not_seen(seed, dilated):
    study = make_phantom(seed, dilated=dilated, slices=8)
    result = Predictor(load_package(shipped_model())).predict(study.volume)
    mask, truth = result.mask == 1, study.truth.array == 1
    assert 2 * np.count_nonzero(mask & truth) / (np.count_nonzero(mask) + np.count_nonzero(truth)) > 0.8
    assert result.provenance.localisation["method"] == "heart found"
