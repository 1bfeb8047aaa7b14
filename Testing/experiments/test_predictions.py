"""Held-out slices: how they are read, predicted, stored and scored."""

from pathlib import Path

import numpy as np
import pytest
import torch

from DCMMultiTaskLib.experiments.predictions import GridSlices, Predictions, grid_slices, predict_slices
from DCMMultiTaskLib.experiments.scores import read_scores, score_slices, write_scores
from DCMMultiTaskLib.experiments.truth import truth_table
from DCMMultiTaskLib.imaging.volume import Volume
from DCMMultiTaskLib.imaging.writing import write_volume
from DCMMultiTaskLib.learning.manifest import Patient
from DCMMultiTaskLib.networks.config import preset
from DCMMultiTaskLib.networks.multitask import MultiTaskNetwork


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
        write_volume(tmp_path / f"{name}.nrrd", Volume(array, spacing=(1.0, 1.0, 8.0)))
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
    write_scores(tmp_path / "slices.csv", [first, second])
    back = read_scores(tmp_path / "slices.csv")
    assert back[0].dsc == pytest.approx(first.dsc, abs=1e-5) and np.isnan(back[1].hd95_mm)


def test_answers_for_other_slices_are_refused(network):
    answers = predict_slices(network, some_slices(2))
    with pytest.raises(ValueError, match="other slices"):
        score_slices(answers, some_slices(3), fold=0)
