"""Show a result in Slicer's views and write it out; every function takes nodes, so it also works from a script."""

from __future__ import annotations

from pathlib import Path

import slicer
import vtk
from slicer.i18n import tr as _

from DCMMultiTaskLib.errors import InputError
from DCMMultiTaskModule.inputs import ownMaps

# The heart in a view: so much wider than the mask, and never less than this.
MARGIN = 1.6
SMALLEST_FIELD_MM = 90.0


def showResult(nodes) -> None:
    """Put the volume behind the mask in all slice views, turned to its own slices and close to the heart."""
    layoutManager = slicer.app.layoutManager()
    if layoutManager is None:
        return
    removeMaps()
    shown = nodes.activation or nodes.uncertainty
    foreground = {"foreground": shown, "foregroundOpacity": 0.4} if shown else {}
    slicer.util.setSliceViewerLayers(background=nodes.volume, fit=True, rotateToVolumePlane=True, **foreground)
    box = maskBox(nodes.table)
    jumpTo(slicePosition(nodes.table))
    if box:
        sides = ((b - a + 1) * spacing for a, b, spacing in zip(*box, nodes.volume.GetSpacing(), strict=True))
        field = max(MARGIN * max(sides), SMALLEST_FIELD_MM)
        for name in layoutManager.sliceViewNames():
            zoomTo(layoutManager.sliceWidget(name).mrmlSliceNode(), field)


def removeMaps() -> None:
    """Take our maps out of the slice views; another foreground is the user's and stays."""
    maps = {node.GetID() for node in ownMaps()}
    for composite in slicer.util.getNodesByClass("vtkMRMLSliceCompositeNode"):
        if composite.GetForegroundVolumeID() in maps:
            composite.SetForegroundVolumeID(None)


def zoomTo(sliceNode, field: float) -> None:
    """Show so many mm across the smaller side of a slice view, but never more than it shows already."""
    width, height, depth = sliceNode.GetFieldOfView()
    scale = min(1.0, field / min(width, height))
    sliceNode.SetFieldOfView(scale * width, scale * height, depth)


def jumpTo(position) -> None:
    """Put a point (RAS, mm) into the middle of all slice views."""
    slicer.vtkMRMLSliceNode.JumpAllSlices(slicer.mrmlScene, *position, slicer.vtkMRMLSliceNode.CenteredJumpSlice)


def volumeOf(tableNode):
    """The volume that a result table is about, or None where it is no longer in the scene."""
    from DCMMultiTaskLib.scene.nodes import VOLUME_ROLE

    return tableNode.GetNodeReference(VOLUME_ROLE) if tableNode else None


def segmentationOf(tableNode):
    """The segmentation that belongs to a result table, or None."""
    from DCMMultiTaskLib.scene.nodes import SEGMENTATION_ROLE

    return tableNode.GetNodeReference(SEGMENTATION_ROLE) if tableNode else None


def maskBox(tableNode):
    """Lowest and highest voxel index (i, j, k) of the myocardium in a result's volume; None where there is none."""
    from DCMMultiTaskLib.imaging.segments import MYOCARDIUM

    volume, segmentation = volumeOf(tableNode), segmentationOf(tableNode)
    if segmentation is None:
        return None
    segmentID = segmentation.GetSegmentation().GetSegmentIdBySegmentName(MYOCARDIUM.name)
    if not segmentID:
        return None
    mask = slicer.util.arrayFromSegmentBinaryLabelmap(segmentation, segmentID, volume)
    found = mask.nonzero()[::-1]
    return ([int(i.min()) for i in found], [int(i.max()) for i in found]) if len(found[0]) else None


def slicePosition(tableNode, index: int | None = None) -> tuple[float, float, float]:
    """RAS position (mm) in the middle of the mask, or of the volume without a mask, moved onto slice `index`."""
    from DCMMultiTaskLib.scene.provenance import node_attributes

    volume = volumeOf(tableNode)
    if volume is None:
        raise InputError(_("The volume of this result is no longer in the scene."))
    low, high = maskBox(tableNode) or ((0, 0, 0), [size - 1 for size in volume.GetImageData().GetDimensions()])
    ijk = [(a + b) / 2 for a, b in zip(low, high, strict=True)]
    if index is not None:
        ijk["IJK".index(node_attributes(tableNode)["slice_axis"])] = float(index)
    toRAS = vtk.vtkMatrix4x4()
    volume.GetIJKToRASMatrix(toRAS)
    return tuple(toRAS.MultiplyPoint([*ijk, 1.0])[:3])


def jumpToSlice(tableNode, index: int) -> None:
    """Move all slice views to the heart on slice `index` of the result's volume, in the phase that the table is of."""
    from DCMMultiTaskLib.scene.cine import show_phase
    from DCMMultiTaskLib.scene.provenance import facts_of

    leaveBullsEye(tableNode)
    if volumeOf(tableNode) is not None:
        show_phase(volumeOf(tableNode), facts_of(tableNode)["phase"])
    jumpTo(slicePosition(tableNode, index))


def chartOf(tableNode):
    """The chart of the probabilities of a result, or None."""
    from DCMMultiTaskLib.scene.nodes import CHART_ROLE

    return tableNode.GetNodeReference(CHART_ROLE) if tableNode else None


def curveOf(tableNode):
    """The chart of the volume over the heart beat, or None."""
    from DCMMultiTaskLib.scene.nodes import CURVE_ROLE

    return tableNode.GetNodeReference(CURVE_ROLE) if tableNode else None


def bullsEyeOf(tableNode):
    """The picture of the wall's thickness by segments, or None."""
    from DCMMultiTaskLib.scene.nodes import BULLS_EYE_ROLE

    return tableNode.GetNodeReference(BULLS_EYE_ROLE) if tableNode else None


def showBullsEye(tableNode) -> None:
    """Show the bull's eye in the red slice view; a click on a row of the table brings the volume back there."""
    layoutManager = slicer.app.layoutManager()
    red = layoutManager.sliceWidget("Red") if layoutManager is not None else None
    if red is not None:
        red.mrmlSliceCompositeNode().SetForegroundVolumeID(None)
        red.mrmlSliceCompositeNode().SetBackgroundVolumeID(bullsEyeOf(tableNode).GetID())
        red.mrmlSliceNode().SetOrientationToAxial()
        red.fitSliceToBackground()


def leaveBullsEye(tableNode) -> None:
    """Put the volume back where the bull's eye is shown."""
    shown, volume = bullsEyeOf(tableNode), volumeOf(tableNode)
    for composite in slicer.util.getNodesByClass("vtkMRMLSliceCompositeNode") if shown and volume else []:
        if composite.GetBackgroundVolumeID() == shown.GetID():
            composite.SetBackgroundVolumeID(volume.GetID())
            slicer.app.layoutManager().sliceWidget("Red").mrmlSliceNode().RotateToVolumePlane(volume)


def showPoint(tableNode, pointsNode, index: int) -> None:
    """Show the slice, or the phase of the cine, that a point of one of the result's plots stands for."""
    from DCMMultiTaskLib.scene import chart, cine

    if pointsNode in chart.parts_of(chartOf(tableNode)):
        jumpToSlice(tableNode, index)
    elif pointsNode in chart.parts_of(curveOf(tableNode)) and volumeOf(tableNode) is not None:
        phase = slicer.util.arrayFromTableColumn(pointsNode, "phase")[index]
        cine.show_phase(volumeOf(tableNode), int(phase) - 1)


def centre3D() -> None:
    """Turn the first 3D view towards what is in it."""
    layoutManager = slicer.app.layoutManager()
    if layoutManager is not None and layoutManager.threeDViewCount:
        layoutManager.threeDWidget(0).threeDView().resetFocalPoint()


def exportName(tableNode) -> str:
    """What the files of a result are called: the volume's name, or the table's where the volume is gone.

    Slicer names volumes from DICOM `5: cine_sax`, which is a name for no file.
    """
    from DCMMultiTaskLib.inference.files import file_name
    from DCMMultiTaskLib.scene.naming import result_name

    volume = volumeOf(tableNode)
    return file_name(result_name(volume) if volume else tableNode.GetName())


def withExtension(path: str | Path, extension: str) -> Path:
    """The path with the extension where it is missing; a file of that name, which nobody was asked about, stays.

    Raises:
        InputError: There is such a file.
    """
    path = Path(path)
    if path.suffix.lower() == extension:
        return path
    path = path.with_name(path.name + extension)
    if path.exists():
        raise InputError(_("'{path}' is there already: choose it by its whole name to replace it.").format(path=path))
    return path


def exportTable(tableNode, path: str | Path) -> Path:
    """Write a result table as the CSV file that the command line writes.

    Raises:
        InputError: The file cannot be written, or `withExtension` refuses it.
    """
    from DCMMultiTaskLib.inference.files import write_risk
    from DCMMultiTaskLib.scene.table import rows_of

    path = withExtension(path, ".csv")
    write_risk(path, rows_of(tableNode))
    return path


def exportScene(path: str | Path) -> Path:
    """Write the scene as one .mrb file.

    Raises:
        InputError: The file cannot be written, or `withExtension` refuses it.
    """
    from DCMMultiTaskLib.scene.files import save_scene

    path = withExtension(path, ".mrb")
    save_scene(path)
    return path


def outputsOf(volumeNode) -> dict:
    """The nodes of the last result of a volume by their name in the parameter node; None where there is none."""
    from DCMMultiTaskLib.scene.nodes import BULLS_EYE_ROLE, UNCERTAINTY_ROLE, VOLUME_ROLE
    from DCMMultiTaskLib.scene.provenance import node_attributes

    outputs = dict.fromkeys(("segmentation", "table", "activationVolume"))
    classes = {
        "vtkMRMLSegmentationNode": "segmentation",
        "vtkMRMLTableNode": "table",
        "vtkMRMLScalarVolumeNode": "activationVolume",
    }
    roles = (BULLS_EYE_ROLE, UNCERTAINTY_ROLE)
    tables = slicer.util.getNodesByClass("vtkMRMLTableNode")
    pictures = [table.GetNodeReference(role) for table in tables for role in roles]
    for className, name in classes.items():
        for node in slicer.util.getNodesByClass(className) if volumeNode else []:
            source = node.GetNodeReference(VOLUME_ROLE)
            if source is volumeNode and node not in pictures and node_attributes(node):
                outputs[name] = node
    return outputs


def fitRoi(roiNode, volumeNode) -> None:
    """Put a box that has no size yet around the middle of a volume: 130 mm in plane, as high as the stack."""
    bounds, size = [0.0] * 6, [0.0] * 3
    roiNode.GetSizeWorld(size)
    if max(size) > 0:
        return
    volumeNode.GetRASBounds(bounds)
    roiNode.CreateDefaultDisplayNodes()
    roiNode.SetCenterWorld(*[(bounds[2 * axis] + bounds[2 * axis + 1]) / 2 for axis in range(3)])
    roiNode.SetSizeWorld(*[min(130.0, bounds[2 * axis + 1] - bounds[2 * axis]) for axis in range(3)])
