"""The command line: `dcm-multitask COMMAND`, or `python -m DCMMultiTaskLib COMMAND`.

Exit codes: 0 done; 1 some studies of several failed; 2 bad arguments or bad input, with one line on stderr that says
what and why.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from typing import NoReturn

from DCMMultiTaskLib import __version__
from DCMMultiTaskLib.commands import evaluate, info, phantom, predict, prepare, reproduce, train
from DCMMultiTaskLib.errors import InputError

PROGRAM = "dcm-multitask"
# A new command is one file in `commands` and its name here.
COMMANDS = (predict, train, evaluate, reproduce, prepare, phantom, info)


class Parser(argparse.ArgumentParser):
    """Says what is wrong with the arguments in one line."""

    def error(self, message: str) -> NoReturn:
        self.exit(2, f"{self.prog}: error: {message} ({' '.join(self.format_usage().split())})\n")


def build_parser() -> argparse.ArgumentParser:
    """The parser with all commands."""
    parser = Parser(
        prog=PROGRAM,
        usage=f"{PROGRAM} COMMAND ...",
        description="Myocardium and DCM-like phenotype probability on short-axis cardiac MR. Research use only.",
    )
    parser.add_argument("--version", action="version", version=f"{PROGRAM} {__version__}")
    commands = parser.add_subparsers(metavar="COMMAND", required=True, parser_class=Parser, prog=PROGRAM)
    for command in COMMANDS:
        usage = f"{PROGRAM} {command.NAME} {command.USAGE}"
        added = commands.add_parser(command.NAME, help=command.HELP, description=command.HELP, usage=usage)
        command.add_arguments(added)
        added.set_defaults(run=command.run)
    return parser


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command.

    Args:
        arguments: Without the program's name; those of the process if None.

    Returns:
        The exit code.
    """
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            # A terminal that cannot show a character shows a question mark in its place.
            stream.reconfigure(errors="replace")
    args = build_parser().parse_args(arguments)
    try:
        return args.run(args)
    except InputError as error:
        reason = " ".join(str(error).split())
    except ModuleNotFoundError as error:
        if (error.name or "").startswith("DCMMultiTaskLib"):
            raise
        reason = f"This needs the Python package {error.name}, which is not installed."
        if error.name == "torch":
            reason += " In Slicer, install it with the module PyTorch Utils."
    except MemoryError:
        reason = "There is not enough memory for this study."
    except KeyboardInterrupt:
        print(f"{PROGRAM}: stopped; what was finished is kept.", file=sys.stderr)
        return 130
    print(f"{PROGRAM}: error: {reason}", file=sys.stderr)
    return 2
