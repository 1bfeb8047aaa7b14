"""The network on batches: averages over views, and gives way when memory runs out."""

from pathlib import Path

import numpy as np
import pytest
import torch
from torch import nn

from DCMMultiTaskLib.errors import InputError
from DCMMultiTaskLib.inference.device import available_devices, choose_device
from DCMMultiTaskLib.inference.flips import FLIPS
from DCMMultiTaskLib.inference.package import load_package
from DCMMultiTaskLib.inference.runner import Runner, _bfloat16_gain
from DCMMultiTaskLib.inference.tensors import tensor_of
from DCMMultiTaskLib.networks.layers import network_input

CPU = torch.device("cpu")


@pytest.fixture(scope="module")
def network(tiny_model: Path) -> nn.Module:
    return load_package(tiny_model).build_network()


@pytest.fixture(scope="module")
def images() -> np.ndarray:
    return np.random.default_rng(0).uniform(0, 255, (6, 1, 64, 64)).astype(np.float32)


class ShortOfMemory(nn.Module):
    """A network that runs out of memory above a number of slices, or always on a device."""

    def __init__(self, network: nn.Module, most: int, error: type[Exception], never_on: str = "") -> None:
        super().__init__()
        self.network, self.most, self.error, self.never_on = network, most, error, never_on
        self.classifier = network.classifier
        self.sizes: list[int] = []

    def to(self, *args: object, **kwargs: object) -> nn.Module:
        """Stays where it is: the device that runs out of memory need not exist."""
        return self

    def forward(self, batch: torch.Tensor) -> object:
        self.sizes.append(len(batch))
        if len(batch) > self.most or batch.device.type == self.never_on:
            raise self.error("CUDA out of memory. Tried to allocate 20.00 MiB.")
        return self.network(batch)


def test_batches_are_one_answer(network: nn.Module, images: np.ndarray) -> None:
    whole = Runner(network, CPU)(images, activation="class")
    parts = Runner(network, CPU, batch_size=1)(images[:, :, :48], activation="class")
    assert whole.myocardium.shape == (6, 64, 64)
    assert whole.dcm_logit.shape == (6,)
    assert whole.activation.shape == (6, 4, 4)
    assert parts.myocardium.shape == (6, 48, 64)
    single = [Runner(network, CPU)(images[n : n + 1]) for n in range(6)]
    np.testing.assert_allclose(np.concatenate([s.myocardium for s in single]), whole.myocardium, atol=1e-5)
    np.testing.assert_allclose(np.concatenate([s.dcm_logit for s in single]), whole.dcm_logit, atol=1e-4)


def test_activation_averages_to_the_logit(network: nn.Module, images: np.ndarray) -> None:
    maps = Runner(network, CPU)(images, activation="class")
    bias = network.classifier.linear.bias.item()
    np.testing.assert_allclose(maps.activation.mean(axis=(1, 2)) + bias, maps.dcm_logit, atol=1e-4)


@pytest.mark.parametrize("name", FLIPS)
def test_every_view_comes_back(name: str) -> None:
    there, back = FLIPS[name]
    image = torch.arange(48.0).reshape(2, 1, 4, 6)
    assert torch.equal(back(there(image)), image)
    assert name == "none" or not torch.equal(there(image[..., :4]), image[..., :4])


def test_views_are_averaged(network: nn.Module, images: np.ndarray) -> None:
    runner = Runner(network, CPU)
    plain = runner(images, activation="class")
    flipped = runner(np.ascontiguousarray(images[..., ::-1]), activation="class")
    both = runner(images, flips=["none", "horizontal"], activation="class")
    np.testing.assert_allclose(both.myocardium, (plain.myocardium + flipped.myocardium[..., ::-1]) / 2, atol=1e-5)
    np.testing.assert_allclose(both.activation, (plain.activation + flipped.activation[..., ::-1]) / 2, atol=1e-4)
    np.testing.assert_allclose(both.dcm_logit, (plain.dcm_logit + flipped.dcm_logit) / 2, atol=1e-4)


@pytest.mark.parametrize("error", [torch.cuda.OutOfMemoryError, RuntimeError, MemoryError])
def test_halves_the_batch_when_memory_runs_out(network: nn.Module, images: np.ndarray, error: type[Exception]) -> None:
    short = ShortOfMemory(network, most=2, error=error)
    runner = Runner(short, CPU, batch_size=2)  # 2 slices of 128 x 128 are 8 of 64 x 64
    maps = runner(images)
    np.testing.assert_allclose(maps.myocardium, Runner(network, CPU)(images).myocardium, atol=1e-5)
    assert short.sizes == [6, 2, 2, 2] or short.sizes == [6, 4, 2, 2, 2]
    assert runner.notes == []


def test_needs_nothing_of_a_newer_pytorch_and_not_its_bridge_to_numpy(
    network: nn.Module, images: np.ndarray, monkeypatch: pytest.MonkeyPatch
) -> None:
    """PyTorch 2.2 with numpy 2, as Slicer on a Mac has: no OutOfMemoryError, and no way from numpy and back."""
    expected = Runner(network, CPU)(images)

    def no_bridge(*_: object) -> None:
        raise RuntimeError("Numpy is not available")

    monkeypatch.delattr(torch, "OutOfMemoryError", raising=False)
    monkeypatch.setattr(torch, "from_numpy", no_bridge)
    monkeypatch.setattr(torch.Tensor, "numpy", no_bridge)
    read_only = images.copy()
    read_only.flags.writeable = False
    maps = Runner(ShortOfMemory(network, most=2, error=torch.cuda.OutOfMemoryError), CPU)(read_only)
    np.testing.assert_allclose(maps.myocardium, expected.myocardium, atol=1e-5)
    assert maps.myocardium.flags.writeable


def test_half_precision_is_left_out_where_the_device_has_none(
    network: nn.Module, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Autocast on Apple's GPU came with PyTorch 2.5."""

    def unsupported(kind: str, **_: object) -> None:
        raise RuntimeError(f"User specified an unsupported autocast device_type '{kind}'")

    monkeypatch.setattr(torch, "autocast", unsupported)
    short = ShortOfMemory(network, most=6, error=RuntimeError)
    assert not Runner(short, torch.device("mps"), mixed_precision=True).mixed_precision


@pytest.mark.parametrize("gain", [1.0, 2.0])
def test_a_cpu_takes_half_precision_where_it_is_measured_to_be_faster(
    network: nn.Module, images: np.ndarray, monkeypatch: pytest.MonkeyPatch, gain: float
) -> None:
    monkeypatch.setattr("DCMMultiTaskLib.inference.runner._bfloat16_gain", lambda _: gain)
    exact, runner = Runner(network, CPU)(images), Runner(network, CPU, mixed_precision=True)
    maps = runner(images)
    assert runner.mixed_precision == (gain > 1)
    assert np.array_equal(maps.myocardium, exact.myocardium) == (gain == 1)
    np.testing.assert_allclose(maps.myocardium, exact.myocardium, atol=0.05)


def test_the_gain_by_half_precision_is_measured_once(network: nn.Module) -> None:
    gain = _bfloat16_gain(network)
    assert gain > 0
    assert _bfloat16_gain(network) == gain


def test_goes_on_with_the_smaller_batch(network: nn.Module, images: np.ndarray) -> None:
    short = ShortOfMemory(network, most=2, error=torch.cuda.OutOfMemoryError)
    runner = Runner(short, CPU, batch_size=2)
    runner(images)
    short.sizes.clear()
    runner(images)
    assert short.sizes == [2, 2, 2]


def test_falls_to_the_cpu_and_says_so(network: nn.Module, images: np.ndarray) -> None:
    # "meta" stands for a GPU here: a device that is not the CPU, on which nothing ever fits.
    short = ShortOfMemory(network, most=6, error=torch.cuda.OutOfMemoryError, never_on="meta")
    runner = Runner(short, torch.device("meta"), batch_size=2)
    maps = runner(images, activation="class")
    plain = Runner(network, CPU)(images, activation="class")
    np.testing.assert_allclose(maps.myocardium, plain.myocardium, atol=1e-5)
    np.testing.assert_allclose(maps.activation, plain.activation, atol=1e-4)
    assert runner.device == CPU
    assert len(runner.notes) == 1
    assert "ran out of memory" in runner.notes[0]
    assert "CPU" in runner.notes[0]


def test_no_memory_even_on_the_cpu_is_told(network: nn.Module, images: np.ndarray) -> None:
    short = ShortOfMemory(network, most=0, error=torch.cuda.OutOfMemoryError)
    with pytest.raises(InputError, match="not enough memory"):
        Runner(short, CPU)(images)


def test_other_errors_are_not_hidden(network: nn.Module, images: np.ndarray) -> None:
    with pytest.raises(ValueError, match="multiples of 16"):
        Runner(network, CPU)(images[..., :30])


def test_a_network_without_activation_map_is_told(images: np.ndarray) -> None:
    with pytest.raises(InputError, match="activation"):
        Runner(nn.Identity(), CPU)(images, activation="class")


@pytest.mark.parametrize("name", ["gpu", "cuda:x", "", "auto:0", "auto:", "cpu:0", "cpu:", "cpu:²", "cuda:", "cuda:00"])
def test_a_device_that_does_not_exist_is_told(name: str) -> None:
    with pytest.raises(InputError, match="no device"):
        choose_device(name)


def test_a_device_that_is_asked_for_is_never_replaced() -> None:
    missing = "cuda:99" if torch.cuda.is_available() else "cuda"
    with pytest.raises(InputError, match="finds no device"):
        choose_device(missing)
    assert choose_device("cpu") == CPU
    assert choose_device("auto").type == available_devices()[0].split()[0].split(":")[0]


def test_the_attention_masks_are_those_of_the_modules(network: nn.Module, images: np.ndarray) -> None:
    runner = Runner(network, CPU)
    first, second = (runner(images, activation=f"attention-{number}").activation for number in (1, 2))
    assert first is not None and second is not None
    features, _ = network.extraction(network_input(tensor_of(images), multiple=16))
    modules = network.attention.modules_in_order
    with torch.inference_mode():
        np.testing.assert_allclose(first, modules[0].mask(features).mean(1).numpy(), rtol=1e-5)
        np.testing.assert_allclose(second, modules[1].mask(modules[0](features)).mean(1).numpy(), rtol=1e-5)
    assert not modules[0].mask_head._forward_hooks, "nothing keeps listening"


def test_a_network_without_attention_modules_says_so(images: np.ndarray) -> None:
    with pytest.raises(InputError, match="no attention module 1"):
        Runner(nn.Identity(), CPU)(images, activation="attention-1")
