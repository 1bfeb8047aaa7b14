"""Contours of some phases of a cine, carried to the others."""

import numpy as np
import pytest
from sunnybrook_files import SHAPE, write_contours, write_patient

from DCMMultiTaskLib.datasets.manifest import read_manifest
from DCMMultiTaskLib.datasets.phases import LABELS, carry, prepare_phases
from DCMMultiTaskLib.datasets.truth import read_patient
from DCMMultiTaskLib.errors import InputError
from DCMMultiTaskLib.evaluation.metrics import dice
from DCMMultiTaskLib.phantom import make_phantom_cine

PHASES = 8


@pytest.fixture(scope="module")
def beat():
    """The middle slice of a beating phantom in the contrast of a cine: images and labels `(P, H, W)`."""
    phantoms = make_phantom_cine(3, phases=PHASES, slices=4, matrix=(160, 160))
    return [np.stack([getattr(p, name).array[2] for p in phantoms]) for name in ("volume", "truth")]


def contours(truth):
    return {label: truth >= label for label in LABELS}


def test_masks_follow_the_beat(beat):
    images, truths = beat
    systole = int(np.argmin((truths == 2).sum(axis=(1, 2))))
    carried = carry(images, {0: contours(truths[0])})
    np.testing.assert_array_equal(carried[0], truths[0])
    for label, least in ((1, 0.8), (2, 0.85)):
        stayed, moved = (dice(mask == label, truths[systole] == label) for mask in (truths[0], carried[systole]))
        assert moved > max(least, stayed + 0.1)


def test_a_second_contour_is_kept_and_helps_its_neighbours(beat):
    images, truths = beat
    systole = int(np.argmin((truths == 2).sum(axis=(1, 2))))
    one = carry(images, {0: contours(truths[0])})
    both = carry(images, {0: contours(truths[0]), systole: {2: truths[systole] == 2}})
    np.testing.assert_array_equal(both[0], truths[0])
    np.testing.assert_array_equal(both[systole] == 2, truths[systole] == 2)
    after = systole + 1
    assert dice(both[after] == 2, truths[after] == 2) > dice(one[after] == 2, truths[after] == 2)


def test_where_the_beat_begins_does_not_matter(beat):
    images, truths = beat
    rolled = carry(np.roll(images, 3, axis=0), {3: contours(truths[0])})
    np.testing.assert_array_equal(np.roll(carry(images, {0: contours(truths[0])}), 3, axis=0), rolled)


def test_all_phases_of_the_contoured_slices(tmp_path):
    source = tmp_path / "src"
    pixels = write_patient(source, "SC-HF-NI-03").reshape(3, 2, *SHAPE)
    write_contours(source / "contours" / "SC-HF-I-01" / "x")  # without images
    written = prepare_phases(source, tmp_path / "out", step=1)
    assert written.patients == ["SC-HF-NI-03"]
    (patient,) = read_manifest(written.manifest)
    assert (patient.patient, patient.group, patient.dcm) == ("SC-HF-NI-03", "HF-NI", 1)
    image, mask = read_patient(patient)
    np.testing.assert_array_equal(image.array, pixels[::-1].reshape(-1, *SHAPE))
    cavity = np.zeros(SHAPE, bool)
    cavity[8:15, 7:12] = True
    for plane in mask.array:
        np.testing.assert_array_equal(plane == 2, cavity)
    heart = np.zeros(SHAPE, bool)
    heart[5:18, 4:15] = True
    np.testing.assert_array_equal(mask.array[::2] > 0, [heart] * 3)


def test_a_folder_without_a_whole_cine_is_refused(tmp_path):
    write_contours(tmp_path / "src" / "SC-HF-I-01" / "x")
    with pytest.raises(InputError, match="no Sunnybrook patient with DICOM images and contours"):
        prepare_phases(tmp_path / "src", tmp_path / "out")
