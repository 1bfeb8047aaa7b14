"""A dark sheet to put pictures, bars and text on."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from DCMMultiTaskLib.storage import atomic_path

Colour = tuple[int, int, int]

BACKGROUND: Colour = (18, 21, 26)
PANEL: Colour = (30, 35, 42)
TEXT: Colour = (236, 239, 243)
MUTED: Colour = (154, 163, 175)
# Told apart by colour-blind readers (Okabe and Ito), lightened for the dark sheet.
OUTLINE: Colour = (255, 196, 61)
BELOW: Colour = (86, 180, 233)
ABOVE: Colour = (255, 133, 82)


class Canvas:
    """Pixels, uint8 `(height, width, 3)`, first row on top."""

    def __init__(self, width: int, height: int, colour: Colour = BACKGROUND) -> None:
        self.pixels = np.empty((height, width, 3), np.uint8)
        self.pixels[:] = colour

    def paste(self, picture: np.ndarray, left: int, top: int) -> None:
        """Put an uint8 `(h, w, 3)` picture at a place."""
        self.pixels[top : top + picture.shape[0], left : left + picture.shape[1]] = picture

    def rectangle(self, left: int, top: int, width: int, height: int, colour: Colour) -> None:
        """Fill a rectangle."""
        self.pixels[max(top, 0) : top + height, max(left, 0) : left + width] = colour

    def text(
        self,
        text: str,
        left: int,
        top: int,
        *,
        size: int = 16,
        colour: Colour = TEXT,
        bold: bool = False,
        width: int | None = None,
        align: str = "left",
    ) -> None:
        """Write one line.

        Args:
            text: What does not fit into `width` is cut and ends in dots.
            left: Left edge of the place.
            top: Upper edge of the line.
            size: Height of the letters in points at 72 dpi: pixels.
            colour: Of the letters.
            bold: Heavier letters.
            width: Width of the place; up to the right edge of the sheet where it is not given.
            align: `left` or `right` in the place, or `centre`.
        """
        room = self.pixels.shape[1] - left if width is None else width
        shape = _letters(text, size, bold)
        while shape.shape[1] > room and len(text) > 1:
            text = text.rstrip("…")[:-1].rstrip() + "…"
            shape = _letters(text, size, bold)
        spare = room - shape.shape[1]
        left += {"left": 0, "right": spare, "centre": spare // 2}[align]
        place = self.pixels[top : top + shape.shape[0], max(left, 0) : left + shape.shape[1]]
        cover = shape[: place.shape[0], : place.shape[1], None]
        place[:] = np.round(place * (1 - cover) + np.asarray(colour) * cover).astype(np.uint8)

    def save(self, path: str | Path) -> Path:
        """Write a PNG file, whole or not at all."""
        return save_png(self.pixels, path)


def save_png(pixels: np.ndarray, path: str | Path) -> Path:
    """Write uint8 `(height, width, 3)` pixels as a PNG file, whole or not at all."""
    import vtk

    path = Path(path)
    writer = vtk.vtkPNGWriter()
    writer.SetInputData(image_of(pixels))
    writer.WriteToMemoryOn()
    writer.Write()
    with atomic_path(path) as temporary:
        temporary.write_bytes(bytes(memoryview(writer.GetResult())))
    return path


def image_of(pixels: np.ndarray) -> Any:
    """The pixels as `vtkImageData` (whose first row is at the bottom)."""
    import vtk
    from vtk.util.numpy_support import numpy_to_vtk

    image = vtk.vtkImageData()
    image.SetDimensions(pixels.shape[1], pixels.shape[0], 1)
    image.GetPointData().SetScalars(numpy_to_vtk(np.ascontiguousarray(pixels[::-1]).reshape(-1, 3), deep=True))
    return image


def text_width(text: str, size: int, *, bold: bool = False) -> int:
    """Pixels that a line of text takes."""
    return _letters(text, size, bold).shape[1]


def _letters(text: str, size: int, bold: bool) -> np.ndarray:
    """How far each pixel of a line is covered by its letters, 0 to 1, `(line height, width)`.

    All texts of one size have the same height and baseline.
    """
    import vtk
    from vtk.util.numpy_support import vtk_to_numpy

    properties = vtk.vtkTextProperty()
    properties.SetFontFamilyToArial()
    properties.SetFontSize(size)
    properties.SetBold(bold)
    properties.SetColor(1, 1, 1)
    properties.SetVerticalJustificationToBottom()
    image, dimensions = vtk.vtkImageData(), [0, 0]
    height = round(1.35 * size)
    if not text.strip() or not vtk.vtkTextRenderer.GetInstance().RenderString(properties, text, image, dimensions, 72):
        return np.zeros((height, 0))
    columns, rows, _ = image.GetDimensions()
    rgba = vtk_to_numpy(image.GetPointData().GetScalars()).reshape(rows, columns, -1)
    cover = rgba[: min(dimensions[1], height), : dimensions[0], 3].astype(float) / 255
    line = np.zeros((height, cover.shape[1]))
    line[: cover.shape[0]] = cover  # the first row is the lowest, and the baseline is always as far above it
    return line[::-1]
