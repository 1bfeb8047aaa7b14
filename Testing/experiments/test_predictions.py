"""Held-out slices: how they are read, predicted, stored and scored."""

from dataclasses import astuple
from pathlib import Path

import numpy as np
import pytest
import torch

from DCMMultiTaskLib.datasets.manifest import Patient, read_manifest
from DCMMultiTaskLib.errors import InputError
from DCMMultiTaskLib.experiments.predictions import (
    GridSlices,
    Predictions,
    grid_slices,
    predict_slices,
    read_examples,
    write_examples,
)
from DCMMultiTaskLib.experiments.scores import HeldOutSlice, score_slices, truth_table
from DCMMultiTaskLib.imaging.volume import Volume
from DCMMultiTaskLib.imaging.writing import write_volume
from DCMMultiTaskLib.networks.config import NetworkConfig, preset
from DCMMultiTaskLib.networks.multitask import MultiTaskNetwork
from DCMMultiTaskLib.networks.registry import build
from DCMMultiTaskLib.phantom import write_phantoms
from DCMMultiTaskLib.storage import read_rows, write_rows


def some_slices(count: int = 3) -> GridSlices:
    generator = np.random.default_rng(0)
    image = generator.uniform(0, 255, (count, 64, 64)).astype(np.float32)
    mask = np.zeros((count, 64, 64), np.uint8)
    mask[:, 20:40, 20:40] = 1
    return GridSlices(np.array(["A"] * count), np.arange(count), image, mask, np.ones(count, int))


@pytest.fixture(scope="module")
def network() -> MultiTaskNetwork:
    torch.manual_seed(0)
    return MultiTaskNetwork(preset("luo2020", width=2)).eval()


@pytest.mark.parametrize(("tasks", "masks", "maps"), [(("mask", "dcm"), 3, 3), (("mask",), 3, 0), (("dcm",), 0, 3)])
def test_a_network_answers_for_its_own_tasks(tasks, masks, maps):
    answers = predict_slices(MultiTaskNetwork(preset("luo2020", width=2, tasks=tasks)).eval(), some_slices())
    assert (len(answers.mask_logits), len(answers.activation)) == (masks, maps)
    assert np.isfinite(answers.dcm_logit).all() == ("dcm" in tasks)


def test_the_batch_size_does_not_matter(network):
    slices = some_slices()
    one, all_together = (predict_slices(network, slices, batch_size=size) for size in (1, 3))
    np.testing.assert_allclose(one.dcm_logit, all_together.dcm_logit, atol=1e-5)
    np.testing.assert_allclose(one.mask_logits, all_together.mask_logits, atol=2e-3)


def test_answers_come_back_from_their_file(network, tmp_path):
    answers = predict_slices(network, some_slices())
    answers.save(tmp_path / "predictions.npz")
    back = Predictions.load(tmp_path / "predictions.npz")
    for name in ("patient", "number", "dcm_logit", "mask_logits", "activation"):
        np.testing.assert_array_equal(getattr(back, name), getattr(answers, name))


def test_slices_come_in_order_and_are_cropped_around_the_images_centre(tmp_path: Path):
    image = np.zeros((2, 200, 160), np.uint8)
    image[:, 60:140, 40:120] = 100
    image[1, :, :30] = 200
    mask = np.zeros_like(image)
    mask[:, 90:110, 110:130] = 1
    mask[1, 90:110, 130:150] = 1
    for name, array in (("image", image), ("mask", mask)):
        write_volume(tmp_path / f"{name}.nrrd", Volume.of(array, spacing=(1.0, 1.0, 8.0)))
    patient = Patient("A", tmp_path / "image.nrrd", tmp_path / "mask.nrrd", 1, "g", "")
    slices = grid_slices([patient], centre="image")
    assert (list(slices.patient), list(slices.number), list(slices.dcm)) == (["A", "A"], [0, 1], [1, 1])
    # Row 36 and column 16 of the image are the crop's first.
    rows, columns = np.nonzero(slices.mask[0])
    assert (rows.min(), rows.max(), columns.min(), columns.max()) == (54, 73, 94, 113)
    assert slices.image[0].max() == 255 and slices.image[1, 0, 5] == 255
    truth = truth_table([patient], slices)
    assert list(truth.outside) == [False, True]
    assert list(truth.cavity_mm2) == [0, 0]


def test_scores_are_those_of_the_mask_and_come_back_from_their_file(tmp_path):
    slices = some_slices(2)
    logits = np.full((2, 64, 64), -3.0, np.float16)
    logits[0, 20:40, 20:30] = 3.0
    answers = Predictions(
        slices.patient, slices.number, np.array([2.0, np.nan], np.float32), logits, np.zeros((0, 0, 0))
    )
    first, second = score_slices(answers, slices, fold=4)
    assert (first.dsc, first.true_positive, first.false_negative, first.fold) == (pytest.approx(2 / 3), 200, 200, 4)
    assert first.dcm_probability == pytest.approx(1 / (1 + np.exp(-2)))
    assert second.dsc == 0 and np.isnan(second.hd95_mm) and np.isnan(second.dcm_probability)
    write_rows(tmp_path / "slices.csv", HeldOutSlice, [first, second])
    back = read_rows(tmp_path / "slices.csv", HeldOutSlice)
    assert back[0].dsc == pytest.approx(first.dsc, abs=1e-5) and np.isnan(back[1].hd95_mm)


def test_answers_for_other_slices_are_refused(network):
    answers = predict_slices(network, some_slices(2))
    with pytest.raises(ValueError, match="other slices"):
        score_slices(answers, some_slices(3), fold=0)


@pytest.mark.parametrize(("name", "masks", "maps"), [("unet", 2, 0), ("resnet50", 0, 2), ("vgg16", 0, 0)])
def test_networks_of_others_answer_for_what_they_do(name, masks, maps):
    tasks = ("mask",) if masks else ("dcm",)
    network = build(name, NetworkConfig(name=name, width=2, tasks=tasks)).eval()
    answers = predict_slices(network, some_slices(2))
    assert (len(answers.mask_logits), len(answers.activation)) == (masks, maps)
    assert np.isnan(answers.dcm_logit).all() == bool(masks) and answers.dcm_logit.shape == (2,)


def test_what_a_network_does_not_give_is_empty_in_the_file_too(tmp_path):
    network = MultiTaskNetwork(preset("luo2020", width=2, tasks=("mask",))).eval()
    predict_slices(network, some_slices()).save(tmp_path / "predictions.npz")
    back = Predictions.load(tmp_path / "predictions.npz")
    assert back.activation.shape == (0, 0, 0) and back.mask_logits.shape == (3, 64, 64)
    assert np.isnan(back.dcm_logit).all() and back.dcm_logit.dtype == np.float32


def test_the_file_holds_nothing_that_runs_when_it_is_read(network, tmp_path):
    predict_slices(network, some_slices()).save(tmp_path / "predictions.npz")
    with np.load(tmp_path / "predictions.npz", allow_pickle=False) as arrays:
        assert {name: arrays[name].dtype.kind for name in arrays} == {
            "patient": "U",
            "number": "i",
            "dcm_logit": "f",
            "mask_logits": "f",
            "activation": "f",
        }
    assert [path.name for path in tmp_path.iterdir()] == ["predictions.npz"]
    objects = {name: np.array(["A"], dtype=object) for name in Predictions.__dataclass_fields__}
    np.savez(tmp_path / "objects.npz", **objects)
    with pytest.raises(ValueError, match="allow_pickle=False"):
        Predictions.load(tmp_path / "objects.npz")


def test_the_mean_of_the_activation_map_and_the_bias_are_the_logit(network):
    answers = predict_slices(network, some_slices())
    bias = float(network.classifier.linear.bias)
    np.testing.assert_allclose(answers.activation.astype(float).mean(axis=(1, 2)) + bias, answers.dcm_logit, atol=1e-3)


def test_the_last_and_smaller_batch_is_not_lost(network):
    slices = some_slices(5)
    answers, alone = (predict_slices(network, slices, batch_size=size) for size in (2, 1))
    assert (len(answers.mask_logits), len(answers.activation), len(answers.dcm_logit)) == (5, 5, 5)
    np.testing.assert_allclose(answers.activation, alone.activation, atol=2e-3)
    np.testing.assert_array_equal(answers.number, slices.number)


def test_patients_stand_in_the_order_given_whatever_their_sizes(tmp_path):
    first, second = read_manifest(write_phantoms(tmp_path, count=2, seed=60, slices=2))
    together = grid_slices([second, first])
    assert list(together.patient) == [second.patient] * 2 + [first.patient] * 2
    assert list(together.number) == [0, 1, 0, 1]
    assert list(together.dcm) == [second.dcm] * 2 + [first.dcm] * 2
    for patient, rows in ((second, slice(0, 2)), (first, slice(2, 4))):
        alone = grid_slices([patient])
        np.testing.assert_allclose(together.image[rows], alone.image, atol=1e-2)
        np.testing.assert_array_equal(together.mask[rows], alone.mask)


def test_a_crop_around_the_heart_is_another(tmp_path):
    (patient,) = read_manifest(write_phantoms(tmp_path, count=1, seed=60, slices=2))
    heart = grid_slices([patient], centre="heart").mask
    places = [np.argwhere(mask).mean(axis=0) for mask in heart]
    np.testing.assert_allclose(places, 63.5, atol=1)
    assert np.abs(np.argwhere(grid_slices([patient]).mask[0]).mean(axis=0) - 63.5).max() > 2


def test_scores_that_are_not_known_come_back_unknown(tmp_path):
    header = "patient,slice,dcm,fold,dcm_logit,dcm_probability,dsc,dsc_eq6,jsc,pixel_auc,map_share"
    header += ",true_positive,false_positive,false_negative,hd95_mm,surface_distance_mm"
    values = ("A, the first", 0, 1, 2, -1.5, 0.18243, 0.5, 0.6, 0.25, 0.75, 0.4, 10, 3, 17, 2.0, 1.0)
    known = HeldOutSlice(**dict(zip(header.split(","), values, strict=True)))
    nothing = {"dcm_logit": np.nan, "dcm_probability": np.nan}
    unknown = HeldOutSlice(patient="B", slice=1, dcm=0, fold=2, **nothing, false_negative=5)
    write_rows(tmp_path / "slices.csv", HeldOutSlice, [known, unknown])
    first, second = read_rows(tmp_path / "slices.csv", HeldOutSlice)
    assert first == known
    assert (tmp_path / "slices.csv").read_text(encoding="utf-8").splitlines()[0] == header
    assert astuple(second) == pytest.approx(astuple(unknown), nan_ok=True)
    assert isinstance(second.false_negative, int) and isinstance(second.slice, int)


def test_a_network_without_masks_has_no_mask_scores():
    slices = some_slices(1)
    nothing = np.zeros((0, 0, 0), np.float16)
    answers = Predictions(slices.patient, slices.number, np.array([0.0], np.float32), nothing, nothing)
    (score,) = score_slices(answers, slices, fold=0)
    assert np.isnan([score.dsc, score.jsc, score.pixel_auc]).all() and score.dcm_probability == 0.5
    assert (score.true_positive, score.false_positive, score.false_negative) == (0, 0, 0)


def test_the_share_of_a_map_above_its_middle_is_that_of_the_slices_own_label():
    slices = some_slices(2)
    slices.dcm[:] = (1, 0)
    nothing = np.zeros((0, 0, 0), np.float16)
    peak = np.zeros((2, 4, 4), np.float16)
    peak[:, 0, 0] = 1
    answers = Predictions(slices.patient, slices.number, np.zeros(2, np.float32), nothing, peak)
    assert [score.map_share for score in score_slices(answers, slices, fold=0)] == [1 / 16, 15 / 16]


def test_examples_come_back_with_masks_and_maps(tmp_path):
    slices = some_slices(3)
    masks = np.linspace(-3, 3, 3 * 128 * 128).reshape(3, 128, 128).astype(np.float16)
    maps = np.arange(48).reshape(3, 4, 4).astype(np.float16)
    whole = Predictions(slices.patient, slices.number, np.array([-1, 0, 1], np.float32), masks, maps)
    path = tmp_path / "examples.npz"
    write_examples({("unet.own", 3): whole.examples([0, 2])}, path)
    ((fold, few),) = read_examples(path).items()
    assert fold == ("unet.own", 3) and list(few.number) == list(slices.number[[0, 2]])
    assert np.array_equal(few.mask_logits > 0, masks[[0, 2]] > 0) and np.array_equal(few.activation, maps[[0, 2]])
    assert path.stat().st_size < 6000
    assert read_examples(tmp_path / "none.npz") == {}
    path.write_bytes(path.read_bytes()[:500])
    with pytest.raises(InputError, match="damaged"):
        read_examples(path)
