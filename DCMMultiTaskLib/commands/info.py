"""`info`: what is installed, what it can run on, and the model's card."""

from __future__ import annotations

import argparse
from pathlib import Path

from DCMMultiTaskLib.errors import InputError

HELP = "Show versions, devices and the shipped model, or the card of a model package."
USAGE = "[--model FILE]"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The command's arguments."""
    parser.add_argument("--model", metavar="FILE", type=Path, help="print the card of this model package")


def run(args: argparse.Namespace) -> int:
    """Print."""
    from DCMMultiTaskLib.inference.device import available_devices
    from DCMMultiTaskLib.inference.package import load_package, shipped_model
    from DCMMultiTaskLib.inference.provenance import versions
    from DCMMultiTaskLib.inference.text import describe_package

    if args.model:
        package = load_package(args.model)
        print(f"{describe_package(package)}\n\n{package.card}")
        return 0
    print("Versions: " + ", ".join(f"{name} {version}" for name, version in versions().items()))
    print("Devices: " + "; ".join(available_devices()))
    try:
        path = shipped_model()
    except InputError as error:
        print(f"Model: {error}")
    else:
        print(f"{describe_package(load_package(path))}\nFile: {path}\nIts card: dcm-multitask info --model {path}")
    return 0
