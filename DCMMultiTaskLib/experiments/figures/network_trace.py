"""What the network is made of, read from the network itself: shapes from a pass through it, kernels from its layers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn

from DCMMultiTaskLib.networks.config import NetworkConfig
from DCMMultiTaskLib.networks.multitask import MultiTaskNetwork

Shape = tuple[int, ...]


@dataclass(frozen=True)
class Block:
    """A part of the network that a picture shows.

    Attributes:
        name: Its attribute path in `MultiTaskNetwork`, for instance `recovery.steps.0`.
        operations: Its convolutions in order, in words.
        input_shape: `C x H x W` of its (first) input.
        shape: `C x H x W` of its output; `()` for the logit.
        parameters: Trainable parameters.
        part: Whether it lies within another block of the trace.
    """

    name: str
    operations: tuple[str, ...]
    input_shape: Shape
    shape: Shape
    parameters: int
    part: bool = False


def trace(config: NetworkConfig, size: int = 128) -> list[Block]:
    """Build the network, send one image through it and note its blocks, in the order in which they are defined.

    The pass is made on PyTorch's `meta` device, which knows shapes and does not compute.

    Args:
        config: Any configuration of the network.
        size: Height and width of the image, a multiple of 16.
    """
    with torch.device("meta"):
        network = MultiTaskNetwork(config).eval()
        image = torch.zeros(1, 1, size, size)
    modules = _blocks(network)
    shapes: dict[str, tuple[Shape, Shape]] = {}

    def note(name: str) -> Any:
        def hook(_: nn.Module, inputs: tuple[Tensor, ...], output: Tensor) -> None:
            shapes[name] = tuple(inputs[0].shape[1:]), tuple(output.shape[1:])

        return hook

    hooks = [module.register_forward_hook(note(name)) for name, module in modules.items()]
    with torch.inference_mode():
        network(image)
    for hook in hooks:
        hook.remove()
    return [
        Block(
            name=name,
            operations=operations(module),
            input_shape=shapes[name][0],
            shape=shapes[name][1],
            parameters=sum(p.numel() for p in module.parameters() if p.requires_grad),
            part=any(name.startswith(f"{other}.") for other in modules),
        )
        for name, module in modules.items()
    ]


def operations(module: nn.Module) -> tuple[str, ...]:
    """The module's convolutions and linear layers in order: "conv 3×3", "deconv 7×7 per channel", "linear"."""
    words = []
    for layer in module.modules():
        if isinstance(layer, nn.Conv2d | nn.ConvTranspose2d):
            kind = "deconv" if isinstance(layer, nn.ConvTranspose2d) else "conv"
            height, width = layer.kernel_size
            per_channel = " per channel" if layer.groups == layer.in_channels > 1 else ""
            words.append(f"{kind} {height}×{width}{per_channel}")
        elif isinstance(layer, nn.Linear):
            words.append("linear")
    return tuple(words)


def in_words(words: tuple[str, ...]) -> str:
    """Operations with repeats counted: "2 × conv 3×3, conv 1×1"."""
    counted: list[tuple[str, int]] = []
    for word in words:
        if counted and counted[-1][0] == word:
            counted[-1] = (word, counted[-1][1] + 1)
        else:
            counted.append((word, 1))
    return ", ".join(word if count == 1 else f"{count} × {word}" for word, count in counted)


def in_size(shape: Shape) -> str:
    """A shape as the picture writes it: "16 × 128 × 128"."""
    return " × ".join(map(str, shape))


def in_numbers(parameters: int) -> str:
    """A count of parameters, rounded for reading: "21.6 M", "336"."""
    for factor, unit in ((1_000_000, " M"), (1_000, " k")):
        if parameters >= factor:
            number = parameters / factor
            return f"{number:.0f}{unit}" if number >= 99.95 else f"{number:.3g}{unit}"
    return str(parameters)


def pooling(before: Block, after: Block) -> str:
    """The max pooling between two blocks, in words; empty where the size stays."""
    if not before.shape or before.shape[-1] == after.input_shape[-1]:
        return ""
    factor = -(-before.shape[-1] // after.input_shape[-1])
    return f"max pool {factor}×{factor}"


def _blocks(network: MultiTaskNetwork) -> dict[str, nn.Module]:
    """The modules that a reader of section 3.1 looks for."""
    wanted = {f"extraction.stages.{n}": stage for n, stage in enumerate(network.extraction.stages)}
    wanted |= {f"extraction.residual_units.{n}": unit for n, unit in enumerate(network.extraction.residual_units)}
    if "dcm" in network.config.tasks:
        for number, module in enumerate(network.attention.modules_in_order):
            name = f"attention.modules_in_order.{number}"
            parts = {"": module, ".trunk": module.get_submodule("trunk")}
            for branch in ("encoder", "decoder"):
                parts |= {f".{branch}.{n}": step for n, step in module.get_submodule(branch).named_children()}
            parts[".mask_head"] = module.get_submodule("mask_head")
            wanted |= {f"{name}{part}": block for part, block in parts.items()}
        wanted["classifier"] = network.classifier
    if "mask" in network.config.tasks:
        wanted |= {f"recovery.steps.{n}": step for n, step in enumerate(network.recovery.steps)}
        wanted["recovery.head"] = network.recovery.head
    return wanted
