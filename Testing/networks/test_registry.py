"""Networks of one's own, and networks with one task."""

from pathlib import Path

import pytest
import torch

from DCMMultiTaskLib.networks.config import NetworkConfig, preset
from DCMMultiTaskLib.networks.multitask import MultiTaskNetwork
from DCMMultiTaskLib.networks.registry import NETWORKS, build, load_network_file

OWN = """
from torch import nn
from DCMMultiTaskLib.networks.output import NetworkOutput
from DCMMultiTaskLib.networks.registry import Entry

class Own(nn.Module):
    def __init__(self, config):
        super().__init__()
        self.convolution = nn.Conv2d(1, 1, config.width, padding="same")

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
        ("my_own.txt", OWN, "not a Python file"),
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
