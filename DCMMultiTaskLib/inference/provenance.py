"""Where a result comes from."""

from __future__ import annotations

import platform
from typing import Any

import numpy as np
import SimpleITK as sitk
import torch

from DCMMultiTaskLib import __version__
from DCMMultiTaskLib.inference.package import ModelPackage


def versions() -> dict[str, str]:
    """Versions of what computes a result."""
    return {
        "DCMMultiTask": __version__,
        "python": platform.python_version(),
        "torch": str(torch.__version__),
        "numpy": np.__version__,
        "SimpleITK": sitk.Version.VersionString(),
    }


def model_and_versions(package: ModelPackage) -> dict[str, Any]:
    """The provenance that does not depend on the study."""
    return {
        "model": package.name,
        "model_version": package.version,
        "model_sha256": package.sha256,
        "versions": versions(),
    }
