"""A small trained network and a phantom study, for the tests of this folder."""

from pathlib import Path

import numpy as np
import pytest

from DCMMultiTaskLib.imaging.volume import Volume
from DCMMultiTaskLib.inference.package import ModelPackage, load_package
from DCMMultiTaskLib.inference.predictor import Predictor
from DCMMultiTaskLib.inference.result import Result
from DCMMultiTaskLib.phantom import PhantomStudy, make_phantom


@pytest.fixture(scope="session")
def package(tiny_model: Path) -> ModelPackage:
    return load_package(tiny_model)


@pytest.fixture(scope="session")
def predictor(package: ModelPackage) -> Predictor:
    return Predictor(package, device="cpu")


@pytest.fixture(scope="session")
def study() -> PhantomStudy:
    return make_phantom(3, dilated=True, slices=6, matrix=(160, 192))


@pytest.fixture(scope="session")
def result(predictor: Predictor, study: PhantomStudy) -> Result:
    return predictor.predict(study.volume, activation=True)


@pytest.fixture(scope="session")
def heart(study: PhantomStudy) -> np.ndarray:
    """Centre of the true myocardium, mm (LPS)."""
    middle = np.argwhere(study.truth.array == 1).mean(axis=0)[::-1]
    return (study.volume.geometry.index_to_lps @ np.append(middle, 1))[:3]


@pytest.fixture(scope="session")
def two_slices(study: PhantomStudy) -> Volume:
    """Part of the study: enough where one prediction more is needed."""
    return Volume.of(study.volume.array[2:4], study.volume.geometry.spacing)
