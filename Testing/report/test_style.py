"""One palette, for every reader; and pictures without a screen, OpenGL or Slicer."""

from __future__ import annotations

import builtins
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from drawn_studies import drawn_study
from report_helpers import LONG, boxes_of

from DCMMultiTaskLib.errors import InputError
from DCMMultiTaskLib.report.batch_page import write_batch_page
from DCMMultiTaskLib.report.chart import probability_chart
from DCMMultiTaskLib.report.sheet import Sheet
from DCMMultiTaskLib.report.study import StudyPicture
from DCMMultiTaskLib.report.style import ABOVE, BELOW, LABELS, LIGHT, WARNING, rgb
from DCMMultiTaskLib.report.thumbnails import study_thumbnails

TESTING = Path(__file__).resolve().parents[1]
# Machado, Oliveira and Fernandes (2009): what a reader without one kind of cones sees, in linear red, green and blue.
SEEN_BY = {
    "all cones": np.eye(3),
    "no red cones": [[0.152, 1.053, -0.205], [0.115, 0.786, 0.099], [-0.004, -0.048, 1.052]],
    "no green cones": [[0.367, 0.861, -0.228], [0.280, 0.673, 0.047], [-0.012, 0.043, 0.969]],
    "no blue cones": [[1.256, -0.077, -0.179], [-0.078, 0.931, 0.148], [0.005, 0.691, 0.304]],
}


def lab(colour: str, seen: np.ndarray) -> np.ndarray:
    """CIE L*a*b* of a colour as a reader sees it."""
    channels = np.array(rgb(colour))
    linear = np.where(channels <= 0.04045, channels / 12.92, ((channels + 0.055) / 1.055) ** 2.4)
    to_xyz = np.array([[0.4125, 0.3576, 0.1804], [0.2127, 0.7152, 0.0722], [0.0193, 0.1192, 0.9503]])
    x, y, z = np.cbrt(np.maximum(to_xyz @ np.clip(np.asarray(seen) @ linear, 0, 1) / (0.9505, 1, 1.0888), 0.009))
    return np.array([116 * y - 16, 500 * (x - y), 200 * (y - z)])


@pytest.mark.parametrize("reader", SEEN_BY)
def test_colours_that_mean_different_things_are_told_apart_by_every_reader(reader):
    pairs = [(ABOVE, BELOW), (ABOVE, WARNING), (BELOW, WARNING), (LABELS[1].line, LABELS[2].line)]
    pairs += [(LIGHT, look.line) for look in LABELS.values()]
    for first, second in pairs:
        distance = np.linalg.norm(lab(first, SEEN_BY[reader]) - lab(second, SEEN_BY[reader]))
        assert distance > 20, f"{first} and {second}"


def run(code: str) -> None:
    subprocess.run([sys.executable, "-c", code], check=True, cwd=TESTING.parent)


def test_pictures_need_neither_slicer_nor_vtk_nor_a_screen(tmp_path):
    run(
        f"import sys; sys.path[:0] = [{str(TESTING)!r}, {str(TESTING.parent)!r}]\n"
        "sys.modules.update(dict.fromkeys(('slicer', 'vtk', 'vtkmodules', 'PySide6', 'tkinter')))\n"
        "from drawn_studies import drawn_study\n"
        "from DCMMultiTaskLib.report.chart import probability_chart\n"
        "from DCMMultiTaskLib.report.contact_sheet import contact_sheet\n"
        f"contact_sheet(drawn_study(), activation=True).save({str(tmp_path / 'sheet.png')!r})\n"
        f"probability_chart(drawn_study()).save({str(tmp_path / 'chart.png')!r})\n"
        "assert 'matplotlib.pyplot' not in sys.modules and 'torch' not in sys.modules\n"
    )
    assert len(list(tmp_path.iterdir())) == 2


def test_the_scene_takes_its_colours_from_here_without_matplotlib():
    run(
        f"import sys; sys.path[:0] = [{str(TESTING.parent)!r}]\n"
        "sys.modules['matplotlib'] = None\n"
        "import DCMMultiTaskLib.report.study, DCMMultiTaskLib.scene.chart, DCMMultiTaskLib.scene.nodes\n"
        "import DCMMultiTaskLib.scene.views, DCMMultiTaskLib.scene.slice_view, DCMMultiTaskLib.scene.view_3d\n"
    )


@pytest.mark.parametrize(
    ("package", "draw"),
    [
        ("matplotlib", lambda folder: probability_chart(drawn_study())),
        ("matplotlib", lambda folder: study_thumbnails(drawn_study())),
        ("jinja2", write_batch_page),
    ],
)
def test_without_a_package_one_sentence_names_the_fix_for_this_python(monkeypatch, tmp_path, package, draw):
    real = builtins.__import__

    def refuse(name, *args, **kwargs):
        if name.startswith((package, "contourpy")):  # which matplotlib brings
            raise ImportError(f"No module named {name!r}")
        return real(name, *args, **kwargs)

    monkeypatch.setattr(builtins, "__import__", refuse)
    with pytest.raises(InputError, match=re.escape(f"{sys.executable} -m pip install {package}.")):
        draw(tmp_path)


def test_a_long_line_is_set_smaller_then_cut_and_dollars_are_no_formula():
    sheet = Sheet(StudyPicture.of(drawn_study(name="$x$_")), 640, 200)
    assert sheet.page.texts[0].get_text() == "$x$_"
    for width in (900, 500, 60):
        assert sheet.text(LONG, 24, 150, width=width) <= width
    whole, cut, short = [text for text in boxes_of(sheet) if "study" in text or "a s" in text]
    assert "…" not in whole
    assert cut.endswith("…") and short.endswith("…") and len(short) < len(cut)


def test_a_picture_that_cannot_be_written_is_an_input_error_and_leaves_nothing(tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(InputError, match="cannot be written"):
        probability_chart(drawn_study()).save(tmp_path / "file" / "chart.png")
