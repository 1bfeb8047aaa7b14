"""The Python packages that Slicer does not bring; nothing here runs before the user asks for a result."""

from __future__ import annotations

import importlib.metadata
import re
from pathlib import Path

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


def ensurePackages(requirementsFile: str | Path) -> None:
    """Make sure that everything for an analysis is installed; the user is asked before anything is installed.

    Raises:
        InputError: Something is missing and was not installed.
    """
    ensureTorch()
    ensureOthers(requirementsFile)


def ensureTorch() -> None:
    """PyTorch comes through the PyTorch extension alone, which picks the build that fits the graphics card."""
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


def ensureOthers(requirementsFile: str | Path) -> None:
    """The packages of requirements.txt: by slicer.packaging (Slicer 5.12 and newer), else by pip after asking."""
    missing = missingRequirements(requirementsFile)
    if not missing:
        return
    try:
        import slicer.packaging as packaging
    except ImportError:
        _askAndInstall(missing)
        return
    try:
        packaging.pip_ensure(packaging.load_requirements(requirementsFile), requester="DCMMultiTask")
    except RuntimeError as error:
        raise InputError(_("These Python packages are needed: {names}.").format(names=", ".join(missing))) from error


def missingRequirements(requirementsFile: str | Path) -> list[str]:
    """The lines `NAME>=VERSION` that the installed packages do not satisfy."""
    missing = []
    for line in Path(requirementsFile).read_text(encoding="utf-8").splitlines():
        requirement = line.strip()
        if requirement and not requirement.startswith("#"):
            name, _sign, minimum = requirement.partition(">=")
            version = installedVersion(name.strip())
            if version is None or versionNumbers(version) < versionNumbers(minimum):
                missing.append(requirement)
    return missing


def _askAndInstall(requirements: list[str]) -> None:
    names = ", ".join(requirements)
    if slicer.app.testingEnabled() or not slicer.util.confirmOkCancelDisplay(
        _("These Python packages are needed and will be installed into Slicer: {names}").format(names=names)
    ):
        raise InputError(_("These Python packages are needed: {names}.").format(names=names))
    slicer.util.pip_install(" ".join(requirements))
