"""The attention path in the network's picture: its modules at the bottom, and one of them in detail above."""

from __future__ import annotations

from collections.abc import Sequence

from DCMMultiTaskLib.experiments.figures.network_canvas import LEAN, NetworkCanvas, Scale
from DCMMultiTaskLib.experiments.figures.network_trace import Block, in_numbers, in_size, in_words, pooling
from DCMMultiTaskLib.report.style import GREY, INK, ORANGE, TEXT

ATTENTION, MASK = ORANGE, "#F2CE85"
# Inches: the detail's height above the path, and its size; length of the path.
ABOVE, DETAIL, LENGTH = 0.54, (2.58, 3.86), 3.55


def draw_attention_path(
    canvas: NetworkCanvas, scale: Scale, blocks: Sequence[Block], start: tuple[float, float], beside: float
) -> None:
    """Draw the modules and the classifier to the right of `start`, and the detail above them.

    Args:
        canvas: What to draw on.
        scale: Sizes of the blocks.
        blocks: The trace.
        start: Where the features come from, at half height of the blocks.
        beside: How far to the right the detail begins.
    """
    x, y = start
    modules = [b for b in blocks if b.name.startswith("attention.") and not b.part]
    classifier = next(b for b in blocks if b.name == "classifier")
    pitch = min(0.74, 1.48 / max(len(modules), 1))
    left = x + 0.42
    end = left + pitch * len(modules) + 0.3
    canvas.arrow([start, (end, y)], GREY)
    for number, block in enumerate(modules):
        width, height = scale.extent(block.shape)
        width = min(width, pitch - 0.12)
        place = left + pitch * (number + 0.5) - width / 2
        if number == 0:
            corner = (x + beside, y + ABOVE)
            top = y + height / 2 + LEAN[1] * height
            canvas.area([(place, top), (place + width, top), (corner[0] + DETAIL[0], corner[1]), corner], ATTENTION)
            _draw_detail(canvas, scale, [b for b in blocks if b.name.startswith(f"{block.name}.")], *corner)
        canvas.block(place, y - height / 2, width, height, ATTENTION)
    below = y - 0.36
    if modules:
        words = f"{len(modules)} Attention Module" + ("s" if len(modules) > 1 else "")
        lines = [words, "H = (1 + M) T", in_size(modules[-1].shape)]
        canvas.text(left + pitch * len(modules) / 2, below, lines, align="center")
    canvas.block(end + 0.02, y - 0.15, 0.09, 0.3, GREY)
    canvas.arrow([(end + 0.16, y), (end + 0.46, y)], GREY)
    canvas.text(end + 0.52, y, ["DCM logit"], title=ATTENTION, points=TEXT)
    pooled = classifier.input_shape[0]
    canvas.text(
        end + 0.08,
        below,
        ["Classifier", "global average,", f"{in_words(classifier.operations)} {pooled} → 1"],
        align="center",
    )


def _draw_detail(canvas: NetworkCanvas, scale: Scale, parts: Sequence[Block], x: float, y: float) -> None:
    """One module: the trunk T at the left, the mask branch M at the right, from below to above."""
    canvas.frame(x, y, *DETAIL, ATTENTION)
    canvas.text(x + 0.12, y + DETAIL[1] - 0.15, ["Attention Module"], title=INK, points=TEXT)
    trunk = next(b for b in parts if b.name.endswith(".trunk"))
    weights = f"{in_numbers(sum(b.parameters for b in parts))} parameters"
    canvas.text(x + DETAIL[0] - 0.12, y + DETAIL[1] - 0.15, [weights], align="right", title=None)
    steps = [b for b in parts if ".encoder." in b.name or ".decoder." in b.name or b.name.endswith(".mask_head")]
    left, right = x + 0.42, x + 1.44
    bottom, top = y + 0.14, y + DETAIL[1] - 0.62
    fork = bottom + 0.12
    canvas.line([(left, bottom - 0.14), (left, fork)], GREY)
    canvas.arrow([(left, fork), (left, top - 0.075)], GREY)
    pitch = (top - fork - 0.1) / len(steps)
    canvas.line([(left, fork), (right, fork), (right, top)], GREY)
    canvas.arrow([(right, top), (left + 0.075, top)], GREY)
    before = trunk
    for number, block in enumerate(steps):
        width, height = scale.extent(block.shape, part=0.75)
        centre = fork + pitch * (number + 0.62)
        width = min(width, 0.5)
        canvas.block(right - width / 2, centre - height / 2, width, height, MASK)
        lines = in_words(block.operations).replace(" per", ", per").split(", ")
        pooled = pooling(before, block)
        before = block
        canvas.text(right + 0.34, centre, [*([pooled] if pooled else []), *lines, in_size(block.shape)], title=None)
    width, height = scale.extent(trunk.shape, part=0.75)
    middle = (fork + top) / 2
    count = len(trunk.operations)
    step = min(0.26, 1.3 / max(1, count))
    lines = ["Trunk T", in_words(trunk.operations) or "as it is", in_size(trunk.shape)]
    canvas.text(left + 0.1, middle - step * count / 2 - 0.32, lines)
    for number in range(count):
        canvas.block(
            left - min(width, 0.5) / 2,
            middle + step * (number - count / 2),
            min(width, 0.5),
            min(height, step - 0.04),
            ATTENTION,
        )
    canvas.joint(left, top, "×")
    canvas.joint(right, top, "σ")
    canvas.arrow([(left, top + 0.075), (left, top + 0.3)], GREY)
    canvas.text(left + 0.12, top + 0.22, ["H = (1 + M) T"])
    canvas.text(right + 0.13, top, ["Mask M"])
    canvas.text((left + right) / 2 + 0.05, top - 0.1, ["1 + M"], align="center", title=None)
