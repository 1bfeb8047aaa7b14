"""Fig. 9: where the classifier looks, as class activation maps."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F

from DCMMultiTaskLib.report.style import INK, PAGE, SMALL, TEXT, new_figure, picture, save

COLOURS = "RdBu_r"
PANELS = ("(a) image", "(b) activation map", "(c) overlay")


def upsample(maps: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    """`(R, h, w)` to float32 `(R, *size)`, bilinearly."""
    tensor = torch.from_numpy(np.asarray(maps, dtype=np.float32))[:, None]
    return F.interpolate(tensor, size=size, mode="bilinear", align_corners=False)[:, 0].numpy()


def draw_activation(
    images: np.ndarray,
    maps: np.ndarray,
    probabilities: Sequence[float],
    rows: Sequence[str],
    positive: Sequence[bool] | np.ndarray,
    path: Path,
) -> None:
    """Draw image, map and overlay of each example, two examples side by side, negatives above, positives below.

    Args:
        images: `(R, H, W)` in [0, 255].
        maps: Each place's share of the DCM logit, `(R, h, w)`.
        probabilities: The network's probability of DCM, `(R,)`.
        rows: Caption of each example.
        positive: True class of each example, `(R,)`.
        path: The PNG.

    Raises:
        ValueError: There is not one of each for every example.
        InputError: The file cannot be written.
    """
    if len({len(images), len(maps), len(probabilities), len(rows), len(positive)}) != 1:
        raise ValueError("images, maps, probabilities, captions and classes differ in number.")
    classes = np.asarray(positive).astype(bool)
    lines: list[tuple[str, list[int]]] = []
    across = 2 if max(np.count_nonzero(classes), np.count_nonzero(~classes)) > 1 else 1
    for name, of_class in (("negative", np.flatnonzero(~classes)), ("positive", np.flatnonzero(classes))):
        lines += [(name, of_class[n : n + across].tolist()) for n in range(0, len(of_class), across)]
    width = PAGE if across == 2 else PAGE * 0.62
    left, right, top, caption, gap = 0.26, 0.62, 0.2, 0.2, 0.03
    group = (width - left - right - 0.12 * (across - 1)) / across
    side = group / 3 - gap
    line_height = side + caption + 0.04
    height = top + line_height * len(lines) + 0.04
    figure = new_figure(width, height, layout="none")

    large = upsample(maps, images.shape[1:])
    limit = float(np.nanmax(np.abs(large), initial=0.0)) or 1.0
    scale: dict[str, Any] = {"cmap": COLOURS, "vmin": -limit, "vmax": limit}
    centred: dict[str, Any] = {"ha": "center", "va": "center", "fontsize": TEXT, "color": INK}
    for line, (name, members) in enumerate(lines):
        bottom = height - top - (line + 1) * line_height + 0.04
        figure.text(0.13 / width, (bottom + side / 2) / height, name, rotation=90, **centred)
        for place, example in enumerate(members):
            start = left + place * (group + 0.12)
            words = f"{rows[example]}: DCM probability {probabilities[example]:.2f}"
            figure.text(start / width, (bottom + side + 0.05) / height, words, fontsize=SMALL, color=INK)
            for panel, title in enumerate(PANELS):
                box = (start + panel * (side + gap), bottom, side, side)
                axes = figure.add_axes(tuple(np.array(box) / (width, height, width, height)))
                picture(axes)
                if panel != 1:
                    axes.imshow(images[example], cmap="gray", vmin=0, vmax=255, interpolation="bilinear")
                if panel == 1:
                    axes.imshow(large[example], **scale)
                if panel == 2:
                    # What does not matter is left clear.
                    axes.imshow(large[example], alpha=0.85 * np.abs(large[example]) / limit, **scale)
                if line == 0:
                    figure.text((box[0] + side / 2) / width, 1 - 0.1 / height, title, **centred)
    bar_height = min(height - top - caption - 0.04, 2.4)
    bar = (width - right + 0.06, (height - top - caption - bar_height) / 2 + 0.02, 0.1, bar_height)
    axes = figure.add_axes(tuple(np.array(bar) / (width, height, width, height)))
    from matplotlib.cm import ScalarMappable
    from matplotlib.colors import Normalize

    figure.colorbar(ScalarMappable(Normalize(-limit, limit), COLOURS), cax=axes).outline.set_visible(False)
    axes.tick_params(labelsize=SMALL, length=2)
    axes.set_ylabel("← no DCM    share of logit    DCM →", fontsize=SMALL, color=INK)
    save(figure, path)
