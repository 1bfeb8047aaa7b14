"""What a user does with mouse and keyboard, and what a user sees."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from PySide6 import QtCore, QtTest, QtWidgets

from .pythonqt import native


def in_event_loop(function: Callable[[], Any]) -> Any:
    """Call a function from a running event loop, as everything in Slicer is called, and return its result.

    Qt treats objects that are to be deleted differently when no event loop runs: a message box would close at once.
    """
    loop, result = QtCore.QEventLoop(), [None, None]

    def call() -> None:
        try:
            result[0] = function()
        except BaseException as error:
            result[1] = error
        loop.quit()

    QtCore.QTimer.singleShot(0, call)
    loop.exec()
    if isinstance(result[1], BaseException):
        raise result[1]
    return result[0]


def click(widget: Any) -> None:
    """Click the middle of a widget with the left mouse button.

    Raises:
        AssertionError: If a user could not click it: it is hidden or disabled.
    """
    process_events()
    target = native(widget)
    assert target.isVisible(), f"{target.objectName()} is not visible"
    assert target.isEnabled(), f"{target.objectName()} is not enabled"
    position = target.rect().center()
    if isinstance(target, QtWidgets.QCheckBox):
        position = QtCore.QPoint(8, position.y())
    in_event_loop(lambda: QtTest.QTest.mouseClick(target, QtCore.Qt.MouseButton.LeftButton, pos=position))
    process_events()


def click_cell(table: Any, row: int, column: int = 0) -> None:
    """Click a cell of a table view."""
    view = native(table)
    rectangle = view.visualRect(view.model().index(row, column))
    assert rectangle.isValid(), f"the table has no cell {row}, {column}"
    button = QtCore.Qt.MouseButton.LeftButton
    in_event_loop(lambda: QtTest.QTest.mouseClick(view.viewport(), button, pos=rectangle.center()))
    process_events()


def process_events() -> None:
    """Let everything happen that waits in the event loop."""
    for _ in range(3):
        QtCore.QCoreApplication.processEvents()
        QtCore.QCoreApplication.sendPostedEvents(None, int(QtCore.QEvent.Type.DeferredDelete))


def wait_until(condition: Callable[[], bool], *, seconds: float = 60.0) -> None:
    """Keep the event loop going until a condition holds.

    Raises:
        TimeoutError: If it does not within the time.
    """
    end = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > end:
            raise TimeoutError(f"the condition did not hold within {seconds} s")
        QtCore.QCoreApplication.processEvents(QtCore.QEventLoop.ProcessEventsFlag.AllEvents, 20)
        time.sleep(0.002)


def answer_next_dialog(button: str, seen: list[str] | None = None) -> None:
    """Press a button of the next modal dialog as soon as it is there; its text is added to ``seen``."""
    timer = QtCore.QTimer(QtWidgets.QApplication.instance())

    def look() -> None:
        dialog = QtWidgets.QApplication.activeModalWidget()
        if dialog is None:
            return
        timer.stop()
        timer.deleteLater()
        if seen is not None:
            seen.append(dialog.text() if isinstance(dialog, QtWidgets.QMessageBox) else dialog.windowTitle())
        for candidate in dialog.findChildren(QtWidgets.QAbstractButton):
            if candidate.text().replace("&", "") == button:
                candidate.click()
                return
        dialog.close()
        raise AssertionError(f"the dialog has no button {button}")

    timer.timeout.connect(look)
    timer.start(10)


def screenshot(widget: Any, path: Path, *, scale: float = 1.0) -> Path:
    """Write what a widget looks like into a PNG file."""
    picture = native(widget).grab()
    if scale != 1.0:
        picture = picture.scaledToWidth(int(picture.width() * scale), QtCore.Qt.TransformationMode.SmoothTransformation)
    if not picture.save(str(path)):
        raise OSError(f"{path} cannot be written")
    return path
