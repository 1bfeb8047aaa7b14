"""Other contrasts and lesions: each ingredient does what it says, to some images, and the truth stays."""

import math
from dataclasses import replace

import pytest
import torch
from learning.drawn_slices import rings

from DCMMultiTaskLib.learning.augmentation import NO_AUGMENTATION, AugmentationConfig, augment
from DCMMultiTaskLib.learning.contrast import (
    Wall,
    add_scars,
    change_look,
    change_scanner,
    inversion_recovery,
    mean_inside,
    random_network,
    regions_apart,
)

NOTHING = {"inversion": 0.0, "scar": 0.0, "regions": 0.0, "network": 0.0}
AS_SCANNED = {"coarse": 0.0, "wrap": 0.0, "ghost": 0.0, "rician": 0.0}


def study(n: int = 16) -> tuple[torch.Tensor, Wall]:
    batch = rings(n)
    return batch.image, Wall(batch.mask, batch.cavity, batch.depth)


def test_inversion_recovery_nulls_muscle_beside_bright_blood():
    torch.manual_seed(0)
    image, wall = study()
    changed, blood = inversion_recovery(image, wall)
    muscle = mean_inside(changed, wall.myocardium)
    cavity = mean_inside(changed, (wall.cavity * (wall.depth == 0)))
    assert (muscle < cavity - 0.05).all() and muscle.max() < 0.45
    torch.testing.assert_close(cavity, blood, atol=0.1, rtol=0)


def test_scars_lie_in_the_wall_alone_and_are_about_as_bright_as_blood():
    torch.manual_seed(0)
    _, wall = study(64)
    dark = torch.full_like(wall.depth, 0.05)
    blood = torch.full((64, 1, 1, 1), 0.7)
    changed = add_scars(dark, wall, blood)
    bright = changed > 0.4
    # Soft edges reach one pixel beyond the wall, no more.
    near = torch.nn.functional.max_pool2d(wall.myocardium, 3, stride=1, padding=1)
    assert not (bright & (near == 0)).any()
    share = (bright & (wall.myocardium > 0)).sum(dim=(1, 2, 3)) / wall.myocardium.sum(dim=(1, 2, 3))
    assert share.max() > 0.3 and share.min() < 0.1
    levels = changed[bright]
    assert 0.5 < levels.median() < 1.0
    outermost = bright & (wall.depth > 0.85) & (wall.myocardium > 0)
    assert 0.1 < (outermost.sum(dim=(1, 2, 3)) > 10).float().mean() < 0.9


def test_regions_apart_reverses_what_is_brighter_in_some_images():
    torch.manual_seed(0)
    image, wall = study(64)
    changed = regions_apart(image, wall)
    darker = (mean_inside(changed, wall.cavity) < mean_inside(changed, wall.myocardium)).float().mean()
    assert 0.2 < darker < 0.8
    assert changed.min() >= 0 and changed.max() <= 1


def test_a_random_network_gives_other_images_within_range():
    torch.manual_seed(0)
    image, _ = study()
    changed = random_network(image)
    assert changed.shape == image.shape and changed.min() >= 0 and changed.max() <= 1
    assert (changed - changed[:1]).abs().amax(dim=(1, 2, 3))[1:].min() > 0.01


@pytest.mark.parametrize("name", ["inversion", "regions", "network"])
def test_a_share_of_nothing_changes_nothing_and_a_share_of_one_changes_all(name):
    torch.manual_seed(0)
    image, wall = study()
    assert torch.equal(change_look(image, wall, **NOTHING), image)
    changed = change_look(image, wall, **{**NOTHING, name: 1.0})
    assert (changed - image).abs().amax(dim=(1, 2, 3)).min() > 0.01
    half = change_look(image, wall, **{**NOTHING, name: 0.5})
    alike = (half == image).flatten(1).all(dim=1)
    assert alike.any() and not alike.all()


@pytest.mark.parametrize("name", ["coarse", "wrap", "ghost", "rician"])
def test_another_scanner_changes_the_image_but_hardly_its_mean_level(name):
    torch.manual_seed(0)
    image, _ = study()
    assert torch.equal(change_scanner(image, **AS_SCANNED), image)
    changed = change_scanner(image, **{**AS_SCANNED, name: 1.0})
    assert torch.isfinite(changed).all() and (changed - image).abs().max() > 0.01
    assert (changed.mean() - image.mean()).abs() < 0.15


def test_a_ghost_repeats_the_heart_along_the_rows_only():
    torch.manual_seed(0)
    point = torch.zeros(4, 1, 64, 64)
    point[:, :, 32, 20] = 1
    changed = change_scanner(point, **{**AS_SCANNED, "ghost": 1.0})
    along = changed[:, 0, :, 20].abs()
    assert (along > 0.04).sum() > 4
    assert changed[:, 0].abs().sum(dim=1).topk(2).values[:, 1].max() < 0.5 * along.sum(dim=1).max()


def test_angles_go_around_the_ventricle():
    _, wall = study(2)
    angle = wall.angle()[0, 0]
    assert angle[63, 100].item() == pytest.approx(0, abs=0.05)
    assert angle[100, 63].item() == pytest.approx(math.pi / 2, abs=0.05)


def test_looks_leave_the_truth_and_the_label_as_they_are():
    looks = {name: getattr(AugmentationConfig(), name) for name in (*NOTHING, *AS_SCANNED)}
    plain = augment(rings(), NO_AUGMENTATION)
    torch.manual_seed(0)
    changed = augment(rings(), replace(NO_AUGMENTATION, **looks))
    for name in ("mask", "cavity", "classified"):
        assert torch.equal(getattr(plain, name), getattr(changed, name))
    assert not torch.equal(plain.image, changed.image)


def test_the_same_seed_gives_the_same_looks():
    def once() -> torch.Tensor:
        torch.manual_seed(5)
        return augment(rings(), AugmentationConfig()).image

    assert torch.equal(once(), once())


def test_a_third_of_the_images_keeps_its_look():
    config = AugmentationConfig()
    assert config.inversion + config.regions + config.network == pytest.approx(2 / 3, abs=0.03)
