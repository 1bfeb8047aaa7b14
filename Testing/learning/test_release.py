"""A shipped package carries its card and results, and they agree."""

import json

import pytest

from DCMMultiTaskLib.errors import InputError
from DCMMultiTaskLib.inference.package import load_package
from DCMMultiTaskLib.learning.evaluation import TITLES, PatientScore, SliceScore, pooled, summarise, table, write_rows
from DCMMultiTaskLib.learning.release import release


def scores():
    """Six patients of two slices; the positives have larger cavities and larger probabilities, but one."""
    slices, patients = [], []
    for number in range(6):
        dcm, probability = int(number < 2), (0.9, 0.4, 0.5, 0.2, 0.1, 0.3)[number]
        name, cavity = f"P{number}", 3000.0 - 100 * number
        for index, dsc in enumerate((0.9, 0.7)):
            slices.append(
                SliceScore(name, "g", dcm, index, dsc, 900 + index, 950, cavity, cavity + 50, probability, "ok")
            )
        patients.append(PatientScore(name, "g", dcm, 0.85, cavity, cavity + 50, probability))
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
