"""The rendered conditions: repeatable, on the truth's geometry, and each told in a row of one table."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from DCMMultiTaskLib.datasets.manifest import read_manifest
from DCMMultiTaskLib.errors import InputError
from DCMMultiTaskLib.evaluation.bootstrap import Estimate
from DCMMultiTaskLib.experiments.contrasts import Row, Together, conditions, measure, side_by_side, together
from DCMMultiTaskLib.experiments.held_out import unseen
from DCMMultiTaskLib.experiments.rendered import (
    LEFT,
    SMALL,
    THICKER,
    TRANSMURAL,
    at_end_systole,
    at_pixel_size,
    late_enhancement,
    turned,
)
from DCMMultiTaskLib.inference.package import load_package
from DCMMultiTaskLib.inference.predictor import Predictor
from DCMMultiTaskLib.networks.registry import build
from DCMMultiTaskLib.phantom import make_phantom, write_phantoms


@pytest.fixture(scope="module")
def cine():
    return make_phantom(11, contrast="cine", scar="none", slices=4, matrix=(160, 192))


def heart_levels(volume, truth):
    return np.median(volume.array[truth.array == 1]), np.median(volume.array[truth.array == 2])


def test_late_enhancement_nulls_the_wall_and_keeps_the_grid(cine):
    before = np.divide(*heart_levels(cine.volume, cine.truth))
    rendered = late_enhancement(cine.volume, cine.truth, seed=1)
    after = np.divide(*heart_levels(rendered, cine.truth))
    assert after < 0.8 * before
    assert rendered.array.shape == cine.volume.array.shape
    assert np.array_equal(rendered.geometry.index_to_lps, cine.volume.geometry.index_to_lps)
    again, other = (late_enhancement(cine.volume, cine.truth, seed=seed).array for seed in (1, 2))
    assert np.array_equal(rendered.array, again) and not np.array_equal(rendered.array, other)


def test_a_transmural_scar_brightens_more_of_the_wall_than_a_small_one(cine):
    wall = cine.truth.array == 1
    plain = late_enhancement(cine.volume, cine.truth, seed=3).array
    blood = np.median(plain[cine.truth.array == 2])
    shares = []
    for lesion in (SMALL, TRANSMURAL):
        scarred = late_enhancement(cine.volume, cine.truth, seed=3, lesion=lesion).array
        shares.append((scarred[wall] > 0.7 * blood).mean())
    assert 0.002 < shares[0] < shares[1] / 2 and shares[1] < 0.6


def test_the_eight_poses_are_all_different_and_lose_nothing(cine):
    poses = [turned(cine.volume, pose) for pose in range(8)]
    assert np.array_equal(poses[0].array, cine.volume.array)
    assert len({volume.array.tobytes() for volume in poses}) == 8
    for volume in poses:
        assert np.array_equal(np.sort(volume.array, axis=None), np.sort(cine.volume.array, axis=None))
        assert (volume.geometry.direction == cine.volume.geometry.direction).all()


@pytest.mark.parametrize("pixel_mm", [0.7, 2.0])
def test_other_pixels_keep_the_heart_in_its_place_and_of_its_size(cine, pixel_mm):
    image, truth = at_pixel_size(cine.volume, cine.truth, pixel_mm)
    assert image.array.shape == truth.array.shape
    assert image.geometry.spacing[:2] == pytest.approx((pixel_mm, pixel_mm), rel=0.02)
    for label in (1, 2):
        places, areas = [], []
        for volume in (truth, cine.truth):
            index = np.argwhere(volume.array == label).mean(axis=0)[::-1]
            places.append((volume.geometry.index_to_lps @ np.append(index, 1))[:3])
            areas.append((volume.array == label).sum() * volume.geometry.spacing[0] * volume.geometry.spacing[1])
        assert places[0] == pytest.approx(places[1], abs=0.5)
        assert areas[0] == pytest.approx(areas[1], rel=0.08)


def test_a_heart_that_contracts_keeps_its_grey_levels_and_its_wall(cine):
    image, truth = at_end_systole(cine.volume, cine.truth)
    for number, (before, after) in enumerate(zip(cine.truth.array, truth.array, strict=True)):
        assert (after == 2).sum() / (before == 2).sum() == pytest.approx(LEFT, rel=0.1)
        assert (after == 1).sum() / (before == 1).sum() == pytest.approx(THICKER, rel=0.1)
        levels = [
            np.median(own.array[number][own_truth == label])
            for label in (1, 2)
            for own, own_truth in ((image, after), (cine.volume, before))
        ]
        assert levels[0] == pytest.approx(levels[1], rel=0.15) and levels[2] == pytest.approx(levels[3], rel=0.15)
    far = np.s_[:, :8, :8]
    assert np.array_equal(image.array[far], cine.volume.array[far])


def test_each_condition_shows_a_study_on_its_truths_grid(cine):
    for name, render in conditions().items():
        image, truth = render(cine.volume, cine.truth, 2)
        assert image.array.shape == truth.array.shape, name
        assert (truth.array == 1).any(), name


def test_a_row_counts_slices_with_truth_and_hearts_that_are_lost(cine, tiny_model):
    predictor = Predictor(load_package(tiny_model), device="cpu")
    found = measure(predictor, "found", iter([("A", cine.volume, cine.truth)]))
    assert found.lost == 0 and found.studies == 1 and found.dsc.value > 0.5
    elsewhere = cine.truth.with_array(np.roll(cine.truth.array, 70, axis=2))
    row = measure(predictor, "elsewhere", iter([("A", cine.volume, elsewhere)]))
    assert row.lost == 1 and row.dsc.value < 0.2


def test_several_models_stand_in_one_table_with_the_hearts_that_each_lost():
    def rows(*told):
        return [Row(name, Estimate(dsc, dsc - 0.1, dsc + 0.1), lost, 6) for name, dsc, lost in told]

    table = side_by_side(
        {"a": rows(("cine", 0.8, 0), ("late", 0.7, 2)), "b": rows(("cine", 0.75, 0), ("late", 0.725, 0))}
    )
    assert table.splitlines() == [
        "| model | cine | late |",
        "|---|---|---|",
        "| a | 0.800 | 0.700 (2) |",
        "| b | 0.750 | 0.725 |",
    ]


def test_models_together_draw_the_mean_of_their_probabilities(cine, tiny_model):
    package = load_package(tiny_model)
    own, other = package.build_network(), build(package.network, package.network_config).eval()
    image = torch.rand(2, 1, 64, 64) * 255
    with torch.inference_mode():
        apart = [torch.sigmoid(network(image).mask_logits) for network in (own, other)]
        mean = torch.sigmoid(Together([own, other])(image).mask_logits)
    assert torch.allclose(mean, (apart[0] + apart[1]) / 2, atol=1e-5)
    assert not torch.allclose(apart[0], apart[1], atol=0.05)

    alone = Predictor(package, device="cpu").predict(cine.volume)
    twice = together([package, package]).predict(cine.volume)
    assert np.array_equal(twice.mask, alone.mask) and np.isnan(twice.rows[0].dcm_probability)
    classifier = replace(package, network_config=replace(package.network_config, tasks=("dcm",)))
    with pytest.raises(InputError, match="draws no mask"):
        together([package, classifier])


def test_a_model_is_not_judged_on_patients_that_it_has_learned_from(tiny_model, tmp_path):
    patients = read_manifest(write_phantoms(tmp_path, count=2, seed=70, slices=3))
    package = load_package(tiny_model)
    seen = replace(package, training={"patients": [patients[0].patient]})
    assert [patient.patient for patient in unseen(seen, patients)] == [patients[1].patient]
    with pytest.raises(InputError, match="has learned from all of these patients"):
        unseen(seen, patients[:1])
