"""PyTorch, which Slicer does not bring; nothing here runs before the user asks for a result."""

from __future__ import annotations

import importlib.metadata
import re

import slicer
from slicer.i18n import tr as _

from DCMMultiTaskLib.errors import InputError

# PyTorch for Intel Macs ends at 2.2.2; nothing that a prediction needs is newer than this.
MINIMUM_TORCH = "2.1.2"
TORCH_REQUIREMENT = f">={MINIMUM_TORCH}"
INSTALL_COMMAND = (
    "import PyTorchUtils\n"
    "PyTorchUtils.PyTorchUtilsLogic().installTorch("
    f'askConfirmation=True, torchVersionRequirement="{TORCH_REQUIREMENT}")'
)


class InstallationError(InputError):
    """A package is missing or too old.

    Attributes:
        details: What the user can do by hand, and what an installer said.
    """

    def __init__(self, message: str, details: str) -> None:
        super().__init__(message)
        self.details = details


def versionNumbers(version: str) -> tuple[int, ...]:
    """`2.2.2+cu121` -> (2, 2, 2)."""
    return tuple(int(number) for number in re.findall(r"\d+", re.split(r"[^\d.]", version, maxsplit=1)[0]))


def installedVersion(package: str) -> str | None:
    """Version of an installed package, without importing it; None where it is not installed."""
    try:
        return importlib.metadata.version(package)
    except importlib.metadata.PackageNotFoundError:
        return None


def requireTorch() -> None:
    """Raise an InputError that says what to do, unless a PyTorch that is new enough is installed."""
    version = installedVersion("torch")
    if version is None:
        raise InstallationError(
            _(
                "PyTorch is not installed: press Apply and agree to its installation, or run the command under details "
                "in Slicer's Python console."
            ),
            INSTALL_COMMAND,
        )
    if versionNumbers(version) < versionNumbers(MINIMUM_TORCH):
        raise InstallationError(
            _(
                "PyTorch {version} is installed and {minimum} or newer is needed: run the command under details in "
                "Slicer's Python console, which brings it up to date, then restart Slicer."
            ).format(version=version, minimum=MINIMUM_TORCH),
            INSTALL_COMMAND,
        )


def ensureTorch(say=lambda text: None) -> None:
    """Make sure that PyTorch is installed, after asking; nothing else is needed that Slicer does not bring.

    It comes through the PyTorch extension alone, which picks the build that fits the graphics card.

    Args:
        say: Called with what is going on.

    Raises:
        InputError: It is missing and was not installed, or is too old.
    """
    if installedVersion("torch") is None and not slicer.app.testingEnabled():
        try:
            import PyTorchUtils
        except ImportError as error:
            raise InputError(
                _(
                    "The PyTorch extension is not installed. Install the extension 'PyTorch' in the Extensions "
                    "Manager, restart Slicer, then press Apply again."
                )
            ) from error
        say(_("Installing PyTorch: a download of up to 3 GB, during which the window does not answer..."))
        try:
            torch = PyTorchUtils.PyTorchUtilsLogic().installTorch(
                askConfirmation=True, torchVersionRequirement=TORCH_REQUIREMENT
            )
        except Exception as error:  # pip's exit code, a lost connection, a full disk
            raise InstallationError(
                _(
                    "The installation of PyTorch failed: check the internet connection and the space on the disk, then "
                    "press Apply again."
                ),
                f"{error}\n\n{INSTALL_COMMAND}",
            ) from error
        if torch is None:
            raise InputError(_("PyTorch was not installed, so nothing was analysed."))
    requireTorch()
