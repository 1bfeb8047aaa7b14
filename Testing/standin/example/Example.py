"""A small scripted module that uses what a real one uses; it copies a volume, thresholded."""

import enum
import pathlib
from typing import Annotated

import slicer
import vtk
from slicer import vtkMRMLMarkupsROINode, vtkMRMLScalarVolumeNode
from slicer.i18n import tr as _
from slicer.i18n import translate
from slicer.parameterNodeWrapper import Choice, Default, Minimum, WithinRange, parameterNodeWrapper
from slicer.ScriptedLoadableModule import (
    ScriptedLoadableModule,
    ScriptedLoadableModuleLogic,
    ScriptedLoadableModuleTest,
    ScriptedLoadableModuleWidget,
)
from slicer.util import VTKObservationMixin


class Example(ScriptedLoadableModule):
    def __init__(self, parent):
        ScriptedLoadableModule.__init__(self, parent)
        self.parent.title = _("Example")
        self.parent.categories = [translate("qSlicerAbstractCoreModule", "Testing")]
        self.parent.dependencies = ["PyTorchUtils"]
        self.parent.contributors = ["Nobody"]
        self.parent.helpText = _("Copies a volume.") + self.getDefaultModuleDocumentationLink()
        self.parent.acknowledgementText = _("None.")


class Mode(enum.Enum):
    ABOVE = "above"
    BELOW = "below"


@parameterNodeWrapper
class ExampleParameterNode:
    inputVolume: vtkMRMLScalarVolumeNode
    roi: vtkMRMLMarkupsROINode
    outputVolume: vtkMRMLScalarVolumeNode | None
    threshold: Annotated[float, WithinRange(0, 200)] = 100.0
    count: Annotated[int, Minimum(1), Default(3)]
    invert: bool = False
    device: Annotated[str, Choice(["auto", "cpu"])] = "auto"
    mode: Mode = Mode.ABOVE
    title: str = "copy"
    model: pathlib.Path


class ExampleWidget(ScriptedLoadableModuleWidget, VTKObservationMixin):
    def __init__(self, parent=None):
        ScriptedLoadableModuleWidget.__init__(self, parent)
        VTKObservationMixin.__init__(self)
        self.logic = None
        self._parameterNode = None
        self._guiTag = None

    def setup(self):
        ScriptedLoadableModuleWidget.setup(self)
        uiWidget = slicer.util.loadUI(self.resourcePath("UI/Example.ui"))
        self.layout.addWidget(uiWidget)
        self.ui = slicer.util.childWidgetVariables(uiWidget)
        uiWidget.setMRMLScene(slicer.mrmlScene)
        self.logic = ExampleLogic()
        self.addObserver(slicer.mrmlScene, slicer.mrmlScene.StartCloseEvent, self.onSceneStartClose)
        self.addObserver(slicer.mrmlScene, slicer.mrmlScene.EndCloseEvent, self.onSceneEndClose)
        self.ui.applyButton.connect("clicked(bool)", self.onApplyButton)
        self.initializeParameterNode()

    def cleanup(self):
        self.removeObservers()

    def enter(self):
        self.initializeParameterNode()

    def exit(self):
        self.setParameterNode(None)

    def onSceneStartClose(self, caller, event):
        self.setParameterNode(None)

    def onSceneEndClose(self, caller, event):
        if self.parent.isEntered:
            self.initializeParameterNode()

    def initializeParameterNode(self):
        self.setParameterNode(self.logic.getParameterNode())
        if not self._parameterNode.inputVolume:
            first = slicer.mrmlScene.GetFirstNodeByClass("vtkMRMLScalarVolumeNode")
            if first:
                self._parameterNode.inputVolume = first

    def setParameterNode(self, parameterNode):
        if self._parameterNode:
            self._parameterNode.disconnectGui(self._guiTag)
            self.removeObserver(self._parameterNode, vtk.vtkCommand.ModifiedEvent, self._checkCanApply)
        self._parameterNode = parameterNode
        if self._parameterNode:
            self._guiTag = self._parameterNode.connectGui(self.ui)
            self.addObserver(self._parameterNode, vtk.vtkCommand.ModifiedEvent, self._checkCanApply)
            self._checkCanApply()

    def _checkCanApply(self, caller=None, event=None):
        ready = self._parameterNode is not None and self._parameterNode.inputVolume is not None
        self.ui.applyButton.enabled = ready
        self.ui.applyButton.toolTip = _("Copy the volume") if ready else _("Select an input volume")

    def onApplyButton(self, checked=False):
        with slicer.util.tryWithErrorDisplay(_("Failed to copy."), waitCursor=True):
            output = self.logic.process(self._parameterNode.inputVolume, self._parameterNode.threshold)
            self._parameterNode.outputVolume = output


class ExampleLogic(ScriptedLoadableModuleLogic):
    def getParameterNode(self):
        return ExampleParameterNode(super().getParameterNode())

    def process(self, inputVolume, threshold):
        if not inputVolume:
            raise ValueError("Input volume is missing")
        array = slicer.util.arrayFromVolume(inputVolume)
        copy = slicer.util.addVolumeFromArray((array >= threshold).astype("uint8"), name="copy")
        copy.CopyOrientation(inputVolume)
        return copy


class ExampleTest(ScriptedLoadableModuleTest):
    def setUp(self):
        slicer.mrmlScene.Clear()

    def runTest(self):
        self.setUp()
        self.test_copies_what_is_above_the_threshold()

    def test_copies_what_is_above_the_threshold(self):
        import numpy as np

        volume = slicer.util.addVolumeFromArray(np.arange(24, dtype="int16").reshape(2, 3, 4))
        copy = ExampleLogic().process(volume, 12)
        self.assertEqual(int(slicer.util.arrayFromVolume(copy).sum()), 12)
        self.delayDisplay("Test passed")
