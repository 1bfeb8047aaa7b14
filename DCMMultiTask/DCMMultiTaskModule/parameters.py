"""The choices of the panel, kept in the scene."""

from __future__ import annotations

import enum
from pathlib import Path
from typing import Annotated

import slicer
from slicer.i18n import tr as _
from slicer.parameterNodeWrapper import WithinRange, parameterNodeWrapper


class Device(enum.Enum):
    """Where the network runs; the values are those of the command line."""

    AUTO = "auto"
    CPU = "cpu"
    CUDA = "cuda"
    MPS = "mps"

    def label(self) -> str:
        return {
            Device.AUTO: _("Automatic"),
            Device.CPU: _("CPU"),
            Device.CUDA: _("NVIDIA GPU (CUDA)"),
            Device.MPS: _("Apple GPU (MPS)"),
        }[self]


class SliceAxis(enum.Enum):
    """Along which voxel axis the slices are stacked; None leaves it to the volume's spacing."""

    AUTO = None
    I = 0  # noqa: E741 (the name of the axis)
    J = 1
    K = 2

    def label(self) -> str:
        return _("Automatic (largest spacing)") if self is SliceAxis.AUTO else self.name


class ActivationMap(enum.Enum):
    """What a map of where the network looks shows; the values are those of the library."""

    CLASS = "class"
    ATTENTION_1 = "attention-1"
    ATTENTION_2 = "attention-2"

    def label(self) -> str:
        return {
            ActivationMap.CLASS: _("Evidence for DCM"),
            ActivationMap.ATTENTION_1: _("First attention module"),
            ActivationMap.ATTENTION_2: _("Second attention module"),
        }[self]


class Phases(enum.Enum):
    """Which phases of a cine are analysed."""

    ALL = "all"
    SHOWN = "shown"

    def label(self) -> str:
        return {
            Phases.ALL: _("All, end diastole is found"),
            Phases.SHOWN: _("The one that is shown"),
        }[self]


@parameterNodeWrapper
class DCMMultiTaskParameterNode:
    """Everything that the user can choose, so that a saved scene restores the panel.

    inputVolume - Short-axis volume to analyse.
    phases - Of a cine: all of them, or the one that is shown.
    roi - Box around the left ventricle; none: the network finds the heart.
    modelPath - A .dcmmodel file; empty: the model that comes with the extension.
    segmentation, table, activationVolume - Outputs; none: a new node.
    computeActivation, activationKind - Also make a map of where the network looked, and which.
    device, sliceAxis, largestComponent, showCavity, uncertainty - See the panel's tool tips.
    useModelThreshold, threshold - The decision threshold of the model, or this one.
    """

    inputVolume: slicer.vtkMRMLScalarVolumeNode
    phases: Phases = Phases.ALL
    roi: slicer.vtkMRMLMarkupsROINode
    modelPath: str
    segmentation: slicer.vtkMRMLSegmentationNode
    table: slicer.vtkMRMLTableNode
    computeActivation: bool = False
    activationKind: ActivationMap = ActivationMap.CLASS
    activationVolume: slicer.vtkMRMLScalarVolumeNode
    device: Device = Device.AUTO
    sliceAxis: SliceAxis = SliceAxis.AUTO
    useModelThreshold: bool = True
    threshold: Annotated[float, WithinRange(0, 1)] = 0.5
    largestComponent: bool = True
    showCavity: bool = True
    uncertainty: bool = False


def whatIsMissing(parameters: DCMMultiTaskParameterNode) -> str:
    """What keeps these choices from being run, in one sentence; empty when nothing does."""
    volume = parameters.inputVolume
    if volume is None:
        return _("Select a short-axis volume first.")
    if parameters.modelPath and not Path(parameters.modelPath).is_file():
        return _("The model file {path} does not exist.").format(path=parameters.modelPath)
    if parameters.computeActivation and parameters.activationVolume is volume:
        return _("The activation map would overwrite the volume that is analysed; choose another output.")
    return ""
