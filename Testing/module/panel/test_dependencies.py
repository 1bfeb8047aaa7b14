"""What is said and done when PyTorch is missing; nothing is installed here."""

from __future__ import annotations

import sys
from types import ModuleType, SimpleNamespace
from typing import Any

import pytest
from slicer_standin.interaction import click


@pytest.fixture
def dependencies(slicer: Any) -> Any:
    """The module as it is now: another test reloads it."""
    from DCMMultiTaskModule import dependencies

    return dependencies


def without_torch(monkeypatch: pytest.MonkeyPatch, dependencies: Any, version: str | None = None) -> None:
    real = dependencies.installedVersion
    monkeypatch.setattr(dependencies, "installedVersion", lambda name: version if name == "torch" else real(name))


def test_versions_are_compared_as_numbers(dependencies: Any) -> None:
    assert dependencies.versionNumbers("2.10.0+cu124") > dependencies.versionNumbers("2.1.2")
    assert dependencies.versionNumbers("2.6.0rc1")[:2] == (2, 6)


def test_an_installed_torch_is_enough_and_needs_no_extension(
    dependencies: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "PyTorchUtils", None)
    dependencies.ensureTorch()


def test_without_the_pytorch_extension_the_user_is_told_what_to_install(
    dependencies: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    without_torch(monkeypatch, dependencies)
    monkeypatch.setitem(sys.modules, "PyTorchUtils", None)  # importing it raises ImportError
    with pytest.raises(dependencies.InputError, match=r"PyTorch extension is not installed.*Extensions Manager"):
        dependencies.ensureTorch()


def test_torch_is_installed_through_the_extension_with_a_lowest_version_and_after_asking(
    dependencies: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[dict[str, Any]] = []
    versions: list[str | None] = [None]
    extension = ModuleType("PyTorchUtils")

    def install(**choices: Any) -> Any:
        asked.append(choices)
        versions[0] = "2.8.0"
        return object()

    extension.PyTorchUtilsLogic = lambda: SimpleNamespace(installTorch=install)  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "PyTorchUtils", extension)
    monkeypatch.setattr(dependencies, "installedVersion", lambda name: versions[0])
    said: list[str] = []
    dependencies.ensureTorch(said.append)
    assert len(said) == 1
    assert "Installing PyTorch" in said[0]
    assert asked == [{"askConfirmation": True, "torchVersionRequirement": f">={dependencies.MINIMUM_TORCH}"}]


def test_declining_the_installation_is_not_an_analysis(dependencies: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    extension = ModuleType("PyTorchUtils")
    extension.PyTorchUtilsLogic = lambda: SimpleNamespace(installTorch=lambda **_: None)  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "PyTorchUtils", extension)
    without_torch(monkeypatch, dependencies)
    with pytest.raises(dependencies.InputError, match="was not installed"):
        dependencies.ensureTorch()


@pytest.mark.parametrize("version", [None, "1.13.1", "2.1.1"])
def test_what_is_missing_and_what_to_do_is_one_sentence_with_the_command_under_details(
    dependencies: Any, monkeypatch: pytest.MonkeyPatch, version: str | None
) -> None:
    without_torch(monkeypatch, dependencies, version)
    with pytest.raises(dependencies.InstallationError) as caught:
        dependencies.requireTorch()
    text = str(caught.value)
    assert text.endswith(".")
    assert ". " not in text
    assert "uninstall" not in text.lower()
    assert version is None or (version in text and "2.1.2" in text)
    assert f'installTorch(askConfirmation=True, torchVersionRequirement=">={dependencies.MINIMUM_TORCH}")' in (
        caught.value.details
    )
    compile(caught.value.details, "details", "exec")  # the command can be pasted as it is


@pytest.mark.parametrize("version", ["2.1.2", "2.2.2", "2.13.0+cpu"])
def test_the_torch_of_a_mac_is_new_enough(dependencies: Any, monkeypatch: pytest.MonkeyPatch, version: str) -> None:
    without_torch(monkeypatch, dependencies, version)
    dependencies.requireTorch()


def test_a_failed_installation_is_told_with_what_the_installer_said(
    slicer: Any, panel: Any, study: Any, dependencies: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    import subprocess

    def install(**_: Any) -> Any:
        raise subprocess.CalledProcessError(1, ["light-the-torch", "install", "torch>=2.1.2"])

    extension = ModuleType("PyTorchUtils")
    extension.PyTorchUtilsLogic = lambda: SimpleNamespace(installTorch=install)  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "PyTorchUtils", extension)
    without_torch(monkeypatch, dependencies)
    shown: list[tuple[str, str]] = []
    monkeypatch.setattr(slicer.util, "errorDisplay", lambda text, detailedText="": shown.append((text, detailedText)))
    click(panel.ui.applyButton)
    ((text, details),) = shown
    assert "installation of PyTorch failed" in text
    assert "uninstall" not in text.lower()
    assert "light-the-torch" in details
    assert "installTorch" in details


def test_nothing_is_installed_in_testing_mode(slicer: Any, dependencies: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    slicer.app.commandOptions().testingEnabled = True
    without_torch(monkeypatch, dependencies)
    extension = ModuleType("PyTorchUtils")
    extension.PyTorchUtilsLogic = lambda: pytest.fail("the extension was asked")  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "PyTorchUtils", extension)
    with pytest.raises(dependencies.InputError, match="PyTorch is not installed"):
        dependencies.ensureTorch()
