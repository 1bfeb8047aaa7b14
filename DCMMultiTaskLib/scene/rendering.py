"""Offscreen rendering: the window, its pixels, and a clear word where OpenGL is missing."""

from __future__ import annotations

import functools
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np

from DCMMultiTaskLib.errors import InputError
from DCMMultiTaskLib.scene.embedded import boot, embedded

NO_OPENGL = "a 3D view needs OpenGL, which this machine does not have: on Debian or Ubuntu, run make system-packages."
_PROBE = """
import vtkmodules.vtkRenderingOpenGL2
from vtkmodules.vtkCommonCore import vtkUnsignedCharArray
from vtkmodules.vtkRenderingCore import vtkRenderer, vtkRenderWindow
window = vtkRenderWindow()
window.SetOffScreenRendering(True)
window.SetSize(8, 8)
renderer = vtkRenderer()
renderer.SetBackground(0, 1, 0)
window.AddRenderer(renderer)
window.Render()
pixels = vtkUnsignedCharArray()
window.GetPixelData(0, 0, 7, 7, 0, pixels, 0)
raise SystemExit(0 if pixels.GetNumberOfValues() and pixels.GetValue(1) == 255 else 1)
"""


def require_opengl() -> None:
    """Raise an InputError that names the fix where pictures cannot be drawn.

    Inside the Slicer application there is OpenGL. Elsewhere another process tries first, since VTK may end the whole
    process when it finds no OpenGL.
    """
    boot()
    if not has_opengl():
        raise InputError(NO_OPENGL)


@functools.cache
def has_opengl() -> bool:
    """Whether this machine can draw offscreen."""
    if embedded() is None:
        return True
    environment = {**os.environ, "PYTHONWARNINGS": "ignore"}
    probe = subprocess.run(
        [sys.executable, "-c", _PROBE], capture_output=True, env=environment, timeout=120, check=False
    )
    return probe.returncode == 0


def offscreen_window(width: int, height: int, *, samples: int = 0) -> Any:
    """A `vtkRenderWindow` without a window on the screen.

    Args:
        width: Pixels.
        height: Pixels.
        samples: Samples a pixel against jagged lines; 0 for exact pixels.
    """
    import vtk

    with quiet():
        window = vtk.vtkRenderWindow()
        window.SetOffScreenRendering(True)
        window.SetMultiSamples(samples)
        window.SetSize(width, height)
    return window


def pixels_of(window: Any) -> np.ndarray:
    """Render the window.

    Returns:
        uint8 `(height, width, 3)`, the first row on top.
    """
    import vtk
    from vtk.util.numpy_support import vtk_to_numpy

    with quiet():
        window.Render()
    width, height = window.GetSize()
    values = vtk.vtkUnsignedCharArray()
    window.GetPixelData(0, 0, width - 1, height - 1, 0, values, 0)
    return vtk_to_numpy(values).reshape(height, width, 3)[::-1].copy()


@contextmanager
def quiet() -> Iterator[None]:
    """No warnings from VTK, which complains on its way to OpenGL about every screen that it does not find."""
    import vtk

    warnings = vtk.vtkObject.GetGlobalWarningDisplay()
    vtk.vtkObject.GlobalWarningDisplayOff()
    try:
        yield
    finally:
        vtk.vtkObject.SetGlobalWarningDisplay(warnings)


def halved(pixels: np.ndarray) -> np.ndarray:
    """Average 2 x 2 pixels: a picture drawn at twice the size gets smooth edges."""
    height, width = pixels.shape[0] // 2, pixels.shape[1] // 2
    blocks = pixels[: 2 * height, : 2 * width].reshape(height, 2, width, 2, 3)
    return blocks.mean(axis=(1, 3)).round().astype(np.uint8)
