"""Segment the myocardium and estimate a DCM-like phenotype in short-axis cardiac MR, in 3D Slicer."""

from __future__ import annotations

import sys
import traceback
from contextlib import contextmanager
from pathlib import Path

import ctk
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

from DCMMultiTaskLib.errors import InputError  # noqa: E402
from DCMMultiTaskModule import display, inputs  # noqa: E402
from DCMMultiTaskModule.dependencies import ensureTorch, requireTorch  # noqa: E402
from DCMMultiTaskModule.logic import DCMMultiTaskLogic  # noqa: E402
from DCMMultiTaskModule.model_card import showModelCard  # noqa: E402
from DCMMultiTaskModule.parameters import DCMMultiTaskParameterNode, whatIsMissing  # noqa: E402
from DCMMultiTaskModule.results_panel import ResultsPanel  # noqa: E402
from DCMMultiTaskModule.running import widgetsOfARun  # noqa: E402
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
        self.logic = None
        self.results = None
        self._parameterNode = None
        self._guiTag = None
        self._inputVolumeID = None
        self._shownModel = None
        self._running = False
        self._windowWasShown = False
        self._cancelRequested = False
        self._reloadWanted = False
        self._gone = False
        super().__init__(parent)

    def setup(self) -> None:
        super().setup()
        uiWidget = slicer.util.loadUI(self.resourcePath("UI/DCMMultiTask.ui"))
        self.layout.addWidget(uiWidget)
        self.ui = slicer.util.childWidgetVariables(uiWidget)
        uiWidget.setMRMLScene(slicer.mrmlScene)
        self.logic = DCMMultiTaskLogic()
        self.results = ResultsPanel(self.ui)
        self.ui.progressBar.visible = False
        self.ui.modelPathLineEdit.filters = ctk.ctkPathLineEdit.Files
        self.ui.modelPathLineEdit.nameFilters = [_("Model packages (*.dcmmodel)")]
        self.ui.modelPathLineEdit.connect("currentPathChanged(QString)", self.onModelPathChanged)
        self.ui.modelCardButton.connect("clicked(bool)", self.onModelCard)
        self.ui.detectDevicesButton.connect("clicked(bool)", self.onDetectDevices)
        self.ui.sampleButton.connect("clicked(bool)", self.onLoadSample)
        self.ui.applyButton.connect("clicked(bool)", self.onApplyButton)
        self.addObserver(slicer.mrmlScene, slicer.mrmlScene.StartCloseEvent, self.onSceneStartClose)
        self.addObserver(slicer.mrmlScene, slicer.mrmlScene.EndCloseEvent, self.onSceneEndClose)
        self.addObserver(slicer.mrmlScene, slicer.mrmlScene.EndImportEvent, self.onSceneEndImport)
        self.addObserver(slicer.mrmlScene, slicer.mrmlScene.NodeAddedEvent, self.onNodeAdded)
        self.initializeParameterNode()

    def cleanup(self) -> None:
        """The panel goes: a run ends without it, and what is still being loaded is waited for."""
        self._cancelRequested = self._gone = True
        self.setParameterNode(None)
        self.removeObservers()
        if not self._running:
            self.logic.worker.wait()

    def enter(self) -> None:
        self.initializeParameterNode()

    def exit(self) -> None:
        """Other modules may change the parameter node; the panel follows when it is entered again."""
        if not self._running:
            self.setParameterNode(None)

    def onSceneStartClose(self, caller, event) -> None:
        self._cancelRequested = True
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
        if self._running:
            self._cancelRequested = self._reloadWanted = True
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
            if not self._running:  # what is said of one volume is not left above another
                self.ui.statusLabel.text = self.results.summary()
        if parameters.roi and parameters.inputVolume:
            display.fitRoi(parameters.roi, parameters.inputVolume)  # a new box, which could not be seen or dragged
        self._showModel(parameters.modelPath)
        self.ui.thresholdSlider.enabled = not parameters.useModelThreshold
        self.ui.activationSelector.enabled = parameters.computeActivation
        self.results.show(parameters.table)
        self._setApply(whatIsMissing(parameters))

    def _showModel(self, path: str) -> None:
        """Name the model under its path, or say what is wrong with the file."""
        if self.ui.modelPathLineEdit.currentPath != path:
            self.ui.modelPathLineEdit.currentPath = path
        if self._shownModel != path:
            self._shownModel = path
            try:
                facts = self.logic.modelFacts(path)
            except InputError as error:
                text = str(error)
            else:
                shipped = "" if path else _(", comes with the extension")
                text = f"{facts.name} {facts.version}{shipped}"
            self.ui.modelInfoLabel.text = text

    def onModelPathChanged(self, path: str) -> None:
        if self._parameterNode:
            self._parameterNode.modelPath = path

    def onModelCard(self, _checked: bool = False) -> None:
        with self._errorsShown():
            facts = self.logic.modelFacts(self.ui.modelPathLineEdit.currentPath)
            showModelCard(f"{facts.name} {facts.version}", facts.card, self.ui.modelCardButton.window())

    def onDetectDevices(self, _checked: bool = False) -> None:
        with self._runningState(), self._errorsShown():
            requireTorch()
            devices = self.logic.worker.run(_availableDevices, cancelled=self.stopWanted)
            if devices:
                self.ui.deviceInfoLabel.text = _("Found: {devices}").format(devices="; ".join(devices))
            self.ui.statusLabel.text = ""

    def onLoadSample(self, _checked: bool = False) -> None:
        with self._errorsShown():
            volume = sampleVolume()
            if self._parameterNode:
                self._parameterNode.inputVolume = volume

    def onApplyButton(self, _checked: bool = False) -> None:
        """Start, or, while running, ask to stop."""
        if self._running:
            self._cancelRequested = True
            self.ui.applyButton.enabled = False
            self.ui.statusLabel.text = _("Stopping after the slices in hand...")
            return
        parameters = self._parameterNode
        with self._runningState(), self._errorsShown():
            ensureTorch(self.showStatus)
            self.showStatus(_("Loading PyTorch and the model..."))
            nodes = self.logic.process(
                parameters.inputVolume,
                parameters.segmentation,
                parameters.table,
                roi=parameters.roi,
                modelPath=parameters.modelPath,
                computeActivation=parameters.computeActivation,
                activationVolume=parameters.activationVolume,
                device=parameters.device.value,
                sliceAxis=parameters.sliceAxis.value,
                threshold=None if parameters.useModelThreshold else parameters.threshold,
                largestComponent=parameters.largestComponent,
                showCavity=parameters.showCavity,
                progress=self.onProgress,
                cancelled=self.stopWanted,
            )
            if not self._gone:
                self._onFinished(parameters, nodes)

    def onProgress(self, done: int, total: int) -> None:
        self.ui.progressBar.maximum = total
        self.ui.progressBar.value = done
        if not self._cancelRequested:
            self.ui.statusLabel.text = _("Analysing...")

    def showStatus(self, text: str) -> None:
        """Say what is going on, before something begins that keeps the window from being drawn."""
        self.ui.statusLabel.text = text
        slicer.app.processEvents()

    def stopWanted(self) -> bool:
        """Whether the run has to end: Cancel, a closed scene, a reload, or Slicer is being closed."""
        return self._cancelRequested or self._isQuitting()

    def _isQuitting(self) -> bool:
        window = slicer.util.mainWindow()
        return bool(self._windowWasShown and window and not window.visible)

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

    @contextmanager
    def _runningState(self):
        self._running, self._cancelRequested, self._reloadWanted = True, False, False
        window = slicer.util.mainWindow()
        self._windowWasShown = bool(window and window.visible)
        try:
            with widgetsOfARun(self.ui):
                yield
        finally:
            self._running = False
            self._afterRun()

    def _afterRun(self) -> None:
        """Make up for what had to wait until the run was over."""
        if self._gone:
            return
        if not self.parent.isEntered:
            self.setParameterNode(None)
        elif self._parameterNode is None:
            self.initializeParameterNode()
        else:
            self.updatePanel()
        if self._reloadWanted:
            qt.QTimer.singleShot(0, self.onReload)

    @contextmanager
    def _errorsShown(self):
        """Show an error once, in words; the details are for a bug report."""
        try:
            yield
        except InputError as error:
            details = getattr(error, "details", "")
            self._showError(str(error), **({"detailedText": details} if details else {}))
        except Exception as error:
            self._showError(
                _("The analysis failed and the scene is unchanged: {error}").format(error=error),
                detailedText=traceback.format_exc(),
            )

    def _showError(self, message: str, **details) -> None:
        if self._gone or self._isQuitting():
            return  # a dialog would keep Slicer from ending
        self.ui.statusLabel.text = message
        slicer.util.errorDisplay(message, **details)

    def _setApply(self, missing: str) -> None:
        if not self._running:
            self.ui.applyButton.enabled = not missing
            self.ui.applyButton.toolTip = missing or _("Segment the myocardium and estimate the probabilities.")


def _availableDevices(_job) -> list[str]:
    from DCMMultiTaskLib.inference.device import available_devices

    return available_devices()


def _nodeID(node) -> str | None:
    return node.GetID() if node else None
