"""Plots of a result, whose points can be clicked."""

from __future__ import annotations

import slicer


class PlotClicks:
    """Shows charts in the layout, and tells which of their points was clicked.

    Args:
        tell: Called with the table node that a series is drawn from and the number of a row in it.
    """

    def __init__(self, tell) -> None:
        self.tell = tell
        self._views = []

    def show(self, chart) -> None:
        """Show a chart in the layout."""
        slicer.modules.plots.logic().ShowChartInLayout(chart)
        layoutManager = slicer.app.layoutManager()
        for index in range(layoutManager.plotViewCount if layoutManager is not None else 0):
            view = layoutManager.plotWidget(index).plotView()
            if view not in self._views:  # views stay as long as Slicer does
                view.connect("dataSelected(vtkStringArray*,vtkCollection*)", self.onDataSelected)
                self._views.append(view)

    def onDataSelected(self, seriesIDs, selections) -> None:
        """Slicer tells for each series with selected points its ID, and the numbers of the points."""
        for index in range(min(seriesIDs.GetNumberOfValues(), selections.GetNumberOfItems())):
            series = slicer.mrmlScene.GetNodeByID(seriesIDs.GetValue(index))
            points = selections.GetItemAsObject(index)
            if series is not None and points.GetNumberOfValues() > 0:
                self.tell(series.GetTableNode(), int(points.GetValue(0)))
                return
