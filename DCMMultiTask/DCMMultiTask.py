"""Segment the myocardium and estimate a DCM-like phenotype in short-axis cardiac MR, in 3D Slicer."""

from __future__ import annotations

import sys
from pathlib import Path

import qt
import slicer
import vtk
from slicer.i18n import tr as _
from slicer.i18n import translate
from slicer.ScriptedLoadableModule import ScriptedLoadableModule, ScriptedLoadableModuleWidget
from slicer.util import VTKObservationMixin

MODULE_DIRECTORY = Path(__file__).resolve().parent
# Installed, the library lies beside this file; in the source tree, beside this file's folder.
LIBRARY_PARENT = MODULE_DIRECTORY if (MODULE_DIRECTORY / "DCMMultiTaskLib").is_dir() else MODULE_DIRECTORY.parent
sys.path[:0] = [path for path in (str(LIBRARY_PARENT), str(MODULE_DIRECTORY)) if path not in sys.path]

from DCMMultiTaskModule import cine, display, inputs  # noqa: E402
from DCMMultiTaskModule.batch_section import BatchSection  # noqa: E402
from DCMMultiTaskModule.dependencies import ensureTorch  # noqa: E402
from DCMMultiTaskModule.logic import DCMMultiTaskLogic  # noqa: E402
from DCMMultiTaskModule.model_section import ModelSection  # noqa: E402
from DCMMultiTaskModule.parameters import DCMMultiTaskParameterNode, Phases, whatIsMissing  # noqa: E402
from DCMMultiTaskModule.results_panel import ResultsPanel  # noqa: E402
from DCMMultiTaskModule.running import Run  # noqa: E402
from DCMMultiTaskModule.sample_data import registerSampleData, sampleVolume  # noqa: E402
from DCMMultiTaskModule.self_test import DCMMultiTaskTest  # noqa: E402

__all__ = ["DCMMultiTask", "DCMMultiTaskLogic", "DCMMultiTaskParameterNode", "DCMMultiTaskTest", "DCMMultiTaskWidget"]


class DCMMultiTask(ScriptedLoadableModule):
    """The module as Slicer lists it."""

    def __init__(self, parent):
        super().__init__(parent)
        parent.title = _("DCM Multi-Task")
        parent.categories = [translate("qSlicerAbstractCoreModule", "Cardiac")]
        parent.dependencies = []
        parent.contributors = ["The DCMMultiTask contributors"]
        parent.helpText = _(
            "Segments the myocardium in a short-axis cardiac MR volume and estimates, for each slice and for the "
            "patient, the probability of a phenotype like dilated cardiomyopathy (DCM), both with one network. "
            "<b>Research use only; not for clinical decisions.</b><br>"
            "See the <a href='https://github.com/dcm-multitask/SlicerDCMMultiTask#readme'>documentation and "
            "tutorial</a>."
        )
        parent.acknowledgementText = _(
            "The method is described in: Luo C, Shi C, Li X, et al. Multi-task learning using attention-based "
            "convolutional encoder-decoder for dilated cardiomyopathy CMR segmentation and classification. "
            "Computers, Materials and Continua 63(2), 995-1012 (2020). If you use this module, please cite that paper "
            "and this software. PyTorch is installed through the PyTorch extension by F. Perez-Garcia and A. Lasso."
        )
        slicer.app.connect("startupCompleted()", onStartupCompleted)


def onStartupCompleted() -> None:
    """What has to wait until Slicer's own modules are there."""
    from DCMMultiTaskLib.scene.segmentation import load_terminology

    registerSampleData()
    load_terminology(MODULE_DIRECTORY / "Resources" / "DCMMultiTask.term.json")


class DCMMultiTaskWidget(ScriptedLoadableModuleWidget, VTKObservationMixin):
    """The panel; it holds no analysis of its own."""

    def __init__(self, parent=None) -> None:
        # Set first: without a parent, the base class calls setup() itself.
        self.logic = self.results = self.run = self.model = self.batch = None
        self._parameterNode = None
        self._guiTag = None
        self._inputVolumeID = None
        super().__init__(parent)

    def setup(self) -> None:
        super().setup()
        uiWidget = slicer.util.loadUI(self.resourcePath("UI/DCMMultiTask.ui"))
        self.layout.addWidget(uiWidget)
        self.ui = slicer.util.childWidgetVariables(uiWidget)
        uiWidget.setMRMLScene(slicer.mrmlScene)
        self.logic = DCMMultiTaskLogic()
        self.run = Run(self.ui, self._afterRun)
        self.results = ResultsPanel(self.ui)
        self.model = ModelSection(self.ui, self.logic, self.run)
        self.batch = BatchSection(self)
        self.ui.progressBar.visible = False
        self.ui.modelPathLineEdit.connect("currentPathChanged(QString)", self.onModelPathChanged)
        self.ui.sampleButton.connect("clicked(bool)", self.onLoadSample)
        self.ui.cineFolderButton.connect("clicked(bool)", self.onLoadFolder)
        self.ui.applyButton.connect("clicked(bool)", self.onApplyButton)
        self.addObserver(slicer.mrmlScene, slicer.mrmlScene.StartCloseEvent, self.onSceneStartClose)
        self.addObserver(slicer.mrmlScene, slicer.mrmlScene.EndCloseEvent, self.onSceneEndClose)
        self.addObserver(slicer.mrmlScene, slicer.mrmlScene.EndImportEvent, self.onSceneEndImport)
        self.addObserver(slicer.mrmlScene, slicer.mrmlScene.NodeAddedEvent, self.onNodeAdded)
        self.initializeParameterNode()

    def cleanup(self) -> None:
        """The panel goes: a run ends without it, and what is still being loaded is waited for."""
        self.run.cancelRequested = self.run.gone = True
        self.setParameterNode(None)
        self.removeObservers()
        if not self.run.active:
            self.logic.worker.wait()

    def enter(self) -> None:
        self.initializeParameterNode()

    def exit(self) -> None:
        """Other modules may change the parameter node; the panel follows when it is entered again."""
        if not self.run.active:
            self.setParameterNode(None)

    def onSceneStartClose(self, caller, event) -> None:
        self.run.cancelRequested = True
        self.setParameterNode(None)

    def onSceneEndClose(self, caller, event) -> None:
        if self.parent.isEntered:
            self.initializeParameterNode()

    def onSceneEndImport(self, caller, event) -> None:
        """A saved scene brings its own choices and results."""
        if self.parent.isEntered:
            self.initializeParameterNode()

    @vtk.calldata_type(vtk.VTK_OBJECT)
    def onNodeAdded(self, caller, event, node) -> None:
        """A volume that comes may be the one that is waited for; its voxels come a moment after its node."""
        if node.GetClassName() == inputs.CLASS_NAME and not slicer.mrmlScene.IsImporting():
            qt.QTimer.singleShot(0, self.chooseInput)

    def chooseInput(self) -> None:
        """Choose a volume where none is chosen, and keep our own maps out of the list."""
        if self._parameterNode is None:
            return
        self.ui.inputSelector.sortFilterProxyModel().hiddenNodeIDs = [node.GetID() for node in inputs.ownMaps()]
        if not self._parameterNode.inputVolume:
            self._parameterNode.inputVolume = inputs.defaultVolume()

    def onReload(self) -> None:
        """For developers: reload the library and the parts of the module with it, when nothing runs any more."""
        if self.run.active:
            self.run.cancelRequested = self.run.reloadWanted = True
            return
        self.logic.worker.wait()
        for name in [name for name in sys.modules if name.split(".")[0] in ("DCMMultiTaskLib", "DCMMultiTaskModule")]:
            del sys.modules[name]
        super().onReload()

    def initializeParameterNode(self) -> None:
        """Follow the scene's parameter node; a short-axis stack is chosen where nothing is."""
        self.setParameterNode(self.logic.getParameterNode())
        self.chooseInput()

    def setParameterNode(self, parameterNode: DCMMultiTaskParameterNode | None) -> None:
        if self._parameterNode:
            self._parameterNode.disconnectGui(self._guiTag)
            self.removeObserver(self._parameterNode, vtk.vtkCommand.ModifiedEvent, self.updatePanel)
        self._parameterNode = parameterNode
        self._inputVolumeID = _nodeID(parameterNode.inputVolume) if parameterNode else None
        if self._parameterNode:
            self._guiTag = self._parameterNode.connectGui(self.ui)
            self.addObserver(self._parameterNode, vtk.vtkCommand.ModifiedEvent, self.updatePanel)
        self.updatePanel()

    def updatePanel(self, caller=None, event=None) -> None:
        """Bring everything that follows from the choices up to date."""
        parameters = self._parameterNode
        if parameters is None:
            self.results.show(None)
            self._setApply(_("The scene is closed."))
            return
        if _nodeID(parameters.inputVolume) != self._inputVolumeID:
            # Results of one patient are never written over by those of the next.
            self._inputVolumeID = _nodeID(parameters.inputVolume)
            for name, node in display.outputsOf(parameters.inputVolume).items():
                setattr(parameters, name, node)
            self.results.show(parameters.table)
            if not self.run.active:  # what is said of one volume is not left above another
                self.ui.statusLabel.text = self.results.summary()
        if parameters.roi and parameters.inputVolume:
            display.fitRoi(parameters.roi, parameters.inputVolume)  # a new box, which could not be seen or dragged
        self.model.show(parameters.modelPath)
        cine.showPhases(self.ui, parameters.inputVolume)
        self.ui.thresholdSlider.enabled = not parameters.useModelThreshold
        for widget in (self.ui.activationSelector, self.ui.activationKindComboBox):
            widget.enabled = parameters.computeActivation
        self.results.show(parameters.table)
        self._setApply(whatIsMissing(parameters))

    def onModelPathChanged(self, path: str) -> None:
        if self._parameterNode:
            self._parameterNode.modelPath = path

    def onLoadSample(self, _checked: bool = False) -> None:
        with self.run.errorsShown():
            self._choose(sampleVolume())

    def onLoadFolder(self, _checked: bool = False) -> None:
        """A cine as scanners write it, one series per slice position, which Slicer's own readers do not join."""
        folder = qt.QFileDialog.getExistingDirectory(self.ui.inputsCollapsibleButton, _("Folder of one study"), "")
        if folder:
            with self.run.started(_("Reading the folder...")):
                study = self.logic.worker.run(cine.reading(folder), cancelled=self.run.stopWanted)
                self.ui.statusLabel.text = ""
                if study is not None and not self.run.stopWanted():
                    self._choose(cine.addStudy(study))
                    self.ui.statusLabel.text = "\n".join(study.notes)

    def _choose(self, volume) -> None:
        if self._parameterNode:
            self._parameterNode.inputVolume = volume

    def onApplyButton(self, _checked: bool = False) -> None:
        """Start, or, while running, ask to stop."""
        if self.run.active:
            self.run.cancel()
            return
        parameters = self._parameterNode
        with self.run.started(_("Loading PyTorch and the model...")):
            ensureTorch(self.run.say)
            nodes = self.logic.process(
                parameters.inputVolume,
                parameters.segmentation,
                parameters.table,
                allPhases=parameters.phases is Phases.ALL,
                roi=parameters.roi,
                modelPath=parameters.modelPath,
                computeActivation=parameters.computeActivation,
                activationKind=parameters.activationKind.value,
                activationVolume=parameters.activationVolume,
                device=parameters.device.value,
                sliceAxis=parameters.sliceAxis.value,
                threshold=None if parameters.useModelThreshold else parameters.threshold,
                largestComponent=parameters.largestComponent,
                showCavity=parameters.showCavity,
                uncertainty=parameters.uncertainty,
                progress=self.onProgress,
                cancelled=self.run.stopWanted,
            )
            if not self.run.gone:
                self._onFinished(parameters, nodes)

    def onProgress(self, done: int, total: int) -> None:
        self.ui.progressBar.maximum = total
        self.ui.progressBar.value = done
        if not self.run.cancelRequested:
            self.ui.statusLabel.text = _("Analysing...")

    def _onFinished(self, parameters: DCMMultiTaskParameterNode, nodes) -> None:
        if nodes is None:
            self.ui.statusLabel.text = _("Stopped before the first slice was finished; the scene is unchanged.")
            return
        parameters.segmentation = nodes.segmentation
        parameters.table = nodes.table
        if nodes.activation:
            parameters.activationVolume = nodes.activation
        self.chooseInput()
        self.results.show(nodes.table)
        self.ui.resultsCollapsibleButton.collapsed = False
        display.showResult(nodes)
        self.ui.statusLabel.text = self.results.summary()

    def _afterRun(self) -> None:
        """Make up for what had to wait until the run was over."""
        if self.run.gone:
            return
        self.batch.update()
        if not self.parent.isEntered:
            self.setParameterNode(None)
        elif self._parameterNode is None:
            self.initializeParameterNode()
        else:
            self.updatePanel()
        if self.run.reloadWanted:
            qt.QTimer.singleShot(0, self.onReload)

    def _setApply(self, missing: str) -> None:
        if not self.run.active:
            self.ui.applyButton.enabled = not missing
            self.ui.applyButton.toolTip = missing or _("Segment the myocardium and estimate the probabilities.")


def _nodeID(node) -> str | None:
    return node.GetID() if node else None
