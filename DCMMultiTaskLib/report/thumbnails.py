"""A study's slices with the outlines of its labels in one small picture, for pages of many studies."""

from __future__ import annotations

import base64
import io
import math
import re
from pathlib import Path
from typing import Any

import numpy as np

from DCMMultiTaskLib.errors import InputError, pip_install
from DCMMultiTaskLib.inference.result import Result
from DCMMultiTaskLib.report.study import StudyPicture
from DCMMultiTaskLib.report.style import LABELS

THUMBNAILS = "_thumbnails.svg"
"""Ends the name of a study's file of thumbnails."""
MOST = 60
# Pixels of a tile and quality of the WebP picture, the first that fits: 500 studies have to fit into one page.
SIZES = ((128, 60), (128, 45), (128, 30), (112, 25), (96, 20), (64, 15), (48, 10))
LARGEST = 14_000
# Nothing larger is taken for thumbnails.
LARGEST_FILE = 200_000
# Steps of the outlines' coordinates in a tile; every fourth point of an outline keeps its shape at that size.
STEPS, EVERY = 1024, 4


def study_thumbnails(result: Result) -> bytes:
    """The slices side by side, zoomed to the heart, as an SVG file: a grey picture, and the outlines as paths over it.

    Outlines that are not pixels stay sharp, and a reader's page can hide them. The root's `data-slices` names the
    slices shown (0-based) and `data-mm` the length of a tile's side; each path has `data-slice` and `data-label`.

    Args:
        result: All slices are shown, or 60 of them, evenly chosen.

    Returns:
        The SVG file, mostly below 25 kB.

    Raises:
        InputError: matplotlib, and Pillow that comes with it, is not installed.
    """
    try:
        from DCMMultiTaskLib.report.contact_sheet import chosen_slices

        study = StudyPicture.of(result)
        shown = chosen_slices(study, MOST)
        picture = next(
            (
                data
                for size, quality in SIZES
                if len(data := _strip(study, shown, size, quality)) <= LARGEST or (size, quality) == SIZES[-1]
            )
        )
        paths = [path for place, at in enumerate(shown) for path in _paths(study, place, at)]
    except ImportError as error:
        raise InputError(f"thumbnails need matplotlib ({error}): {pip_install('matplotlib')}.") from error
    size = f'width="{len(shown) * STEPS}" height="{STEPS}"'
    return "\n".join(
        [
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {len(shown) * STEPS} {STEPS}" '
            f'height="{SIZES[0][0]}" data-slices="{" ".join(map(str, shown))}" data-mm="{study.size_mm:.0f}">',
            f'<image {size} href="data:image/webp;base64,{base64.b64encode(picture).decode()}"/>',
            f'<g fill="none" stroke-width="{STEPS // 90}" stroke-linejoin="round">',
            *paths,
            "</g>",
            "</svg>",
        ]
    ).encode()


def read_thumbnails(path: Path) -> dict[str, Any] | None:
    """What a page draws of a file of `study_thumbnails`, and nothing else that the file may hold.

    Returns:
        `strip` (the WebP picture, base64), `tile` (length of a tile's side in the outlines' steps), `mm`, `slices`, and
        `outlines`: slice, label and path of each. None where it is no such file.
    """
    try:
        text = path.read_text("utf-8") if path.stat().st_size <= LARGEST_FILE else ""
    except (OSError, ValueError):
        return None
    root = re.search(r'viewBox="0 0 \d+ (\d+)" [^<>]*data-slices="([\d ]+)" data-mm="(\d+)"', text)
    strip = re.search(r'href="data:image/webp;base64,([A-Za-z0-9+/=]+)"', text)
    if not root or not strip:
        return None
    outlines = re.findall(r'<path data-slice="(\d+)" data-label="(\d)" stroke="#\w+" d="([-\d Mlz]+)"/>', text)
    return {
        "strip": strip[1],
        "tile": int(root[1]),
        "mm": int(root[3]),
        "slices": [int(number) for number in root[2].split()],
        "outlines": [[int(number), int(label), drawn] for number, label, drawn in outlines],
    }


def _frame(study: StudyPicture) -> tuple[np.ndarray, np.ndarray]:
    """Row and column (continuous) of the shown square's upper left corner, and its sides in pixels."""
    sides = study.size_mm / np.asarray(study.spacing_mm)
    return np.asarray(study.centre) - sides / 2, sides


def _strip(study: StudyPicture, shown: list[int], size: int, quality: int) -> bytes:
    from PIL import Image

    corner, sides = _frame(study)
    black, white = study.greys
    around = math.ceil(max(0, *(-corner), *(corner + sides - study.images.shape[1:]))) + 2
    low = corner + 0.5 + around  # Pillow counts from the edge of the first pixel
    box = (low[1], low[0], low[1] + sides[1], low[0] + sides[0])
    strip = Image.new("L", (size * len(shown), size))
    for place, at in enumerate(shown):
        grey = np.clip(np.nan_to_num((study.images[at] - black) / (white - black)), 0, 1)
        padded = Image.fromarray(np.pad(np.round(255 * grey).astype(np.uint8), around))
        strip.paste(padded.resize((size, size), Image.Resampling.BICUBIC, box=box), (place * size, 0))
    stream = io.BytesIO()
    strip.save(stream, "webp", quality=quality, method=4)
    return stream.getvalue()


def _paths(study: StudyPicture, place: int, at: int) -> list[str]:
    """The outlines of a slice's labels: whole steps from point to point, the first from the strip's corner."""
    from DCMMultiTaskLib.report.contact_sheet import outlines

    corner, sides = _frame(study)
    scale = (STEPS / sides)[::-1]
    rows, columns = study.window()
    away, strip = np.array([columns.start, rows.start]) - corner[::-1], np.array([place * STEPS, 0])
    paths = []
    for label, look in LABELS.items():
        drawn = ""
        for loop in outlines(study.labels[at, rows, columns] == label):
            points = np.round((loop[::EVERY] + away) * scale).astype(int) + strip
            if len(points) > 2:
                steps = "".join(f"{x} {y} " for x, y in np.diff(points, axis=0)).replace(" -", "-").strip()
                drawn += f"M{points[0][0]} {points[0][1]}l{steps}z"
        if drawn:
            paths.append(f'<path data-slice="{at}" data-label="{label}" stroke="{look.line}" d="{drawn}"/>')
    return paths
