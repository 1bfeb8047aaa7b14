"""The one error that a user is meant to read, how a program ends with it, and words that sentences for people share."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path


class InputError(ValueError):
    """What the user gave cannot be used.

    The message is one sentence in the user's words that says what is wrong and what to do. It is raised where the
    fault is found and shown once, by the outermost layer: the command line prints it and ends with exit code 2, the
    Slicer module shows it in a message.
    """


def count(number: int, what: str, plural: str = "") -> str:
    """A number with its noun: 1 slice, 2 slices."""
    return f"{number} {what}" if number == 1 else f"{number} {plural or what + 's'}"


NO_MEMORY = "There is not enough memory for this study."


@contextmanager
def about(name: str) -> Iterator[None]:
    """Put a study's name before the message of an `InputError` that arises inside, unless it stands there already.

    Geometry and voxels do not know what the study is called; whoever knows says so here.

    Example:
        >>> with about("patient-7"):
        ...     raise InputError("its slices are 8 x 8 pixels.")
        Traceback (most recent call last):
        DCMMultiTaskLib.errors.InputError: patient-7: its slices are 8 x 8 pixels.
    """
    try:
        yield
    except InputError as error:
        if str(error).startswith(f"{name}: "):
            raise
        raise InputError(f"{name}: {error}") from error


def exit_code(run: Callable[[], int | None], program: str = "") -> int:
    """Run a program to its end; what a user can mend is one line on stderr instead of a traceback.

    Args:
        run: The program; it returns its exit code, or None for 0.
        program: What the line begins with; the running script's name by default.

    Returns:
        The exit code: 2 after bad input or too little memory, 130 after Ctrl-C.
    """
    program = program or Path(sys.argv[0]).stem
    try:
        code = run() or 0
        sys.stdout.flush()
        return code
    except InputError as error:
        reason = " ".join(str(error).split())
    except ModuleNotFoundError as error:
        package = (error.name or "").split(".")[0]
        if package in ("", __package__):
            raise
        reason = how_to_install(package)
    except MemoryError:
        reason = NO_MEMORY
    except BrokenPipeError:
        # Whoever reads what is printed has seen enough, as in `| head`; nothing more is said to them at exit either.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except KeyboardInterrupt:
        print(f"{program}: stopped; what was finished is kept.", file=sys.stderr)
        return 130
    print(f"{program}: error: {reason}", file=sys.stderr)
    return 2


# What a prediction does without, by the name to import: the name to install.
OPTIONAL_PACKAGES = {
    "lightning": "lightning",
    "monai": "monai",
    "matplotlib": "matplotlib",
    "jinja2": "jinja2",
    "markdown_it": "markdown-it-py",
    "rich": "rich",
    "safetensors": "safetensors",
    "sklearn": "scikit-learn",
}


def how_to_install(package: str) -> str:
    """One sentence for a user who lacks a package; all that training lacks is named at once.

    It holds in a checkout and in an installation alike, since it names packages that exist, and this Python.

    Args:
        package: The name that could not be imported.
    """
    names = [package]
    if package in OPTIONAL_PACKAGES:
        names = [name for name in OPTIONAL_PACKAGES if name == package or find_spec(name) is None]
    names = [OPTIONAL_PACKAGES.get(name, "slicer-core" if name == "slicer" else name) for name in names]
    what = f"the Python package {names[0]}" if len(names) == 1 else f"the Python packages {', '.join(names)}"
    slicer = " (in Slicer: with the module PyTorch Utils)" if package == "torch" else ""
    return f"This needs {what}, to be installed with: {pip_install(*names)}{slicer}."


def pip_install(*names: str) -> str:
    """The command line that installs packages for the Python that is running."""
    python = f'"{sys.executable}"' if " " in sys.executable else sys.executable
    return f"{python} -m pip install {' '.join(names)}"
