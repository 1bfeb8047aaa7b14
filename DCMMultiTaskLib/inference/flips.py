"""Test-time augmentation: the views in which the network sees a slice, and the way back."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from torch import Tensor

# Each acts on the last two axes; (there, back).
FLIPS: dict[str, tuple[Callable[[Tensor], Tensor], Callable[[Tensor], Tensor]]] = {
    "none": (lambda x: x, lambda x: x),
    "horizontal": (lambda x: x.flip(-1), lambda x: x.flip(-1)),
    "vertical": (lambda x: x.flip(-2), lambda x: x.flip(-2)),
    "transpose": (lambda x: x.transpose(-1, -2), lambda x: x.transpose(-1, -2)),
    "rotate90": (lambda x: x.rot90(1, (-2, -1)), lambda x: x.rot90(-1, (-2, -1))),
    "rotate180": (lambda x: x.flip((-2, -1)), lambda x: x.flip((-2, -1))),
    "rotate270": (lambda x: x.rot90(-1, (-2, -1)), lambda x: x.rot90(1, (-2, -1))),
}
