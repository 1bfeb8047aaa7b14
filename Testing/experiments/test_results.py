"""What is made of held-out slices, against hand computations."""

from dataclasses import replace

import numpy as np
import pytest

from DCMMultiTaskLib.experiments.results import (
    CLASS_METRICS,
    MASK_METRICS,
    Result,
    confusion,
    difference,
    on_common_folds,
)
from DCMMultiTaskLib.experiments.scores import HeldOutSlice
from DCMMultiTaskLib.experiments.tabulate import baseline_estimates, compare, table_2, table_3


def test_estimates_by_hand(make_result):
    estimates = make_result().estimates()
    # DSC 0.80 to 0.83 by patient, each also with 0.02 more.
    assert estimates["dsc"].value == pytest.approx(0.825)
    assert estimates["f1"].value == pytest.approx(0.825, abs=2e-3)
    assert estimates["patient_dsc"].value == pytest.approx(0.825, abs=2e-3)
    assert estimates["hd95_mm"].value == 4.0  # slices without a distance are left out
    assert (estimates["accuracy"].value, estimates["auc"].value) == (1.0, 1.0)
    assert estimates["brier"].value == pytest.approx(np.mean([(1 / (1 + np.exp(x))) ** 2 for x in (1, 1.1, 1, 0.9)]))
    assert estimates["dsc"].low < 0.825 < estimates["dsc"].high


def test_a_network_has_the_metrics_of_its_own_task_alone(make_result):
    masks, classes = make_result(shift=None).estimates(), make_result(dsc=None).estimates()
    assert "dsc" in masks and not set(CLASS_METRICS) & set(masks)
    assert "auc" in classes and "dsc" not in classes and "f1" not in classes


def test_patients_take_the_mean_logit_of_their_slices(make_result):
    rows = make_result(shift=2.0).patients
    assert rows.patient == ["A", "C", "B", "D"]
    np.testing.assert_allclose(rows.dcm_logit, [2.05, -1.95, 2.05, -1.95])
    assert list(rows.dcm) == [1, 0, 1, 0]


def test_the_mean_of_each_fold(make_result):
    assert make_result().fold_means() == pytest.approx([0.82, 0.83])


def test_differences_are_paired(make_result):
    found = difference(make_result(dsc=0.8), make_result("unet", dsc=0.75), "dsc")
    # Every slice is better by 0.05, so that drawing other patients changes nothing.
    assert (found.value, found.low, found.high) == pytest.approx((0.05, 0.05, 0.05))
    worse = difference(make_result(shift=-1.0), make_result("resnet50"), "auc")
    assert worse.value == -1.0


def test_differences_are_of_slices_that_both_have(make_result):
    found = difference(make_result(dsc=0.8), make_result("unet", dsc=0.7, folds=(1,)), "dsc")
    assert found.value == pytest.approx(0.1)
    assert np.isnan(difference(make_result(folds=(0,)), make_result("unet", folds=(1,)), "dsc").value)


def test_confident_logits_are_ranked_where_probabilities_are_all_one(make_result):
    result = make_result(shift=0.0)
    scores = [replace(s, dcm_logit=40.0 + s.dcm, dcm_probability=1.0) for s in result.scores]
    assert replace(result, scores=scores).estimates()["auc"].value == 1.0


def test_slices_without_a_logit_are_left_out(make_result):
    result = make_result()
    scores = [replace(s, dcm_logit=np.nan) if s.patient == "A" else s for s in result.scores]
    estimates = replace(result, scores=scores).estimates()
    assert (estimates["accuracy"].value, estimates["auc"].value) == (1.0, 1.0)
    assert sum(confusion(replace(result, scores=scores)).values()) == 6


def test_only_folds_that_all_have_are_compared(make_result):
    first, second = on_common_folds([make_result(), make_result("unet", folds=(1,))])
    assert {s.fold for s in first.scores} == {s.fold for s in second.scores} == {1}
    assert [r["fold"] for r in first.records] == [1]
    assert on_common_folds([make_result(folds=(0,)), make_result("unet", folds=(1,))]) == []


def test_confusion_counts_slices(make_result):
    assert confusion(make_result(shift=0.05)) == {
        "true_positive": 4,
        "true_negative": 2,  # -0.05 is below, -0.05 + 0.1 is above
        "false_positive": 2,
        "false_negative": 0,
    }


def test_table_2_stands_in_the_papers_order_with_its_metrics_beside(make_result):
    results = {key: make_result(key, shift=None) for key in ("mine", "luo2020", "unet", "default", "deeplabv3")}
    results["resnet50"] = make_result("resnet50", dsc=None)
    head, rows = table_2(results, {key: result.estimates() for key, result in results.items()})
    assert head[:3] == ["network", "DSC", "paper"]
    assert [row[0] for row in rows] == ["deeplabv3", "unet", "luo2020", "default", "mine"]
    assert [row[2] for row in rows] == [0.7806, 0.7613, 0.8165, None, None]


def test_the_baseline_stands_below_the_classifiers(make_result):
    result = make_result()
    cavity = {(s.patient, s.slice): {"A": 30.0, "B": 10.0, "C": 20.0, "D": 5.0}[s.patient] for s in result.scores}
    baseline = baseline_estimates(result, cavity)
    # Of the four pairs of patients A-C, A-D, B-C, B-D the positive is larger in three.
    assert baseline["auc"].value == baseline["patient_auc"].value == 0.75
    assert baseline["always_negative"].value == 0.5
    estimates = {result.key: result.estimates()}
    head, rows = table_3({result.key: result}, estimates, baseline)
    assert rows[-2][0].startswith("baseline") and rows[-2][head.index("AUC")].value == 0.75
    assert len({len(head), *(len(row) for row in rows)}) == 1


def test_variants_are_compared_with_their_base(make_result):
    base, variant = make_result(), make_result("luo2020-mask", dsc=0.78, shift=None)
    cavity = {(s.patient, s.slice): 1.0 for s in base.scores}
    estimates = {r.key: r.estimates() for r in (base, variant)}
    head, rows = compare([base, variant], estimates, "luo2020", baseline_estimates(base, cavity))
    assert rows[0][head.index("difference")] is None
    assert rows[1][head.index("difference")].value == pytest.approx(-0.02)
    assert rows[1][head.index("AUC difference")] is None
    assert rows[1][head.index("folds")] == "2 of 2"
    assert rows[1][head.index("parameters (million)")] == "2.00"
    assert len({len(head), *(len(row) for row in rows)}) == 1


def uneven() -> Result:
    """A and C in fold 0, B in fold 1; hearts and numbers of slices differ, and B's second slice has no truth."""

    def score(patient, number, dcm, fold, probability, tp, fp, fn, **more):
        logit = float(np.log(probability / (1 - probability)))
        dsc = 2 * tp / (2 * tp + fp + fn) if tp + fp + fn else np.nan
        masks = {"dsc": dsc, "true_positive": tp, "false_positive": fp, "false_negative": fn, **more}
        answers = {"dcm_logit": logit, "dcm_probability": probability}
        return HeldOutSlice(patient=patient, slice=number, dcm=dcm, fold=fold, **answers, **masks)

    scores = [
        score("A", 0, 1, 0, 0.9, 90, 10, 10, pixel_auc=0.9, jsc=90 / 110, hd95_mm=2.0, surface_distance_mm=1.0),
        score("A", 1, 1, 0, 0.4, 0, 0, 20, pixel_auc=0.6, jsc=0.0),
        score("C", 0, 0, 0, 0.6, 10, 30, 10, pixel_auc=0.5, jsc=0.2, hd95_mm=8.0, surface_distance_mm=4.0),
        score("B", 0, 0, 1, 0.2, 40, 0, 0, pixel_auc=1.0, jsc=1.0, hd95_mm=0.0, surface_distance_mm=0.0),
        score("B", 1, 0, 1, 0.1, 0, 0, 0),
    ]
    return Result("k", "K", scores, [{"fold": 0}, {"fold": 1}], 2)


def test_what_a_slice_does_not_have_is_left_out_of_the_means():
    estimates = uneven().estimates()
    assert estimates["dsc"].value == pytest.approx((0.9 + 0 + 1 / 3 + 1) / 4)
    assert estimates["jsc"].value == pytest.approx((90 / 110 + 0 + 0.2 + 1) / 4)
    assert estimates["pixel_auc"].value == pytest.approx((0.9 + 0.6 + 0.5 + 1.0) / 4)
    assert estimates["hd95_mm"].value == pytest.approx((2 + 8 + 0) / 3)
    assert estimates["surface_distance_mm"].value == pytest.approx((1 + 4 + 0) / 3)
    assert np.isnan(estimates["dsc_eq6"].value) and np.isnan(estimates["dsc_eq6"].low)
    assert uneven().fold_means() == pytest.approx([(0.9 + 0 + 1 / 3) / 3, 1.0])


def test_f1_pools_all_pixels_and_a_patient_pools_its_slices():
    estimates, rows = uneven().estimates(), uneven().patients
    assert estimates["f1"].value == pytest.approx(2 * 140 / (2 * 140 + 40 + 40))
    of_patients = [2 * 90 / (2 * 90 + 10 + 30), 2 * 10 / (2 * 10 + 30 + 10), 1.0]
    assert rows.patient == ["A", "C", "B"]
    assert list(rows.dsc) == pytest.approx(of_patients)
    assert estimates["patient_dsc"].value == pytest.approx(np.mean(of_patients))


def test_labels_are_counted_over_slices_and_over_patients():
    estimates = uneven().estimates()
    # At 0.5, 0.9 of A is called and 0.4 is not; of the negatives 0.6 alone is called.
    assert estimates["accuracy"].value == pytest.approx(3 / 5)
    assert estimates["sensitivity"].value == pytest.approx(1 / 2)
    assert estimates["specificity"].value == pytest.approx(2 / 3)
    # Of six pairs, 0.4 is below 0.6; the second positive is found third: precisions 1 and 2/3.
    assert estimates["auc"].value == pytest.approx(5 / 6)
    assert estimates["average_precision"].value == pytest.approx((1 + 2 / 3) / 2)
    assert estimates["brier"].value == pytest.approx((0.1**2 + 0.6**2 + 0.6**2 + 0.2**2 + 0.1**2) / 5)
    # Odds: A the root of 9 * 2/3, C 3/2, B the root of 1/4 * 1/9.
    odds = np.array([6**0.5, 1.5, 1 / 6])
    assert list(uneven().patients.dcm_logit) == pytest.approx(list(np.log(odds)))
    assert estimates["patient_accuracy"].value == pytest.approx(2 / 3)
    assert (estimates["patient_auc"].value, estimates["patient_specificity"].value) == (1.0, 0.5)


def test_the_metrics_of_a_task_are_complete(make_result):
    masks, classes = set(MASK_METRICS), {*CLASS_METRICS, *(f"patient_{name}" for name in CLASS_METRICS)}
    assert set(make_result().estimates()) == masks | classes
    assert set(make_result(shift=None).estimates()) == masks
    assert set(make_result(dsc=None).estimates()) == classes


def test_an_empty_mask_is_still_a_mask():
    nothing = {"dcm_logit": np.nan, "dcm_probability": np.nan}
    missed = HeldOutSlice(patient="A", slice=0, dcm=0, fold=0, **nothing, dsc=0.0, false_negative=30)
    assert Result("k", "K", [missed], [{"fold": 0}], 1).draws_masks


def test_a_difference_pairs_slices_by_name_and_leaves_out_what_one_lacks():
    ours = uneven()
    moved = [replace(s, dsc=s.dsc - 0.1 * (n + 1)) for n, s in enumerate(ours.scores)]
    theirs = replace(ours, scores=moved[::-1])
    # B's second slice has no DSC, and the others are worse by 0.1, 0.2, 0.3 and 0.4.
    assert difference(ours, theirs, "dsc").value == pytest.approx(0.25)
    assert difference(theirs, ours, "dsc").value == pytest.approx(-0.25)
    # Only C's slice, which theirs lacks, lies above a positive.
    assert difference(ours, replace(ours, scores=[s for s in moved if s.patient != "C"]), "auc").value == 0


def test_a_difference_of_aucs_by_hand():
    ours = uneven()
    upside_down = [replace(s, dcm_logit=-s.dcm_logit, dcm_probability=1 - s.dcm_probability) for s in ours.scores]
    assert difference(ours, replace(ours, scores=upside_down), "auc").value == pytest.approx(5 / 6 - 1 / 6)


def test_nothing_has_no_common_folds():
    assert on_common_folds([]) == []


def test_common_folds_keep_all_else(make_result):
    (only,) = on_common_folds([make_result("unet", title="U-Net")])
    assert (only.key, only.title, only.planned_folds, len(only.scores)) == ("unet", "U-Net", 2, 8)
