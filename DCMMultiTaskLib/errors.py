"""The one error that a user is meant to read, and words that sentences for people share."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec


class InputError(ValueError):
    """What the user gave cannot be used.

    The message is one sentence in the user's words that says what is wrong and what to do. It is raised where the
    fault is found and shown once, by the outermost layer: the command line prints it and ends with exit code 2, the
    Slicer module shows it in a message.
    """


def count(number: int, what: str, plural: str = "") -> str:
    """A number with its noun: 1 slice, 2 slices."""
    return f"{number} {what}" if number == 1 else f"{number} {plural or what + 's'}"


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
