"""The paper's Fig. 4: the network, drawn from the network itself."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from pathlib import Path

import numpy as np

from DCMMultiTaskLib.experiments.figures.network_attention import ATTENTION, DETAIL, LENGTH, draw_attention_path
from DCMMultiTaskLib.experiments.figures.network_canvas import LEAN, NetworkCanvas, Scale
from DCMMultiTaskLib.experiments.figures.network_trace import Block, in_numbers, in_size, in_words, pooling, trace
from DCMMultiTaskLib.networks.config import NetworkConfig
from DCMMultiTaskLib.phantom import make_phantom
from DCMMultiTaskLib.report.style import BLUE, GREEN, GREY, SKY, TITLE, VERMILION

EXTRACTION, UNITS, RECOVERY, POOLING = BLUE, SKY, GREEN, VERMILION
# Inches: centre of the extraction path, distance to the recovery path, between levels, below the lowest level, side of
# the pictures of image and mask, and their distance from the blocks below.
LEFT, ACROSS, GAP, FOOT, PICTURE, LIFT = 1.72, 2.1, 0.44, 1.3, 0.66, 0.5
# Recovery blocks stand higher than their level, so that the sum below them is at the height of the skip.
RAISED = 0.22


def draw_network(config: NetworkConfig, path: Path, size: int = 128) -> None:
    """Draw the network of any configuration: what is drawn and written there is read from the network.

    The file carries the trace as text, so that a test can tell that a picture is still that of the code.

    Args:
        config: Of the network.
        path: The PNG.
        size: Height and width of the image, a multiple of 16.

    Raises:
        InputError: The file cannot be written.
    """
    lay_out(config, size).save(path, description=describe(config, size))


def describe(config: NetworkConfig, size: int = 128) -> str:
    """What is drawn, as text: a line for each block."""
    return "\n".join(
        f"{b.name}: {', '.join(b.operations)}: {b.input_shape} to {b.shape}, {b.parameters}"
        for b in trace(config, size)
    )


def lay_out(config: NetworkConfig, size: int = 128) -> NetworkCanvas:
    """The picture, not written yet."""
    blocks = trace(config, size)
    scale = Scale(size, config.width)
    stages = [b for b in blocks if b.name.startswith("extraction.stages.")]
    units = [b for b in blocks if b.name.startswith("extraction.residual_units.")]
    segments, classifies = "mask" in config.tasks, "dcm" in config.tasks
    floors = _floors(scale, [b.shape for b in stages])
    top = floors[0] + scale.extent(stages[0].shape)[1] + LIFT
    centre = FOOT + _lowest(scale, stages[-1].shape) / 2
    join = LEFT + ACROSS
    # Where the detail of the attention path begins: beside the recovery path, or in its place.
    beside = 1.2 if segments else 0.3
    right = join + (max(beside + DETAIL[0], LENGTH) + 0.08 if classifies else 1.75)
    canvas = NetworkCanvas(right, top + PICTURE + 0.5)
    picture, mask = _example()
    canvas.image(LEFT - PICTURE / 2, top, PICTURE, picture)
    _draw_stages(canvas, scale, stages, floors, top)
    _draw_units(canvas, scale, units, (floors[-1], centre), join)
    if classifies:
        draw_attention_path(canvas, scale, blocks, (join, centre), beside)
    if segments:
        _draw_recovery(canvas, scale, blocks, stages, floors, (join, centre, top))
        canvas.image(join - PICTURE / 2, top, PICTURE, mask)
    _draw_headings(canvas, blocks, top + PICTURE + 0.28, (LEFT, join, join + beside + DETAIL[0] / 2))
    _draw_legend(canvas, config, blocks)
    return canvas


def _lowest(scale: Scale, shape: tuple[int, ...]) -> float:
    """Height of the level below the last stage, in inches."""
    return scale.extent((1, max(1, shape[1] // 2)))[1]


def _floors(scale: Scale, shapes: Sequence[tuple[int, ...]]) -> list[float]:
    """Lower edges of the levels, in inches, from full size down."""
    lowest = FOOT + _lowest(scale, shapes[-1]) + GAP
    floors = []
    for shape in reversed(shapes):
        floors.append(lowest)
        lowest += scale.extent(shape)[1] + GAP
    return floors[::-1]


@cache
def _example() -> tuple[np.ndarray, np.ndarray]:
    """A synthetic slice and its myocardium, `(96, 96)` in [0, 1]."""
    study = make_phantom(2007, dilated=True, scar="none", matrix=(192, 256))
    middle = study.volume.array.shape[0] // 2
    image, truth = study.volume.array[middle].astype(float), study.truth.array[middle]
    row, column = (int(np.mean(places)) for places in np.nonzero(truth))
    window = (slice(max(0, row - 48), row + 48), slice(max(0, column - 48), column + 48))
    return np.clip(image[window] / np.percentile(image[window], 99), 0, 1), (truth[window] == 1).astype(float)


def _draw_stages(
    canvas: NetworkCanvas, scale: Scale, stages: Sequence[Block], floors: Sequence[float], image_at: float
) -> None:
    top = floors[0] + scale.extent(stages[0].shape)[1]
    canvas.arrow([(LEFT, image_at), (LEFT, top + LEAN[1] * 0.72 + 0.02)], GREY)
    canvas.text(LEFT - 0.54, image_at + PICTURE / 2, ["Image", in_size(stages[0].input_shape)], align="right")
    for number, (block, floor) in enumerate(zip(stages, floors, strict=True)):
        width, height = scale.extent(block.shape)
        count = len(block.operations)
        width = min(width, (0.92 - 0.04 * count) / count)
        whole = count * width + (count - 1) * 0.04
        for slab in range(count):
            canvas.block(LEFT - whole / 2 + slab * (width + 0.04), floor, width, height, EXTRACTION)
        lines = [f"Stage {number + 1}", in_words(block.operations), in_size(block.shape)]
        canvas.text(LEFT - 0.54, floor + height / 2, lines, align="right")
        if number:
            above = floors[number - 1]
            canvas.arrow([(LEFT, above), (LEFT, floor + height * (1 + LEAN[1]) + 0.02)], POOLING, width=1.8)


def _draw_units(
    canvas: NetworkCanvas, scale: Scale, units: Sequence[Block], heights: tuple[float, float], join: float
) -> None:
    floor, y = heights
    if not units:
        canvas.arrow([(LEFT, floor), (LEFT, y)], POOLING, width=1.8)
        canvas.line([(LEFT, y), (join, y)], GREY)
        return
    pitch = min(0.74, (join - 0.6 - LEFT) / max(len(units) - 1, 1))
    width, height = scale.extent(units[-1].shape)
    width = min(width, pitch - 0.12)
    canvas.arrow([(LEFT, floor), (LEFT, y + height * (0.5 + LEAN[1]) + 0.02)], POOLING, width=1.8)
    canvas.line([(LEFT, y), (join, y)], GREY)
    for number in range(len(units)):
        canvas.block(LEFT + number * pitch - width / 2, y - height / 2, width, height, UNITS)
    # After its two convolutions a unit has a projection of its input, if any.
    words, extra = in_words(units[0].operations[:2]), in_words(units[0].operations[2:])
    lines = [
        f"{len(units)} residual unit" + ("s" if len(units) > 1 else ""),
        f"{words} + input" + (f" (first: + {extra} of input)" if extra else ""),
        in_size(units[-1].shape),
    ]
    canvas.text(LEFT + (len(units) - 1) * pitch / 2, y - 0.36, lines, align="center")


def _draw_recovery(
    canvas: NetworkCanvas,
    scale: Scale,
    blocks: Sequence[Block],
    stages: Sequence[Block],
    floors: Sequence[float],
    place: tuple[float, float, float],
) -> None:
    x, below, mask_at = place
    for number, block in enumerate(b for b in blocks if b.name.startswith("recovery.steps.")):
        level = len(stages) - 1 - number
        width, height = scale.extent(block.shape)
        floor, sum_at = floors[level], floors[level] + 0.07
        canvas.arrow([(x, below), (x, sum_at - 0.075)], RECOVERY, width=1.8)
        skip_width = len(stages[level].operations) * (scale.extent(stages[level].shape)[0] + 0.04) / 2
        canvas.arrow([(LEFT + min(skip_width, 0.48), sum_at), (x - 0.075, sum_at)], EXTRACTION, width=1.0)
        canvas.joint(x, sum_at, "+")
        canvas.line([(x, sum_at + 0.075), (x, floor + RAISED)], GREY)
        canvas.block(x - width / 2, floor + RAISED, width, height, RECOVERY)
        lines = [f"Step {number + 1}", *in_words(block.operations).split(", "), in_size(block.shape)]
        canvas.text(x + 0.36, floor + RAISED / 2 + height / 2, lines)
        below = floor + RAISED + height * (1 + LEAN[1])
    head = next(b for b in blocks if b.name == "recovery.head")
    canvas.arrow([(x, below), (x, mask_at)], GREY)
    lines = ["Myocardium logits", in_words(head.operations), in_size(head.shape)]
    canvas.text(x + PICTURE / 2 + 0.1, mask_at + PICTURE / 2, lines)


def _draw_headings(canvas: NetworkCanvas, blocks: Sequence[Block], y: float, places: Sequence[float]) -> None:
    """Name and parameters of each path."""
    paths = (
        ("Extraction path", ("extraction.",), EXTRACTION),
        ("Recovery path", ("recovery.",), RECOVERY),
        ("Attention path", ("attention.", "classifier"), ATTENTION),
    )
    for x, (title, names, colour) in zip(places, paths, strict=True):
        parameters = [block.parameters for block in blocks if block.name.startswith(names) and not block.part]
        if parameters:
            total = f"{in_numbers(sum(parameters))} parameters"
            canvas.text(x, y + 0.06, [title], align="center", title=colour, points=TITLE)
            canvas.text(x, y - 0.1, [total], align="center", title=None)


def _draw_legend(canvas: NetworkCanvas, config: NetworkConfig, blocks: Sequence[Block]) -> None:
    """What the arrows and the blocks' sizes mean, and the network's name and size."""
    stages = [block for block in blocks if block.name.startswith("extraction.stages.")]
    arrows = [(pooling(*stages[:2]), POOLING, 1.8)]
    if "mask" in config.tasks:
        skip = "skip, concatenated" if config.recovery_skip == "concatenation" else "skip, summed"
        arrows += [("deconvolution", RECOVERY, 1.8), (skip, EXTRACTION, 1.0)]
    x = 0.12
    for words, colour, width in arrows:
        canvas.arrow([(x, 0.54), (x + 0.24, 0.54)], colour, width=width)
        canvas.text(x + 0.31, 0.54, [words], title=None)
        x += 0.5 + 0.062 * len(words)
    total = in_numbers(sum(block.parameters for block in blocks if not block.part))
    lines = [
        f"conv: with {config.normalisation} normalisation and ReLU, except before σ and the logits.",
        f"Blocks: height for resolution, width for channels. {config.name}, C = {config.width}: {total} parameters.",
    ]
    canvas.text(0.12, 0.25, lines, title=None)
