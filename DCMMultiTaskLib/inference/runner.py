"""The network on batches of slices, giving way when memory runs out."""

from __future__ import annotations

import math
import time
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from DCMMultiTaskLib.errors import InputError
from DCMMultiTaskLib.inference.flips import FLIPS
from DCMMultiTaskLib.inference.tensors import array_of, tensor_of

# The batch size is meant for slices of this many pixels; of larger ones fewer go at a time.
REFERENCE_PIXELS = 128 * 128
# On a CPU that gains less by bfloat16 the numbers stay exact.
LEAST_GAIN = 1.2

ACTIVATIONS = ("class", "attention-1", "attention-2")
"""Maps of where the network looks: class activation, the mask M of the first and of the second Attention Module."""


@dataclass(frozen=True, eq=False)
class Maps:
    """What the network says of B slices.

    Attributes:
        myocardium: Probabilities, float32 `(B, H, W)`.
        dcm_logit: float32 `(B,)`; NaN from a network that does not classify.
        activation: A map of `ACTIVATIONS` at the network's own resolution, float32 `(B, H / 16, W / 16)`; None unless
            asked for. Attention is averaged over the channels.
    """

    myocardium: np.ndarray
    dcm_logit: np.ndarray
    activation: np.ndarray | None


class Runner:
    """A network on a device.

    When memory runs out the batch is halved; when a single slice does not fit, the rest is done on the CPU and `notes`
    says so.

    Attributes:
        device: Where it runs now.
        pixels: The most pixels at a time, now.
        notes: Sentences that the user has to see.
        seconds: Time spent in the network.
    """

    def __init__(
        self, network: nn.Module, device: torch.device, *, batch_size: int = 16, mixed_precision: bool = False
    ) -> None:
        # Any: parts by name (classifier, attention) are asked for, which torch's Module does not declare.
        self.network: Any = network.to(device)
        self.device = device
        self.pixels = batch_size * REFERENCE_PIXELS
        self.mixed_precision = mixed_precision and _half_precision_pays(self.network, device)
        self.notes: list[str] = []
        self.seconds = 0.0

    def slices_per_batch(self, height: int, width: int) -> int:
        """How many slices of this size go at a time."""
        return max(1, self.pixels // (height * width))

    def __call__(self, images: np.ndarray, *, flips: Sequence[str] = ("none",), activation: str = "") -> Maps:
        """Run slices, in as many batches as memory asks for.

        Args:
            images: `(B, 1, H, W)` in [0, 255], H and W multiples of 16.
            flips: Views to average over, names in `flips.FLIPS`.
            activation: Also give this map of `ACTIVATIONS`.

        Raises:
            InputError: Not even the CPU has the memory for one slice, or the network has no mask or no such map.
        """
        if activation == "class" and not hasattr(getattr(self.network, "classifier", None), "activation_map"):
            raise InputError("This model has no class activation map.")
        began = time.perf_counter()
        parts = []
        start = 0
        while start < len(images):
            size = self.slices_per_batch(*images.shape[2:])
            maps = self._try(images[start : start + size], flips, activation)
            if maps is None:
                self._give_way(*images.shape[2:])
            else:
                parts.append(maps)
                start += size
        self.seconds += time.perf_counter() - began
        if len(parts) == 1:
            return parts[0]
        return Maps(
            np.concatenate([p.myocardium for p in parts]),
            np.concatenate([p.dcm_logit for p in parts]),
            np.concatenate([p.activation for p in parts if p.activation is not None]) if activation else None,
        )

    def _try(self, images: np.ndarray, flips: Sequence[str], activation: str) -> Maps | None:
        """One batch; None where memory ran out, with all that the attempt held already released."""
        try:
            with torch.inference_mode(), _reproducible(), self._precision():
                views = [self._view(tensor_of(images), name, activation) for name in flips]
        except (RuntimeError, MemoryError) as error:
            if _is_out_of_memory(error):
                return None
            raise
        masks, logits, activations = zip(*views, strict=True)
        return Maps(
            array_of(torch.stack(masks).mean(0)),
            array_of(torch.stack(logits).mean(0)),
            array_of(torch.stack(activations).mean(0)) if activation else None,
        )

    def _view(self, images: Tensor, flip: str, activation: str) -> tuple[Tensor, Tensor, Tensor]:
        there, back = FLIPS[flip]
        batch = there(images).to(self.device).contiguous(memory_format=torch.channels_last)
        with self._attention(activation) as attention:
            output = self.network(batch)
        if output.mask_logits is None:
            raise InputError("This model draws no mask, so it cannot be used here; a network with masks is needed.")
        mask = back(torch.sigmoid(output.mask_logits.float())[:, 0]).cpu()
        heat = torch.empty(0)
        if attention:
            heat = back(torch.sigmoid(attention[0].float()).mean(dim=1)).cpu()
        elif activation:
            heat = back(self.network.classifier.activation_map(output.attention_features).float()).cpu()
        logit = output.dcm_logit
        # A network that does not classify leaves the probabilities empty.
        return mask, torch.full((len(mask),), torch.nan) if logit is None else logit.float().cpu(), heat

    @contextmanager
    def _attention(self, activation: str) -> Iterator[list[Tensor]]:
        """Listen to an Attention Module: its mask M before the sigmoid, `(B, channels, h, w)`; empty for other maps."""
        heard: list[Tensor] = []
        if activation in ("", "class"):
            yield heard
            return
        modules = getattr(getattr(self.network, "attention", None), "modules_in_order", ())
        number = int(activation.removeprefix("attention-"))
        if number > len(modules):
            raise InputError(f"This model has no attention module {number}.")
        hook = modules[number - 1].mask_head.register_forward_hook(lambda _module, _input, mask: heard.append(mask))
        try:
            yield heard
        finally:
            hook.remove()

    def _precision(self) -> AbstractContextManager[object]:
        if not self.mixed_precision:
            return nullcontext()
        bf16 = self.device.type == "cpu" or (self.device.type == "cuda" and torch.cuda.is_bf16_supported())
        return torch.autocast(self.device.type, dtype=torch.bfloat16 if bf16 else torch.float16)

    def _give_way(self, height: int, width: int) -> None:
        """Halve the batch; from one slice on, go to the CPU."""
        if self.device.type == "cuda":
            torch.cuda.empty_cache()
        size = self.slices_per_batch(height, width)
        if size > 1:
            self.pixels = size // 2 * height * width
            return
        if self.device.type == "cpu":
            raise InputError(f"There is not enough memory for a slice of {height} x {width} pixels.")
        self.notes.append(f"The device {self.device} ran out of memory, so the rest was computed on the CPU.")
        self.device = torch.device("cpu")
        self.mixed_precision = False
        self.network = self.network.to(self.device)


@contextmanager
def _reproducible() -> Iterator[None]:
    """The same numbers every time: no search for the fastest kernel, no TensorFloat-32."""
    with torch.backends.cudnn.flags(enabled=True, benchmark=False, deterministic=True, allow_tf32=False):
        yield


def _half_precision_pays(network: nn.Module, device: torch.device) -> bool:
    """GPUs, Apple's only from PyTorch 2.5 on; CPUs where it was measured, since their flags do not tell."""
    if device.type == "cpu":
        return _bfloat16_gain(network) >= LEAST_GAIN
    try:
        torch.autocast(device.type, dtype=torch.float16)
    except RuntimeError:
        return False
    return True


@lru_cache(maxsize=4)
def _bfloat16_gain(network: nn.Module) -> float:
    """How many times as fast the network is with bfloat16 on this CPU; measured once per process, in turn."""
    images = torch.linspace(0, 255, 4 * 128**2).reshape(4, 1, 128, 128).contiguous(memory_format=torch.channels_last)
    fastest = {True: math.inf, False: math.inf}
    with torch.inference_mode():
        for number in range(8):
            half = number % 2 == 1
            began = time.perf_counter()
            with torch.autocast("cpu", dtype=torch.bfloat16, enabled=half):
                network(images)
            if number > 1:  # the first of both warms up
                fastest[half] = min(fastest[half], time.perf_counter() - began)
    return fastest[False] / fastest[True]


def _is_out_of_memory(error: Exception) -> bool:
    # MPS and the CPU's allocator raise a plain RuntimeError; torch.OutOfMemoryError is this class since PyTorch 2.5.
    words = str(error)
    return isinstance(error, torch.cuda.OutOfMemoryError | MemoryError) or any(
        phrase in words for phrase in ("out of memory", "can't allocate memory", "not enough memory")
    )
