"""The command line: `dcm-multitask COMMAND`, or `python -m DCMMultiTaskLib COMMAND`.

Exit codes: 0 done; 1 some studies of several failed; 2 bad arguments or bad input, with one line on stderr that says
what and why.
"""

from __future__ import annotations

import argparse
import re
import shutil
import signal
import sys
import textwrap
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from importlib import import_module
from pathlib import Path
from types import FrameType, ModuleType
from typing import Any, NoReturn

from DCMMultiTaskLib import __version__
from DCMMultiTaskLib.errors import InputError, exit_code

PROGRAM = "dcm-multitask"
# A new command is one file in `commands` and its line here; the file is imported when the command is called.
COMMANDS = {
    "predict": "Myocardium mask and DCM-like phenotype probability of studies",
    "batch": "Every study below a folder; resumable, also on a cluster",
    "train": "Train a network on a manifest and package it",
    "evaluate": "Measure a model on a manifest: DSC, AUC, 95 % intervals",
    "reproduce": "Cross-validate the paper's networks; its tables and figures",
    "prepare": "Bring a public data set to a manifest and volumes",
    "phantom": "Make synthetic studies with their true masks and a manifest",
    "info": "Show versions, devices and the card of a model",
}
# -20,30,40 would be taken for an option; a negative number alone is not.
NEGATIVE_LIST = re.compile(r"-[\d.][^,]*,")


class Parser(argparse.ArgumentParser):
    """Says what is wrong with the arguments in one line; an empty path, of an unset variable say, is no folder."""

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        self.register("type", Path, _path)

    def error(self, message: str) -> NoReturn:
        self.exit(2, f"{self.prog}: error: {message} ({' '.join(self.format_usage().split())})\n")


def _path(text: str) -> Path:
    if not text.strip():
        raise argparse.ArgumentTypeError("the path is empty")
    return Path(text)


def build_parser(called: str | None = None) -> argparse.ArgumentParser:
    """The parser, with a line for every command and the arguments of the one that is called.

    Raises:
        InputError: That command is not part of this installation.
    """
    parser = Parser(
        prog=PROGRAM,
        usage=f"{PROGRAM} COMMAND ...",
        description=_overview(),
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--version", action="version", version=f"{PROGRAM} {__version__}")
    commands = parser.add_subparsers(
        metavar="COMMAND", required=True, parser_class=Parser, prog=PROGRAM, help=argparse.SUPPRESS
    )
    for name in COMMANDS:
        added = commands.add_parser(name)
        if name == called:
            command = _load(name)
            added.description, added.usage = command.HELP, f"{PROGRAM} {name} {command.USAGE}"
            command.add_arguments(added)
            added.set_defaults(run=command.run)
    return parser


def _overview() -> str:
    """What the program does and its commands, as wide as the terminal: argparse's own list breaks its longest name."""
    width = max(shutil.get_terminal_size().columns - 2, 30)
    about = textwrap.fill("Myocardium and DCM-like phenotype on short-axis cardiac MR. Research use only.", width)
    lines = [
        textwrap.fill(line, width, initial_indent=f"  {name:<11}", subsequent_indent=" " * 13)
        for name, line in COMMANDS.items()
    ]
    more = textwrap.fill(f"{PROGRAM} COMMAND --help shows what a command takes.", width)
    return "\n".join([about, "", "commands:", *lines, "", more])


def _load(name: str) -> ModuleType:
    module = f"{__package__}.commands.{name}"
    try:
        return import_module(module)
    except ModuleNotFoundError as error:
        if error.name != module:
            raise
        # Slicer's package carries what Slicer runs.
        raise InputError(
            f"`{name}` is not part of the Slicer extension; run it from a checkout of the project, outside Slicer."
        ) from error


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command; without one, show what there is.

    Args:
        arguments: Without the program's name; those of the process if None.

    Returns:
        The exit code.
    """
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            # A terminal that cannot show a character shows a question mark in its place.
            stream.reconfigure(errors="replace")
    words = _with_negative_lists(sys.argv[1:] if arguments is None else arguments)
    return exit_code(lambda: _run(words), PROGRAM)


def _run(words: Sequence[str]) -> int:
    """The command that the words name; its exit code."""
    parser = build_parser(words[0] if words else None)
    if not words:
        parser.print_help()
        return 0
    args = parser.parse_args(words)
    with ended_cleanly():
        return args.run(args)


def _with_negative_lists(words: Sequence[str]) -> list[str]:
    """`--roi -20,30,40` as `--roi=-20,30,40`, which argparse takes for what it is."""
    joined: list[str] = []
    for word in words:
        if NEGATIVE_LIST.match(word) and joined and re.fullmatch(r"--[\w-]+", joined[-1]):
            joined[-1] += f"={word}"
        else:
            joined.append(word)
    return joined


@contextmanager
def ended_cleanly() -> Iterator[None]:
    """SIGTERM and SIGHUP become a `SystemExit`, so that no half-written file is left behind."""
    taken = {}
    if threading.current_thread() is threading.main_thread():
        for name in ("SIGTERM", "SIGHUP"):
            number = getattr(signal, name, None)
            if number is not None and signal.getsignal(number) is signal.SIG_DFL:
                taken[number] = signal.signal(number, _exit)
    try:
        yield
    finally:
        for number in taken:
            signal.signal(number, signal.SIG_DFL)


def _exit(number: int, _frame: FrameType | None) -> None:
    raise SystemExit(128 + number)
