"""Random geometry and contrast, drawn per image for a whole batch at once.

One resampling takes the acquired pixels to the network's grid: rotation, flip, scale, shift and the change of pixel
size are one affine map, so augmented images are no blurrier than those that prediction sees.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor


@dataclass(frozen=True)
class AugmentationConfig:
    """How far the images are varied; zeros give the plain crop around the heart.

    Attributes:
        rotation: Largest rotation in degrees, either way.
        flip: Probability of a mirror image.
        upright: Share of images that stay near the pose of `imaging.pose` instead: no mirror image, at most `tilt`.
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


NO_AUGMENTATION = AugmentationConfig(*([0.0] * 15))


@dataclass(frozen=True)
class RawBatch:
    """Acquired slices before they are brought to the grid.

    Attributes:
        image: `(N, 1, H, W)` float, padded at the bottom and right to a common size.
        mask: `(N, 1, H, W)` float, 1 = myocardium.
        extent: `(N, 2)` acquired rows and columns of each slice, without the padding.
        pixel_mm: `(N, 2)` row and column spacing in mm.
        centre: `(N, 2)` row and column of the heart's centre.
        dcm: `(N,)` float label.
    """

    image: Tensor
    mask: Tensor
    extent: Tensor
    pixel_mm: Tensor
    centre: Tensor
    dcm: Tensor

    def to(self, device: torch.device) -> RawBatch:
        """The batch on another device."""
        return RawBatch(*(getattr(self, name).to(device, non_blocking=True) for name in self.__dataclass_fields__))


def _uniform(n: int, low: float, high: float, device: torch.device) -> Tensor:
    return torch.rand(n, device=device) * (high - low) + low


def sampling_grid(batch: RawBatch, config: AugmentationConfig, size: int) -> tuple[Tensor, Tensor]:
    """Where each grid pixel lies in the acquired slice, and how much larger than it is the heart will look.

    Returns:
        `(N, size, size, 2)` in `grid_sample` coordinates (x, y), and the scale `(N,)`.
    """
    n, _, height, width = batch.image.shape
    device = batch.image.device
    upright = torch.rand(n, device=device) < config.upright
    angle = torch.where(upright, config.tilt, config.rotation) * _uniform(n, -1, 1, device) * torch.pi / 180
    scale = torch.exp(_uniform(n, -config.log_scale, config.log_scale, device))
    stretch = torch.exp(_uniform(n, -config.log_stretch, config.log_stretch, device) / 2)
    mirror = torch.where(~upright & (torch.rand(n, device=device) < config.flip), -1.0, 1.0)
    cos, sin = torch.cos(angle), torch.sin(angle)
    # mm in the grid (row, column) -> mm in the slice; a heart that shall look larger is sampled more finely.
    row = torch.stack([cos / scale * stretch, -sin / scale * mirror], dim=-1)
    column = torch.stack([sin / scale, cos / scale / stretch * mirror], dim=-1)

    heart_mm = batch.centre * batch.pixel_mm
    heart_mm = heart_mm + torch.stack([_uniform(n, -config.shift_mm, config.shift_mm, device) for _ in range(2)], -1)
    anywhere_mm = torch.rand(n, 2, device=device) * batch.extent * batch.pixel_mm
    elsewhere = torch.rand(n, device=device) < config.elsewhere
    centre_mm = torch.where(elsewhere[:, None], anywhere_mm, heart_mm)

    offset = torch.arange(size, device=device, dtype=torch.float32) - (size - 1) / 2
    rows, columns = torch.meshgrid(offset, offset, indexing="ij")
    plane = torch.stack([rows, columns], dim=-1)[None]  # (1, size, size, 2) mm
    row_mm = (plane * row[:, None, None]).sum(-1) + centre_mm[:, 0, None, None]
    column_mm = (plane * column[:, None, None]).sum(-1) + centre_mm[:, 1, None, None]
    y = (row_mm / batch.pixel_mm[:, 0, None, None] + 0.5) / height * 2 - 1
    x = (column_mm / batch.pixel_mm[:, 1, None, None] + 0.5) / width * 2 - 1
    return torch.stack([x, y], dim=-1), scale


def vary_contrast(image: Tensor, config: AugmentationConfig) -> Tensor:
    """Random contrast, shading, blur and noise on images in [0, 1], `(N, 1, H, W)`; the result is not clipped."""
    n, _, height, width = image.shape
    device = image.device

    def chosen(share: float) -> Tensor:
        return (torch.rand(n, device=device) < share)[:, None, None, None]

    # A random monotone curve through 6 knots: dark stays darker than bright, but by other amounts. Part of the curves
    # has one falling piece, as late enhancement darkens muscle that another sequence shows grey.
    steps = torch.rand(n, 5, device=device) ** 2 + 0.02
    falling = (torch.rand(n, 5, device=device) < 0.2) & (torch.rand(n, 1, device=device) < 0.4)
    knots = F.pad((torch.where(falling, -0.7 * steps, steps)).cumsum(1), (1, 0))
    knots = (knots - knots.amin(1, keepdim=True)) / (knots.amax(1, keepdim=True) - knots.amin(1, keepdim=True))
    place = image.clamp(0, 1).flatten(1) * 5
    left = place.floor().clamp(max=4).long()
    remapped = torch.lerp(knots.gather(1, left), knots.gather(1, left + 1), place - left).view_as(image)
    image = torch.where(chosen(config.remap), remapped, image)

    gamma = torch.exp(_uniform(n, -config.gamma, config.gamma, device))[:, None, None, None]
    image = image.clamp(min=1e-4) ** gamma
    field = F.interpolate(torch.rand(n, 1, 4, 4, device=device) * 2 - 1, (height, width), mode="bicubic")
    image = image * (1 + config.bias_field * torch.rand(n, 1, 1, 1, device=device) * field)

    smooth = F.avg_pool2d(F.pad(image, (1, 1, 1, 1), mode="replicate"), 3, stride=1)
    image = torch.where(chosen(config.blur), torch.lerp(image, smooth, torch.rand(n, 1, 1, 1, device=device)), image)
    coarse = F.interpolate(image, scale_factor=0.5, mode="bilinear", antialias=True)
    coarse = F.interpolate(coarse, (height, width), mode="bilinear")
    image = torch.where(chosen(config.resolution), coarse, image)
    return image + config.noise * torch.rand(n, 1, 1, 1, device=device) * torch.randn_like(image)


def normalise(image: Tensor) -> Tensor:
    """Each image to [0, 255] between its percentiles 0.5 and 99.5, as `imaging.grid.normalise` does for prediction."""
    flat = image.flatten(1)
    last = flat.shape[1] - 1
    # The nearest rank, not interpolated: selecting is several times as fast as the sort that `quantile` does.
    low, high = (flat.kthvalue(1 + round(share * last), dim=1).values[:, None, None, None] for share in (0.005, 0.995))
    return ((image - low) / (high - low).clamp(min=1e-6)).clamp(0, 1) * 255


def augment(batch: RawBatch, config: AugmentationConfig, *, size: int = 128) -> tuple[Tensor, Tensor, Tensor]:
    """Acquired slices to training images.

    Args:
        batch: Slices with their truth.
        config: How far to vary them.
        size: Rows and columns of the grid, 1 mm pixels.

    Returns:
        Images `(N, 1, size, size)` in [0, 255], masks `(N, 1, size, size)` of 0 and 1, and `(N,)` bool: the crop holds
        at least half of the slice's myocardium at about its own size, so that its label can be told.
    """
    grid, scale = sampling_grid(batch, config, size)
    image = F.grid_sample(batch.image, grid, mode="bilinear", padding_mode="zeros", align_corners=False)
    mask = F.grid_sample(batch.mask, grid, mode="bilinear", padding_mode="zeros", align_corners=False)
    mask = (mask > 0.5).to(image.dtype)
    image = normalise(image)
    if config != NO_AUGMENTATION:
        image = normalise(vary_contrast(image / 255, config))
    area = batch.mask.sum(dim=(1, 2, 3)) * batch.pixel_mm.prod(dim=1) * scale**2
    whole = (area > 0) & (mask.sum(dim=(1, 2, 3)) >= 0.5 * area)
    return image, mask, whole & (scale.log().abs() <= config.label_log_scale + 1e-6)
