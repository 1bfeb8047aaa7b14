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
from DCMMultiTaskLib.imaging.phantom import PhantomStudy, make_phantom, make_phantom_cine
from DCMMultiTaskLib.imaging.roi import Roi
from DCMMultiTaskLib.imaging.volume import Volume
from DCMMultiTaskLib.inference.package import ModelPackage, load_package
from DCMMultiTaskLib.inference.predictor import Predictor
from DCMMultiTaskLib.inference.result import Result
from Testing.imaging.geometry import STORAGES, stored_as


@pytest.fixture(scope="module")
def package(tiny_model: Path) -> ModelPackage:
    return load_package(tiny_model)


@pytest.fixture(scope="module")
def predictor(package: ModelPackage) -> Predictor:
    return Predictor(package, device="cpu")


@pytest.fixture(scope="module")
def study() -> PhantomStudy:
    return make_phantom(3, dilated=True, slices=6, matrix=(160, 192))


@pytest.fixture(scope="module")
def result(predictor: Predictor, study: PhantomStudy) -> Result:
    return predictor.predict(study.volume, activation=True)


@pytest.fixture(scope="module")
def heart(study: PhantomStudy) -> np.ndarray:
    """Centre of the true myocardium, mm (LPS)."""
    return centre_lps(study.volume, study.truth.array == 1)


def centre_lps(volume: Volume, mask: np.ndarray) -> np.ndarray:
    return (volume.index_to_lps @ np.append(np.argwhere(mask).mean(axis=0)[::-1], 1))[:3]


def dice(a: np.ndarray, b: np.ndarray) -> float:
    a, b = a.astype(bool), b.astype(bool)
    return 2 * np.count_nonzero(a & b) / (np.count_nonzero(a) + np.count_nonzero(b))


def small(study: PhantomStudy) -> Volume:
    """Two slices of a study: enough where one prediction more is needed."""
    return replace(study.volume, array=study.volume.array[2:4])


def test_the_mask_is_the_myocardium_on_the_inputs_own_grid(study: PhantomStudy, result: Result) -> None:
    assert result.mask.shape == study.volume.array.shape
    assert result.mask.dtype == np.uint8
    assert set(np.unique(result.mask)) == {0, 1}
    assert dice(result.mask, study.truth.array == 1) > 0.7


def test_the_heart_is_found(study: PhantomStudy, result: Result, heart: np.ndarray) -> None:
    where = result.provenance["localisation"]
    assert where["method"] == "heart found"
    apart = np.array(where["centre_ras_mm"]) * (-1, -1, 1) - heart
    normal = study.volume.direction[:, 2]
    assert np.linalg.norm(apart - normal * (apart @ normal)) < 15


def test_the_rows_say_what_the_mask_shows(study: PhantomStudy, result: Result) -> None:
    assert [row.slice for row in result.rows] == list(range(6))
    pixel = study.volume.spacing[0] * study.volume.spacing[1]
    for row in result.rows:
        assert row.position_mm == pytest.approx(row.slice * study.volume.spacing[2])
        assert row.myocardium_area_mm2 == pytest.approx(np.count_nonzero(result.mask[row.slice]) * pixel)
        assert 0 < row.dcm_probability < 1
        assert row.dcm_class == (row.dcm_probability >= 0.5)
    assert sum(row.quality == "ok" for row in result.rows) >= 4
    assert max(row.cavity_area_mm2 for row in result.rows) > 1000


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
    facts = json.loads(json.dumps(result.provenance))
    assert facts["model_sha256"] == package.sha256
    assert facts["device"].startswith("cpu")
    assert facts["preprocessing"] == package.preprocessing
    assert facts["decision"] == package.decision
    assert (facts["phase"], facts["phases"]) == (0, 1)
    assert facts["notes"] == []
    assert facts["seconds"] >= facts["network_seconds"] > 0


def test_the_same_input_gives_the_same_result(predictor: Predictor, study: PhantomStudy) -> None:
    first, second = (predictor.predict(small(study), activation=True) for _ in range(2))
    assert np.array_equal(first.mask, second.mask)
    assert np.array_equal(first.activation, second.activation)
    assert first.rows == second.rows
    assert first.dcm_probability == second.dcm_probability


def test_the_batch_size_does_not_matter(package: ModelPackage, study: PhantomStudy) -> None:
    one, all_at_once = (Predictor(package, device="cpu", batch_size=n).predict(small(study)) for n in (1, 64))
    assert dice(one.mask, all_at_once.mask) > 0.999
    assert one.dcm_probability == pytest.approx(all_at_once.dcm_probability, abs=1e-4)


@pytest.mark.parametrize(("order", "flips"), STORAGES[5::11])
def test_the_way_of_storage_does_not_matter(
    predictor: Predictor, study: PhantomStudy, order: tuple[int, ...], flips: tuple[bool, ...]
) -> None:
    volume = small(study)
    plain, other = predictor.predict(volume), predictor.predict(stored_as(volume, order, flips))
    expected = stored_as(plain.volume.with_array(plain.mask), order, flips)
    assert dice(other.mask, expected.array) > 0.999
    assert sorted(r.myocardium_area_mm2 for r in other.rows) == pytest.approx(
        sorted(r.myocardium_area_mm2 for r in plain.rows), rel=1e-3
    )
    assert other.dcm_probability == pytest.approx(plain.dcm_probability, abs=1e-3)


def test_the_slice_axis_can_be_chosen(predictor: Predictor, study: PhantomStudy) -> None:
    volume = replace(study.volume, array=study.volume.array[:, :24, :24].repeat(4, axis=0))
    result = predictor.predict(volume, slice_axis=0)
    assert result.slice_axis == 0
    assert len(result.rows) == 24
    with pytest.raises(InputError):
        predictor.predict(volume, slice_axis=3)


def test_a_cine_keeps_the_phase_with_the_largest_cavity(predictor: Predictor) -> None:
    # Stored from the contracted heart on, so that the first phase is not the right one.
    cine = make_phantom_cine(5, phases=4, dilated=False, slices=3, matrix=(160, 192))
    order = [2, 3, 0, 1]
    truth = [np.count_nonzero(cine[n].truth.array == 2) for n in order]
    frames = [cine[n].volume for n in order]
    ed = predictor.predict(frames)
    assert (ed.provenance["phase"], ed.provenance["phases"]) == (int(np.argmax(truth)), 4)
    assert ed.volume is frames[ed.provenance["phase"]]
    alone = predictor.predict(frames, phase=ed.provenance["phase"])
    assert dice(alone.mask, ed.mask) > 0.9
    assert predictor.predict(frames, phase="first").provenance["phase"] == 0
    for wrong in (4, 99, -1, "late"):
        with pytest.raises(InputError, match="phase"):
            predictor.predict(frames, phase=wrong)


def test_progress_counts_to_the_end(predictor: Predictor, study: PhantomStudy) -> None:
    seen: list[tuple[int, int]] = []
    predictor.predict(small(study), progress=lambda done, total: seen.append((done, total)))
    assert [done for done, _ in seen] == sorted({done for done, _ in seen})
    assert {total for _, total in seen} == {4}
    assert seen[-1] == (4, 4)


def test_cancelling_keeps_the_finished_slices(package: ModelPackage, study: PhantomStudy) -> None:
    predictor = Predictor(package, device="cpu", batch_size=1)
    done = 0

    def count(now: int, _total: int) -> None:
        nonlocal done
        done = now

    result = predictor.predict(study.volume, progress=count, cancelled=lambda: done >= 6 + 4)
    assert result.cancelled
    assert [row.quality == "not analysed" for row in result.rows] == [False] * 4 + [True] * 2
    assert result.mask[:4].any()
    assert not result.mask[4:].any()
    assert all(math.isnan(row.dcm_probability) and row.dcm_class == 0 for row in result.rows[4:])
    assert math.isfinite(result.dcm_probability)
    assert any("cancelled" in note for note in result.provenance["notes"])


def test_cancelling_at_once_gives_an_empty_result(predictor: Predictor, study: PhantomStudy) -> None:
    result = predictor.predict(study.volume, cancelled=lambda: True)
    assert result.cancelled
    assert not result.mask.any()
    assert {row.quality for row in result.rows} == {"not analysed"}
    assert math.isnan(result.dcm_probability)
    assert result.dcm_class == 0


def test_cancelling_a_cine_keeps_the_best_finished_phase(package: ModelPackage) -> None:
    frames = [s.volume for s in make_phantom_cine(5, phases=3, slices=2, matrix=(160, 192))]
    done = 0

    def count(now: int, _total: int) -> None:
        nonlocal done
        done = now

    predictor = Predictor(package, device="cpu", batch_size=1)
    result = predictor.predict(frames, progress=count, cancelled=lambda: done >= 2 + 2 + 1)
    assert result.cancelled
    assert result.provenance["phase"] == 0
    assert "not analysed" not in {row.quality for row in result.rows}


def test_an_roi_takes_the_place_of_the_first_pass(
    predictor: Predictor, study: PhantomStudy, result: Result, heart: np.ndarray
) -> None:
    steps: list[int] = []
    pointed = predictor.predict(study.volume, roi=Roi(tuple(heart)), progress=lambda _, total: steps.append(total))
    assert steps[-1] == 6
    assert pointed.provenance["localisation"]["method"] == "region of interest"
    assert dice(pointed.mask, result.mask) > 0.8


def test_an_roi_with_a_size_bounds_the_mask(predictor: Predictor, study: PhantomStudy, heart: np.ndarray) -> None:
    thick = 2.5 * study.volume.spacing[2]
    roi = Roi(tuple(heart), (60.0, 60.0, thick), study.volume.direction)
    inside = roi.contains(study.volume)
    result = predictor.predict(study.volume, roi=roi)
    assert result.mask.any()
    assert not result.mask[~inside].any()
    for row in result.rows:
        assert (row.quality == "outside the ROI") == (not inside[row.slice].any())
        assert math.isnan(row.dcm_probability) == (row.quality == "outside the ROI")


@pytest.mark.parametrize("size", [None, (20.0, 20.0, 20.0)])
def test_an_roi_outside_the_volume_is_told(
    predictor: Predictor, study: PhantomStudy, size: tuple[float, float, float] | None
) -> None:
    with pytest.raises(InputError, match="outside"):
        predictor.predict(study.volume, roi=Roi((2000.0, 0.0, 0.0), size))


def test_without_a_heart_the_centre_is_analysed_and_the_result_says_so(predictor: Predictor) -> None:
    noise = np.random.default_rng(0).integers(0, 40, (2, 64, 64)).astype(np.int16)
    result = predictor.predict(Volume(noise, (3.0, 3.0, 8.0)))
    assert result.provenance["localisation"] == {"method": "image centre", "centre_ras_mm": [-94.5, -94.5, 4.0]}
    assert any("no heart" in note for note in result.provenance["notes"])
    assert "ok" not in {row.quality for row in result.rows}
    assert math.isnan(result.dcm_probability)


def test_voxels_that_are_no_numbers_are_counted(predictor: Predictor, study: PhantomStudy) -> None:
    array = small(study).array.astype(np.float32)
    array[0, 0, :5] = np.nan
    array[1, 0, 0] = np.inf
    result = predictor.predict(replace(small(study), array=array))
    assert any(note.startswith("6 voxels") for note in result.provenance["notes"])
    assert dice(result.mask, predictor.predict(small(study)).mask) > 0.95


def test_a_constant_slice_is_named_and_a_constant_volume_refused(predictor: Predictor, study: PhantomStudy) -> None:
    array = study.volume.array.copy()
    array[5] = 7
    result = predictor.predict(replace(study.volume, array=array))
    assert result.rows[5].quality == "constant image"
    assert math.isnan(result.rows[5].dcm_probability)
    assert not result.mask[5].any()
    with pytest.raises(InputError):
        predictor.predict(replace(study.volume, array=np.full_like(array, 7)))


def test_a_single_slice_is_a_study(predictor: Predictor, study: PhantomStudy) -> None:
    result = predictor.predict(replace(study.volume, array=study.volume.array[3:4]))
    assert len(result.rows) == 1
    assert result.slice_axis == 2
    assert result.mask.any()


def test_slices_smaller_than_16_pixels_are_refused(predictor: Predictor) -> None:
    with pytest.raises(InputError, match="16"):
        predictor.predict(Volume(np.random.default_rng(0).random((5, 15, 40)), (1.0, 1.0, 8.0)))


def test_two_thousand_slices_go_in_small_batches(package: ModelPackage) -> None:
    light = replace(package, preprocessing={**package.preprocessing, "size": [32, 32]})
    predictor = Predictor(light, device="cpu", batch_size=4)
    pixels: list[int] = []
    predictor.network.register_forward_pre_hook(lambda _, inputs: pixels.append(inputs[0].numel()))
    slices = np.random.default_rng(0).integers(0, 99, (2000, 20, 24)).astype(np.int16)
    result = predictor.predict(Volume(slices, (1.0, 1.0, 2.0)))
    assert len(result.rows) == 2000
    assert max(pixels) <= 4 * 128 * 128


@pytest.mark.parametrize("threshold", [-0.1, 1.1, math.nan])
def test_a_threshold_that_is_no_probability_is_refused(
    predictor: Predictor, study: PhantomStudy, threshold: float
) -> None:
    with pytest.raises(InputError, match="threshold"):
        predictor.predict(study.volume, threshold=threshold)


def test_the_threshold_decides_the_class(predictor: Predictor, study: PhantomStudy) -> None:
    for threshold, expected in ((0.0, 1), (1.0, 0)):
        result = predictor.predict(small(study), threshold=threshold)
        assert result.dcm_class == expected
        assert {row.dcm_class for row in result.rows} == {expected}
        assert result.provenance["decision"]["threshold"] == threshold


def test_only_the_largest_component_is_kept_unless_asked_otherwise(predictor: Predictor, study: PhantomStudy) -> None:
    # One heart twice in one stack, a black slice between: two slices of it, then three.
    one = study.volume.array
    twice = replace(study.volume, array=np.concatenate([one[2:4], np.zeros_like(one[:1]), one[1:4]]))
    everything = predictor.predict(twice, largest_component=False).mask.any(axis=(1, 2))
    kept = predictor.predict(twice).mask.any(axis=(1, 2))
    assert list(everything) == [True, True, False, True, True, True]
    assert list(kept) == [False, False, False, True, True, True]


def test_the_activation_map_is_on_the_grid_from_0_to_1(study: PhantomStudy, result: Result) -> None:
    heat = result.activation
    assert heat.shape == study.volume.array.shape
    assert heat.dtype == np.float32
    assert (heat.min(), heat.max() <= 1) == (0, True)
    assert heat.max() > 0.9
    assert not heat[:, 0].any()


def test_no_activation_map_unless_asked_for(predictor: Predictor, study: PhantomStudy) -> None:
    assert predictor.predict(small(study)).activation is None


def test_more_views_change_the_answer_a_little(
    package: ModelPackage, predictor: Predictor, study: PhantomStudy
) -> None:
    views = {**package.preprocessing, "flips": ["none", "horizontal", "rotate90"]}
    many = Predictor(replace(package, preprocessing=views), device="cpu").predict(small(study))
    one = predictor.predict(small(study))
    assert many.rows[0].dcm_probability != one.rows[0].dcm_probability
    assert dice(many.mask, one.mask) > 0.7


def test_calibration_is_applied(package: ModelPackage, predictor: Predictor, study: PhantomStudy) -> None:
    decision = {**package.decision, "slice_scale": 0.5, "slice_bias": 1.0}
    calibrated = Predictor(replace(package, decision=decision), device="cpu").predict(small(study))
    for plain, changed in zip(predictor.predict(small(study)).rows, calibrated.rows, strict=True):
        logit = math.log(plain.dcm_probability / (1 - plain.dcm_probability))
        assert changed.dcm_probability == pytest.approx(1 / (1 + math.exp(-(0.5 * logit + 1))), abs=1e-6)


def test_falling_to_the_cpu_is_told_in_the_result(package: ModelPackage, study: PhantomStudy) -> None:
    class NeverEnough(torch.nn.Module):
        """A GPU's memory, always too small; "meta" is a device that every machine has."""

        def __init__(self, network: torch.nn.Module) -> None:
            super().__init__()
            self.network = network

        def to(self, *args: object, **kwargs: object) -> torch.nn.Module:
            return self

        def forward(self, batch: torch.Tensor) -> object:
            if batch.device.type == "meta":
                raise torch.OutOfMemoryError("out of memory")
            return self.network(batch)

    predictor = Predictor(package, device="cpu")
    predictor.network, predictor.device = NeverEnough(predictor.network), torch.device("meta")
    result = predictor.predict(small(study))
    assert any("CPU" in note for note in result.provenance["notes"])
    assert np.array_equal(result.mask, Predictor(package, device="cpu").predict(small(study)).mask)


@pytest.mark.parametrize("frames", [[], None])
def test_nothing_to_analyse_is_told(predictor: Predictor, study: PhantomStudy, frames: list[Volume] | None) -> None:
    with pytest.raises(InputError):
        predictor.predict(frames if frames is not None else [study.volume, small(study)])


def test_a_batch_of_nothing_is_refused(package: ModelPackage) -> None:
    with pytest.raises(InputError, match="batch size"):
        Predictor(package, batch_size=0)


def test_predicting_needs_torch_numpy_and_simpleitk_alone(tiny_model: Path) -> None:
    code = """
import sys, numpy as np
from pathlib import Path
before = set(sys.modules)
from DCMMultiTaskLib.imaging.phantom import make_phantom
from DCMMultiTaskLib.inference.package import load_package
from DCMMultiTaskLib.inference.predictor import Predictor
Predictor(load_package(Path(sys.argv[1])), device="cpu").predict(make_phantom(1, slices=1).volume)
tops = {name.partition(".")[0] for name in set(sys.modules) - before}
heavy = {"lightning", "safetensors", "sklearn", "scipy", "slicer", "vtk", "qt", "matplotlib", "rich"}
print(sorted(tops & heavy), any(name.startswith("DCMMultiTaskLib.learning") for name in sys.modules))
"""
    done = subprocess.run([sys.executable, "-c", code, str(tiny_model)], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[] False"


@pytest.mark.gpu
@pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA device on this machine")
@pytest.mark.parametrize("mixed_precision", [False, True])
def test_cuda_gives_the_cpus_mask(
    package: ModelPackage, study: PhantomStudy, result: Result, mixed_precision: bool
) -> None:
    predictor = Predictor(package, device="cuda", mixed_precision=mixed_precision)
    first, second = (predictor.predict(study.volume) for _ in range(2))
    assert first.provenance["mixed_precision"] == mixed_precision
    assert dice(first.mask, result.mask) >= 0.999
    assert np.array_equal(first.mask, second.mask)
