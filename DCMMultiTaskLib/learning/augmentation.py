"""Random geometry and contrast, drawn per image for a whole batch at once.

One resampling takes the acquired pixels to the network's grid: rotation, flip, scale, shift and the change of pixel
size are one affine map, so augmented images are no blurrier than those that prediction sees.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor

from DCMMultiTaskLib.learning.contrast import (
    KNOTS,
    Wall,
    change_look,
    change_scanner,
    chosen,
    softened,
    through_knots,
)
from DCMMultiTaskLib.learning.shape import bent, contracted, radius_mm, uniform


@dataclass(frozen=True)
class AugmentationConfig:
    """How far the images are varied; zeros give the plain crop around the heart.

    Attributes:
        rotation: Largest rotation in degrees, either way.
        flip: Probability of a mirror image.
        upright: Share of images that stay near the pose of `imaging.orientation`: no mirror image, at most `tilt`.
            Nearly all scanners store slices that way; the rest guards against files with a meaningless orientation.
        tilt: Largest rotation in degrees of an upright image, either way.
        log_scale: Scale is e^u, u uniform in +-log_scale.
        label_log_scale: Images scaled by more than this do not enter the cross entropy: size is part of what the label
            means. What remains is about the uncertainty of the pixel size where it was assumed.
        log_stretch: As log_scale, but for one in-plane axis against the other.
        shift_mm: Largest shift of the crop's centre from the heart's, along each axis.
        elsewhere: Share of crops centred anywhere in the image, so that the network also learns what is not a heart
            (it runs on whole slices when it looks for one). They do not enter the cross entropy.
        gamma: Gamma is e^u, u uniform in +-gamma.
        remap: Share of images with a random monotone contrast curve; half as many get it inverted in part.
        bias_field: Largest relative amplitude of a smooth multiplicative field (coil shading).
        noise: Largest standard deviation of added noise, as a share of 255.
        blur: Share of images smoothed.
        resolution: Share of images sampled coarser and brought back.
        eight_poses: Share of images in one of the eight poses of a file whose orientation says nothing, each turned by
            at most `tilt` from there.
        elastic_mm: Largest displacement of a smooth random deformation, along each axis.
        radial: Largest a, where a pixel near the wall is taken from e^(+-a) times its distance from the heart's centre:
            walls get thicker and thinner, cavities larger and smaller.
        systole: Share of images of a heart that has contracted (`shape.contracted`). Sunnybrook's masks are of end
            diastole alone, whose thin walls a network otherwise takes for the rule.
        inversion: Share of images with the look of late enhancement (`contrast.inversion_recovery`).
        scar: Share of these with scars (`contrast.add_scars`).
        regions: Share of images whose tissues follow curves of their own (`contrast.regions_apart`).
        network: Share of images seen through a random network (`contrast.random_network`). What the last three leave is
            as acquired but for the mild changes above.
        coarse: Share of images with a smaller matrix (`contrast.change_scanner`, as are the next three).
        wrap: Share with folded-in anatomy.
        ghost: Share with motion ghosts.
        rician: Share with Rician noise.
    """

    rotation: float = 180.0
    flip: float = 0.5
    upright: float = 0.7
    tilt: float = 35.0
    log_scale: float = 0.2
    label_log_scale: float = 0.12
    log_stretch: float = 0.05
    shift_mm: float = 18.0
    elsewhere: float = 0.06
    gamma: float = 0.35
    remap: float = 0.3
    bias_field: float = 0.3
    noise: float = 0.04
    blur: float = 0.15
    resolution: float = 0.12
    eight_poses: float = 0.1
    elastic_mm: float = 4.0
    radial: float = 0.2
    systole: float = 0.25
    inversion: float = 0.3
    scar: float = 0.7
    regions: float = 0.2
    network: float = 0.15
    coarse: float = 0.15
    wrap: float = 0.05
    ghost: float = 0.08
    rician: float = 0.15


NO_AUGMENTATION = AugmentationConfig(**dict.fromkeys(AugmentationConfig.__dataclass_fields__, 0.0))


@dataclass(frozen=True)
class RawBatch:
    """Acquired slices before they are brought to the grid.

    Attributes:
        image: `(N, 1, H, W)` float, padded at the bottom and right to a common size.
        mask: `(N, 1, H, W)` float, 1 = myocardium.
        cavity: `(N, 1, H, W)` float, 1 = LV cavity.
        depth: `(N, 1, H, W)` float, 0 at the endocardium and 1 at the epicardium and beyond.
        extent: `(N, 2)` acquired rows and columns of each slice, without the padding.
        pixel_mm: `(N, 2)` row and column spacing in mm.
        centre: `(N, 2)` row and column of the heart's centre.
        dcm: `(N,)` float label.
    """

    image: Tensor
    mask: Tensor
    cavity: Tensor
    depth: Tensor
    extent: Tensor
    pixel_mm: Tensor
    centre: Tensor
    dcm: Tensor

    def to(self, device: torch.device) -> RawBatch:
        """The batch on another device."""
        return RawBatch(*(getattr(self, name).to(device, non_blocking=True) for name in self.__dataclass_fields__))


class TrainingImages(NamedTuple):
    """What the network learns from.

    Attributes:
        image: `(N, 1, size, size)` in [0, 255].
        mask: `(N, 1, size, size)` of 0 and 1, 1 = myocardium.
        cavity: `(N, 1, size, size)` of 0 and 1, 1 = LV cavity.
        classified: `(N,)` bool: the crop holds at least half of the slice's myocardium at about its own size and shape,
            so that its label can be told.
    """

    image: Tensor
    mask: Tensor
    cavity: Tensor
    classified: Tensor


def sampling_grid(batch: RawBatch, config: AugmentationConfig, size: int) -> tuple[Tensor, Tensor, Tensor]:
    """Where each grid pixel lies in the acquired slice, and how much the heart's size and shape are changed by it.

    Returns:
        Row and column of the acquired slice, continuous, `(N, size, size, 2)`, the scale `(N,)` and the bend (a of
        `AugmentationConfig.radial`, or the logarithm of the contraction where that is more) `(N,)`.
    """
    n, device = len(batch.image), batch.image.device
    upright = torch.rand(n, device=device) < config.upright
    angle = torch.where(upright, config.tilt, config.rotation) * uniform(n, -1, 1, device) * torch.pi / 180
    scale = torch.exp(uniform(n, -config.log_scale, config.log_scale, device))
    stretch = torch.exp(uniform(n, -config.log_stretch, config.log_stretch, device) / 2)
    mirror = torch.where(~upright & (torch.rand(n, device=device) < config.flip), -1.0, 1.0)
    if config.eight_poses:
        posed = torch.rand(n, device=device) < config.eight_poses
        quarter = torch.randint(4, (n,), device=device) * torch.pi / 2
        turned = quarter + config.tilt * uniform(n, -1, 1, device) * torch.pi / 180
        angle = torch.where(posed, turned, angle)
        mirror = torch.where(posed & (torch.rand(n, device=device) < 0.5), -1.0, torch.where(posed, 1.0, mirror))
    cos, sin = torch.cos(angle), torch.sin(angle)
    # mm in the grid (row, column) -> mm in the slice; a heart that shall look larger is sampled more finely.
    row = torch.stack([cos / scale * stretch, -sin / scale * mirror], dim=-1)
    column = torch.stack([sin / scale, cos / scale / stretch * mirror], dim=-1)

    heart_mm = batch.centre * batch.pixel_mm
    shift_mm = torch.stack([uniform(n, -config.shift_mm, config.shift_mm, device) for _ in range(2)], -1)
    anywhere_mm = torch.rand(n, 2, device=device) * batch.extent * batch.pixel_mm
    elsewhere = torch.rand(n, device=device) < config.elsewhere
    centre_mm = torch.where(elsewhere[:, None], anywhere_mm, heart_mm + shift_mm)

    offset = torch.arange(size, device=device, dtype=torch.float32) - (size - 1) / 2
    rows, columns = torch.meshgrid(offset, offset, indexing="ij")
    plane = torch.stack([rows, columns], dim=-1)[None]  # (1, size, size, 2) mm
    place_mm = torch.stack([(plane * axis[:, None, None]).sum(-1) for axis in (row, column)], dim=-1)
    place_mm = place_mm + centre_mm[:, None, None]
    bend = uniform(n, -config.radial, config.radial, device)
    pixel_mm2 = batch.pixel_mm.prod(dim=1)
    outer_mm = radius_mm((batch.mask + batch.cavity).sum(dim=(1, 2, 3)) * pixel_mm2)
    if config.radial:
        place_mm = bent(place_mm, heart_mm, outer_mm, bend)
    if config.systole:
        inner_mm = radius_mm(batch.cavity.sum(dim=(1, 2, 3)) * pixel_mm2)
        beats = torch.rand(n, device=device) < config.systole
        place_mm, shrunk = contracted(place_mm, heart_mm, inner_mm, outer_mm, beats)
        bend = torch.maximum(bend.abs(), shrunk)
    if config.elastic_mm:
        field = F.interpolate(torch.rand(n, 2, 5, 5, device=device) * 2 - 1, (size, size), mode="bicubic")
        field = field * config.elastic_mm * torch.rand(n, 1, 1, 1, device=device)
        place_mm = place_mm + field.permute(0, 2, 3, 1)
    return place_mm / batch.pixel_mm[:, None, None], scale, bend


def vary_contrast(image: Tensor, config: AugmentationConfig) -> Tensor:
    """Random contrast, shading, blur and noise on images in [0, 1], `(N, 1, H, W)`; the result is not clipped."""
    n, _, height, width = image.shape
    device = image.device
    # A random monotone curve: dark stays darker than bright, but by other amounts. Part of the curves
    # has one falling piece, as late enhancement darkens muscle that another sequence shows grey.
    steps = torch.rand(n, KNOTS - 1, device=device) ** 2 + 0.02
    falling = (torch.rand(n, KNOTS - 1, device=device) < 0.2) & (torch.rand(n, 1, device=device) < 0.4)
    knots = F.pad((torch.where(falling, -0.7 * steps, steps)).cumsum(1), (1, 0))
    knots = (knots - knots.amin(1, keepdim=True)) / (knots.amax(1, keepdim=True) - knots.amin(1, keepdim=True))
    image = torch.where(chosen(image, config.remap), through_knots(image, knots[:, None]), image)

    gamma = uniform(n, -config.gamma, config.gamma, device)[:, None, None, None]
    image = image.clamp(min=1e-4) ** torch.exp(gamma)
    field = F.interpolate(torch.rand(n, 1, 4, 4, device=device) * 2 - 1, (height, width), mode="bicubic")
    image = image * (1 + config.bias_field * torch.rand(n, 1, 1, 1, device=device) * field)

    soft = chosen(image, config.blur)
    image = torch.where(soft, torch.lerp(image, softened(image), torch.rand(n, 1, 1, 1, device=device)), image)
    coarse = F.interpolate(image, scale_factor=0.5, mode="bilinear", antialias=True)
    coarse = F.interpolate(coarse, (height, width), mode="bilinear")
    image = torch.where(chosen(image, config.resolution), coarse, image)
    return image + config.noise * torch.rand(n, 1, 1, 1, device=device) * torch.randn_like(image)


def normalise(image: Tensor) -> Tensor:
    """Each image to [0, 255] between its percentiles 0.5 and 99.5, as `imaging.grid.normalise` does for prediction."""
    flat = image.flatten(1)

    def percentile(share: float) -> Tensor:
        # Selecting is several times as fast as the sort that `quantile` does.
        place = share * (flat.shape[1] - 1)
        below, above = (flat.kthvalue(1 + rank, dim=1).values for rank in (math.floor(place), math.ceil(place)))
        return torch.lerp(below, above, place % 1)[:, None, None, None]

    low, high = percentile(0.005), percentile(0.995)
    return ((image - low) / (high - low).clamp(min=1e-6)).clamp(0, 1) * 255


def sample(batch: RawBatch, place: Tensor) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """Image, mask, cavity and depth at places of the acquired slices, as `imaging.grid.SliceGrid.sample` does.

    Args:
        batch: Slices with their truth.
        place: `(N, H, W, 2)`, see `sampling_grid`.

    Returns:
        Four times `(N, 1, H, W)`; what lies beyond the slice is air, no heart, and depth 1.
    """
    last = batch.extent[:, None, None] - 1
    inside = ((place >= -0.5 - 1e-6) & (place <= last + 0.5 + 1e-6)).all(-1)[:, None]
    size = torch.tensor(batch.image.shape[2:], device=place.device)
    y, x = ((place.clamp(min=torch.zeros_like(last), max=last) + 0.5) / size * 2 - 1).unbind(-1)
    # The depth is 1 outside the heart, so that 0 stands for what is not there in all four.
    acquired = torch.cat([batch.image, batch.mask, batch.cavity, batch.depth - 1], dim=1)
    sampled = F.grid_sample(acquired, torch.stack([x, y], dim=-1), mode="bilinear", align_corners=False) * inside
    return sampled[:, :1], sampled[:, 1:2], sampled[:, 2:3], sampled[:, 3:] + 1


def augment(batch: RawBatch, config: AugmentationConfig, *, size: int = 128) -> TrainingImages:
    """Acquired slices to training images.

    Args:
        batch: Slices with their truth.
        config: How far to vary them.
        size: Rows and columns of the grid, 1 mm pixels.
    """
    place, scale, bend = sampling_grid(batch, config, size)
    image, mask, cavity, depth = sample(batch, place)
    image = normalise(image)
    mask, cavity = ((share > 0.5).to(image.dtype) for share in (mask, cavity))
    if config != NO_AUGMENTATION:
        shares = {name: getattr(config, name) for name in ("inversion", "scar", "regions", "network")}
        image = change_look(image / 255, Wall(mask, cavity, depth), **shares)
        shares = {name: getattr(config, name) for name in ("coarse", "wrap", "ghost", "rician")}
        image = normalise(vary_contrast(change_scanner(image, **shares), config))
    area = batch.mask.sum(dim=(1, 2, 3)) * batch.pixel_mm.prod(dim=1) * scale**2
    whole = (area > 0) & (mask.sum(dim=(1, 2, 3)) >= 0.5 * area)
    own_size = torch.maximum(scale.log().abs(), bend.abs()) <= config.label_log_scale + 1e-6
    return TrainingImages(image, mask, cavity, whole & own_size)
