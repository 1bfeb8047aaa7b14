"""Makes the pictures of the tutorial: `python Testing/module/make_screenshots.py -o Resources/Screenshots`.

The panel is the module's own, operated by clicks in the Slicer stand-in; slices, surface and chart are drawn by
Slicer's own displayable managers and VTK. None of them is a picture of the Slicer application.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT), str(ROOT / "Testing")]

PANEL_WIDTH = 560


def main() -> None:
    """Operate the panel and write the pictures."""
    parser = argparse.ArgumentParser(description="Makes the pictures of the tutorial.")
    parser.add_argument("-o", "--output", type=Path, default=ROOT / "out" / "screenshots")
    parser.add_argument("--model", type=Path, help="model package; the shipped one if left out")
    args = parser.parse_args()
    args.output.mkdir(parents=True, exist_ok=True)

    from slicer_standin.boot import boot, shut_down

    slicer = boot(modules=[ROOT / "DCMMultiTask"])
    try:
        make_pictures(slicer, args.output, args.model)
    finally:
        shut_down()


def make_pictures(slicer: Any, folder: Path, model: Path | None) -> None:
    """The tutorial, step by step."""
    import SampleData
    from slicer_standin.interaction import click, click_cell, process_events

    from DCMMultiTaskModule.sample_data import SAMPLE_NAME, registerSampleData

    slicer.util.selectModule("DCMMultiTask")
    widget = slicer.modules.DCMMultiTaskWidget
    window = slicer.util.mainWindow()
    registerSampleData()
    volume = SampleData.downloadSample(SAMPLE_NAME)
    process_events()
    if model:
        widget._parameterNode.modelPath = str(model)
    widget.ui.advancedCollapsibleButton.collapsed = False
    window.resize(PANEL_WIDTH, 560)
    grab(widget, folder / "1-choose.png")

    follow = widget.onProgress

    def grab_while_running(done: int, total: int) -> None:
        follow(done, total)
        if 0.4 < done / total < 1:
            widget.ui.advancedCollapsibleButton.collapsed = True
            process_events()
            grab(widget, folder / "2-running.png")

    widget.onProgress = grab_while_running
    click(widget.ui.applyButton)
    widget.onProgress = follow
    widget.ui.advancedCollapsibleButton.collapsed = True
    window.resize(PANEL_WIDTH, 860)
    process_events()
    click_cell(widget.ui.sliceTable, 5, 1)
    grab(widget, folder / "3-results.png")

    click(widget.ui.modelCardButton)
    card = next(w for w in top_level_widgets() if w.windowTitle() and w.isVisible() and not w.isModal() and is_card(w))
    card.grab().save(str(folder / "model-card.png"))
    card.close()
    draw_views(widget, volume, folder)
    compose(folder)


def is_card(widget: Any) -> bool:
    from PySide6 import QtWidgets

    return widget.findChild(QtWidgets.QTextBrowser) is not None and widget.objectName() != "qSlicerMainWindow"


def top_level_widgets() -> list[Any]:
    from PySide6 import QtWidgets

    return list(QtWidgets.QApplication.topLevelWidgets())


def grab(widget: Any, path: Path) -> None:
    """The panel without the window around it, and without the empty space below it."""
    from slicer_standin.interaction import process_events
    from slicer_standin.pythonqt import native

    process_events()
    panel = native(widget.parent)
    picture = panel.grab()
    ui = widget.ui
    results = native(ui.resultsCollapsibleButton)
    bottom = results.mapTo(panel, results.rect().bottomLeft()).y() + 12
    picture.copy(0, 0, picture.width(), min(bottom, picture.height())).save(str(path))


def draw_views(widget: Any, volume: Any, folder: Path) -> None:
    """What the slice, 3D and plot views show of the same result."""
    from DCMMultiTaskLib.imaging.study import Study
    from DCMMultiTaskLib.report.chart import probability_chart
    from DCMMultiTaskLib.report.contact_sheet import contact_sheet
    from DCMMultiTaskLib.scene.nodes import volume_from_node
    from DCMMultiTaskLib.scene.view_3d import view_3d

    study = Study(volume.GetName(), [volume_from_node(volume)])
    result = widget.logic.predictor(widget._parameterNode.modelPath, "auto").predict(study)
    contact_sheet(result, width=1120).save(folder / "4-slices.png")
    probability_chart(result, width=900, height=520).save(folder / "5-chart.png")
    view_3d(result, folder / "6-3d.png", size=640)


def compose(folder: Path) -> None:
    """The panel beside its views, for the head of the documentation."""
    from PySide6 import QtCore, QtGui

    panel, slices, chart, surface = (
        QtGui.QImage(str(folder / name)) for name in ("3-results.png", "4-slices.png", "5-chart.png", "6-3d.png")
    )
    height, gap = 820, 12
    smooth = QtCore.Qt.TransformationMode.SmoothTransformation
    panel = panel.scaledToHeight(height, smooth)
    # The width at which slices, and below them surface and chart side by side, are together as high as the panel.
    of_slices = slices.width() / slices.height()
    of_below = surface.width() / surface.height() + chart.width() / chart.height()
    width = round((height - gap + gap / of_below) / (1 / of_slices + 1 / of_below))
    slices = slices.scaledToWidth(width, smooth)
    below = height - gap - slices.height()
    surface, chart = surface.scaledToHeight(below, smooth), chart.scaledToHeight(below, smooth)
    sheet = QtGui.QImage(panel.width() + width + 3 * gap, height + 2 * gap, QtGui.QImage.Format.Format_RGB32)
    sheet.fill(QtGui.QColor(46, 51, 60))
    painter = QtGui.QPainter(sheet)
    painter.drawImage(gap, gap, panel)
    left = 2 * gap + panel.width()
    painter.drawImage(left, gap, slices)
    painter.drawImage(left, 2 * gap + slices.height(), surface)
    painter.drawImage(left + surface.width() + gap, 2 * gap + slices.height(), chart)
    painter.end()
    sheet.save(str(folder / "overview.png"))


if __name__ == "__main__":
    main()
