"""The Results section: shows what a risk table node holds, so that it is back when a saved scene is loaded."""

from __future__ import annotations

import json
import math
from pathlib import Path

import qt
import slicer
from slicer.i18n import tr as _

from DCMMultiTaskModule import display

COLUMNS = ("slice", "dcm_probability", "quality", "position_mm", "myocardium_area_mm2")
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
        self._sortColumn = 0
        self._descending = False
        header = ui.sliceTable.horizontalHeader()
        header.setSortIndicatorShown(True)
        header.setSectionResizeMode(qt.QHeaderView.ResizeToContents)
        header.setStretchLastSection(True)
        header.connect("sectionClicked(int)", self.onHeaderClicked)
        ui.sliceTable.connect("currentCellChanged(int,int,int,int)", self.onCurrentCellChanged)
        ui.sliceTable.connect("cellClicked(int,int)", self.onCellClicked)
        ui.showChartButton.connect("clicked(bool)", self.onShowChart)
        ui.show3DButton.connect("toggled(bool)", self.onShow3D)
        ui.exportTableButton.connect("clicked(bool)", self.onExportTable)
        ui.exportSceneButton.connect("clicked(bool)", self.onExportScene)
        self.show(None)

    def show(self, tableNode) -> None:
        """Show the result in a table node; None, or a table without a result, empties the section."""
        from DCMMultiTaskLib.scene.provenance import node_attributes
        from DCMMultiTaskLib.scene.table import rows_of

        facts = node_attributes(tableNode) if tableNode else {}
        self.table = tableNode if facts else None
        self.rows = rows_of(tableNode) if facts else []
        has = bool(facts)
        self.ui.probabilityLabel.text = patientText(facts) if has else _("No result yet.")
        self.ui.ruleLabel.text = facts.get("rule", "")
        self.ui.ruleLabel.visible = has
        notes = json.loads(facts.get("notes", "[]"))
        self.ui.notesLabel.text = "\n".join(notes)
        self.ui.notesLabel.visible = bool(notes)
        for button in (self.ui.showChartButton, self.ui.exportTableButton, self.ui.exportSceneButton):
            button.enabled = has
        segmentation = display.segmentationOf(self.table) if has else None
        self.ui.show3DButton.setSegmentationNode(segmentation)
        self.ui.resultsCollapsibleButton.enabled = has
        self._fill()

    def summary(self) -> str:
        """What was done, in one sentence for the status line; nothing where there is no result."""
        if self.table is None:
            return ""
        from DCMMultiTaskLib.measurements.quality import NOT_ANALYSED
        from DCMMultiTaskLib.scene.provenance import node_attributes

        facts = node_attributes(self.table)
        done = sum(row.quality != NOT_ANALYSED for row in self.rows)
        text = _("Stopped: {done} of {total} slices are finished.") if facts["cancelled"] == "true" else _("Finished.")
        return (
            text.format(done=done, total=len(self.rows))
            + " "
            + _("{seconds:.1f} s on {device}.").format(seconds=float(facts["seconds"]), device=facts["device"])
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
        display.showChart(self.table)

    def onShow3D(self, shown: bool) -> None:
        """Slicer's own button has made the surface, or removed it."""
        if shown:
            display.centre3D()

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


def patientText(facts: dict[str, str]) -> str:
    """The patient's row in words (rich text), from the attributes of a result's node."""
    probability = float(facts["dcm_probability"])
    if math.isnan(probability):
        return _("<b>No slice could be used</b>, so there is no probability for this patient.")
    threshold = json.loads(facts["decision"])["threshold"]
    at = _("At or above the threshold of {threshold:.2f}.")
    judgement = at if int(facts["dcm_class"]) else _("Below the threshold of {threshold:.2f}.")
    headline = _("Probability of a DCM-like phenotype: {probability:.2f}").format(probability=probability)
    return f"<b>{headline}</b><br>{judgement.format(threshold=threshold)}"


def rowTexts(row) -> tuple[str, ...]:
    """A row's cells as they are shown; a dash where there is no number."""
    probability = "–" if _isNaN(row.dcm_probability) else f"{row.dcm_probability:.2f}"
    return str(row.slice), probability, row.quality, f"{row.position_mm:.1f}", f"{row.myocardium_area_mm2:.0f}"


def _isNaN(value) -> bool:
    return isinstance(value, float) and math.isnan(value)
