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
sys.path[:0] = [str(ROOT), str(ROOT / "Testing"), str(Path(__file__).parent)]

PANEL_WIDTH = 460


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
    from slicer_standin.interaction import click, click_cell, process_events
    from slicer_views import four_views, image_of, plot_view, slice_view

    from DCMMultiTaskModule import display

    slicer.util.selectModule("DCMMultiTask")
    widget = slicer.modules.DCMMultiTaskWidget
    window = slicer.util.mainWindow()
    ui = widget.ui
    if model:
        widget._parameterNode.modelPath = str(model)
    window.resize(PANEL_WIDTH, 560)
    grab(widget, folder / "0-empty.png")
    click(ui.sampleButton)
    ui.advancedCollapsibleButton.collapsed = False
    process_events()
    grab(widget, folder / "1-choose.png")
    ui.advancedCollapsibleButton.collapsed = True

    follow = widget.onProgress

    def grab_while_running(done: int, total: int) -> None:
        follow(done, total)
        if 0.4 < done / total < 1:
            process_events()
            grab(widget, folder / "2-running.png")

    widget.onProgress = grab_while_running
    click(ui.applyButton)
    widget.onProgress = follow
    window.resize(PANEL_WIDTH, 1010)
    process_events()
    click_cell(ui.sliceTable, 5, 1)
    click(ui.show3DButton)
    grab(widget, folder / "3-results.png")
    four_views(slicer, 900, 820).save(str(folder / "4-views.png"))
    table = widget._parameterNode.table
    for name, chart in (("5-chart", display.chartOf(table)), ("6-curve", display.curveOf(table))):
        image_of(plot_view(slicer, chart, 760, 420)).save(str(folder / f"{name}.png"))

    click(ui.bullsEyeButton)
    image_of(slice_view(slicer, "Red", 420, 380)).save(str(folder / "8-wall.png"))
    click_cell(ui.sliceTable, 6, 1)
    thumbnail = image_of(slice_view(slicer, "Yellow", 220, 220))
    thumbnail.save(str(ROOT / "DCMMultiTask" / "Resources" / "Icons" / "DCMPhantom.png"))

    click(ui.modelCardButton)
    card = next(w for w in top_level_widgets() if w.windowTitle() and w.isVisible() and not w.isModal() and is_card(w))
    card.grab().save(str(folder / "model-card.png"))
    card.close()
    compose(folder)
    states(slicer, widget, folder)


def states(slicer: Any, widget: Any, folder: Path) -> None:
    """The states of the panel that the tutorial does not show, to be looked at."""
    from PySide6 import QtWidgets
    from slicer_standin.interaction import click, process_events, wait_until
    from slicer_views import image_of, slice_view

    ui, parameters = widget.ui, widget._parameterNode
    mask = slicer.util.arrayFromSegmentBinaryLabelmap(parameters.segmentation, "Myocardium", parameters.inputVolume)
    mask = mask.copy()
    mask[4] = 0
    slicer.util.updateSegmentBinaryLabelmapFromArray(
        mask, parameters.segmentation, "Myocardium", parameters.inputVolume
    )
    wait_until(lambda: bool(ui.updateButton.enabled))
    grab(widget, folder / "state-edited.png")
    click(ui.updateButton)
    grab(widget, folder / "state-measured-again.png")

    follow = widget.onProgress

    def cancel(done: int, total: int) -> None:
        follow(done, total)
        if done / total > 0.5:
            ui.applyButton.click()

    widget.onProgress = cancel
    click(ui.applyButton)
    widget.onProgress = follow
    grab(widget, folder / "state-cancelled.png")

    ui.phasesComboBox.setCurrentIndex(1)
    parameters.computeActivation = True
    click(ui.applyButton)
    grab(widget, folder / "state-one-phase.png")
    image_of(slice_view(slicer, "Yellow", 640, 520)).save(str(folder / "7-map.png"))

    parameters.computeActivation, parameters.uncertainty = False, True
    click(ui.applyButton)
    image_of(slice_view(slicer, "Yellow", 640, 520)).save(str(folder / "state-uncertainty.png"))

    shown, slicer.util.errorDisplay = slicer.util.errorDisplay, lambda *_arguments, **_options: None
    transform = slicer.mrmlScene.AddNewNodeByClass("vtkMRMLLinearTransformNode", "registration")
    parameters.inputVolume.SetAndObserveTransformNodeID(transform.GetID())
    click(ui.applyButton)
    grab(widget, folder / "state-failed.png")
    slicer.util.errorDisplay = shown
    parameters.inputVolume.SetAndObserveTransformNodeID(None)

    application = QtWidgets.QApplication.instance()
    assert isinstance(application, QtWidgets.QApplication)
    light = application.palette()
    application.setPalette(dark_palette())
    process_events()
    grab(widget, folder / "state-dark.png")
    application.setPalette(light)
    slicer.util.mainWindow().resize(400, 980)
    process_events()
    grab(widget, folder / "state-400-pixels.png")


def dark_palette() -> Any:
    """The colours of Slicer's dark style (`qSlicerDarkStyle`)."""
    from PySide6 import QtGui

    palette = QtGui.QPalette()
    role = QtGui.QPalette.ColorRole
    for name, colour in {
        role.Window: "#2b2b2b",
        role.WindowText: "#dcdcdc",
        role.Base: "#1e1e1e",
        role.AlternateBase: "#2b2b2b",
        role.Text: "#dcdcdc",
        role.Button: "#3a3a3a",
        role.ButtonText: "#dcdcdc",
        role.Highlight: "#3d6fa5",
        role.HighlightedText: "#ffffff",
        role.PlaceholderText: "#9a9a9a",
    }.items():
        palette.setColor(name, QtGui.QColor(colour))
    for name in (role.Text, role.WindowText, role.ButtonText):
        palette.setColor(QtGui.QPalette.ColorGroup.Disabled, name, QtGui.QColor("#7a7a7a"))
    return palette


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
    last = native(ui.batchCollapsibleButton)
    bottom = last.mapTo(panel, last.rect().bottomLeft()).y() + 12
    picture.copy(0, 0, picture.width(), min(bottom, picture.height())).save(str(path))


def compose(folder: Path) -> None:
    """The panel beside its views, for the head of the documentation."""
    from PySide6 import QtCore, QtGui

    panel, views = (QtGui.QImage(str(folder / name)) for name in ("3-results.png", "4-views.png"))
    panel = panel.scaledToHeight(views.height(), QtCore.Qt.TransformationMode.SmoothTransformation)
    sheet = QtGui.QImage(panel.width() + views.width() + 4, views.height(), QtGui.QImage.Format.Format_RGB32)
    sheet.fill(QtGui.QColor(90, 90, 90))
    painter = QtGui.QPainter(sheet)
    painter.drawImage(0, 0, panel)
    painter.drawImage(panel.width() + 4, 0, views)
    painter.end()
    sheet.save(str(folder / "overview.png"))


if __name__ == "__main__":
    main()
