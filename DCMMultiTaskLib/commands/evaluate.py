"""`evaluate`: a model against a manifest's truth."""

from __future__ import annotations

import argparse
from pathlib import Path

from DCMMultiTaskLib.commands.predict import add_model_arguments, make_predictor
from DCMMultiTaskLib.commands.train import add_data_arguments
from DCMMultiTaskLib.errors import InputError

HELP = "Measure a model on a manifest: DSC, AUC and agreement of volumes with 95 % intervals over patients."
USAGE = "--data MANIFEST.csv -o DIR [options]"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The command's arguments."""
    add_data_arguments(parser)
    parser.add_argument("-o", "--output", metavar="DIR", type=Path, required=True, help="folder for the tables")
    add_model_arguments(parser)


def run(args: argparse.Namespace) -> int:
    """Measure and print."""
    from DCMMultiTaskLib.datasets.manifest import read_manifest
    from DCMMultiTaskLib.evaluation.scoring import PatientScore
    from DCMMultiTaskLib.evaluation.summary import SCORES, evaluate, table
    from DCMMultiTaskLib.report.agreement import bland_altman
    from DCMMultiTaskLib.storage import read_rows

    if args.data.resolve() in [(args.output / name).resolve() for name in SCORES]:
        raise InputError(f"{args.data} would be written over by a table of that name; choose another folder for -o.")

    patients = read_manifest(
        args.data, split=args.split, mask_offset=tuple(args.mask_offset), mask_value=args.mask_value
    )
    metrics = evaluate(make_predictor(args), patients, args.output)
    print(table(metrics))
    files = ["slices.csv", "patients.csv", "metrics.json"]
    try:
        scores = read_rows(args.output / "patients.csv", PatientScore)
        files.append(bland_altman(scores, args.output / "agreement.png").name)
    except InputError as error:
        print(f"No plot of the agreement: {error}")
    print(f"Written: {', '.join(files)} in {args.output}")
    return 0
