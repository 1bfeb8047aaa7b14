"""The model package: one `.dcmmodel` file with the weights and everything that is needed to use and to judge them.

A zip with exactly three members: `weights.safetensors`, `model.json` and `MODEL_CARD.md`. Nothing is unpacked to disk
and nothing is ever unpickled.
"""

from __future__ import annotations

import hashlib
import io
import json
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from DCMMultiTaskLib.errors import InputError
from DCMMultiTaskLib.inference import safetensors_io
from DCMMultiTaskLib.inference.model_file import CARD, SETTINGS, SUFFIX, WEIGHTS, read_model_file, shipped_model
from DCMMultiTaskLib.inference.settings import Decision, Preprocessing
from DCMMultiTaskLib.networks.config import NetworkConfig
from DCMMultiTaskLib.networks.registry import build
from DCMMultiTaskLib.storage import atomic_path, json_ready

__all__ = ["ModelPackage", "load_package", "save_package", "shipped_model"]

FORMAT = "dcmmodel"
FORMAT_VERSION = 1
# No network of this family has a width, or any other setting, above these; a larger one would only burn time.
LARGEST_WIDTH, LARGEST_SETTING = 4096, 64


@dataclass(frozen=True, eq=False)
class ModelPackage:
    """A trained network and what belongs to it.

    Attributes:
        network_config: What the network is built from.
        weights: The network's state, float32.
        network: Name in `networks.registry`.
        preprocessing: How slices are prepared.
        decision: How logits become probabilities and classes.
        training: Data, their licence, and how the network was trained.
        results: Measured results.
        licence: Licence of the weights.
        name: What the model is called in results.
        version: Version of the model.
        card: Model card, Markdown.
        sha256: Of the file that it was loaded from; empty for a package that was not loaded.
    """

    network_config: NetworkConfig
    weights: Mapping[str, Tensor]
    network: str = "multitask"
    preprocessing: Preprocessing = field(default_factory=Preprocessing)
    decision: Decision = field(default_factory=Decision)
    training: Mapping[str, Any] = field(default_factory=dict)
    results: Mapping[str, Any] = field(default_factory=dict)
    licence: str = ""
    name: str = "model"
    version: str = "0"
    card: str = ""
    sha256: str = ""

    def build_network(self) -> nn.Module:
        """A network of its own with these weights, in evaluation mode."""
        network = build(self.network, self.network_config)
        network.load_state_dict(dict(self.weights))
        return network.eval()


def save_package(package: ModelPackage, path: Path, *, half_precision: bool = False) -> str:
    """Write a package; the file appears whole or not at all, and equal packages give equal files.

    Args:
        package: What to write; its `sha256` is not stored.
        path: The `.dcmmodel` file.
        half_precision: Store the weights as float16, half the size; they are loaded to float32.

    Returns:
        SHA-256 of the file.

    Raises:
        InputError: The file cannot be written.
    """
    weights = dict(package.weights)
    if half_precision:
        weights = {name: t.half() if t.is_floating_point() else t for name, t in weights.items()}
    settings = {
        "format": FORMAT,
        "format_version": FORMAT_VERSION,
        "name": package.name,
        "version": package.version,
        "network": package.network,
        "network_config": package.network_config.to_dict(),
        "preprocessing": package.preprocessing.to_dict(),
        "decision": package.decision.to_dict(),
        "training": dict(package.training),
        "results": dict(package.results),
        "licence": package.licence,
    }
    members = {
        SETTINGS: json.dumps(json_ready(settings), indent=2, ensure_ascii=False).encode(),
        CARD: package.card.encode(),
        WEIGHTS: safetensors_io.write_bytes(weights),
    }
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as archive:
        for name, data in members.items():
            # A fixed date makes equal packages equal files.
            info = zipfile.ZipInfo(name, date_time=(1980, 1, 1, 0, 0, 0))
            info.compress_type = zipfile.ZIP_DEFLATED
            archive.writestr(info, data)
    with atomic_path(path) as temporary:
        temporary.write_bytes(content.getvalue())
    return hashlib.sha256(content.getvalue()).hexdigest()


def load_package(path: Path) -> ModelPackage:
    """Read a package; each version of a file is read once per process.

    Raises:
        InputError: The file is missing, damaged, not a model package, or made by a newer version.
    """
    path = Path(path)
    try:
        state = path.stat()
    except OSError as error:
        raise InputError(f"The model file {path} cannot be read ({error.strerror}).") from error
    if not path.is_file():
        raise InputError(f"{path} is a folder; a model is one {SUFFIX} file.")
    return _load(path.resolve(), state.st_mtime_ns, state.st_size)


@lru_cache(maxsize=4)
def _load(path: Path, _modified: int, _size: int) -> ModelPackage:
    content, members, settings, card = read_model_file(path)
    if not isinstance(settings, dict) or settings.get("format") != FORMAT:
        raise InputError(f"{path.name} is not a DCMMultiTask model package (its {SETTINGS} does not say so).")
    version = settings.get("format_version")
    if type(version) is not int or version < 1:
        raise InputError(f"{path.name} is not a model package (its format version is {version!r}).")
    if version > FORMAT_VERSION:
        raise InputError(
            f"{path.name} was made by a newer version of DCMMultiTask (format {version}, this version reads up to "
            f"{FORMAT_VERSION}); update DCMMultiTask."
        )
    try:
        return _package(settings, safetensors_io.read_bytes(members[WEIGHTS]), card, content)
    except KeyError as error:
        raise InputError(f"{path.name} is damaged ({error.args[0]!r} is missing).") from error
    except ValueError as error:
        raise InputError(f"{path.name} is damaged ({error}).") from error
    except (AttributeError, TypeError, RuntimeError) as error:
        raise InputError(f"{path.name} is damaged (its {SETTINGS} is not understood).") from error


def _package(settings: dict[str, Any], weights: dict[str, Tensor], card: str, content: bytes) -> ModelPackage:
    """Put together and check that the weights are those of the network that the settings describe."""
    values = settings["network_config"]
    numbers = [(name, n) for name, value in values.items() for n in (value if isinstance(value, list) else [value])]
    if any(
        isinstance(n, int | float) and not abs(n) <= (LARGEST_WIDTH if name == "width" else LARGEST_SETTING)
        for name, n in numbers
    ):
        raise ValueError("a network setting is out of range")
    config = NetworkConfig.from_dict(values)
    weights = {name: t.float() if t.is_floating_point() else t for name, t in weights.items()}
    if not all(bool(torch.isfinite(t).all()) for t in weights.values()):
        raise ValueError("some weights are not finite numbers")
    with torch.device("meta"):
        wanted = build(settings["network"], config).state_dict()
    if {n: t.shape for n, t in wanted.items()} != {n: t.shape for n, t in weights.items()}:
        raise ValueError("the weights are not those of the network that it describes")
    return ModelPackage(
        network_config=config,
        weights=weights,
        network=settings["network"],
        preprocessing=Preprocessing.from_dict(settings["preprocessing"]),
        decision=Decision.from_dict(settings["decision"]),
        training=dict(settings["training"]),
        results=dict(settings["results"]),
        licence=str(settings["licence"]),
        name=str(settings["name"]),
        version=str(settings["version"]),
        card=card,
        sha256=hashlib.sha256(content).hexdigest(),
    )
