"""PyTorch, which Slicer does not bring; nothing here runs before the user asks for a result."""

from __future__ import annotations

import importlib.metadata
import re

import slicer
from slicer.i18n import tr as _

from DCMMultiTaskLib.errors import InputError

MINIMUM_TORCH = "2.6"


def versionNumbers(version: str) -> tuple[int, ...]:
    """`2.6.0+cu124` -> (2, 6, 0)."""
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
        raise InputError(
            _("PyTorch is not installed. Open the module 'PyTorch Utils', press 'Install PyTorch', then try again.")
        )
    if versionNumbers(version) < versionNumbers(MINIMUM_TORCH):
        raise InputError(
            _(
                "PyTorch {version} is installed, but {minimum} or newer is needed. Open the module 'PyTorch Utils', "
                "uninstall PyTorch, restart Slicer, then try again."
            ).format(version=version, minimum=MINIMUM_TORCH)
        )


def ensureTorch() -> None:
    """Make sure that PyTorch is installed, after asking; nothing else is needed that Slicer does not bring.

    It comes through the PyTorch extension alone, which picks the build that fits the graphics card.

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
        torch = PyTorchUtils.PyTorchUtilsLogic().installTorch(
            askConfirmation=True, torchVersionRequirement=f">={MINIMUM_TORCH}"
        )
        if torch is None:
            raise InputError(_("PyTorch was not installed, so nothing was analysed."))
    requireTorch()
