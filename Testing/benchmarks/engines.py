"""Whether the network runs faster another way, and what that costs at the start; a part of `make bench`.

OpenVINO 2026.4.1 is not among them: it crashes while it compiles this network (AMD EPYC with AVX-512).
"""

from __future__ import annotations

import copy
import time
from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor, nn

from DCMMultiTaskLib.inference.package import load_package, shipped_model

SLICES, SIDE = 12, 128
Logits = Callable[[Tensor], Tensor]


def contiguous(network: nn.Module) -> Logits:
    """PyTorch with the channels first, as it comes."""
    network = copy.deepcopy(network).to(memory_format=torch.contiguous_format)
    return lambda images: network(images.contiguous()).mask_logits


def compiled(network: nn.Module) -> Logits:
    """`torch.compile`, channels last."""
    fast = torch.compile(network)
    return lambda images: fast(images.contiguous(memory_format=torch.channels_last)).mask_logits


ENGINES: dict[str, Callable[[nn.Module], Logits]] = {
    "PyTorch, channels first": contiguous,
    "torch.compile": compiled,
}


def measure(clock: Callable[[], float], rounds: int) -> dict[str, Any]:
    """Each engine in turn with ours on 12 slices.

    Returns:
        By engine: pairs of seconds (ours, its), the seconds until its first result, and how far its logits are apart.
    """
    network = load_package(shipped_model()).build_network().eval().to(memory_format=torch.channels_last)
    images = torch.rand(SLICES, 1, SIDE, SIDE) * 255

    def ours() -> Tensor:
        return network(images.contiguous(memory_format=torch.channels_last)).mask_logits

    found: dict[str, Any] = {}
    with torch.inference_mode():
        wanted = ours()
        for name, prepare in ENGINES.items():
            began = time.perf_counter()
            try:
                other = prepare(network)
                apart = float((other(images) - wanted).abs().max())
            except Exception as error:  # what an engine that is not installed, or has no compiler, raises
                found[name] = {"failed": f"{type(error).__name__}: {error}"}
                continue
            start = time.perf_counter() - began
            pairs = []
            for _ in range(3 + 4 * rounds):
                times = [clock()]
                for run in (ours, lambda other=other: other(images)):
                    run()
                    times.append(clock())
                pairs.append([times[1] - times[0], times[2] - times[1]])
            found[name] = {"pairs": pairs[3:], "start": start, "apart": apart}
    return found
