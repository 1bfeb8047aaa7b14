"""Volume in, result out, with a real small network on phantoms."""

import json
import math
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from DCMMultiTaskLib.errors import InputError
from DCMMultiTaskLib.evaluation.metrics import dice
from DCMMultiTaskLib.imaging.study import Study
from DCMMultiTaskLib.imaging.volume import Volume
from DCMMultiTaskLib.inference.package import ModelPackage
from DCMMultiTaskLib.inference.predictor import Predictor
from DCMMultiTaskLib.inference.result import Result
from DCMMultiTaskLib.inference.settings import Decision, Preprocessing
from DCMMultiTaskLib.measurements.volumes import measure_ventricle
from DCMMultiTaskLib.phantom import PhantomStudy, make_phantom
from Testing.imaging.geometry import STORAGES, stored_as


def test_the_mask_is_the_myocardium_on_the_inputs_own_grid(study: PhantomStudy, result: Result) -> None:
    assert result.mask.shape == study.volume.array.shape
    assert result.label_map.dtype == np.uint8
    assert set(np.unique(result.label_map)) == {0, 1, 2}
    assert list(result.labels) == [0]
    assert dice(result.label_map == 2, study.truth.array == 2) > 0.7
    assert dice(result.mask, study.truth.array == 1) > 0.7


def test_the_heart_is_found(study: PhantomStudy, result: Result, heart: np.ndarray) -> None:
    where = result.provenance.localisation
    assert where["method"] == "heart found"
    apart = np.array(where["centre_ras_mm"]) * (-1, -1, 1) - heart
    normal = study.volume.geometry.direction[:, 2]
    assert np.linalg.norm(apart - normal * (apart @ normal)) < 15


def test_the_rows_say_what_the_mask_shows(study: PhantomStudy, result: Result) -> None:
    assert [row.slice for row in result.rows] == list(range(6))
    pixel = study.volume.geometry.spacing[0] * study.volume.geometry.spacing[1]
    for row in result.rows:
        assert row.position_mm == pytest.approx(row.slice * study.volume.geometry.spacing[2])
        assert row.myocardium_area_mm2 == pytest.approx(np.count_nonzero(result.mask[row.slice]) * pixel)
        assert 0 < row.dcm_probability < 1
        assert row.dcm_class == (row.dcm_probability >= 0.5)
    assert sum(row.quality == "ok" for row in result.rows) >= 4
    assert max(row.cavity_area_mm2 for row in result.rows) > 1000


def test_the_measurements_are_those_of_the_heart(study: PhantomStudy, result: Result) -> None:
    truth = measure_ventricle(study.truth.array, study.truth.geometry, 2)
    assert result.measurements.lv_cavity_volume_ml == pytest.approx(truth.lv_cavity_volume_ml, rel=0.15)
    assert result.measurements.myocardium_mass_g == pytest.approx(truth.myocardium_mass_g, rel=0.25)
    for row in result.rows:
        if row.quality == "ok":
            assert 3 < row.wall_thickness_min_mm < row.wall_thickness_mean_mm < row.wall_thickness_max_mm < 20


def test_the_patient_follows_from_the_slices(package: ModelPackage, result: Result) -> None:
    ok = [row for row in result.rows if row.quality == "ok"]
    logits = [math.log(row.dcm_probability / (1 - row.dcm_probability)) for row in ok]
    mean = np.average(logits, weights=[row.myocardium_area_mm2 for row in ok])
    assert result.dcm_probability == pytest.approx(1 / (1 + math.exp(-mean)), abs=1e-6)
    assert f"{len(ok)} of 6 slices" in result.rule


def test_dilated_hearts_are_told_from_normal_ones(predictor: Predictor, result: Result) -> None:
    normal = predictor.predict(make_phantom(4, dilated=False, slices=6, matrix=(160, 192)).volume)
    assert result.dcm_probability > normal.dcm_probability


def test_provenance_is_complete_and_json(package: ModelPackage, result: Result) -> None:
    facts = json.loads(json.dumps(result.provenance.to_dict()))
    assert facts["model_sha256"] == package.sha256
    assert facts["device"].startswith("cpu")
    assert Preprocessing.from_dict(facts["preprocessing"]) == package.preprocessing
    assert Decision.from_dict(facts["decision"]) == package.decision
    assert (facts["phase"], facts["phases"]) == (0, 1)
    assert facts["notes"] == list(result.provenance.notes)
    assert facts["seconds"] >= facts["network_seconds"] > 0


def test_the_same_input_gives_the_same_result(predictor: Predictor, two_slices: Volume) -> None:
    first, second = (predictor.predict(two_slices, activation=True) for _ in range(2))
    assert np.array_equal(first.mask, second.mask)
    assert np.array_equal(first.activation, second.activation)
    assert first.rows == second.rows
    assert first.dcm_probability == second.dcm_probability


def test_the_batch_size_does_not_matter(package: ModelPackage, two_slices: Volume) -> None:
    one, all_at_once = (Predictor(package, device="cpu", batch_size=n).predict(two_slices) for n in (1, 64))
    assert dice(one.mask, all_at_once.mask) > 0.999
    assert one.dcm_probability == pytest.approx(all_at_once.dcm_probability, abs=1e-4)


@pytest.mark.parametrize(("order", "flips"), STORAGES[5::11])
def test_the_way_of_storage_does_not_matter(
    predictor: Predictor, two_slices: Volume, order: tuple[int, ...], flips: tuple[bool, ...]
) -> None:
    volume = two_slices
    plain, other = predictor.predict(volume), predictor.predict(stored_as(volume, order, flips))
    expected = stored_as(plain.volume.with_array(plain.mask), order, flips)
    assert dice(other.mask, expected.array) > 0.999
    assert sorted(r.myocardium_area_mm2 for r in other.rows) == pytest.approx(
        sorted(r.myocardium_area_mm2 for r in plain.rows), rel=1e-3
    )
    assert other.dcm_probability == pytest.approx(plain.dcm_probability, abs=1e-3)


def test_without_a_heart_the_centre_is_analysed_and_the_result_says_so(predictor: Predictor) -> None:
    noise = np.random.default_rng(0).integers(0, 40, (2, 64, 64)).astype(np.int16)
    result = predictor.predict(Volume.of(noise, (3.0, 3.0, 8.0)))
    assert result.provenance.localisation == {"method": "image centre", "centre_ras_mm": [-94.5, -94.5, 4.0]}
    assert any("no heart" in note for note in result.provenance.notes)
    assert "ok" not in {row.quality for row in result.rows}
    assert math.isnan(result.dcm_probability)


def test_voxels_that_are_no_numbers_are_counted(predictor: Predictor, two_slices: Volume) -> None:
    array = two_slices.array.astype(np.float32)
    array[0, 0, :5] = np.nan
    array[1, 0, 0] = np.inf
    result = predictor.predict(two_slices.with_array(array))
    assert any(note.startswith("6 voxels") for note in result.provenance.notes)
    assert dice(result.mask, predictor.predict(two_slices).mask) > 0.95


def test_a_constant_slice_is_named_and_a_constant_volume_refused(predictor: Predictor, study: PhantomStudy) -> None:
    array = study.volume.array.copy()
    array[5] = 7
    result = predictor.predict(study.volume.with_array(array))
    assert result.rows[5].quality == "constant image"
    assert math.isnan(result.rows[5].dcm_probability)
    assert not result.mask[5].any()
    with pytest.raises(InputError):
        predictor.predict(study.volume.with_array(np.full_like(array, 7)))


def test_a_slice_of_noise_is_named_and_has_no_mask(predictor: Predictor, study: PhantomStudy) -> None:
    """It does not part the heart: the smaller half would be lost."""
    array = study.volume.array.copy()
    middle = len(array) // 2
    array[middle] = np.random.default_rng(0).rayleigh(30, array[middle].shape)
    result = predictor.predict(study.volume.with_array(array))
    assert result.rows[middle].quality == "more noise than image"
    assert math.isnan(result.rows[middle].dcm_probability)
    assert not result.mask[middle].any()
    assert any(
        note.startswith(f"Slice {middle + 1} (counted from 1), with the heart") for note in result.provenance.notes
    )
    plain = predictor.predict(study.volume)
    assert not any("with the heart" in note for note in plain.provenance.notes)
    assert dice(np.delete(result.mask, middle, axis=0), np.delete(plain.mask, middle, axis=0)) > 0.95


def test_a_single_slice_is_a_study(predictor: Predictor, study: PhantomStudy) -> None:
    result = predictor.predict(Volume.of(study.volume.array[3:4], study.volume.geometry.spacing))
    assert len(result.rows) == 1
    assert result.slice_axis == 2
    assert result.mask.any()


def test_slices_smaller_than_16_pixels_are_refused(predictor: Predictor) -> None:
    with pytest.raises(InputError, match="16"):
        predictor.predict(Volume.of(np.random.default_rng(0).random((5, 15, 40)), (1.0, 1.0, 8.0)))


def test_two_thousand_slices_go_in_small_batches(package: ModelPackage) -> None:
    light = replace(package, preprocessing=replace(package.preprocessing, size=(32, 32)))
    predictor = Predictor(light, device="cpu", batch_size=4)
    pixels: list[int] = []
    predictor.network.register_forward_pre_hook(lambda _, inputs: pixels.append(inputs[0].numel()))
    slices = np.random.default_rng(0).integers(0, 99, (2000, 20, 24)).astype(np.int16)
    result = predictor.predict(Volume.of(slices, (1.0, 1.0, 2.0)))
    assert len(result.rows) == 2000
    assert max(pixels) <= 4 * 128 * 128


def test_falling_to_the_cpu_is_told_in_the_result(package: ModelPackage, two_slices: Volume) -> None:
    class NeverEnough(torch.nn.Module):
        """A GPU's memory, always too small; "meta" is a device that every machine has."""

        def __init__(self, network: torch.nn.Module) -> None:
            super().__init__()
            self.network = network

        def to(self, *args: object, **kwargs: object) -> torch.nn.Module:
            return self

        def forward(self, batch: torch.Tensor) -> object:
            if batch.device.type == "meta":
                raise torch.cuda.OutOfMemoryError("out of memory")
            return self.network(batch)

    predictor = Predictor(package, device="cpu")
    predictor.network, predictor.device = NeverEnough(predictor.network), torch.device("meta")
    result = predictor.predict(two_slices)
    assert any("CPU" in note for note in result.provenance.notes)
    assert np.array_equal(result.mask, Predictor(package, device="cpu").predict(two_slices).mask)


def test_nothing_to_analyse_is_told(study: PhantomStudy, two_slices: Volume) -> None:
    with pytest.raises(InputError, match="no volume"):
        Study("empty", [])
    with pytest.raises(InputError, match="mixed: the phases differ"):
        Study("mixed", [study.volume, two_slices])


def test_a_batch_of_nothing_is_refused(package: ModelPackage) -> None:
    with pytest.raises(InputError, match="batch size"):
        Predictor(package, batch_size=0)


def test_predicting_needs_only_what_slicer_brings_and_torch(tiny_model: Path) -> None:
    code = """
import sys, numpy as np
from pathlib import Path
before = set(sys.modules)
from DCMMultiTaskLib.phantom import make_phantom
from DCMMultiTaskLib.inference.package import load_package
from DCMMultiTaskLib.inference.predictor import Predictor
Predictor(load_package(Path(sys.argv[1])), device="cpu").predict(make_phantom(1, slices=1).volume)
tops = {name.partition(".")[0] for name in set(sys.modules) - before}
heavy = {"lightning", "safetensors", "sklearn", "slicer", "vtk", "qt", "matplotlib", "rich"}
print(sorted(tops & heavy), any(name.startswith("DCMMultiTaskLib.learning") for name in sys.modules))
"""
    done = subprocess.run(
        [sys.executable, "-c", code, str(tiny_model)], capture_output=True, encoding="utf-8", check=True
    )
    assert done.stdout.strip() == "[] False"


@pytest.mark.gpu
@pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA device on this machine")
@pytest.mark.parametrize("mixed_precision", [False, True])
def test_cuda_gives_the_cpus_mask(
    package: ModelPackage, study: PhantomStudy, result: Result, mixed_precision: bool
) -> None:
    predictor = Predictor(package, device="cuda", mixed_precision=mixed_precision)
    first, second = (predictor.predict(study.volume) for _ in range(2))
    assert first.provenance.mixed_precision == mixed_precision
    assert dice(first.mask, result.mask) >= 0.999
    assert np.array_equal(first.mask, second.mask)
