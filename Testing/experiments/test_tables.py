"""The rows of the tables of the page."""

from dataclasses import replace

import pytest

from DCMMultiTaskLib.evaluation.bootstrap import Estimate
from DCMMultiTaskLib.experiments.protocol import TABLE_2, TABLE_3
from DCMMultiTaskLib.experiments.tabulate import (
    BASELINE,
    baseline_estimates,
    compare,
    confusion_table,
    differences,
    empty_folds,
    more_of_classes,
    more_of_masks,
    size,
    table_2,
    table_3,
)

NAN = float("nan")


def tables_of(*results):
    return {r.key: r for r in results}, {r.key: r.estimates() for r in results}


def test_the_papers_numbers_stand_beside_their_own_column(make_result):
    head, rows = table_2(*tables_of(make_result("segnet", shift=None), make_result()))
    assert head == ["network", "DSC", "paper", "AUC", "paper", "F1", "paper", "JSC", "paper"]
    names = ("dsc", "pixel_auc", "f1", "jsc")
    assert [row[2::2] for row in rows] == [[TABLE_2[key][name] for name in names] for key in ("segnet", "luo2020")]
    assert rows[0][3].value == pytest.approx(0.9)

    classes = tables_of(make_result(), make_result("resnet101", dsc=None))
    baseline = dict.fromkeys(("auc", "always_negative"), Estimate(0.5, 0.4, 0.6))
    head, rows = table_3(*classes, baseline)
    assert head == ["network", "accuracy", "paper", "sensitivity", "paper", "specificity", "paper", "AUC", "paper"]
    names = ("accuracy", "sensitivity", "specificity", "auc")
    papers = [[TABLE_3[key][name] for name in names] for key in ("resnet101", "luo2020")]
    assert [row[2::2] for row in rows] == [*papers, [None] * 4, [None] * 4]
    assert [row[0] for row in rows[2:]] == [BASELINE, "always negative"] and rows[3][1] == baseline["always_negative"]


def test_every_row_of_the_other_tables_fits_its_head(make_result):
    results, estimates = tables_of(
        make_result(), make_result("unet", dsc=0.7, shift=None), make_result("resnet50", dsc=None, shift=-1.0)
    )
    baseline = dict.fromkeys(("auc", "patient_auc"), Estimate(0.5, 0.4, 0.6))
    of_masks, of_classes = more_of_masks(results, estimates), more_of_classes(results, estimates, baseline)
    cavity = {(s.patient, s.slice): float("DCBA".index(s.patient)) for s in make_result().scores}
    compared, counts = differences(results, cavity), confusion_table(results)
    for head, rows in (of_masks, of_classes, compared, counts):
        assert {len(row) for row in rows} == {len(head)}
    assert [row[0] for row in of_masks[1]] == ["unet", "luo2020"]
    assert [row[0] for row in of_classes[1]] == ["resnet50", "luo2020", BASELINE]
    assert of_classes[1][2][1:3] == [baseline["auc"], baseline["patient_auc"]]
    # All of resnet50's answers are on the wrong side.
    assert counts[1] == [["resnet50", 0, 4, 4, 0], ["luo2020", 4, 0, 0, 4]]
    # At 0.05 one of each negative's two slices is called, none of the positives' is missed.
    assert confusion_table({"luo2020": make_result(shift=0.05)})[1] == [["luo2020", 4, 0, 2, 2]]
    paper, unet, resnet = compared[1]
    # The cavities tell the labels apart: A and B have the largest.
    assert compared[0][2] == "DSC less unet"
    assert (paper[1], paper[2].value, paper[3], paper[4].value) == (None, pytest.approx(0.1), None, 0.0)
    assert (unet[0], unet[1].value, unet[2:]) == ("unet", pytest.approx(-0.1), [None, None, None])
    assert (resnet[0], *resnet[1:3], resnet[3].value, resnet[4].value) == ("resnet50", None, None, -1.0, -1.0)


def test_without_the_papers_network_there_is_nothing_to_compare_with(make_result):
    _, ((name, *missing),) = differences({"unet": make_result("unet", shift=None)}, {})
    assert (name, missing) == ("unet", [None, None, None, None])


def test_a_networks_size_is_told_in_millions(make_result):
    assert size(make_result()) == ["2.00", "5"]


def test_a_network_that_meets_no_heart_in_a_fold_is_named(make_result):
    lost = make_result("fcn8s", title="FCN-8s")
    lost = replace(lost, scores=[replace(s, dsc=0.0) if s.fold else s for s in lost.scores])
    (sentence,) = empty_folds([make_result(), lost, make_result("vgg16", dsc=None)])
    assert sentence.startswith("FCN-8s meets no heart in 1 of 2 folds")


def test_the_baseline_takes_a_patients_largest_cavity(make_result):
    result = make_result()
    areas = {"A": (50.0, 5.0), "B": (1.0, 2.0), "C": (20.0, 10.0), "D": (30.0, 28.0)}
    cavity = {(s.patient, s.slice): areas[s.patient][s.slice] for s in result.scores}
    baseline = baseline_estimates(result, cavity)
    # Of the 4 x 4 pairs of slices 50 wins all four and no other wins any; of the patients A wins both and B none.
    assert baseline["auc"].value == pytest.approx(4 / 16)
    assert baseline["patient_auc"].value == pytest.approx(2 / 4)


def test_unfinished_folds_are_told_and_sizes_may_be_left_out(make_result):
    base, variant = make_result(), make_result("variant", folds=(1,))
    _, estimates = tables_of(base, variant)
    baseline = dict.fromkeys(("auc", "patient_auc"), Estimate(0.5, 0.4, 0.6))
    head, rows = compare([base, variant], estimates, "luo2020", baseline, sizes=False)
    assert head[-1] == "folds" and [row[-1] for row in rows] == ["2 of 2", "1 of 2", None]
    assert {len(row) for row in rows} == {len(head)}
    _, alone = compare([variant], estimates, "luo2020", baseline)
    assert alone[0][2] is None and alone[0][4] is None
