"""The PyTorch extension's module: it gives the torch that is really installed, and installs nothing."""

from __future__ import annotations

import importlib.util
from typing import Any

from slicer.ScriptedLoadableModule import ScriptedLoadableModule, ScriptedLoadableModuleLogic


class PyTorchUtils(ScriptedLoadableModule):
    """A hidden module, as the real one."""

    def __init__(self, parent: Any) -> None:
        super().__init__(parent)
        parent.title = "PyTorch Utils"
        parent.categories = ["Utilities"]
        parent.hidden = True


class PyTorchUtilsLogic(ScriptedLoadableModuleLogic):
    """Access to torch."""

    def __init__(self) -> None:
        self._torch: Any = None

    @staticmethod
    def torchInstalled() -> bool:
        return importlib.util.find_spec("torch") is not None

    @property
    def torch(self) -> Any:
        self._torch = self._torch or self.importTorch()
        return self._torch

    @property
    def torchVersionInformation(self) -> str:
        return f"installed version {self.torch.__version__}" if self.torchInstalled() else "not installed"

    def importTorch(self) -> Any:
        if not self.torchInstalled():
            return self.installTorch()
        import torch

        return torch

    def installTorch(
        self,
        askConfirmation: bool = False,
        forceComputationBackend: str | None = None,
        torchVersionRequirement: str | None = None,
        torchvisionVersionRequirement: str | None = None,
    ) -> Any:
        raise RuntimeError("The Slicer stand-in installs nothing; it was asked for torch")

    def getDevice(self) -> Any:
        return self.torch.device("cuda") if self.torch.cuda.is_available() else "cpu"

    @property
    def cuda(self) -> bool:
        return self.getDevice() != "cpu"
