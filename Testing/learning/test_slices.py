"""A patient's image and truth, as training and evaluation read them."""

import numpy as np
import pytest

from DCMMultiTaskLib.datasets.manifest import Patient
from DCMMultiTaskLib.evaluation.metrics import dice
from DCMMultiTaskLib.imaging.volume import Volume
from DCMMultiTaskLib.imaging.writing import write_volume
from DCMMultiTaskLib.learning.slices import read_patient


@pytest.mark.parametrize("offset", [(0.0, 1.0), (2.0, -3.0), (0.5, 0.75)])
def test_masks_that_lie_off_their_images_are_moved_back(tmp_path, offset):
    rows, columns = np.mgrid[:90, :80]

    def study(centre: tuple[float, float]) -> np.ndarray:
        distance = np.hypot(rows - centre[0], columns - centre[1])
        return np.stack([(distance < 20).astype(np.uint8) + (distance < 12)] * 2)

    true, moved = study((45.3, 40.6)), study((45.3 + offset[0], 40.6 + offset[1]))
    write_volume(tmp_path / "image.nrrd", Volume.of(true * 40.0, spacing=(1.4, 1.4, 8.0)))
    write_volume(tmp_path / "mask.nrrd", Volume.of(moved, spacing=(1.4, 1.4, 8.0)))
    patient = Patient("A", tmp_path / "image.nrrd", tmp_path / "mask.nrrd", 0, "g", "", offset)
    _, mask = read_patient(patient)
    for label in (1, 2):
        assert dice(mask.array >= label, true >= label) > 0.98
        assert dice(mask.array >= label, true >= label) >= dice(moved >= label, true >= label)
