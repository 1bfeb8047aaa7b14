"""Python packages: what is needed is checked for real, and never installed."""

from __future__ import annotations

import importlib.metadata
import logging
from pathlib import Path
from typing import Any

import slicer
from packaging.requirements import Requirement


def load_requirements(path: str | Path) -> list[Requirement]:
    """Return the requirements in a file, one in a line; comments and pip's options are left out."""
    lines = (line.strip() for line in Path(path).read_text(encoding="utf-8").splitlines())
    return [Requirement(line) for line in lines if line and line[0] not in "#-"]


def _requirements(requirements: Any) -> list[Requirement]:
    if isinstance(requirements, str):
        requirements = requirements.split() if ";" not in requirements else [requirements]
    elif isinstance(requirements, Requirement):
        requirements = [requirements]
    elif not isinstance(requirements, list):
        raise TypeError(f"Expected str, Requirement, or list, got {type(requirements).__name__}")
    return [Requirement(entry) if isinstance(entry, str) else entry for entry in requirements]


def _installed(requirement: Requirement) -> bool:
    if requirement.marker is not None and not requirement.marker.evaluate():
        return True
    try:
        return importlib.metadata.version(requirement.name) in requirement.specifier
    except importlib.metadata.PackageNotFoundError:
        return False


def pip_check(req: Any) -> bool:
    """Tell whether the requirements are met by what is installed (extras are not looked into)."""
    return all(_installed(requirement) for requirement in _requirements(req))


def pip_ensure(
    requirements: Any,
    constraints: str | Path | None = None,
    skip_packages: list[str] | None = None,
    prompt_install: bool = True,
    prompt_restart: bool = True,
    requester: str | None = None,
    skip_in_testing: bool = True,
    show_progress: bool = True,
) -> list[str] | None:
    """Do as Slicer does up to the point where it would install: ask the user, who may decline."""
    missing = [str(requirement) for requirement in _requirements(requirements) if not _installed(requirement)]
    if not missing:
        return None
    if skip_in_testing and slicer.app.testingEnabled():
        logging.info(f"Testing mode is enabled: skipping pip_ensure for [{', '.join(missing)}]")
        return None
    if prompt_install:
        title = f"{requester} - Install Python Packages" if requester else "Install Python Packages"
        message = (
            f"{len(missing)} Python package(s) need to be installed.\n\nThis will modify Slicer's Python environment."
        )
        if not slicer.util.confirmOkCancelDisplay(message, title, detailedText="\n".join(missing)):
            raise RuntimeError("User declined package installation")
    return pip_install(missing, constraints, skip_packages=skip_packages, requester=requester)


def pip_install(requirements: Any, constraints: str | Path | None = None, **options: Any) -> list[str] | None:
    """Refuse: the stand-in changes no Python environment."""
    raise RuntimeError(f"The Slicer stand-in installs nothing; it was asked for {requirements}")


def pip_uninstall(requirements: Any, **options: Any) -> None:
    """Refuse: the stand-in changes no Python environment."""
    raise RuntimeError(f"The Slicer stand-in uninstalls nothing; it was asked for {requirements}")
