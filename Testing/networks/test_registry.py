"""Networks of one's own, and networks with one task."""

from pathlib import Path

import pytest
import torch

from DCMMultiTaskLib.networks.config import NetworkConfig, preset
from DCMMultiTaskLib.networks.multitask import MultiTaskNetwork
from DCMMultiTaskLib.networks.registry import NETWORKS, build, load_network_file

OWN = """
from __future__ import annotations
from dataclasses import dataclass
from torch import nn
from DCMMultiTaskLib.networks.output import NetworkOutput
from DCMMultiTaskLib.networks.registry import Entry

@dataclass
class Settings:
    kernel: int

class Own(nn.Module):
    def __init__(self, config):
        super().__init__()
        self.convolution = nn.Conv2d(1, 1, Settings(config.width).kernel, padding="same")

    def forward(self, image):
        return NetworkOutput(self.convolution(image), None, None)

NETWORK = Entry(Own, "My own", tasks=("mask",), width=3)
"""


@pytest.fixture(autouse=True)
def the_registry_as_it_was(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("DCMMultiTaskLib.networks.registry.NETWORKS", dict(NETWORKS))


def write(folder: Path, text: str, name: str = "my_own.py") -> Path:
    (folder / name).write_text(text, encoding="utf-8")
    return folder / name


def test_a_file_of_the_user_adds_a_network_under_its_stem(tmp_path):
    assert load_network_file(write(tmp_path, OWN)) == "my_own"
    network = build("my_own", NetworkConfig(name="my_own", width=5, tasks=("mask",)))
    assert network.convolution.kernel_size == (5, 5)
    assert network(torch.zeros(1, 1, 16, 16)).mask_logits.shape == (1, 1, 16, 16)


@pytest.mark.parametrize(
    ("name", "text", "reason"),
    [
        ("my_own.py", "NETWORK = 3", "does not define NETWORK = Entry"),
        ("my_own.py", "", "does not define NETWORK = Entry"),
        ("unet.py", OWN, "there is a network 'unet' already"),
        ("my_own.py", "NETWORK = Entry(", "cannot be loaded: SyntaxError"),
        ("my_own.py", "import no_such_package", "cannot be loaded: ModuleNotFoundError: No module named"),
        ("my_own.txt", OWN, "not a Python file"),
        ("default.py", OWN, "there is a network 'default' already"),
        ("luo2020-mask.py", OWN, "letters, digits and underscores"),
    ],
)
def test_a_file_that_cannot_be_used_says_why(tmp_path, name, text, reason):
    with pytest.raises(ValueError, match=reason):
        load_network_file(write(tmp_path, text, name))


def test_single_task_networks_have_the_parts_of_their_task_alone():
    image = torch.rand(2, 1, 32, 32) * 255
    both = MultiTaskNetwork(preset("luo2020", width=2))
    for task, missing in (("mask", "attention"), ("dcm", "recovery")):
        single = MultiTaskNetwork(preset("luo2020", width=2, tasks=(task,))).eval()
        names = {name.split(".")[0] for name, _ in single.named_parameters()}
        assert missing not in names and names < {name.split(".")[0] for name, _ in both.named_parameters()}
        output = single(image)
        assert (output.mask_logits is None) == (task == "dcm")
        assert (output.dcm_logit is None) == (output.attention_features is None) == (task == "mask")


@pytest.mark.parametrize("tasks", [(), ("mask", "mask"), ("area",)])
def test_tasks_are_checked(tasks):
    with pytest.raises(ValueError, match="tasks"):
        preset("default", tasks=tasks)


def test_configurations_from_before_there_were_tasks_have_both():
    values = preset("default").to_dict()
    del values["tasks"]
    assert NetworkConfig.from_dict(values) == preset("default")
    assert NetworkConfig.from_dict({**values, "tasks": ["mask"]}).tasks == ("mask",)


def test_a_file_that_is_refused_leaves_the_registry_as_it_was(tmp_path):
    with pytest.raises(ValueError, match="does not define"):
        load_network_file(write(tmp_path, "NETWORK = 3"))
    with pytest.raises(ValueError, match="no network 'my_own'; there are multitask, unet"):
        build("my_own", preset("default"))
    with pytest.raises(ValueError, match="cannot be loaded: FileNotFoundError"):
        load_network_file(tmp_path / "gone.py")


def test_a_file_with_a_taken_name_is_not_run(tmp_path):
    effect = f"from pathlib import Path\nPath({str(tmp_path / 'ran')!r}).touch()\n"
    with pytest.raises(ValueError, match="already"):
        load_network_file(write(tmp_path, OWN + effect, "segnet.py"))
    assert not (tmp_path / "ran").exists()
    load_network_file(write(tmp_path, OWN + effect))
    assert (tmp_path / "ran").exists()
    with pytest.raises(ValueError, match="'my_own' already"):
        load_network_file(write(tmp_path, OWN))


@pytest.mark.parametrize("name", NETWORKS)
def test_a_network_is_configured_for_its_own_tasks_at_its_published_width(name):
    entry = NETWORKS[name]
    assert entry.config(name) == NetworkConfig(name=name, tasks=entry.tasks, width=entry.width)
    assert entry.config(name, width=3).width == 3


def test_a_single_task_network_computes_what_the_two_task_network_does():
    torch.manual_seed(0)
    both = MultiTaskNetwork(preset("luo2020", width=2)).eval()
    image = torch.rand(1, 1, 32, 32) * 255
    for task in ("mask", "dcm"):
        single = MultiTaskNetwork(preset("luo2020", width=2, tasks=(task,))).eval()
        single.load_state_dict({name: both.state_dict()[name] for name in single.state_dict()})
        for one, two in zip(single(image), both(image), strict=True):
            assert one is None or torch.equal(one, two)


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"width": 0}, "must be positive"),
        ({"extraction_kernel": 2}, "must be odd"),
        ({"tasks": ["mask", "dcm", "mask"]}, "tasks must be"),
        ({"tasks": []}, "tasks must be"),
        ({"task": ["mask"]}, "unknown network settings: task"),
    ],
)
def test_stored_configurations_are_checked(changes, reason):
    with pytest.raises(ValueError, match=reason):
        NetworkConfig.from_dict({**preset("default").to_dict(), **changes})
