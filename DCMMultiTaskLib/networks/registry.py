"""Networks by name."""

from __future__ import annotations

import importlib.util
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from torch import nn

from DCMMultiTaskLib.networks.comparison.deeplabv3 import DeepLabV3
from DCMMultiTaskLib.networks.comparison.fcn8s import FCN8s
from DCMMultiTaskLib.networks.comparison.residual_attention import ResidualAttentionNetwork
from DCMMultiTaskLib.networks.comparison.resnet import resnet50, resnet101
from DCMMultiTaskLib.networks.comparison.segnet import SegNet
from DCMMultiTaskLib.networks.comparison.unet import UNet
from DCMMultiTaskLib.networks.comparison.vgg import VGG16
from DCMMultiTaskLib.networks.config import PRESETS, TASKS, NetworkConfig
from DCMMultiTaskLib.networks.multitask import MultiTaskNetwork


@dataclass(frozen=True)
class Entry:
    """A network of the registry.

    Attributes:
        build: From a configuration to a network that takes `(N, 1, H, W)` in [0, 255] and gives a `NetworkOutput`.
        title: What tables call it.
        tasks: What it can do, of `config.TASKS`.
        width: Base width as published.
    """

    build: Callable[[NetworkConfig], nn.Module]
    title: str
    tasks: tuple[str, ...] = TASKS
    width: int = 16

    def config(self, name: str, *, width: int | None = None) -> NetworkConfig:
        """A configuration of this network, at the published width unless another is given."""
        return NetworkConfig(name=name, tasks=self.tasks, width=width or self.width)


# A new network is one file and one line here, or a file of the user's own (`load_network_file`).
NETWORKS: dict[str, Entry] = {
    "multitask": Entry(MultiTaskNetwork, "Multi-task attention network (Luo et al. 2020)"),
    "unet": Entry(UNet, "U-Net", tasks=("mask",), width=64),
    "segnet": Entry(SegNet, "SegNet", tasks=("mask",), width=64),
    "deeplabv3": Entry(DeepLabV3, "DeepLabV3", tasks=("mask",), width=64),
    "fcn8s": Entry(FCN8s, "FCN-8s", tasks=("mask",), width=64),
    "residual_attention": Entry(ResidualAttentionNetwork, "Residual attention network", tasks=("dcm",), width=64),
    "resnet50": Entry(resnet50, "ResNet-50", tasks=("dcm",), width=64),
    "resnet101": Entry(resnet101, "ResNet-101", tasks=("dcm",), width=64),
    "vgg16": Entry(VGG16, "VGG-16", tasks=("dcm",), width=64),
}


def build(name: str, config: NetworkConfig) -> nn.Module:
    """The network called `name`.

    Raises:
        ValueError: No such network.
    """
    if name not in NETWORKS:
        raise ValueError(f"no network {name!r}; there are {', '.join(NETWORKS)}")
    return NETWORKS[name].build(config)


def load_network_file(path: Path) -> str:
    """Add the network of a user's own Python file to the registry, under the file's stem.

    The file defines `NETWORK`, an `Entry`. It is run: load only files that you would run yourself.

    Returns:
        The network's name.

    Raises:
        ValueError: The file cannot be loaded or has no `NETWORK`, or its name is taken.
    """
    name = path.stem
    if name in NETWORKS or name in PRESETS:
        raise ValueError(f"there is a network {name!r} already; give the file {path.name} another name")
    if not name.isidentifier():
        raise ValueError(f"the name of {path.name} becomes the network's; use letters, digits and underscores alone")
    spec = importlib.util.spec_from_file_location(f"dcm_multitask_network_{name}", path)
    if spec is None or spec.loader is None:
        raise ValueError(f"{path} is not a Python file")
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module  # where dataclasses look for the file's names
    try:
        spec.loader.exec_module(module)
    except Exception as error:  # whatever the user's own lines raise
        raise ValueError(f"{path} cannot be loaded: {type(error).__name__}: {error}") from error
    entry = getattr(module, "NETWORK", None)
    if not isinstance(entry, Entry):
        raise ValueError(f"{path} does not define NETWORK = Entry(...) of DCMMultiTaskLib.networks.registry")
    NETWORKS[name] = entry
    return name


def count_parameters(network: nn.Module) -> int:
    """Trainable parameters."""
    return sum(p.numel() for p in network.parameters() if p.requires_grad)
