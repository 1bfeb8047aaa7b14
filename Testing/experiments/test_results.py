"""What is made of held-out slices, against hand computations."""

import numpy as np
import pytest

from DCMMultiTaskLib.experiments.results import DCM_FIGURES, confusion, difference, on_common_folds
from DCMMultiTaskLib.experiments.tabulate import compare, table_2, table_3, yardstick_figures


def test_figures_by_hand(make_result):
    figures = make_result().figures()
    # DSC 0.80 to 0.83 by patient, each also with 0.02 more.
    assert figures["dsc"].value == pytest.approx(0.825)
    assert figures["f1"].value == pytest.approx(0.825, abs=2e-3)
    assert figures["patient_dsc"].value == pytest.approx(0.825, abs=2e-3)
    assert figures["hd95_mm"].value == 4.0  # slices without a distance are left out
    assert (figures["accuracy"].value, figures["auc"].value) == (1.0, 1.0)
    assert figures["brier"].value == pytest.approx(np.mean([(1 / (1 + np.exp(x))) ** 2 for x in (1, 1.1, 1, 0.9)]))
    assert figures["dsc"].low < 0.825 < figures["dsc"].high


def test_a_network_has_the_figures_of_its_own_task_alone(make_result):
    masks, classes = make_result(shift=None).figures(), make_result(dsc=None).figures()
    assert "dsc" in masks and not set(DCM_FIGURES) & set(masks)
    assert "auc" in classes and "dsc" not in classes and "f1" not in classes


def test_patients_take_the_mean_logit_of_their_slices(make_result):
    rows = make_result(shift=2.0).patients
    assert rows.patient == ["A", "C", "B", "D"]
    np.testing.assert_allclose(np.log(rows.dcm_probability / (1 - rows.dcm_probability)), [2.05, -1.95, 2.05, -1.95])
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
    with pytest.raises(ValueError, match="no slice in common"):
        difference(make_result(folds=(0,)), make_result("unet", folds=(1,)), "dsc")


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


def test_table_2_stands_in_the_papers_order_with_its_figures_beside(make_result):
    results = {key: make_result(key, shift=None) for key in ("mine", "luo2020", "unet", "default", "deeplabv3")}
    results["resnet50"] = make_result("resnet50", dsc=None)
    head, rows = table_2(results, {key: result.figures() for key, result in results.items()})
    assert head[:3] == ["network", "DSC", "paper"]
    assert [row[0] for row in rows] == ["deeplabv3", "unet", "luo2020", "default", "mine"]
    assert [row[2] for row in rows] == [0.7806, 0.7613, 0.8165, None, None]


def test_the_yardstick_stands_below_the_classifiers(make_result):
    result = make_result()
    cavity = {(s.patient, s.slice): {"A": 30.0, "B": 10.0, "C": 20.0, "D": 5.0}[s.patient] for s in result.scores}
    yardstick = yardstick_figures(result, cavity)
    # Of the four pairs of patients A-C, A-D, B-C, B-D the positive is larger in three.
    assert yardstick["auc"].value == yardstick["patient_auc"].value == 0.75
    assert yardstick["always_negative"].value == 0.5
    figures = {result.key: result.figures()}
    head, rows = table_3({result.key: result}, figures, yardstick)
    assert rows[-2][0].startswith("yardstick") and rows[-2][head.index("AUC")].value == 0.75
    assert len({len(head), *(len(row) for row in rows)}) == 1


def test_variants_are_compared_with_their_base(make_result):
    base, variant = make_result(), make_result("luo2020-mask", dsc=0.78, shift=None)
    cavity = {(s.patient, s.slice): 1.0 for s in base.scores}
    figures = {r.key: r.figures() for r in (base, variant)}
    head, rows = compare([base, variant], figures, "luo2020", yardstick_figures(base, cavity))
    assert rows[0][head.index("difference")] is None
    assert rows[1][head.index("difference")].value == pytest.approx(-0.02)
    assert rows[1][head.index("AUC difference")] is None
    assert rows[1][head.index("folds")] == "2 of 2"
    assert rows[1][head.index("parameters (million)")] == "2.00"
    assert len({len(head), *(len(row) for row in rows)}) == 1
