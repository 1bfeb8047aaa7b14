"""What `evaluate` writes and says of a model, against hand computations."""

import csv
import json
import math
from dataclasses import asdict, replace

import numpy as np
import pytest

from DCMMultiTaskLib.datasets.manifest import read_manifest
from DCMMultiTaskLib.errors import InputError
from DCMMultiTaskLib.evaluation.scoring import PatientScore, SliceScore, true_areas
from DCMMultiTaskLib.evaluation.summary import TITLES, evaluate, pooled, summarise, table
from DCMMultiTaskLib.imaging.volume import Volume
from DCMMultiTaskLib.inference.package import load_package
from DCMMultiTaskLib.inference.predictor import Predictor
from DCMMultiTaskLib.phantom import write_phantoms
from DCMMultiTaskLib.report.release import results_table
from DCMMultiTaskLib.storage import write_json, write_rows

OLD_COLUMNS = {
    *("patient", "group", "dcm", "slice", "dsc", "true_area_mm2", "area_mm2", "true_cavity_mm2", "cavity_mm2"),
    *("dcm_probability", "quality"),
}


def masks(dsc_eq6, jsc, hit, extra, missed, hd95_mm, surface_distance_mm) -> dict[str, float]:
    pixels = {"true_positive": hit, "false_positive": extra, "false_negative": missed}
    return {"dsc_eq6": dsc_eq6, "jsc": jsc, **pixels, "hd95_mm": hd95_mm, "surface_distance_mm": surface_distance_mm}


def scores():
    """Six patients of two slices; the positives have larger cavities and larger probabilities, but one."""
    # The second slice's distances are not known.
    of_slices = (masks(0.9, 0.8, 90, 10, 10, 2.0, 1.0), masks(0.8, 0.5, 50, 0, 50, math.nan, math.nan))
    slices, patients = [], []
    for number in range(6):
        probability, cavity = (0.9, 0.4, 0.5, 0.2, 0.1, 0.3)[number], 3000.0 - 100 * number
        known = {"patient": f"P{number}", "group": "g", "dcm": int(number < 2), "dcm_probability": probability}
        known |= {"true_cavity_mm2": cavity, "cavity_mm2": cavity + 50}
        for index, dsc in enumerate((0.9, 0.7)):
            areas = {"true_area_mm2": 900.0 + index, "area_mm2": 950.0}
            slices.append(SliceScore(slice=index, dsc=dsc, quality="ok", **areas, **known, **of_slices[index]))
        volumes = {"true_cavity_ml": cavity / 20, "cavity_ml": cavity / 21}
        patients.append(PatientScore(dsc=0.85, **known, **volumes, **masks(0.84, 0.7, 140, 10, 60, 3.0 + number, 1.5)))
    return slices, patients


def test_summary_by_hand():
    metrics = summarise(*scores())
    assert (metrics["patients"], metrics["positive_patients"], metrics["slices"]) == (6, 2, 12)
    assert metrics["dsc_per_slice"]["value"] == pytest.approx(0.8)
    assert metrics["dsc_per_patient"]["value"] == pytest.approx(0.85)
    # 0.9 is above all four negatives, 0.4 above three of them.
    assert metrics["auc_per_patient"]["value"] == pytest.approx(7 / 8)
    assert metrics["auc_per_patient_true_volume"]["value"] == 1
    assert 0 <= metrics["auc_per_patient"]["low"] < 7 / 8
    assert all(title in table(metrics) for title in TITLES.values())


def test_masks_are_summarised_by_hand():
    metrics = {name: metric["value"] for name, metric in summarise(*scores()).items() if name in TITLES}
    assert metrics["dsc_eq6_per_slice"] == pytest.approx(0.85)
    assert metrics["jsc_per_slice"] == pytest.approx(0.65)
    assert metrics["hd95_mm_per_slice"] == 2 and metrics["surface_distance_mm_per_slice"] == 1
    assert metrics["f1_pooled_per_slice"] == pytest.approx(2 * 140 / (2 * 140 + 10 + 60))
    assert metrics["f1_pooled_per_patient"] == pytest.approx(2 * 140 / (2 * 140 + 10 + 60))
    assert metrics["hd95_mm_per_patient"] == pytest.approx(5.5)


def test_labels_are_summarised_by_hand():
    metrics = summarise(*scores())
    # Of the positives 0.9 is called at 0.5, 0.4 is not; of the four negatives 0.5 alone is called.
    confusion = {"true_positive": 1, "false_negative": 1, "false_positive": 1, "true_negative": 3}
    assert metrics["confusion_per_patient"] == confusion
    assert metrics["confusion_per_slice"] == {name: 2 * count for name, count in confusion.items()}
    assert metrics["accuracy_per_patient"]["value"] == pytest.approx(4 / 6)
    assert metrics["sensitivity_per_patient"]["value"] == pytest.approx(1 / 2)
    assert metrics["specificity_per_slice"]["value"] == pytest.approx(3 / 4)
    # Recall 1/2 at precision 1, and 1 at 2/3: 0.5 lies between the positives.
    assert metrics["average_precision_per_patient"]["value"] == pytest.approx(1 / 2 + 2 / 3 / 2)
    brier = (0.1**2 + 0.6**2 + 0.5**2 + 0.2**2 + 0.1**2 + 0.3**2) / 6
    assert metrics["brier_per_patient"]["value"] == pytest.approx(brier)
    assert metrics["accuracy_per_patient"]["low"] < 4 / 6 < metrics["accuracy_per_patient"]["high"]
    assert "Per patient at a threshold of 0.5: true positive 1, false negative 1" in table(metrics)


def test_classes_follow_the_threshold():
    metrics = summarise(*scores(), threshold=0.35)
    assert metrics["sensitivity_per_patient"]["value"] == 1
    assert metrics["threshold"] == 0.35
    assert "Per slice at a threshold of 0.35" in table(metrics)


def test_slices_without_a_predicted_mask_are_counted():
    slices, patients = scores()
    slices[3] = replace(slices[3], area_mm2=0.0)
    assert summarise(slices, patients)["slices_without_mask"] == 1


def test_evaluation_writes_every_column_and_the_threshold(tiny_model, tmp_path):
    manifest = write_phantoms(tmp_path / "phantoms", count=2, seed=60, slices=3)
    package = load_package(tiny_model)
    predictor = Predictor(replace(package, decision=replace(package.decision, threshold=0.3)), device="cpu")
    metrics = evaluate(predictor, read_manifest(manifest), tmp_path / "out", progress=lambda line: None)
    assert json.loads((tmp_path / "out" / "metrics.json").read_text())["threshold"] == 0.3
    for file, number in (("slices.csv", metrics["slices"]), ("patients.csv", 2)):
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
    myocardium, cavity = true_areas(Volume.of(labels, spacing=(1.5, 2.0, 8.0)), 2)
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
    metrics = pooled([tmp_path])
    assert metrics["dsc_per_slice"]["value"] == pytest.approx(0.8)
    assert math.isnan(metrics["jsc_per_slice"]["value"]) and math.isnan(metrics["f1_pooled_per_slice"]["value"])


def test_folds_are_pooled_from_their_tables(tmp_path):
    slices, patients = scores()
    for fold in range(2):
        mine = {p.patient for p in patients[fold::2]}
        folder = tmp_path / str(fold)
        folder.mkdir()
        write_rows(folder / "slices.csv", SliceScore, [s for s in slices if s.patient in mine])
        write_rows(folder / "patients.csv", PatientScore, [p for p in patients if p.patient in mine])
    metrics, whole = pooled([tmp_path / "0", tmp_path / "1"]), summarise(slices, patients)
    assert metrics["patients"] == 6
    for title in TITLES:
        assert metrics[title]["value"] == pytest.approx(whole[title]["value"])


def test_damaged_metrics_of_a_run_are_one_sentence(tmp_path):
    slices, patients = scores()
    write_rows(tmp_path / "slices.csv", SliceScore, slices)
    write_rows(tmp_path / "patients.csv", PatientScore, patients)
    (tmp_path / "metrics.json").write_text('{"threshold": 0.', encoding="utf-8")
    with pytest.raises(InputError, match=r"metrics\.json: the file is damaged"):
        pooled([tmp_path])


def test_the_files_keep_their_columns_in_their_order(tmp_path):
    slices, patients = scores()
    write_rows(tmp_path / "slices.csv", SliceScore, slices)
    write_rows(tmp_path / "patients.csv", PatientScore, patients)
    rest = "dsc_eq6,jsc,true_positive,false_positive,false_negative,hd95_mm,surface_distance_mm"
    assert (tmp_path / "slices.csv").read_text(encoding="utf-8").splitlines()[0] == (
        "patient,group,dcm,slice,dsc,true_area_mm2,area_mm2,true_cavity_mm2,cavity_mm2,dcm_probability,quality," + rest
    )
    assert (tmp_path / "patients.csv").read_text(encoding="utf-8").splitlines()[0] == (
        "patient,group,dcm,dsc,true_cavity_mm2,cavity_mm2,dcm_probability,true_cavity_ml,cavity_ml,wall_sd_mm,"
        "true_mass_g,mass_g,true_wall_mm,wall_mm," + rest
    )


def test_stored_metrics_are_shown_whatever_the_baseline_was_called(tmp_path):
    # Without positives there is no AUC: NaN, in the file null.
    slices, patients = ([replace(row, dcm=0) for row in rows] for rows in scores())
    metrics = summarise(slices, patients)
    write_json(tmp_path / "metrics.json", metrics)
    stored = json.loads((tmp_path / "metrics.json").read_text(), parse_constant=pytest.fail)
    assert stored["auc_per_patient"] == {"value": None, "low": None, "high": None}
    old = {name.replace("baseline", "yardstick"): metric for name, metric in stored.items()}
    assert "auc_per_slice_yardstick" in old
    assert table(stored) == table(old) == table(metrics)
    assert results_table(stored) == results_table(old) == results_table(metrics)
    assert "| DCM AUC per patient | nan | nan to nan |" in results_table(old)
