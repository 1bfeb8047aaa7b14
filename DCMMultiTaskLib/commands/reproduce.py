"""`reproduce`: the paper's tables and figures on a manifest."""

from __future__ import annotations

import argparse
import os
import shlex
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from DCMMultiTaskLib.commands.train import add_data_arguments
from DCMMultiTaskLib.errors import InputError
from DCMMultiTaskLib.experiments import PARTS

if TYPE_CHECKING:
    from DCMMultiTaskLib.experiments.plan import Plan

HELP = "The paper's Tables 2 and 3 and Figures 4 to 9: cross-validate all networks, then write the page."
USAGE = "(--data MANIFEST.csv | --quick) -o DIR [options]"
# What --quick changes: everything is done, nothing is done well.
QUICK = {"epochs": 2, "width": 4, "folds": 2}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The command's arguments."""
    add_data_arguments(parser, required=False)
    parser.add_argument("-o", "--output", metavar="DIR", type=Path, required=True, help="folder for runs and page")
    parser.add_argument("--quick", action="store_true", help="everything on phantoms: a rehearsal of a minute or two")
    parser.add_argument("--resume", action="store_true", help="go on with what is in DIR")
    parser.add_argument(
        "--report-only", action="store_true", help="train nothing; write the page from the folds that are done"
    )
    parser.add_argument(
        "--finished",
        nargs="+",
        default=[],
        metavar="FOLDER",
        type=Path,
        help="take over the trainings that pages' folds.csv, slices.csv and examples.npz tell of",
    )
    parser.add_argument(
        "--parts", nargs="+", choices=PARTS, default=list(PARTS), metavar="PART", help=f"some of {', '.join(PARTS)}"
    )
    parser.add_argument(
        "--networks",
        nargs="+",
        default=[],
        metavar="NAME",
        help="further networks for the tables: of the registry (fcn8s, vgg16), or files of your own",
    )
    parser.add_argument("--folds", type=int, metavar="N", help="patient folds (default 5)")
    parser.add_argument("--epochs", type=int, metavar="N", help="passes over the training slices (default 40)")
    parser.add_argument("--batch-size", type=int, default=8, metavar="N", help="slices per step (default 8)")
    parser.add_argument("--learning-rate", type=float, default=1e-4, metavar="X", help="of Adam (default 1e-4)")
    parser.add_argument(
        "--width", type=int, metavar="N", help="first channels of every network; as published if left out"
    )
    parser.add_argument("--seed", type=int, default=0, metavar="N", help="of weights and order (default 0)")
    parser.add_argument(
        "--jobs", type=int, metavar="N", help="trainings at a time (default 1; with --quick one for each core, up to 8)"
    )
    parser.add_argument("--accelerator", default="auto", metavar="NAME", help="auto (default), cpu, gpu or mps")
    parser.add_argument(
        "--precision", metavar="NAME", help="as Lightning's, e.g. bf16-mixed; mixed on a GPU by default"
    )


def run(args: argparse.Namespace) -> int:
    """Train what is missing, write the page, and say where it is."""
    if args.quick == (args.data is not None):
        raise InputError("Give either --data MANIFEST.csv or --quick.")
    if args.output.exists() and not args.output.is_dir():
        raise InputError(f"{args.output}: this is a file; a folder is needed.")
    if args.output.exists() and any(args.output.iterdir()) and not (args.resume or args.report_only):
        raise InputError(f"{args.output} is not empty; add --resume to go on with it, or choose another folder.")
    from DCMMultiTaskLib.experiments.cross_validation import run_all
    from DCMMultiTaskLib.experiments.ledger import take_over
    from DCMMultiTaskLib.experiments.page import write_page

    plan, files = plan_of(args)
    for folder in args.finished:
        print(take_over(plan, folder))
    if not args.report_only:
        jobs = args.jobs or (min(os.cpu_count() or 1, 8) if args.quick else 1)
        run_all(plan.runs(), jobs=jobs, network_files=files, accelerator=args.accelerator, precision=args.precision)
    print(f"Written: {write_page(plan)}")
    return 0


def plan_of(args: argparse.Namespace) -> tuple[Plan, list[Path]]:
    """What the arguments ask for, and the files of the user's own networks.

    Raises:
        InputError: An argument cannot be used.
    """
    from DCMMultiTaskLib.datasets.manifest import read_manifest
    from DCMMultiTaskLib.experiments.plan import Plan
    from DCMMultiTaskLib.experiments.protocol import Protocol
    from DCMMultiTaskLib.networks.registry import NETWORKS, load_network_file
    from DCMMultiTaskLib.phantom import write_phantoms

    if args.jobs is not None and args.jobs < 1:
        raise InputError(f"--jobs is at least 1, not {args.jobs}.")
    quick = QUICK if args.quick else {}
    files = [Path(name) for name in args.networks if name.endswith(".py")]
    try:
        extra = [load_network_file(Path(name)) if name.endswith(".py") else name for name in args.networks]
        unknown = [name for name in extra if name not in NETWORKS]
        if unknown:
            raise InputError(f"There is no network {unknown[0]!r}; there are {', '.join(NETWORKS)}.")
        protocol = Protocol(
            width=quick.get("width") if args.width is None else args.width,
            epochs=quick.get("epochs", 40) if args.epochs is None else args.epochs,
            batch_size=args.batch_size,
            learning_rate=args.learning_rate,
            seed=args.seed,
        )
        protocol.tables()
    except ValueError as error:
        raise InputError(f"{error}.") from error
    data = args.data
    if args.quick:
        data = args.output / "phantoms" / "manifest.csv"
        if not data.is_file():
            write_phantoms(data.parent, count=8, seed=0, slices=4)
    patients = read_manifest(data, split=args.split, mask_offset=tuple(args.mask_offset), mask_value=args.mask_value)
    command = f"dcm-multitask {shlex.join(sys.argv[1:])}"
    folds = quick.get("folds", 5) if args.folds is None else args.folds
    return Plan(patients, args.output, protocol, args.parts, extra, folds, command), files
