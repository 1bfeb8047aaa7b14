"""`evaluate`: a model against a manifest's truth."""

from __future__ import annotations

import argparse
from pathlib import Path

from DCMMultiTaskLib.commands.predict import add_model_arguments, make_predictor
from DCMMultiTaskLib.commands.train import add_data_arguments
from DCMMultiTaskLib.errors import InputError

HELP = "Measure a model on a manifest: DSC and AUC with 95 % intervals over patients."
USAGE = "--data MANIFEST.csv -o DIR [options]"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The command's arguments."""
    add_data_arguments(parser)
    parser.add_argument("-o", "--output", metavar="DIR", type=Path, required=True, help="folder for the tables")
    add_model_arguments(parser)


def run(args: argparse.Namespace) -> int:
    """Measure and print."""
    from DCMMultiTaskLib.datasets.manifest import read_manifest
    from DCMMultiTaskLib.evaluation.summary import SCORES, evaluate, table

    if args.data.resolve() in [(args.output / name).resolve() for name in SCORES]:
        raise InputError(f"{args.data} would be written over by a table of that name; choose another folder for -o.")

    patients = read_manifest(
        args.data, split=args.split, mask_offset=tuple(args.mask_offset), mask_value=args.mask_value
    )
    metrics = evaluate(make_predictor(args), patients, args.output)
    print(table(metrics))
    print(f"Written: slices.csv, patients.csv and metrics.json in {args.output}")
    return 0
