"""CTK's path line edit: a path that is typed, chosen from the history, or browsed for."""

from __future__ import annotations

import enum
from pathlib import Path
from typing import Any

from PySide6 import QtCore, QtWidgets

from .support import stored


class ctkPathLineEdit(QtWidgets.QWidget):
    """An editable combo box of paths and a button that opens a file dialog."""

    class Filter(enum.Flag):
        Dirs, Files, Drives, NoSymLinks = 0x001, 0x002, 0x004, 0x008
        Readable, Writable, Executable = 0x010, 0x020, 0x040
        Hidden = 0x100
        NoDotAndDotDot = 0x1000

    class SizeAdjustPolicy(enum.Enum):
        AdjustToContents, AdjustToContentsOnFirstShow, AdjustToMinimumContentsLength = range(3)

    currentPathChanged = QtCore.Signal(str)
    validInputChanged = QtCore.Signal(bool)

    def __init__(self, parent: QtWidgets.QWidget | None = None) -> None:
        super().__init__(parent)
        self._box = QtWidgets.QComboBox(self)
        self._box.setEditable(True)
        self._box.setSizePolicy(QtWidgets.QSizePolicy.Policy.Expanding, QtWidgets.QSizePolicy.Policy.Fixed)
        self._browse_button = QtWidgets.QToolButton(self)
        self._browse_button.setText("...")
        layout = QtWidgets.QHBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(self._box)
        layout.addWidget(self._browse_button)
        self.setFocusProxy(self._box)
        self._was_valid = False
        self._box.editTextChanged.connect(self._edited)
        self._browse_button.clicked.connect(self.browse)

    def _edited(self, path: str) -> None:
        valid = bool(path) and Path(path).exists()
        if valid != self._was_valid:
            self._was_valid = valid
            self.validInputChanged.emit(valid)
        self.currentPathChanged.emit(path)

    def _path(self) -> str:
        return str(self._box.currentText())

    def setCurrentPath(self, path: str) -> None:
        if not isinstance(path, str):
            raise TypeError("currentPath needs str")
        self._box.setEditText(path)

    currentPath = QtCore.Property(str, _path, setCurrentPath)
    label = stored("label", str, "")
    nameFilters = stored("nameFilters", "QStringList", [])
    filters = stored("filters", object, Filter.Dirs | Filter.Files | Filter.Drives)
    settingKey = stored("settingKey", str, "", lambda self: self.retrieveHistory())
    sizeAdjustPolicy = stored("sizeAdjustPolicy", object, SizeAdjustPolicy.AdjustToContentsOnFirstShow)
    minimumContentsLength = stored("minimumContentsLength", int, 0)
    showHistoryButton = stored("showHistoryButton", bool, True)
    showBrowseButton = stored(
        "showBrowseButton", bool, True, lambda self: self._browse_button.setVisible(self.showBrowseButton)
    )

    def comboBox(self) -> QtWidgets.QComboBox:
        return self._box

    def browse(self, *_: Any) -> None:
        if self.filters & self.Filter.Files:
            path = QtWidgets.QFileDialog.getOpenFileName(self, self.label, self._path(), ";;".join(self.nameFilters))[0]
        else:
            path = QtWidgets.QFileDialog.getExistingDirectory(self, self.label, self._path())
        if path:
            self.setCurrentPath(path)

    def _history_key(self) -> str:
        return f"ctkPathLineEdit/{self.settingKey or self.objectName()}"

    def _history(self) -> list[str]:
        history = QtCore.QSettings().value(self._history_key()) or []
        return [history] if isinstance(history, str) else list(history)

    def addCurrentPathToHistory(self) -> None:
        path = self._path()
        if not path:
            return
        history = [path, *(entry for entry in self._history() if entry != path)]
        QtCore.QSettings().setValue(self._history_key(), history)
        self._fill(history, path)

    def retrieveHistory(self) -> None:
        history, path = self._history(), self._path()
        self._fill(history, path)
        if history and not path:
            self.setCurrentPath(history[0])  # the most recent one, as the real widget does

    def _fill(self, history: list[str], path: str) -> None:
        self._box.blockSignals(True)
        self._box.clear()
        self._box.addItems(history)
        self._box.setEditText(path)
        self._box.blockSignals(False)
