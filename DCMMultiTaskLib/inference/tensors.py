"""From numpy to PyTorch and back without PyTorch's own bridge, which works only with the numpy it was compiled for.

Slicer on a Mac has numpy 2 and PyTorch 2.2, whose bridge is for numpy 1: there `torch.from_numpy` and `Tensor.numpy`
fail. DLPack, the exchange format that both read and write, does not depend on either's version.
"""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor


def tensor_of(array: np.ndarray) -> Tensor:
    """The array as a tensor on the CPU, with the same memory where it can be shared."""
    return torch.from_dlpack(np.require(array, requirements=["C", "W"]))


def array_of(tensor: Tensor) -> np.ndarray:
    """A copy of a tensor on the CPU as an array that may be written to."""
    return np.from_dlpack(tensor.detach().contiguous()).copy()
