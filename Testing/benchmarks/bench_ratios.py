"""Guards what was won in speed, by ratios that no machine's pace changes. Run by `make bench`."""

import time
from collections.abc import Callable
from statistics import median

import numpy as np
import pytest
import torch

from DCMMultiTaskLib.imaging.study import Study
from DCMMultiTaskLib.inference.localisation import locate, slices_to_look_at
from DCMMultiTaskLib.inference.package import load_package, shipped_model
from DCMMultiTaskLib.inference.predictor import Predictor
from DCMMultiTaskLib.inference.runner import Runner
from DCMMultiTaskLib.inference.segmentation import Progress
from DCMMultiTaskLib.networks.registry import NETWORKS, build
from DCMMultiTaskLib.phantom import make_phantom, make_phantom_cine

SLICES, ROUNDS = 12, 7


@pytest.fixture(scope="module")
def predictor() -> Predictor:
    return Predictor(load_package(shipped_model()), device="cpu")


@pytest.fixture(scope="module")
def images() -> np.ndarray:
    return np.random.default_rng(0).uniform(0, 255, (SLICES, 1, 128, 128)).astype(np.float32)


def ratio(ours: Callable[[], object], other: Callable[[], object]) -> float:
    """Median of our time over the other's, in turn."""
    ours(), other()
    found = []
    for _ in range(ROUNDS):
        began = time.perf_counter()
        ours()
        between = time.perf_counter()
        other()
        found.append((between - began) / (time.perf_counter() - between))
    print(f"\n{median(found):.2f} ({min(found):.2f} to {max(found):.2f})")
    return median(found)


def test_a_volume_takes_little_more_than_its_slices_in_the_network(predictor: Predictor, images: np.ndarray) -> None:
    volume = make_phantom(1, slices=SLICES, matrix=(256, 256)).volume
    runner = Runner(predictor.network, predictor.device)
    assert ratio(lambda: predictor.predict(volume), lambda: runner(images)) <= 2.0


def test_the_first_look_costs_a_third_of_the_second(predictor: Predictor, images: np.ndarray) -> None:
    volume = make_phantom(1, slices=SLICES, matrix=(256, 256)).volume
    runner = Runner(predictor.network, predictor.device)

    def look() -> None:
        locate(
            runner,
            volume,
            slice_axis=2,
            indices=slices_to_look_at(SLICES),
            preprocessing=predictor.package.preprocessing,
            progress=Progress(0, None, None),
        )

    assert ratio(look, lambda: runner(images)) <= 0.45


def test_a_cine_looks_for_the_heart_once(predictor: Predictor, images: np.ndarray) -> None:
    phases = [phantom.volume for phantom in make_phantom_cine(1, phases=5, slices=SLICES, matrix=(256, 256))]
    runner = Runner(predictor.network, predictor.device)
    assert ratio(lambda: predictor.predict(Study("cine", phases)), lambda: [runner(images) for _ in phases]) <= 1.5


def test_a_prediction_is_faster_than_the_two_networks_of_the_paper(predictor: Predictor, images: np.ndarray) -> None:
    volume = make_phantom(1, slices=SLICES, matrix=(256, 256)).volume
    networks = [build(name, NETWORKS[name].config(name)).eval() for name in ("unet", "resnet101")]
    batch = torch.from_numpy(images)

    def both() -> None:
        with torch.inference_mode():
            for network in networks:
                network(batch)

    assert ratio(lambda: predictor.predict(volume), both) <= 1 / 6
