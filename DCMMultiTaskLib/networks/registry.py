"""Networks by name."""

from __future__ import annotations

from collections.abc import Callable

from torch import nn

from DCMMultiTaskLib.networks.config import NetworkConfig
from DCMMultiTaskLib.networks.multitask import MultiTaskNetwork

# A network takes (N, 1, H, W) and gives a NetworkOutput. A new one is one file and one line here.
NETWORKS: dict[str, Callable[[NetworkConfig], nn.Module]] = {"multitask": MultiTaskNetwork}


def build(name: str, config: NetworkConfig) -> nn.Module:
    """The network called `name`.

    Raises:
        ValueError: No such network.
    """
    if name not in NETWORKS:
        raise ValueError(f"no network {name!r}; there are {', '.join(NETWORKS)}")
    return NETWORKS[name](config)


def count_parameters(network: nn.Module) -> int:
    """Trainable parameters."""
    return sum(p.numel() for p in network.parameters() if p.requires_grad)
