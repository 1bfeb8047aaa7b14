"""A shipped package carries its card and results, and they agree."""

import csv
import json
import math
from dataclasses import asdict, replace

import numpy as np
import pytest

from DCMMultiTaskLib.errors import InputError
from DCMMultiTaskLib.imaging.phantom import write_phantoms
from DCMMultiTaskLib.imaging.volume import Volume
from DCMMultiTaskLib.inference.package import load_package
from DCMMultiTaskLib.inference.predictor import Predictor
from DCMMultiTaskLib.learning.evaluation import TITLES, evaluate, pooled, summarise, table, write_rows
from DCMMultiTaskLib.learning.manifest import read_manifest
from DCMMultiTaskLib.learning.scoring import PatientScore, SliceScore, true_areas
from DCMMultiTaskLib.report.release import release

OLD_COLUMNS = {
    *("patient", "group", "dcm", "slice", "dsc", "true_area_mm2", "area_mm2", "true_cavity_mm2", "cavity_mm2"),
    *("dcm_probability", "quality"),
}


def scores():
    """Six patients of two slices; the positives have larger cavities and larger probabilities, but one."""
    slices, patients = [], []
    for number in range(6):
        dcm, probability = int(number < 2), (0.9, 0.4, 0.5, 0.2, 0.1, 0.3)[number]
        name, cavity = f"P{number}", 3000.0 - 100 * number
        for index, dsc in enumerate((0.9, 0.7)):
            # DSC of Eq. 6, JSC, TP, FP, FN, HD95, surface distance; the second slice's distances are not known.
            masks = ((0.9, 0.8, 90, 10, 10, 2.0, 1.0), (0.8, 0.5, 50, 0, 50, math.nan, math.nan))[index]
            slices.append(
                SliceScore(name, "g", dcm, index, dsc, 900 + index, 950, cavity, cavity + 50, probability, "ok", *masks)
            )
        masks = (0.84, 0.7, 140, 10, 60, 3.0 + number, 1.5)
        patients.append(PatientScore(name, "g", dcm, 0.85, cavity, cavity + 50, probability, *masks))
    return slices, patients


def test_summary_by_hand():
    figures = summarise(*scores())
    assert (figures["patients"], figures["positive_patients"], figures["slices"]) == (6, 2, 12)
    assert figures["dsc_per_slice"]["value"] == pytest.approx(0.8)
    assert figures["dsc_per_patient"]["value"] == pytest.approx(0.85)
    # 0.9 is above all four negatives, 0.4 above three of them.
    assert figures["auc_per_patient"]["value"] == pytest.approx(7 / 8)
    assert figures["auc_per_patient_yardstick"]["value"] == 1
    assert 0 <= figures["auc_per_patient"]["low"] < 7 / 8
    assert all(title in table(figures) for title in TITLES.values())


def test_masks_are_summarised_by_hand():
    figures = {name: figure["value"] for name, figure in summarise(*scores()).items() if name in TITLES}
    assert figures["dsc_eq6_per_slice"] == pytest.approx(0.85)
    assert figures["jsc_per_slice"] == pytest.approx(0.65)
    assert figures["hd95_mm_per_slice"] == 2 and figures["surface_distance_mm_per_slice"] == 1
    assert figures["f1_pooled_per_slice"] == pytest.approx(2 * 140 / (2 * 140 + 10 + 60))
    assert figures["f1_pooled_per_patient"] == pytest.approx(2 * 140 / (2 * 140 + 10 + 60))
    assert figures["hd95_mm_per_patient"] == pytest.approx(5.5)


def test_labels_are_summarised_by_hand():
    figures = summarise(*scores())
    # Of the positives 0.9 is called at 0.5, 0.4 is not; of the four negatives 0.5 alone is called.
    confusion = {"true_positive": 1, "false_negative": 1, "false_positive": 1, "true_negative": 3}
    assert figures["confusion_per_patient"] == confusion
    assert figures["confusion_per_slice"] == {name: 2 * count for name, count in confusion.items()}
    assert figures["accuracy_per_patient"]["value"] == pytest.approx(4 / 6)
    assert figures["sensitivity_per_patient"]["value"] == pytest.approx(1 / 2)
    assert figures["specificity_per_slice"]["value"] == pytest.approx(3 / 4)
    # Recall 1/2 at precision 1, and 1 at 2/3: 0.5 lies between the positives.
    assert figures["average_precision_per_patient"]["value"] == pytest.approx(1 / 2 + 2 / 3 / 2)
    brier = (0.1**2 + 0.6**2 + 0.5**2 + 0.2**2 + 0.1**2 + 0.3**2) / 6
    assert figures["brier_per_patient"]["value"] == pytest.approx(brier)
    assert figures["accuracy_per_patient"]["low"] < 4 / 6 < figures["accuracy_per_patient"]["high"]
    assert "Per patient at a threshold of 0.5: true positive 1, false negative 1" in table(figures)


def test_classes_follow_the_threshold():
    figures = summarise(*scores(), threshold=0.35)
    assert figures["sensitivity_per_patient"]["value"] == 1
    assert figures["threshold"] == 0.35
    assert "Per slice at a threshold of 0.35" in table(figures)


def test_slices_without_a_predicted_mask_are_counted():
    slices, patients = scores()
    slices[3] = replace(slices[3], area_mm2=0.0)
    assert summarise(slices, patients)["slices_without_mask"] == 1


def test_evaluation_writes_every_column_and_the_threshold(tiny_model, tmp_path):
    manifest = write_phantoms(tmp_path / "phantoms", count=2, seed=60, slices=3)
    package = load_package(tiny_model)
    predictor = Predictor(replace(package, decision={**package.decision, "threshold": 0.3}), device="cpu")
    figures = evaluate(predictor, read_manifest(manifest), tmp_path / "out", progress=lambda line: None)
    assert json.loads((tmp_path / "out" / "metrics.json").read_text())["threshold"] == 0.3
    for file, number in (("slices.csv", figures["slices"]), ("patients.csv", 2)):
        with (tmp_path / "out" / file).open(newline="", encoding="utf-8") as stream:
            rows = [row for row in csv.DictReader(stream) if float(row.get("true_area_mm2", 1)) > 0]
        assert len(rows) == number
        for row in rows:
            hit, extra, missed = (int(row[name]) for name in ("true_positive", "false_positive", "false_negative"))
            assert float(row["dsc"]) == pytest.approx(2 * hit / (2 * hit + extra + missed), abs=1e-5)
            assert float(row["jsc"]) == pytest.approx(hit / (hit + extra + missed), abs=1e-5)
            assert 0 <= float(row["surface_distance_mm"]) <= float(row["hd95_mm"]) < 100
    assert pooled([tmp_path / "out"])["threshold"] == 0.3
    (tmp_path / "old").mkdir()
    for file in ("slices.csv", "patients.csv"):
        (tmp_path / "old" / file).write_bytes((tmp_path / "out" / file).read_bytes())
    with pytest.raises(InputError, match=r"different thresholds: 0\.3, 0\.5"):
        pooled([tmp_path / "out", tmp_path / "old"])


def test_the_true_cavity_is_what_the_ring_encloses_and_its_own_label():
    labels = np.zeros((2, 5, 5), dtype=np.uint8)
    labels[0, 1:4, 1:4] = 1
    labels[0, 2, 2] = 0
    labels[1, 2, 1:4] = (1, 2, 2)
    myocardium, cavity = true_areas(Volume(labels, spacing=(1.5, 2.0, 8.0)), 2)
    assert myocardium.tolist() == [8 * 3.0, 1 * 3.0]
    assert cavity.tolist() == [1 * 3.0, 2 * 3.0]


def test_tables_of_older_runs_are_still_pooled(tmp_path):
    slices, patients = scores()
    for file, rows in (("slices.csv", slices), ("patients.csv", patients)):
        old = [{k: v for k, v in asdict(row).items() if k in OLD_COLUMNS} for row in rows]
        with (tmp_path / file).open("w", newline="", encoding="utf-8") as stream:
            writer = csv.DictWriter(stream, fieldnames=list(old[0]))
            writer.writeheader()
            writer.writerows(old)
    figures = pooled([tmp_path])
    assert figures["dsc_per_slice"]["value"] == pytest.approx(0.8)
    assert math.isnan(figures["jsc_per_slice"]["value"]) and math.isnan(figures["f1_pooled_per_slice"]["value"])


def test_folds_are_pooled_from_their_tables(tmp_path):
    slices, patients = scores()
    for fold in range(2):
        mine = {p.patient for p in patients[fold::2]}
        folder = tmp_path / str(fold)
        folder.mkdir()
        write_rows(folder / "slices.csv", [s for s in slices if s.patient in mine])
        write_rows(folder / "patients.csv", [p for p in patients if p.patient in mine])
    figures, whole = pooled([tmp_path / "0", tmp_path / "1"]), summarise(slices, patients)
    assert figures["patients"] == 6
    for title in TITLES:
        assert figures[title]["value"] == pytest.approx(whole[title]["value"])


def test_card_and_package_have_the_same_results(tiny_model, tmp_path):
    figures = json.loads(json.dumps(summarise(*scores())))
    output = tmp_path / "mine.dcmmodel"
    sha256 = release(tiny_model, output, card="# Mine\n\n{{online}}\n", results={"online": figures})
    package = load_package(output)
    assert (package.name, package.sha256) == ("mine", sha256)
    assert package.results["online"] == figures
    assert "| DCM AUC per patient | 0.875 |" in package.card


def test_a_card_that_names_a_missing_result_is_refused(tiny_model, tmp_path):
    with pytest.raises(InputError, match="not given: cv"):
        release(tiny_model, tmp_path / "mine.dcmmodel", card="{{cv}}", results={})
    assert not (tmp_path / "mine.dcmmodel").exists()
