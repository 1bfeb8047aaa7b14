"""Where the network runs."""

from __future__ import annotations

import platform

import torch

from DCMMultiTaskLib.errors import InputError

DEVICES = ("auto", "cpu", "cuda", "mps")


def choose_device(name: str = "auto") -> torch.device:
    """The device called `name`; `auto` takes CUDA, else MPS, else the CPU.

    Raises:
        InputError: This machine, or its PyTorch, has no such device. A device that was asked for by name is never
            replaced by another one.
    """
    if name == "auto":
        return torch.device("cuda" if torch.cuda.is_available() else "mps" if _has_mps() else "cpu")
    kind, colon, number = name.partition(":")
    if kind not in DEVICES or (colon and not (kind == "cuda" and number.isascii() and number.isdigit())):
        raise InputError(f"There is no device {name!r}; choose one of {', '.join(DEVICES)}.")
    found = map(str, range(torch.cuda.device_count() if torch.cuda.is_available() else 0))
    if kind == "cuda" and (number or "0") not in found:
        raise InputError(f"PyTorch finds no device {name!r} on this machine; choose auto or cpu.")
    if kind == "mps" and not _has_mps():
        raise InputError("PyTorch finds no Apple GPU (mps) on this machine; choose auto or cpu.")
    return torch.device(name)


def describe(device: torch.device) -> str:
    """The device with the maker's name for it."""
    if device.type == "cuda":
        return f"{device} ({torch.cuda.get_device_name(device)})"
    if device.type == "cpu":
        return f"cpu ({platform.machine()}, {torch.get_num_threads()} threads)"
    return str(device)


def available_devices() -> list[str]:
    """What `choose_device` can give here, described; the first is what `auto` takes."""
    found = [torch.device("cuda", n) for n in range(torch.cuda.device_count())] if torch.cuda.is_available() else []
    if _has_mps():
        found.append(torch.device("mps"))
    return [describe(device) for device in [*found, torch.device("cpu")]]


def _has_mps() -> bool:
    return torch.backends.mps.is_available()
