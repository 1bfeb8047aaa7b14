"""`phantom`: synthetic studies with truth."""

from __future__ import annotations

import argparse
from pathlib import Path

from DCMMultiTaskLib.errors import count

HELP = "Make synthetic late gadolinium enhancement studies with their true masks, and a manifest."
USAGE = "-o DIR [options]"

SCARS = ("none", "subendocardial", "mid_wall", "large", "random")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The command's arguments."""
    parser.add_argument("-o", "--output", metavar="DIR", type=Path, required=True, help="folder for the studies")
    parser.add_argument(
        "--count", type=int, default=2, metavar="N", help="how many (default 2); every other is dilated"
    )
    parser.add_argument("--seed", type=int, default=0, metavar="N", help="number of the first (default 0)")
    parser.add_argument("--slices", type=int, default=10, metavar="N", help="slices each (default 10)")
    parser.add_argument("--contrast", choices=["lge", "cine", "random", "any"], default="lge", help="kind of image")
    parser.add_argument(
        "--scar", choices=SCARS, default="random", metavar="SCAR", help=f"in the wall: {', '.join(SCARS)}"
    )
    parser.add_argument("--open-base", action="store_true", help="the outflow tract opens the rings at the base")


def run(args: argparse.Namespace) -> int:
    """Make them and say where they are."""
    from DCMMultiTaskLib.phantom import write_phantoms

    manifest = write_phantoms(
        args.output,
        count=args.count,
        seed=args.seed,
        slices=args.slices,
        contrast=args.contrast,
        scar=args.scar,
        open_base=args.open_base,
    )
    print(f"Written: {count(args.count, 'study', 'studies')} and {manifest}")
    return 0
