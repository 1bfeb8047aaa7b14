"""Slicer's views of the scene, drawn by its own displayable managers and VTK, in Slicer's colours and arrangement.

What stands around them (the bars above the slice views) is painted here after Slicer's look.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from PySide6 import QtCore, QtGui

from DCMMultiTaskLib.scene.rendering import offscreen_window, pixels_of, quiet

BAR = 22
BAR_COLOURS = {"Red": "#f34a33", "Yellow": "#edd54c", "Green": "#6eb04b", "3D": "#8c8ccc"}
# Slicer's background in 3D, from below to above.
BELOW, ABOVE = (0.454902, 0.470588, 0.745098), (0.756863, 0.764706, 0.909804)


def four_views(slicer: Any, width: int, height: int) -> QtGui.QImage:
    """The layout *Four-Up*: red and 3D above, green and yellow below."""
    across, down = width // 2 - 1, height // 2 - 1
    sheet = QtGui.QImage(width, height, QtGui.QImage.Format.Format_RGB32)
    sheet.fill(QtGui.QColor(90, 90, 90))
    painter = QtGui.QPainter(sheet)
    places = {"Red": (0, 0), "3D": (1, 0), "Green": (0, 1), "Yellow": (1, 1)}
    for name, (column, row) in places.items():
        x, y = column * (across + 2), row * (down + 2)
        if name == "3D":
            pixels, text = surface_view(slicer, across, down - BAR), ""
        else:
            pixels = slice_view(slicer, name, across, down - BAR)
            node = slicer.app.layoutManager().sliceWidget(name).mrmlSliceNode()
            text = f"{node.GetSliceOffset():.4f} mm"
        painter.fillRect(x, y, across, BAR, QtGui.QColor(BAR_COLOURS[name]))
        painter.setPen(QtGui.QColor("black"))
        painter.drawText(x + 8, y, 60, BAR, QtCore.Qt.AlignmentFlag.AlignVCenter, name[0] if name != "3D" else "1")
        right = QtCore.Qt.AlignmentFlag.AlignVCenter | QtCore.Qt.AlignmentFlag.AlignRight
        painter.drawText(x, y, across - 8, BAR, right, text)
        painter.drawImage(x, y + BAR, image_of(pixels))
    painter.end()
    return sheet


def image_of(pixels: np.ndarray) -> QtGui.QImage:
    """uint8 `(rows, columns, 3)` as an image of its own."""
    rows, columns, _ = pixels.shape
    data = np.ascontiguousarray(pixels).tobytes()
    return QtGui.QImage(data, columns, rows, 3 * columns, QtGui.QImage.Format.Format_RGB888).copy()


def slice_view(slicer: Any, name: str, width: int, height: int) -> np.ndarray:
    """A slice view of the layout, with volumes, segments and colour legend."""
    import vtk

    logic = slicer.app.layoutManager().sliceWidget(name).sliceLogic()
    node = logic.GetSliceNode()
    field = node.GetFieldOfView()
    shown = min(field[0], field[1])
    node.SetDimensions(width, height, 1)
    node.SetFieldOfView(shown * max(1, width / height), shown * max(1, height / width), field[2])
    window = offscreen_window(width, height)
    renderer = vtk.vtkRenderer()
    window.AddRenderer(renderer)
    mapper = vtk.vtkImageMapper()
    mapper.SetColorWindow(255)
    mapper.SetColorLevel(127.5)
    mapper.SetInputConnection(logic.GetImageDataConnection())
    actor = vtk.vtkActor2D()
    actor.SetMapper(mapper)
    renderer.AddViewProp(actor)
    managers = _managers(
        slicer,
        renderer,
        node,
        (slicer.vtkMRMLSegmentationsDisplayableManager2D, slicer.vtkMRMLColorLegendDisplayableManager),
    )
    pixels = pixels_of(window)
    del managers
    return pixels


def surface_view(slicer: Any, width: int, height: int) -> np.ndarray:
    """The 3D view with the surfaces of the segments, seen from where the base of the heart is open."""
    import vtk

    node = slicer.app.layoutManager().threeDWidget(0).mrmlViewNode()
    window = offscreen_window(width, height, samples=8)
    renderer = vtk.vtkRenderer()
    renderer.SetGradientBackground(True)
    renderer.SetBackground(*BELOW)
    renderer.SetBackground2(*ABOVE)
    window.AddRenderer(renderer)
    managers = _managers(
        slicer,
        renderer,
        node,
        (
            slicer.vtkMRMLCameraDisplayableManager,
            slicer.vtkMRMLViewDisplayableManager,
            slicer.vtkMRMLModelDisplayableManager,
            slicer.vtkMRMLSegmentationsDisplayableManager3D,
        ),
    )
    lights = vtk.vtkLightKit()
    lights.AddLightsToRenderer(renderer)
    camera = renderer.GetActiveCamera()
    camera.SetPosition(0, 500, 150)  # from in front of the patient, as a new 3D view of Slicer
    camera.SetFocalPoint(0, 0, 0)
    camera.SetViewUp(0, 0, 1)
    renderer.ResetCamera()
    camera.Zoom(1.6)
    renderer.ResetCameraClippingRange()
    pixels = pixels_of(window)
    del managers
    return pixels


def plot_view(slicer: Any, chart: Any, width: int, height: int) -> np.ndarray:
    """A chart as Slicer's plot view arranges it, by the same classes of VTK."""
    import vtk

    view = vtk.vtkContextView()
    window = offscreen_window(width, height, samples=8)
    view.SetRenderWindow(window)
    view.GetRenderer().SetBackground(1, 1, 1)
    canvas = vtk.vtkChartXY()
    view.GetScene().AddItem(canvas)
    canvas.SetTitle(chart.GetTitle())
    canvas.SetShowLegend(bool(chart.GetLegendVisibility()))
    canvas.GetLegend().SetInline(False)
    canvas.GetTitleProperties().SetFontSize(18)
    for axis, title in ((vtk.vtkAxis.BOTTOM, chart.GetXAxisTitle()), (vtk.vtkAxis.LEFT, chart.GetYAxisTitle())):
        canvas.GetAxis(axis).SetTitle(title)
        canvas.GetAxis(axis).GetTitleProperties().SetFontSize(16)
        canvas.GetAxis(axis).GetLabelProperties().SetFontSize(14)
    for axis, bounds in ((vtk.vtkAxis.BOTTOM, chart.GetXAxisRange()), (vtk.vtkAxis.LEFT, chart.GetYAxisRange())):
        canvas.GetAxis(axis).SetUnscaledRange(*bounds)
        canvas.GetAxis(axis).SetBehavior(vtk.vtkAxis.FIXED)
    for number in range(chart.GetNumberOfPlotSeriesNodes()):
        series = chart.GetNthPlotSeriesNode(number)
        plot = canvas.AddPlot(vtk.vtkChart.LINE)
        plot.SetInputData(series.GetTableNode().GetTable(), series.GetXColumnName(), series.GetYColumnName())
        plot.SetLabel(series.GetName())
        plot.SetColorF(*series.GetColor())
        plot.SetWidth(series.GetLineWidth())
        plot.SetMarkerStyle(series.GetMarkerStyle())
        plot.SetMarkerSize(series.GetMarkerSize())
        plot.GetPen().SetLineType(series.GetLineStyle())
    return pixels_of(window)


def _managers(slicer: Any, renderer: Any, node: Any, classes: tuple[Any, ...]) -> Any:
    """Slicer's displayable managers at work on a view; they live as long as what is returned."""
    import vtk

    interactor = vtk.vtkRenderWindowInteractor()  # they look for one where the scene has an interaction node
    interactor.SetRenderWindow(renderer.GetRenderWindow())
    group = slicer.vtkMRMLDisplayableManagerGroup()
    group.SetRenderer(renderer)
    made = [cls() for cls in classes]
    for manager in made:
        manager.SetMRMLApplicationLogic(slicer.app.applicationLogic())
        group.AddDisplayableManager(manager)
    with quiet():
        group.SetMRMLDisplayableNode(node)
        # Views are older than legends in Slicer; its manager takes a legend when it is added.
        for legend in slicer.util.getNodesByClass("vtkMRMLColorLegendDisplayNode"):
            slicer.mrmlScene.InvokeEvent(slicer.vtkMRMLScene.NodeAddedEvent, legend)
    return group, made, interactor
