"""What the paper claims, judged by the interval of a paired difference."""

from dataclasses import replace

import numpy as np
import pytest

from DCMMultiTaskLib.evaluation.bootstrap import Estimate
from DCMMultiTaskLib.experiments.claims import AGREES, DISAGREES, UNCERTAIN, CamSpread, all_claims, verdict_of
from DCMMultiTaskLib.experiments.scores import TruthTable


def truth(low: float, high: float) -> TruthTable:
    values = np.linspace(low, high, 20)
    return TruthTable(np.zeros(20), values, values, np.zeros(20, bool))


@pytest.mark.parametrize(
    ("low", "high", "verdict"), [(0.01, 0.2, AGREES), (-0.1, 0.2, UNCERTAIN), (-0.2, -0.01, DISAGREES)]
)
def test_a_verdict_needs_an_interval_without_zero(low, high, verdict):
    assert verdict_of(Estimate((low + high) / 2, low, high)) == verdict


def verdicts(claims) -> dict[str, str]:
    return {claim.printed.split(" (")[0]: claim.verdict for claim in claims}


def test_claims_agree_where_the_papers_network_is_ahead(make_result):
    results = {
        "luo2020": make_result(dsc=0.85),
        "deeplabv3": make_result("deeplabv3", dsc=0.8, shift=None),
        "resnet50": make_result("resnet50", dsc=None, shift=-1.0),
        "luo2020-mask": make_result("luo2020-mask", dsc=0.9, shift=None),
    }
    found = verdicts(all_claims(results, [], truth(12, 30), None))
    assert found["Its DSC is the largest of Table 2"] == AGREES
    assert found["About 3 % above DeepLabV3 in DSC"] == AGREES
    assert found["Its AUC is the largest of Table 3"] == AGREES
    assert found["Multi-task segmentation is better than single-task"] == DISAGREES


def test_the_largest_is_judged_against_the_best_of_the_others(make_result):
    results = {"luo2020": make_result(dsc=0.8)}
    results |= {key: make_result(key, dsc=dsc, shift=None) for key, dsc in (("unet", 0.7), ("segnet", 0.82))}
    claim = all_claims(results, [], truth(12, 30), None)[0]
    assert claim.verdict == DISAGREES and "segnet" in claim.here and "-0.020" in claim.here


def test_the_loss_weight_is_best_only_where_no_other_is_as_good_for_both_tasks(make_result):
    better, same = make_result("luo2020-alpha1", dsc=0.7), make_result("luo2020-alpha5", dsc=0.8)
    weights = [(1.0, better), (3.0, make_result(dsc=0.8)), (5.0, same)]
    claim = next(c for c in all_claims({}, weights, truth(12, 30), None) if "loss weight" in c.printed)
    assert claim.verdict == UNCERTAIN
    assert "DSC at 5" in claim.here


@pytest.mark.parametrize(("low", "high", "verdict"), [(21, 25, AGREES), (6, 12, DISAGREES), (12, 40, DISAGREES)])
def test_psnr_is_compared_with_the_papers_range(low, high, verdict):
    (claim,) = all_claims({}, [], truth(low, high), None)
    assert claim.verdict == verdict and f"{low:.2f} to {high:.2f}" in claim.here


def test_concentration_of_activation_maps_is_reported_with_its_interval():
    claim = CamSpread(0.2, 0.4, Estimate(0.2, 0.1, 0.3)).claim()
    assert claim.verdict == AGREES and "0.200 (0.100 to 0.300)" in claim.here


def test_a_difference_that_is_not_known_or_touches_zero_is_left_open():
    nan = float("nan")
    assert verdict_of(Estimate(nan, nan, nan)) == verdict_of(Estimate(0.1, 0.0, 0.2)) == UNCERTAIN


def test_claims_do_not_agree_where_the_papers_network_is_behind(make_result):
    results = {
        "luo2020": make_result(dsc=0.75, shift=-1.0),
        "deeplabv3": make_result("deeplabv3", dsc=0.8, shift=None),
        "resnet101": make_result("resnet101", dsc=None, shift=1.0),
        "luo2020-dcm": make_result("luo2020-dcm", dsc=None, shift=1.0),
    }
    found = verdicts(all_claims(results, [], truth(6, 12), None))
    assert len(found) == 6
    # All have the same span between the folds, 0.01.
    assert found.pop("Its DSC varies least between the folds") == AGREES
    assert set(found.values()) == {DISAGREES}


def test_only_what_can_be_judged_is_judged(make_result):
    others = {"unet": make_result("unet", shift=None), "resnet50": make_result("resnet50", dsc=None)}
    assert len(all_claims(others, [], truth(21, 25), None)) == 1, "the PSNR needs no network"
    assert len(all_claims({"luo2020": make_result()}, [], truth(21, 25), None)) == 1


@pytest.mark.parametrize(("spread", "verdict"), [(0.001, AGREES), (0.05, DISAGREES)])
def test_the_span_between_the_folds_is_compared(make_result, spread, verdict):
    def with_span(key: str, span: float):
        result = make_result(key)
        return replace(result, scores=[replace(s, dsc=0.8 + span * s.fold) for s in result.scores])

    results = {"luo2020": with_span("luo2020", spread), "unet": with_span("unet", 0.02)}
    (claim,) = (c for c in all_claims(results, [], truth(21, 25), None) if "varies least" in c.printed)
    assert claim.verdict == verdict
    assert f"luo2020 {spread:.3f}, unet 0.020" in claim.here


def test_one_fold_has_no_span(make_result):
    results = {key: make_result(key, folds=(0,)) for key in ("luo2020", "unet")}
    assert not [c for c in all_claims(results, [], truth(21, 25), None) if "varies least" in c.printed]


@pytest.mark.parametrize(
    ("dsc", "shift", "verdict"),
    [(0.7, -1.0, AGREES), (0.9, -1.0, DISAGREES), (0.7, 1.0, UNCERTAIN), (0.9, 1.0, DISAGREES)],
)
def test_the_loss_weight_is_judged_by_both_tasks(make_result, dsc, shift, verdict):
    weights = [(1.0, make_result("luo2020-alpha1", dsc=dsc, shift=shift)), (3.0, make_result())]
    claim = all_claims({}, weights, truth(21, 25), None)[0]
    assert claim.verdict == verdict and "AUC at 3 less AUC at 1" in claim.here


def test_a_sweep_without_the_papers_weight_is_not_judged(make_result):
    weights = [(alpha, make_result(f"luo2020-alpha{alpha:g}")) for alpha in (1.0, 2.0)]
    assert len(all_claims({}, weights, truth(21, 25), None)) == 1
    assert len(all_claims({}, [(3.0, make_result())], truth(21, 25), None)) == 1


def test_psnr_must_be_mainly_around_the_papers_and_leaves_out_what_has_none():
    values = np.array([12.0, 13.0, 14.0, 22.0, 30.0, np.inf, np.nan])
    (claim,) = all_claims({}, [], TruthTable(values, values, values, values > 0), None)
    assert claim.verdict == DISAGREES, "the range agrees, but one of five is within 3 of 23"
    assert "12.00 to 30.00, median 14.00; 20% within 3 of 23" in claim.here
