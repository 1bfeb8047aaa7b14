"""`prepare`: a public data set as distributed in, a manifest and volumes out."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from DCMMultiTaskLib.errors import count

HELP = "Bring a public data set, as distributed, to a manifest and volumes."
USAGE = "sunnybrook|acdc SRC -o DIR"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The command's arguments."""
    parser.add_argument("data_set", choices=["sunnybrook", "acdc"], help="which data set it is")
    parser.add_argument("source", metavar="SRC", type=Path, help="folder with the data set, unpacked")
    parser.add_argument(
        "-o", "--output", metavar="DIR", type=Path, required=True, help="folder for patients.csv, images and masks"
    )


def run(args: argparse.Namespace) -> int:
    """Prepare it, say where it is and who was skipped."""
    if args.data_set == "sunnybrook":
        from DCMMultiTaskLib.datasets.sunnybrook import prepare_sunnybrook as prepare
    else:
        from DCMMultiTaskLib.datasets.acdc import prepare_acdc as prepare

    done = prepare(args.source, args.output)
    print(f"Written: {count(len(done.patients), 'patient')} and {done.manifest}")
    for patient, reason in done.skipped.items():
        print(f"Skipped {patient}: {reason}", file=sys.stderr)
    return 1 if done.skipped else 0
