"""Augmentation keeps image and truth together and does what its settings say."""

from dataclasses import replace

import pytest
import torch
from learning.drawn_slices import rings

from DCMMultiTaskLib.learning.augmentation import (
    NO_AUGMENTATION,
    AugmentationConfig,
    RawBatch,
    augment,
    sampling_grid,
    vary_contrast,
)

LOOKS = ("inversion", "scar", "regions", "network", "coarse", "wrap", "ghost", "rician")
MILD = replace(AugmentationConfig(), **dict.fromkeys((*LOOKS, "radial", "systole", "elastic_mm", "eight_poses"), 0.0))
GEOMETRY_ALONE = replace(MILD, gamma=0, remap=0, bias_field=0, noise=0, blur=0, resolution=0, elsewhere=0, shift_mm=10)


def discs(n: int = 8, *, pixel_mm: float = 1.4, radius_mm: float = 25.0) -> RawBatch:
    """Bright discs on black that are their own truth, off the image's centre."""
    rows, columns = torch.meshgrid(torch.arange(200.0), torch.arange(180.0), indexing="ij")
    centre = torch.tensor([110.0, 80.0])
    disc = (((rows - centre[0]) ** 2 + (columns - centre[1]) ** 2).sqrt() * pixel_mm <= radius_mm).float()
    image = disc.expand(n, 1, 200, 180).clone()
    return RawBatch(
        image=image,
        mask=image.clone(),
        cavity=torch.zeros_like(image),
        depth=1 - image,
        extent=torch.tensor([[200.0, 180.0]]).expand(n, 2),
        pixel_mm=torch.full((n, 2), pixel_mm),
        centre=centre.expand(n, 2),
        dcm=torch.zeros(n),
    )


def test_without_augmentation_the_heart_is_centred_in_millimetres():
    image, mask, _, classified = augment(discs(), NO_AUGMENTATION)
    assert image.shape == mask.shape == (8, 1, 128, 128)
    assert classified.all()
    rows, columns = torch.nonzero(mask[0, 0], as_tuple=True)
    assert rows.float().mean().item() == pytest.approx(63.5, abs=0.5)
    assert columns.float().mean().item() == pytest.approx(63.5, abs=0.5)
    assert mask[0].sum().item() == pytest.approx(torch.pi * 25**2, rel=0.03)


def test_mask_and_image_move_together():
    torch.manual_seed(1)
    image, mask, _, _ = augment(discs(16), GEOMETRY_ALONE)
    agreement = ((image > 127) == (mask > 0)).float().mean()
    assert agreement > 0.995
    areas = mask.sum(dim=(1, 2, 3))
    assert areas.max() / areas.min() > 1.2


def test_crops_elsewhere_do_not_count_for_the_label():
    torch.manual_seed(0)
    _, mask, _, classified = augment(discs(32), replace(GEOMETRY_ALONE, elsewhere=1.0, log_scale=0))
    whole = mask.sum(dim=(1, 2, 3)) > 0.55 * torch.pi * 25**2
    none = mask.sum(dim=(1, 2, 3)) == 0
    assert none.any() and not classified[none].any()
    assert whole.any() and classified[whole].all()


def test_a_heart_shown_at_another_size_loses_its_label():
    torch.manual_seed(0)
    config = replace(GEOMETRY_ALONE, log_scale=0.3, label_log_scale=0.1, log_stretch=0)
    _, mask, _, classified = augment(discs(64), config)
    log_scale = (mask.sum(dim=(1, 2, 3)) / (torch.pi * 25**2)).log() / 2
    assert torch.equal(classified, classified & (log_scale.abs() < 0.12))
    assert classified[log_scale.abs() < 0.08].all() and not classified[log_scale.abs() > 0.12].any()


def test_contrast_stays_finite_and_varies_between_images():
    torch.manual_seed(0)
    image = torch.rand(1, 1, 32, 32).expand(12, 1, 32, 32)
    varied = vary_contrast(image, AugmentationConfig())
    assert torch.isfinite(varied).all()
    assert (varied - varied[:1]).abs().amax(dim=(1, 2, 3))[1:].min() > 0.01


def test_same_seed_gives_the_same_images():
    torch.manual_seed(3)
    first = augment(discs(), AugmentationConfig())[0]
    torch.manual_seed(3)
    assert torch.equal(first, augment(discs(), AugmentationConfig())[0])


def test_a_flip_mirrors_and_a_rotation_does_not_change_the_size():
    torch.manual_seed(0)
    still = replace(NO_AUGMENTATION, flip=1.0)
    plain, mirrored = (sampling_grid(discs(1), config, 64)[0] for config in (NO_AUGMENTATION, still))
    torch.testing.assert_close(mirrored, plain.flip(2))
    turned = augment(discs(4), replace(NO_AUGMENTATION, rotation=90.0))[1]
    assert turned.sum(dim=(1, 2, 3)).std() / turned.sum(dim=(1, 2, 3)).mean() < 0.01


def test_upright_images_are_neither_mirrored_nor_turned_far():
    torch.manual_seed(0)
    batch = discs(64)
    grid, *_ = sampling_grid(batch, replace(NO_AUGMENTATION, rotation=180, flip=1.0, upright=1.0, tilt=20.0), 16)
    right, down = grid[:, 8, 9] - grid[:, 8, 8], grid[:, 9, 8] - grid[:, 8, 8]
    right, down = ((v * batch.pixel_mm).flip(-1) for v in (right, down))  # x and y in mm
    angle = torch.atan2(right[:, 1], right[:, 0]).rad2deg()
    assert angle.abs().max() <= 20.01 and angle.std() > 5
    assert (right[:, 0] * down[:, 1] - right[:, 1] * down[:, 0]).min() > 0


@pytest.mark.parametrize("changes", [{"radial": 0.25}, {"elastic_mm": 4.0}])
def test_a_change_of_shape_keeps_image_and_truth_together_and_rings_closed(changes):
    torch.manual_seed(0)
    batch = rings(24)
    image, mask, cavity, _ = augment(batch, replace(NO_AUGMENTATION, **changes))
    wall = (image > 40) & (image < 200)
    assert (wall == (mask > 0)).float().mean() > 0.97
    assert ((mask > 0) & (cavity > 0)).sum() == 0
    thickness = mask.sum(dim=(1, 2, 3)) / batch.mask.sum(dim=(1, 2, 3))
    assert thickness.std() > 0.03 and thickness.min() > 0.4


def test_a_heart_bent_out_of_its_shape_loses_its_label():
    torch.manual_seed(0)
    config = replace(NO_AUGMENTATION, radial=0.3, label_log_scale=0.1)
    classified = augment(rings(64), config).classified
    assert 8 < classified.sum() < 40


def test_a_contracted_heart_has_a_smaller_cavity_and_a_thicker_wall_of_about_its_area():
    torch.manual_seed(0)
    batch = rings(48)
    plain = augment(batch, NO_AUGMENTATION)
    image, mask, cavity, classified = augment(batch, replace(NO_AUGMENTATION, systole=1.0, label_log_scale=0.12))
    wall = (image > 40) & (image < 200)
    assert (wall == (mask > 0)).float().mean() > 0.97
    left = cavity.sum(dim=(1, 2, 3)) / plain.cavity.sum(dim=(1, 2, 3))
    assert 0.17 < left.min() < 0.3 and 0.7 < left.max() < 0.9
    muscle = mask.sum(dim=(1, 2, 3)) / plain.mask.sum(dim=(1, 2, 3))
    assert 0.95 < muscle.min() < 1.05 and 1.15 < muscle.max() < 1.3
    # Size is part of what the label means: a dilated heart in systole is no small one.
    shrunk = -left.log() / 2
    assert classified[shrunk < 0.11].all() and not classified[shrunk > 0.13].any()


def test_slices_without_a_cavity_do_not_contract():
    plain, beating = (sampling_grid(discs(), replace(NO_AUGMENTATION, systole=share), 64) for share in (0.0, 1.0))
    assert torch.equal(plain[0], beating[0])


def test_eight_poses_are_quarter_turns_and_their_mirror_images():
    torch.manual_seed(0)
    grid, *_ = sampling_grid(rings(64), replace(NO_AUGMENTATION, eight_poses=1.0), 16)
    right, down = grid[:, 8, 9] - grid[:, 8, 8], grid[:, 9, 8] - grid[:, 8, 8]
    steps = {tuple(torch.cat([r, d]).round().int().tolist()) for r, d in zip(right, down, strict=True)}
    assert len(steps) == 8 and all(sorted(map(abs, step)) == [0, 0, 1, 1] for step in steps)
