"""CTK's widgets: collapsible button, slider with spin box, path line edit, message box."""

from __future__ import annotations

import enum
from pathlib import Path
from typing import Any

from PySide6 import QtCore, QtGui, QtWidgets

from .support import stored


class ctkCollapsibleButton(QtWidgets.QAbstractButton):
    """A header that can be clicked, above contents that are hidden when it is collapsed."""

    contentsCollapsed = QtCore.Signal(bool)

    def __init__(self, *arguments: Any) -> None:
        text = arguments[0] if arguments and isinstance(arguments[0], str) else ""
        parent = next((a for a in arguments if isinstance(a, QtWidgets.QWidget)), None)
        super().__init__(parent)
        self._hidden_children: list[QtWidgets.QWidget] = []
        self.setText(text)
        self.setCheckable(True)
        self.setChecked(True)
        self.setContentsMargins(0, self._header_height(), 0, 0)
        self.setSizePolicy(QtWidgets.QSizePolicy.Policy.Preferred, QtWidgets.QSizePolicy.Policy.Preferred)
        self.toggled.connect(self._apply)

    def _is_collapsed(self) -> bool:
        return not self.isChecked()

    def _set_collapsed(self, collapsed: bool) -> None:
        if not isinstance(collapsed, bool):
            raise TypeError("collapsed needs bool")
        self.setChecked(not collapsed)

    collapsed = QtCore.Property(bool, _is_collapsed, _set_collapsed)
    collapsedHeight = stored("collapsedHeight", int, 10)
    flat = stored("flat", bool, False)
    contentsLineWidth = stored("contentsLineWidth", int, 1)

    def _header_height(self) -> int:
        return self.fontMetrics().height() + 8

    def _apply(self, expanded: bool) -> None:
        if expanded:
            for child in self._hidden_children:
                child.setVisible(True)
            self._hidden_children = []
            self.setMaximumHeight(16777215)
        else:
            self._hide_children()
            self.setMaximumHeight(self._header_height())
        self.contentsCollapsed.emit(not expanded)

    def _hide_children(self) -> None:
        for child in self.findChildren(QtWidgets.QWidget, options=QtCore.Qt.FindChildOption.FindDirectChildrenOnly):
            if not child.isHidden():
                child.setVisible(False)
                self._hidden_children.append(child)

    def event(self, event: QtCore.QEvent) -> bool:
        if event.type() == QtCore.QEvent.Type.LayoutRequest and self._is_collapsed():
            self._hide_children()  # contents that came while it was collapsed
        return bool(super().event(event))

    def sizeHint(self) -> QtCore.QSize:
        header = QtCore.QSize(self.fontMetrics().horizontalAdvance(self.text()) + 40, self._header_height())
        layout = self.layout()
        return header if layout is None or self._is_collapsed() else header.expandedTo(layout.totalSizeHint())

    def minimumSizeHint(self) -> QtCore.QSize:
        layout = self.layout()
        if layout is None or self._is_collapsed():
            return QtCore.QSize(40, self._header_height())
        return layout.totalMinimumSize()

    def hitButton(self, position: QtCore.QPoint) -> bool:
        return position.y() <= self._header_height()

    def paintEvent(self, event: QtGui.QPaintEvent) -> None:
        painter = QtWidgets.QStylePainter(self)
        option = QtWidgets.QStyleOptionButton()
        option.initFrom(self)
        option.rect = QtCore.QRect(0, 0, self.width(), self._header_height())
        painter.drawControl(QtWidgets.QStyle.ControlElement.CE_PushButtonBevel, option)
        option.rect = QtCore.QRect(8, 0, 12, self._header_height())
        arrow = QtWidgets.QStyle.PrimitiveElement
        painter.drawPrimitive(
            arrow.PE_IndicatorArrowRight if self._is_collapsed() else arrow.PE_IndicatorArrowDown, option
        )
        text = QtCore.QRect(26, 0, self.width() - 30, self._header_height())
        painter.drawText(text, QtCore.Qt.AlignmentFlag.AlignVCenter, self.text())


class ctkSliderWidget(QtWidgets.QWidget):
    """A slider and a spin box that show one number."""

    valueChanged = QtCore.Signal(float)
    valueIsChanging = QtCore.Signal(float)
    decimalsChanged = QtCore.Signal(int)

    def __init__(self, parent: QtWidgets.QWidget | None = None) -> None:
        super().__init__(parent)
        self._slider = QtWidgets.QSlider(QtCore.Qt.Orientation.Horizontal, self)
        self._box = QtWidgets.QDoubleSpinBox(self)
        self._box.setRange(0.0, 99.0)
        layout = QtWidgets.QHBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(self._slider)
        layout.addWidget(self._box)
        self._slider.valueChanged.connect(self._slider_moved)
        self._box.valueChanged.connect(self._box_changed)
        self._update_slider()

    def _update_slider(self) -> None:
        steps = max(1, round((self._box.maximum() - self._box.minimum()) / (self._box.singleStep() or 1.0)))
        self._slider.blockSignals(True)
        self._slider.setRange(0, min(steps, 100000))
        span = (self._box.maximum() - self._box.minimum()) or 1.0
        self._slider.setValue(round((self._box.value() - self._box.minimum()) / span * self._slider.maximum()))
        self._slider.blockSignals(False)

    def _slider_moved(self, position: int) -> None:
        span = self._box.maximum() - self._box.minimum()
        self._box.setValue(self._box.minimum() + span * position / (self._slider.maximum() or 1))

    def _box_changed(self, value: float) -> None:
        self._update_slider()
        self.valueIsChanging.emit(value)
        self.valueChanged.emit(value)

    def _through_box(name: str, kind: type) -> QtCore.Property:  # type: ignore[misc]
        setter = f"set{name[0].upper()}{name[1:]}"

        def write(self: ctkSliderWidget, value: Any) -> None:
            getattr(self._box, setter)(value)
            self._update_slider()

        return QtCore.Property(kind, lambda self: getattr(self._box, name)(), write)

    minimum = _through_box("minimum", float)
    maximum = _through_box("maximum", float)
    value = _through_box("value", float)
    singleStep = _through_box("singleStep", float)
    decimals = _through_box("decimals", int)
    prefix = _through_box("prefix", str)
    suffix = _through_box("suffix", str)
    pageStep = stored("pageStep", float, 10.0)
    tracking = stored("tracking", bool, True)
    spinBoxVisible = stored("spinBoxVisible", bool, True, lambda self: self._box.setVisible(self.spinBoxVisible))

    def setValue(self, value: float) -> None:
        self._box.setValue(value)

    def setDecimals(self, decimals: int) -> None:
        self._box.setDecimals(decimals)

    def reset(self) -> None:
        self._box.setValue(self._box.minimum())


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


class ctkMessageBox(QtWidgets.QMessageBox):
    """A message box that can be told not to come again."""

    dontShowAgain = stored("dontShowAgain", bool, False)
    dontShowAgainSettingsKey = stored("dontShowAgainSettingsKey", str, "")
    dontShowAgainVisible = stored("dontShowAgainVisible", bool, False)
