"""A study that nobody has drawn in becomes one that can be learned from: all its phases, in one volume."""

import sys
from pathlib import Path

import numpy as np
import pytest

from DCMMultiTaskLib.datasets.manifest import read_manifest
from DCMMultiTaskLib.datasets.truth import read_patient
from DCMMultiTaskLib.errors import InputError
from DCMMultiTaskLib.experiments.self_labelled import labelled, main
from DCMMultiTaskLib.imaging.reading import read_study
from DCMMultiTaskLib.imaging.study import Study
from DCMMultiTaskLib.imaging.volume import Volume
from DCMMultiTaskLib.inference.package import load_package
from DCMMultiTaskLib.inference.predictor import Predictor
from DCMMultiTaskLib.learning.slices import load_slices

CINE = Path(__file__).parents[2] / "Resources/SampleData/DCMPhantom.seq.nrrd"


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch, tiny_model: Path):
    def run(*studies: Path, output: Path) -> None:
        arguments = [*studies, "--models", tiny_model, tiny_model, "--dcm", "1", "-o", output]
        monkeypatch.setattr(sys, "argv", ["self_labelled", *map(str, arguments)])
        main()

    return run


def test_a_cine_becomes_one_patient_with_the_slices_of_all_phases(run, tmp_path, tiny_model, capsys):
    run(CINE, output=tmp_path / "own")
    (patient,) = read_manifest(tmp_path / "own" / "manifest.csv")
    image, mask = read_patient(patient)
    study = read_study(CINE)
    result = Predictor(load_package(tiny_model), device="cpu").predict(study)
    hearts = [(n, k) for n in sorted(result.labels) for k in range(study.geometry.size[2]) if 1 in result.labels[n][k]]
    assert patient.patient == "DCMPhantom" and patient.dcm == 1
    assert image.array.shape[0] == len(hearts) > study.geometry.size[2]
    for place, (phase, number) in enumerate(hearts):
        assert np.array_equal(image.array[place], study.phases[phase].array[number])
        assert np.array_equal(mask.array[place], result.labels[phase][number])
    assert image.geometry.spacing == study.geometry.spacing
    assert len(load_slices(patient)) == len(hearts)
    assert f"{len(hearts)} slices of {len(study.phases)} phases" in capsys.readouterr().out


def test_nothing_is_written_over_and_names_are_not_mixed_up(run, tmp_path):
    with pytest.raises(InputError, match="Two of the studies are called DCMPhantom"):
        run(CINE, CINE, output=tmp_path / "own")
    assert not (tmp_path / "own").exists()
    (tmp_path / "own").mkdir()
    (tmp_path / "own" / "manifest.csv").write_text("mine", encoding="utf-8")
    with pytest.raises(InputError, match="holds another manifest"):
        run(CINE, output=tmp_path / "own")
    assert (tmp_path / "own" / "manifest.csv").read_text("utf-8") == "mine"


def test_a_study_without_a_heart_is_told(tiny_model):
    noise = np.random.default_rng(0).normal(100, 5, (3, 96, 96)).astype(np.float32)
    study = Study("noise", [Volume.of(array=noise, spacing=(1.5, 1.5, 8.0))])
    with pytest.raises(InputError, match="noise: no heart is found"):
        labelled(Predictor(load_package(tiny_model), device="cpu"), study)
