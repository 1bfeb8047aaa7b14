"""What the module does, without its panel."""

from __future__ import annotations

from pathlib import Path

import slicer
from slicer.i18n import tr as _
from slicer.ScriptedLoadableModule import ScriptedLoadableModuleLogic

from DCMMultiTaskLib.errors import InputError
from DCMMultiTaskModule.dependencies import requireTorch
from DCMMultiTaskModule.parameters import DCMMultiTaskParameterNode
from DCMMultiTaskModule.worker import Worker

# Few, so that the progress moves, the window stays alive and Cancel gets through; the numbers do not depend on it.
SLICES_AT_A_TIME = 4


class DCMMultiTaskLogic(ScriptedLoadableModuleLogic):
    """Analyse a volume from Python: `DCMMultiTaskLogic().process(volumeNode)`."""

    def __init__(self) -> None:
        super().__init__()
        self._predictor = None
        self._predictorKey = None
        self.worker = Worker()

    def getParameterNode(self) -> DCMMultiTaskParameterNode:
        return DCMMultiTaskParameterNode(super().getParameterNode())

    def process(
        self,
        inputVolume,
        segmentation=None,
        table=None,
        *,
        allPhases=True,
        roi=None,
        modelPath="",
        computeActivation=False,
        activationKind="class",
        activationVolume=None,
        device="auto",
        sliceAxis=None,
        threshold=None,
        largestComponent=True,
        showCavity=True,
        uncertainty=False,
        progress=None,
        cancelled=None,
    ):
        """Analyse a volume and put mask, table, chart and activation map into the scene.

        Args:
            inputVolume: `vtkMRMLScalarVolumeNode`, a short-axis stack; of a cine, the node that shows its phases.
            segmentation: `vtkMRMLSegmentationNode` to update; None makes a new one.
            table: `vtkMRMLTableNode` to update; None makes a new one.
            allPhases: Of a cine, all phases, with end diastole found; False for the one that is shown.
            roi: `vtkMRMLMarkupsROINode` around the left ventricle; None lets the network find the heart.
            modelPath: A .dcmmodel file; empty for the model that comes with the extension.
            computeActivation: Also make a map of where the network looked.
            activationKind: "class" for the class activation map, "attention-1" or "attention-2" for the mask of an
                attention module.
            activationVolume: `vtkMRMLScalarVolumeNode` to update with it; None makes a new one.
            device: "auto", "cpu", "cuda" or "mps".
            sliceAxis: 0, 1, 2 for I, J, K; None takes the axis of the largest spacing.
            threshold: Probability from which a slice or the patient is called DCM-like; None takes the model's.
            largestComponent: Keep only the largest connected piece of the mask.
            showCavity: Add the LV cavity as a segment of its own.
            uncertainty: Also look at mirrored, turned and recontrasted slices, for intervals beside the numbers and a
                map of where the masks differ.
            progress: Called with the number of slices done and their total.
            cancelled: Asked all the time; True stops and keeps the finished slices.

        PyTorch, the model and the network run in a thread; meanwhile this function keeps the window alive, so that
        the user may do anything, also close the scene.

        Returns:
            `DCMMultiTaskLib.scene.nodes.ResultNodes`, or None where it was stopped before any slice was finished;
            then, and after an error, the scene is as it was.

        Raises:
            InputError: One sentence that says what is wrong.
        """
        requireTorch()
        from DCMMultiTaskLib.measurements.quality import NOT_ANALYSED
        from DCMMultiTaskLib.scene.cine import shown_phase, study_of
        from DCMMultiTaskLib.scene.nodes import result_to_nodes
        from DCMMultiTaskLib.scene.volumes import roi_from_node

        study = study_of(inputVolume)
        phase = "ed" if allPhases else shown_phase(inputVolume)
        region = roi_from_node(roi) if roi else None

        def work(job):
            predictor = self.predictor(modelPath, device)
            if not job.begin():
                return None
            return predictor.predict(
                study,
                phase=phase,
                slice_axis=sliceAxis,
                roi=region,
                threshold=threshold,
                largest_component=largestComponent,
                activation=activationKind if computeActivation else False,
                uncertainty=uncertainty,
                progress=job.tell,
                cancelled=job.stopped.is_set,
            )

        def present() -> bool:
            return bool(slicer.mrmlScene.IsNodePresent(inputVolume))

        result = self.worker.run(work, progress, lambda: not present() or bool(cancelled and cancelled()))
        if not present():
            if cancelled and cancelled():
                return None
            raise InputError(_("The volume was removed from the scene while it was analysed, so there is no result."))
        if result is None or (result.cancelled and all(row.quality == NOT_ANALYSED for row in result.rows)):
            return None
        outputs = [
            node if node and slicer.mrmlScene.IsNodePresent(node) else None
            for node in (segmentation, table, activationVolume)
        ]
        slicer.mrmlScene.SaveStateForUndo()
        return result_to_nodes(
            result,
            inputVolume,
            segmentation_node=outputs[0],
            table_node=outputs[1],
            activation_node=outputs[2],
            cavity=showCavity,
        )

    def modelFacts(self, modelPath: str = ""):
        """Name, version, licence and card of a model, without PyTorch; of the shipped one for an empty path."""
        from DCMMultiTaskLib.inference.model_file import read_model_facts, shipped_model

        return read_model_facts(Path(modelPath) if modelPath else shipped_model())

    def predictor(self, modelPath: str = "", device: str = "auto"):
        """The predictor for a model and a device; it is kept, so that a model is loaded once."""
        from DCMMultiTaskLib.inference.package import load_package, shipped_model
        from DCMMultiTaskLib.inference.predictor import Predictor

        path = Path(modelPath) if modelPath else shipped_model()
        written = path.stat() if path.is_file() else None  # what is missing is told by load_package
        key = (str(path), written and (written.st_mtime_ns, written.st_size), device)
        if self._predictorKey != key:
            self._predictor, self._predictorKey = None, None  # frees the memory of the former one first
            self._predictor = Predictor(load_package(path), device=device, batch_size=SLICES_AT_A_TIME)
            self._predictorKey = key
        return self._predictor
