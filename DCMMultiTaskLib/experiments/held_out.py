"""The patients that an experiment outside the protocol judges models on: the command line's, and a model's unseen."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path

from DCMMultiTaskLib.datasets.manifest import Patient, read_manifest
from DCMMultiTaskLib.errors import InputError
from DCMMultiTaskLib.inference.package import ModelPackage


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The arguments of `patients_of`."""
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--split")
    parser.add_argument("--mask-offset", nargs=2, type=float, default=(0.0, 0.0), metavar=("ROWS", "COLUMNS"))


def patients_of(args: argparse.Namespace) -> list[Patient]:
    """Those of the manifest that was named.

    Raises:
        InputError: As `read_manifest`.
    """
    return read_manifest(args.data, split=args.split, mask_offset=tuple(args.mask_offset))


def unseen(package: ModelPackage, patients: Sequence[Patient]) -> list[Patient]:
    """The patients that a model did not learn from.

    Raises:
        InputError: There are none.
    """
    own = [patient for patient in patients if patient.patient not in package.training.get("patients", ())]
    if not own:
        raise InputError(f"{package.name} has learned from all of these patients.")
    return own
