"""A patient's image and truth, as training and evaluation read them."""

import numpy as np
import pytest
from imaging.geometry import STORAGES, stored_as

from DCMMultiTaskLib.datasets.manifest import Patient
from DCMMultiTaskLib.datasets.truth import read_patient
from DCMMultiTaskLib.errors import InputError
from DCMMultiTaskLib.evaluation.metrics import dice
from DCMMultiTaskLib.imaging.grid import SliceGrid, choose_slice_axis, normalise
from DCMMultiTaskLib.imaging.orientation import SliceOrientation
from DCMMultiTaskLib.imaging.reading import read_study
from DCMMultiTaskLib.imaging.volume import Volume
from DCMMultiTaskLib.imaging.writing import write_volume
from DCMMultiTaskLib.learning.augmentation import NO_AUGMENTATION, augment
from DCMMultiTaskLib.learning.slices import collate, load_slices


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


@pytest.mark.parametrize("centre", ["heart", "image"])
def test_training_sees_what_prediction_sees_however_the_heart_is_stored(tmp_path, centre):
    k, j, i = np.indices((2, 110, 96)).astype(np.float32)
    away = np.hypot(1.3 * (j - 48 - 2 * k), 1.5 * (i - 52))
    image = 300 + 3 * k + 60 * np.sin(i / 5) + 45 * np.cos(j / 7 + k) + 0.01 * i * j + 200 * np.exp(-((away / 25) ** 2))
    truth = (away < 32).astype(np.uint8) + (away < 22)
    direction = np.array([[0.66, -0.30, -0.69], [0.75, 0.26, 0.60], [0.0, -0.92, 0.40]])
    direction, _ = np.linalg.qr(direction)
    for number, (order, flips) in enumerate(STORAGES):
        image_file, mask_file = (tmp_path / f"{kind}-{number}.nrrd" for kind in ("image", "mask"))
        for file, array in ((image_file, image), (mask_file, truth)):
            write_volume(file, stored_as(Volume.of(array, (1.5, 1.3, 8.0), (5.0, -9.0, 30.0), direction), order, flips))
        slices = load_slices(Patient("A", image_file, mask_file, 0, "g", ""), centre=centre)
        seen = augment(collate(slices), NO_AUGMENTATION)

        study = read_study(image_file)
        axis = choose_slice_axis(study.geometry)
        predicted, masks = [], []
        for index, one in enumerate(slices):  # training centres each slice on its own heart, a prediction all on one
            place = SliceOrientation.of(study.geometry, axis).to_lps(study.geometry, index, *one.centre)
            grid = SliceGrid.around(study.geometry, slice_axis=axis, centre_lps=place)
            predicted.append(normalise(grid.sample(study.volume.array, [index])))
            masks.append(grid.sample(read_study(mask_file).volume.array == 1, [index]) > 0.5)
        # In units of the network's input, which is -1 to 1.
        np.testing.assert_allclose(seen.image / 127.5, np.concatenate(predicted) / 127.5, atol=1e-3, err_msg=str(order))
        assert np.count_nonzero(seen.mask.numpy() != np.concatenate(masks)) <= 2
        if not number:
            first = seen
        turned = list(range(len(slices)))[:: -1 if flips[axis] else 1]
        np.testing.assert_allclose(seen.image[turned] / 127.5, first.image / 127.5, atol=1e-3)
        back = grid.to_source(np.concatenate(masks)[:, 0].astype(np.float32), threshold=0.5)
        assert centre == "heart" or dice(back, read_study(mask_file).volume.array == 1) > 0.97


def masked(folder, values, **options) -> Patient:
    """A patient whose mask has these values, each in a column of its own beside a background of 0."""
    mask = np.zeros((2, 90, 80), np.uint8)
    for column, value in enumerate(values, start=20):
        mask[:, 30:60, column] = value
    write_volume(folder / "image.nrrd", Volume.of(mask * 1.0, spacing=(1.4, 1.4, 8.0)))
    write_volume(folder / "mask.nrrd", Volume.of(mask, spacing=(1.4, 1.4, 8.0)))
    return Patient("A", folder / "image.nrrd", folder / "mask.nrrd", 0, "g", "", **options)


@pytest.mark.parametrize(
    ("values", "value", "words"),
    [
        ([255], None, r"no voxel of the mask is 1, the myocardium; it has 0, 255; --mask-value"),
        ([], None, r"it has 0\.$"),
        ([1, 255], None, r"the mask has 0, 1, 255, where"),
        ([1, 2, 3], None, r"--mask-value says which"),
        ([1], 255, r"no voxel of the mask is 255, the myocardium; it has 0, 1;"),
    ],
)
def test_a_mask_that_would_be_learned_as_background_is_refused_with_its_values(tmp_path, values, value, words):
    with pytest.raises(InputError, match=words):
        read_patient(masked(tmp_path, values, mask_value=value))


def test_the_value_of_the_myocardium_can_be_chosen(tmp_path):
    _, mask = read_patient(masked(tmp_path, [1, 2, 3], mask_value=2))
    assert set(np.unique(mask.array)) == {0, 1}
    assert np.flatnonzero(mask.array.any(axis=(0, 1))).tolist() == [21]
