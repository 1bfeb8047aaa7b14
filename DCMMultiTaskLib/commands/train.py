"""`train`: a manifest in, a model package out."""

from __future__ import annotations

import argparse
import math
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from DCMMultiTaskLib.errors import InputError

if TYPE_CHECKING:
    from DCMMultiTaskLib.learning.settings import TrainingSettings

HELP = "Train a network on a manifest and package it."
USAGE = "--data MANIFEST.csv -o DIR [options]"
FOLDS = 5
# Where there is nobody to judge a training by, a long one is not worth its time.
TRIAL_PASSES = 40


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The command's arguments; what is left out keeps the recipe's value."""
    add_data_arguments(parser)
    parser.add_argument("-o", "--output", metavar="DIR", type=Path, required=True, help="folder for the run")
    parser.add_argument(
        "--also",
        nargs="+",
        type=Path,
        default=[],
        metavar="MANIFEST",
        help="learn from these too, without validating",
    )
    parser.add_argument("--start", type=Path, metavar="MODEL", help="start from this model's weights")
    parser.add_argument(
        "--name", default="model", metavar="NAME", help="name of the model and of its file (default model)"
    )
    parser.add_argument(
        "--fold",
        metavar="K|none",
        help="fold to validate on, from 0 (default 0, where there are patients enough); none learns from all patients",
    )
    parser.add_argument("--folds", type=int, metavar="N", help="patient folds (default 5, fewer for few patients)")
    parser.add_argument("--recipe", choices=["default", "luo2020"], default="default", help="luo2020: as printed")
    parser.add_argument(
        "--network", metavar="NAME", help="another network that draws masks: unet, segnet, deeplabv3, fcn8s"
    )
    parser.add_argument("--preset", choices=["default", "luo2020"], help="network preset; the recipe's own if left out")
    parser.add_argument("--width", type=int, metavar="N", help="first channels of the network; its own if left out")
    for option, kind, text in (
        (
            "--epochs",
            int,
            "passes over the slices (default 400; luo2020: 40); 40 with nobody to hold out; --resume takes more",
        ),
        ("--batch-size", int, "slices per step and device (default 16)"),
        ("--learning-rate", float, "largest step size (default 0.002; luo2020: 0.0001)"),
        ("--alpha", float, "weight of the mask's loss against the class's (Eq. 5; default 100; luo2020: 3)"),
        ("--seed", int, "of weights, order and augmentation (default 0)"),
        ("--patience", int, "stop after N validations without a better DSC; 0 never does (default 0)"),
        ("--also-share", float, "share of the slices of --also in a pass (default 0.25)"),
    ):
        parser.add_argument(option, type=kind, metavar="N" if kind is int else "X", help=text)
    parser.add_argument(
        "--augment",
        nargs="+",
        default=[],
        metavar="NAME=X",
        help="change the augmentation, e.g. inversion=0.3 scar=0 (names in learning/augmentation.py)",
    )
    parser.add_argument(
        "--calibrate",
        nargs="+",
        type=Path,
        default=[],
        metavar="CSV",
        help="slices.csv of the folds, to calibrate on",
    )
    parser.add_argument(
        "--logit-spread",
        type=finite,
        default=1.0,
        metavar="X",
        help="spread of its logits against the folds'",
    )
    parser.add_argument(
        "--data-licence", default="not stated", metavar="TEXT", help="licence of the data, for the model card"
    )
    parser.add_argument("--resume", action="store_true", help="go on from the last checkpoint in DIR")
    parser.add_argument("--overwrite", action="store_true", help="write over another training in DIR")
    parser.add_argument("--accelerator", default="auto", metavar="NAME", help="auto (default), cpu, gpu or mps")
    parser.add_argument("--devices", default="auto", metavar="N", help="devices per machine (default auto)")
    parser.add_argument("--nodes", type=int, default=1, metavar="N", help="machines (default 1)")
    parser.add_argument(
        "--strategy", default="auto", metavar="NAME", help="how devices share the work, as Lightning's: ddp, fsdp, ..."
    )
    parser.add_argument(
        "--precision", metavar="NAME", help="as Lightning's, e.g. bf16-mixed; mixed on a GPU by default"
    )
    parser.add_argument("--workers", type=int, default=0, metavar="N", help="processes that load slices (default 0)")


def finite(text: str) -> float:
    """A number of the command line; nan and inf are none."""
    if not math.isfinite(float(text)):
        raise ValueError(text)
    return float(text)


def add_data_arguments(parser: argparse.ArgumentParser, *, required: bool = True) -> None:
    """Which patients, and how their truth is read."""
    parser.add_argument("--data", metavar="MANIFEST", type=Path, required=required, help="CSV: patient,image,mask,dcm")
    parser.add_argument("--split", metavar="NAME", help="use only the manifest's patients of this split")
    parser.add_argument(
        "--mask-offset",
        nargs=2,
        type=finite,
        default=(0.0, 0.0),
        metavar=("ROWS", "COLUMNS"),
        help="pixels that the masks are known to lie off their images; they are moved back",
    )
    parser.add_argument(
        "--mask-value",
        type=int,
        metavar="N",
        help="value of the myocardium in the masks, all else being background (default: 1, and 2 is the cavity)",
    )


def settings_of(args: argparse.Namespace) -> TrainingSettings:
    """The recipe with the arguments' changes.

    Raises:
        InputError: A value is out of range.
    """
    from DCMMultiTaskLib.learning.settings import TrainingSettings, paper_settings, passes_at_a_time
    from DCMMultiTaskLib.networks.config import preset
    from DCMMultiTaskLib.networks.registry import NETWORKS

    settings = paper_settings() if args.recipe == "luo2020" else TrainingSettings()
    names = ("epochs", "batch_size", "learning_rate", "alpha", "seed", "patience", "also_share")
    changes = {name: getattr(args, name) for name in names if getattr(args, name) is not None}
    if args.network and args.network not in NETWORKS:
        raise InputError(f"There is no network {args.network!r}; there are {', '.join(NETWORKS)}.")
    if args.network and args.preset:
        raise InputError("--preset is for the multi-task network alone; leave out --network or --preset.")
    try:
        network = preset(args.preset) if args.preset else settings.network
        if args.network:
            network = NETWORKS[args.network].config(args.network)
            changes["network_name"] = args.network
        changes["network"] = replace(network, width=network.width if args.width is None else args.width)
        changes["augmentation"] = replace(settings.augmentation, **_augmentation(args.augment))
        settings = replace(settings, **changes)
        return replace(settings, repeats=passes_at_a_time(settings.epochs, settings.repeats))
    except ValueError as error:
        raise InputError(f"{error}.") from error


def _augmentation(changes: Sequence[str]) -> dict[str, float]:
    """`NAME=X` pairs as fields of the augmentation."""
    from DCMMultiTaskLib.learning.augmentation import AugmentationConfig

    values = {}
    for change in changes:
        name, _, value = change.partition("=")
        if name not in AugmentationConfig.__dataclass_fields__:
            raise InputError(f"The augmentation has no {name!r}; it has {', '.join(AugmentationConfig().__dict__)}.")
        try:
            values[name] = float(value)
        except ValueError:
            raise InputError(f"--augment {change}: {value!r} is not a number.") from None
        if not 0 <= values[name] < math.inf:
            raise InputError(f"--augment {change}: {name} is at least 0.")
    return values


def _fold(args: argparse.Namespace) -> tuple[int | None, int]:
    """The fold to hold out and the number of folds: where neither is given, as many as there are patients for, up to 5.

    Raises:
        InputError: The fold is no number, or the manifest cannot be read.
    """
    from DCMMultiTaskLib.datasets.folds import most_folds
    from DCMMultiTaskLib.datasets.manifest import read_manifest

    if args.fold not in (None, "none") and not args.fold.isdecimal():
        raise InputError(f"--fold is a number or none, not {args.fold!r}.")
    if args.fold is None and args.folds is None:
        folds = most_folds(read_manifest(args.data, split=args.split), FOLDS)
        return (0 if folds > 1 else None), folds
    fold = None if args.fold == "none" else int(args.fold or 0)
    return fold, FOLDS if args.folds is None else args.folds


def run(args: argparse.Namespace) -> int:
    """Train, and say where the model is."""
    from lightning.pytorch.utilities.rank_zero import rank_zero_only

    from DCMMultiTaskLib.learning.run import train_model

    fold, folds = _fold(args)
    if fold is None and args.fold is None and args.epochs is None:
        args.epochs = TRIAL_PASSES
        trial = f"Too few patients to hold any out: this is a trial of {TRIAL_PASSES} passes (--epochs, --fold)."
        rank_zero_only(print)(trial)
    path = train_model(
        args.data,
        args.output,
        settings_of(args),
        name=args.name,
        split=args.split,
        fold=fold,
        folds=folds,
        also=args.also,
        mask_offset=tuple(args.mask_offset),
        mask_value=args.mask_value,
        start=args.start,
        calibrate=args.calibrate,
        logit_spread=args.logit_spread,
        data_licence=args.data_licence,
        resume=args.resume,
        overwrite=args.overwrite,
        accelerator=args.accelerator,
        devices=int(args.devices) if args.devices.isdigit() else args.devices,
        nodes=args.nodes,
        strategy=args.strategy,
        precision=args.precision,
        workers=args.workers,
    )
    rank_zero_only(print)(f"Written: {path}")
    return 0
