"""Starting a training from a trained network's weights, of the same settings or of ones that differ in a part."""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import Tensor, nn

from DCMMultiTaskLib.errors import InputError


def start_from(network: nn.Module, weights: Mapping[str, Tensor]) -> list[str]:
    """Take over the weights that fit; what does not stays as it was initialised.

    A convolution that gets both of two maps where the trained one got their sum takes its kernel twice: it then gives
    what the trained one gave.

    Args:
        network: Changed in place.
        weights: A trained network's state.

    Returns:
        Names of the weights that start anew.

    Raises:
        InputError: Less than half of the network's weights are there.
    """
    state = network.state_dict()
    taken = {}
    for name, own in state.items():
        trained = weights.get(name)
        if trained is None:
            continue
        if trained.shape == own.shape:
            taken[name] = trained
        elif trained.ndim == own.ndim == 4 and torch.cat([trained, trained], dim=1).shape == own.shape:
            taken[name] = torch.cat([trained, trained], dim=1)
    if 2 * sum(t.numel() for t in taken.values()) < sum(t.numel() for t in state.values()):
        raise InputError("The model to start from is another network; less than half of its weights fit.")
    network.load_state_dict({**state, **taken})
    return [name for name in state if name not in taken]
