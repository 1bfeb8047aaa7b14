"""The Results section: shows what a risk table node holds, so that it is back when a saved scene is loaded."""

from __future__ import annotations

import html
import math
from pathlib import Path

import qt
import slicer
from slicer.i18n import tr as _

from DCMMultiTaskModule import display
from DCMMultiTaskModule.edits import EditWatch, openSegmentEditor
from DCMMultiTaskModule.plots import PlotClicks

COLUMNS = ("slice", "dcm_probability", "myocardium_area_mm2", "quality")
# Amber behind black: readable in Slicer's light and dark styles.
WARNING_COLOUR = (255, 213, 128)


class ResultsPanel:
    """Fills and drives the widgets of the Results section.

    Args:
        ui: The panel's widgets by name.
    """

    def __init__(self, ui) -> None:
        self.ui = ui
        self.table = None
        self.rows = []
        self.plots = PlotClicks(self.onPoint)
        self.edits = EditWatch(ui.resultsCollapsibleButton, self.onEdited)
        self._sortColumn = 0
        self._descending = False
        header = ui.sliceTable.horizontalHeader()
        header.setSortIndicatorShown(True)
        header.setSectionResizeMode(qt.QHeaderView.ResizeToContents)
        header.setSectionResizeMode(len(COLUMNS) - 1, qt.QHeaderView.Stretch)
        # The reasons against a slice are whole sentences: they take as many lines as they need.
        ui.sliceTable.wordWrap = True
        ui.sliceTable.verticalHeader().setSectionResizeMode(qt.QHeaderView.ResizeToContents)
        header.connect("sectionClicked(int)", self.onHeaderClicked)
        ui.sliceTable.connect("currentCellChanged(int,int,int,int)", self.onCurrentCellChanged)
        ui.sliceTable.connect("cellClicked(int,int)", self.onCellClicked)
        ui.showChartButton.connect("clicked(bool)", self.onShowChart)
        ui.bullsEyeButton.connect("clicked(bool)", self.onBullsEye)
        ui.showCurveButton.connect("clicked(bool)", self.onShowCurve)
        ui.show3DButton.connect("toggled(bool)", self.onShow3D)
        ui.editButton.connect("clicked(bool)", self.onEdit)
        ui.updateButton.connect("clicked(bool)", self.onUpdate)
        ui.exportTableButton.connect("clicked(bool)", self.onExportTable)
        ui.exportSceneButton.connect("clicked(bool)", self.onExportScene)
        self.show(None)

    def show(self, tableNode) -> None:
        """Show the result in a table node; None, or a table without a result, empties the section."""
        from DCMMultiTaskLib.scene.provenance import facts_of
        from DCMMultiTaskLib.scene.table import rows_of

        facts = facts_of(tableNode) if tableNode else {}
        self.table = tableNode if facts else None
        self.rows = rows_of(tableNode) if facts else []
        has = bool(facts)
        self.ui.probabilityLabel.text = patientText(facts, self.rows) if has else _("No result yet.")
        self.ui.ruleLabel.text = facts.get("rule", "")
        self.ui.ruleLabel.visible = has
        notes = facts.get("notes", [])
        self.ui.notesLabel.text = "\n".join(notes)
        self.ui.notesLabel.visible = bool(notes)
        for button in (self.ui.exportTableButton, self.ui.exportSceneButton):
            button.enabled = has
        self.ui.showChartButton.enabled = display.chartOf(self.table) is not None
        self.ui.bullsEyeButton.enabled = display.bullsEyeOf(self.table) is not None
        self.ui.showCurveButton.visible = display.curveOf(self.table) is not None
        segmentation = display.segmentationOf(self.table)
        self.ui.editButton.enabled = segmentation is not None and display.volumeOf(self.table) is not None
        self.edits.watch(self.table)
        self.onEdited()
        self.ui.show3DButton.setSegmentationNode(segmentation)
        self.ui.resultsCollapsibleButton.enabled = has
        self._fill()

    def summary(self) -> str:
        """What was done, in one sentence for the status line; nothing where there is no result."""
        if self.table is None:
            return ""
        from DCMMultiTaskLib.measurements.quality import NOT_ANALYSED
        from DCMMultiTaskLib.scene.provenance import facts_of

        facts = facts_of(self.table)
        done, total = sum(row.quality != NOT_ANALYSED for row in self.rows), len(self.rows)
        stopped = _("Stopped: {done} of {total} slices are finished.")
        if done == total:  # of a cine
            done, total = len(facts["masks_sha256"]), facts["phases"]
            stopped = _("Stopped: {done} of {total} phases are finished.")
        text = stopped if facts["cancelled"] else _("Finished.")
        return (
            text.format(done=done, total=total)
            + " "
            + _("{seconds:.1f} s on {device}.").format(seconds=facts["seconds"], device=facts["device"])
        )

    def onHeaderClicked(self, column: int) -> None:
        """Sort by a column; a second click turns the order round."""
        self._descending = column == self._sortColumn and not self._descending
        self._sortColumn = column
        self._fill()

    def onCurrentCellChanged(self, row: int, _column: int, previousRow: int, _previousColumn: int) -> None:
        if row != previousRow:
            self._jumpToRow(row)

    def onCellClicked(self, row: int, _column: int) -> None:
        self._jumpToRow(row)

    def onShowChart(self, _checked: bool = False) -> None:
        self.plots.show(display.chartOf(self.table))

    def onShowCurve(self, _checked: bool = False) -> None:
        self.plots.show(display.curveOf(self.table))

    def onBullsEye(self, _checked: bool = False) -> None:
        display.showBullsEye(self.table)

    def onPoint(self, tableNode, index: int) -> None:
        """A point of a plot was clicked: show its slice, or its phase."""
        if self.table is not None:
            display.showPoint(self.table, tableNode, index)

    def onShow3D(self, shown: bool) -> None:
        """Slicer's own button has made the surface, or removed it."""
        if shown:
            display.centre3D()

    def onEdit(self, _checked: bool = False) -> None:
        openSegmentEditor(self.table)

    def onEdited(self) -> None:
        """Say so where the segments that are shown are not those that the table was measured on."""
        from DCMMultiTaskLib.scene.edited import is_edited

        edited = self.table is not None and is_edited(self.table)
        self.ui.editedLabel.visible = self.ui.updateButton.enabled = edited

    def onUpdate(self, _checked: bool = False) -> None:
        """Measure the segments as they are now."""
        from DCMMultiTaskLib.errors import InputError
        from DCMMultiTaskLib.scene.edited import measure_again

        try:
            slicer.mrmlScene.SaveStateForUndo()
            measure_again(self.table)
        except InputError as error:
            self.ui.statusLabel.text = str(error)
            slicer.util.errorDisplay(str(error))
        else:
            self.show(self.table)
            self.ui.statusLabel.text = _("Measured again on the edited mask.")

    def onExportTable(self, _checked: bool = False) -> None:
        name = display.exportName(self.table)
        path = self._askPath(_("Export table"), f"{name}_risk.csv", _("Table (*.csv)"))
        if path:
            self._export(display.exportTable, self.table, path)

    def onExportScene(self, _checked: bool = False) -> None:
        name = display.exportName(self.table)
        path = self._askPath(_("Export scene"), f"{name}.mrb", _("Scene (*.mrb)"))
        if path:
            self._export(display.exportScene, path)

    def _askPath(self, title: str, fileName: str, fileFilter: str) -> str:
        folder = slicer.mrmlScene.GetRootDirectory()
        return qt.QFileDialog.getSaveFileName(
            self.ui.resultsCollapsibleButton, title, str(Path(folder) / fileName), fileFilter
        )

    def _export(self, write, *arguments) -> None:
        from DCMMultiTaskLib.errors import InputError

        try:
            path = write(*arguments)
        except InputError as error:
            self.ui.statusLabel.text = str(error)
            slicer.util.errorDisplay(str(error))
        else:
            self.ui.statusLabel.text = _("Written: {path}").format(path=path)

    def _jumpToRow(self, row: int) -> None:
        if self.table is not None and 0 <= row < len(self.rows):
            display.jumpToSlice(self.table, self.rows[row].slice)

    def _fill(self) -> None:
        """Write the sorted rows into the widget; not analysed slices (NaN) stay at the end."""
        field = COLUMNS[self._sortColumn]
        known = [row for row in self.rows if not _isNaN(getattr(row, field))]
        unknown = [row for row in self.rows if _isNaN(getattr(row, field))]
        self.rows = sorted(known, key=lambda row: getattr(row, field), reverse=self._descending) + unknown
        table = self.ui.sliceTable
        wasBlocked = table.blockSignals(True)
        table.clearSelection()
        table.setRowCount(len(self.rows))
        for index, row in enumerate(self.rows):
            for column, text in enumerate(rowTexts(row)):
                table.setItem(index, column, self._item(text, row, column))
        table.horizontalHeader().setSortIndicator(
            self._sortColumn, qt.Qt.DescendingOrder if self._descending else qt.Qt.AscendingOrder
        )
        table.blockSignals(wasBlocked)

    def _item(self, text: str, row, column: int) -> qt.QTableWidgetItem:
        item = qt.QTableWidgetItem(text)
        item.setToolTip(
            _("Slice {number}, {position:.1f} mm from the first one.").format(
                number=row.slice + 1, position=row.position_mm
            )
        )
        if COLUMNS[column] != "quality":
            item.setTextAlignment(qt.Qt.AlignRight | qt.Qt.AlignVCenter)
        if row.quality != "ok":
            item.setBackground(qt.QBrush(qt.QColor(*WARNING_COLOUR)))
            item.setForeground(qt.QBrush(qt.QColor(0, 0, 0)))
            item.setToolTip(_("Do not rely on this slice: {reason}.").format(reason=row.quality))
        elif row.dcm_class and COLUMNS[column] == "dcm_probability":
            font = item.font()
            font.setBold(True)
            item.setFont(font)
        return item


def patientText(facts: dict, rows: list) -> str:
    """The patient in words (rich text), from what a result's node holds: the first sentence, then the judgement."""
    from DCMMultiTaskLib.inference.text import first_sentence, phase_sentence

    first, separator, others = first_sentence(facts, rows).partition(",")
    text = f"<b>{html.escape(first)}</b>{separator}{html.escape(others)}"
    if not math.isnan(float(facts["dcm_probability"])) and not facts.get("cannot_decide"):
        threshold = facts["decision"]["threshold"]
        at = _("The probability is at or above the threshold of {threshold:.2f}.")
        judgement = at if facts["dcm_class"] else _("The probability is below the threshold of {threshold:.2f}.")
        text += f"<br>{judgement.format(threshold=threshold)}"
    edited = _("Measured on a mask that was edited by hand.") if facts.get("mask_edited") else ""
    return " ".join(part for part in (text, html.escape(phase_sentence(facts)), edited) if part)


def rowTexts(row) -> tuple[str, ...]:
    """A row's cells as they are shown, slices counted from 1; a dash where there is no number."""
    probability = "–" if _isNaN(row.dcm_probability) else f"{row.dcm_probability:.2f}"
    return str(row.slice + 1), probability, f"{row.myocardium_area_mm2:.0f}", row.quality


def _isNaN(value) -> bool:
    return isinstance(value, float) and math.isnan(value)
