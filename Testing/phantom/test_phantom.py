"""The phantom: repeatable, its truth lying exactly on its picture, its hearts of realistic size."""

import csv
from pathlib import Path

import numpy as np
import pytest
import SimpleITK as sitk

from DCMMultiTaskLib.errors import InputError
from DCMMultiTaskLib.imaging.reading import read_study
from DCMMultiTaskLib.phantom import make_phantom, make_phantom_cine, write_phantoms, write_sample

SAMPLE = Path(__file__).parents[2] / "Resources" / "SampleData" / "DCMPhantom.seq.nrrd"


@pytest.fixture(scope="module")
def normal_and_dilated():
    return {dilated: [make_phantom(seed, dilated=dilated) for seed in range(4)] for dilated in (False, True)}


@pytest.fixture(scope="module")
def studies(normal_and_dilated):
    return normal_and_dilated[False] + normal_and_dilated[True]


def largest_diameters_mm(study):
    """Inner diameter and wall thickness of the slice with the largest cavity."""
    pixel = study.truth.geometry.spacing[0] * study.truth.geometry.spacing[1]
    cavity = (study.truth.array == 2).sum((1, 2)) * pixel
    whole = (study.truth.array > 0).sum((1, 2)) * pixel
    inner, outer = (2 * np.sqrt(areas[cavity.argmax()] / np.pi) for areas in (cavity, whole))
    return inner, (outer - inner) / 2


def erode(mask, radius):
    return sitk.GetArrayFromImage(sitk.BinaryErode(sitk.GetImageFromArray(mask.astype(np.uint8)), [radius, radius])) > 0


def test_the_same_seed_gives_the_same_study_and_another_seed_another():
    first, again, other = make_phantom(3, slices=2), make_phantom(3, slices=2), make_phantom(4, slices=2)
    assert np.array_equal(first.volume.array, again.volume.array)
    assert np.array_equal(first.truth.array, again.truth.array)
    assert first.volume.geometry.same_as(again.volume.geometry, tolerance=0)
    assert first.volume.geometry.spacing != other.volume.geometry.spacing


def test_options_change_only_what_they_name():
    lge = make_phantom(5, dilated=False, slices=3, scar="none")
    for other in (
        make_phantom(5, dilated=False, slices=3, scar="subendocardial"),
        make_phantom(5, dilated=False, slices=3, scar="none", contrast="cine"),
    ):
        assert np.array_equal(lge.truth.array, other.truth.array)
        assert lge.volume.geometry.spacing == other.volume.geometry.spacing
        assert not np.array_equal(lge.volume.array, other.volume.array)


def test_dilated_hearts_are_larger_and_thinner_than_normal_ones(normal_and_dilated):
    for study in normal_and_dilated[False]:
        inner, wall = largest_diameters_mm(study)
        assert 43 <= inner <= 55 and 7.5 <= wall <= 11.8 and study.dcm == 0
    for study in normal_and_dilated[True]:
        inner, wall = largest_diameters_mm(study)
        assert 58 <= inner <= 77 and 4.5 <= wall <= 8.6 and study.dcm == 1


def test_both_kinds_of_heart_are_drawn_when_none_is_asked_for():
    assert {make_phantom(seed, slices=1, matrix=(96, 96)).dcm for seed in range(12)} == {0, 1}


def test_every_slice_has_a_closed_ring_around_the_cavity(studies):
    for study in studies:
        for truth in study.truth.array:
            ring = sitk.GetImageFromArray((truth == 1).astype(np.uint8))
            filled = sitk.GetArrayFromImage(sitk.BinaryFillhole(ring)) > 0
            assert np.array_equal(filled, truth > 0)
            assert (truth == 2).any()


def test_the_heart_tapers_to_its_apex(studies):
    for study in studies:
        whole = (study.truth.array > 0).sum((1, 2))
        cavity = (study.truth.array == 2).sum((1, 2))
        assert whole[0] == whole.min() and whole[0] < 0.6 * whole.max()
        assert cavity[0] < 0.45 * cavity.max()
        assert whole.argmax() >= len(whole) // 2  # the base comes last


def test_the_truth_lies_exactly_on_the_picture(normal_and_dilated):
    """Moved by two pixels any way, the truth tells blood from myocardium less well."""
    for study in (make_phantom(seed, dilated=dilated, scar="none") for seed, dilated in ((1, False), (2, True))):
        image, truth = study.volume.array.astype(float), study.truth.array

        def contrast(down, right, image=image, truth=truth):
            moved = np.roll(truth, (down, right), axis=(1, 2))
            return image[moved == 2].mean() - image[moved == 1].mean()

        here = contrast(0, 0)
        assert all(contrast(*step) < 0.97 * here for step in ((2, 0), (-2, 0), (0, 2), (0, -2)))


@pytest.mark.parametrize(("contrast", "low", "high"), [("lge", 0.0, 0.4), ("cine", 0.2, 0.75), ("random", 0.0, 0.75)])
def test_blood_is_brighter_than_myocardium_in_every_contrast(contrast, low, high):
    for seed in range(4):
        study = make_phantom(seed, slices=3, contrast=contrast, scar="none")
        myocardium, cavity = (np.median(study.volume.array[study.truth.array == label]) for label in (1, 2))
        assert low < myocardium / cavity < high


def test_papillary_muscles_belong_to_the_cavity(studies):
    with_muscles = 0
    for study in studies:
        middle = len(study.truth.array) // 2
        cavity = study.volume.array[middle][erode(study.truth.array[middle] == 2, 3)]
        with_muscles += (cavity < 0.5 * np.median(cavity)).mean() > 0.01
    assert with_muscles >= len(studies) - 2


@pytest.mark.parametrize("scar", ["subendocardial", "mid_wall"])
def test_a_scar_is_bright_and_stays_within_the_myocardium(scar):
    healthy, scarred = (make_phantom(8, dilated=True, scar=kind) for kind in ("none", scar))
    change = scarred.volume.array.astype(float) - healthy.volume.array
    blood = np.median(healthy.volume.array[healthy.truth.array == 2])
    brightened = change > 0.5 * blood
    assert brightened.sum() > 50
    assert (scarred.truth.array[brightened] == 1).mean() > 0.9


def test_geometry_varies_between_studies_and_is_a_short_axis(studies):
    assert len({study.volume.array.shape for study in studies}) > 1
    assert len({(study.volume.geometry.spacing, study.volume.geometry.origin) for study in studies}) == len(studies)
    for study in studies:
        assert 1.2 <= study.volume.geometry.spacing[0] == study.volume.geometry.spacing[1] <= 1.6
        assert 8.0 <= study.volume.geometry.spacing[2] <= 10.0
        direction = study.volume.geometry.direction
        assert np.allclose(direction.T @ direction, np.eye(3), atol=1e-9) and np.linalg.det(direction) > 0
        assert np.abs(direction).max() < 0.98  # oblique
    centres = []
    for study in studies:
        rows, columns = np.nonzero(study.truth.array[5])
        half = np.array(study.truth.array.shape[1:]) / 2
        centres.append((np.array([rows.mean(), columns.mean()]) - half) * study.volume.geometry.spacing[0])
    assert np.std(centres, axis=0).min() > 2.0  # mm


def test_slices_are_slightly_misregistered_by_breathing(studies):
    for study in studies[:3]:
        centres = [np.mean(np.nonzero(truth == 2), axis=1) for truth in study.truth.array[2:]]
        steps = np.linalg.norm(np.diff(centres, axis=0), axis=1) * study.volume.geometry.spacing[0]
        assert 0.2 < steps.mean() < 4.0


def test_the_noise_in_air_is_rayleigh_distributed(studies):
    for study in studies[:4]:
        corner = study.volume.array[:, 2:22, 2:22].astype(float)
        assert corner.mean() / corner.std() == pytest.approx(1.913, abs=0.2)


def test_a_long_stack_runs_past_apex_and_base():
    study = make_phantom(1, dilated=False, slices=18, matrix=(128, 128))
    with_ring = (study.truth.array > 0).any(axis=(1, 2))
    assert not with_ring[0] and not with_ring[-1] and with_ring[9]
    assert study.volume.array.shape == (18, 128, 128)


def test_a_cine_beats_and_starts_at_end_diastole():
    phases = make_phantom_cine(2, phases=5, dilated=False, slices=3, matrix=(128, 128))
    cavities = [int((study.truth.array == 2).sum()) for study in phases]
    assert len(phases) == 5 and int(np.argmax(cavities)) == 0
    assert min(cavities) < 0.65 * cavities[0]
    still = make_phantom(2, dilated=False, slices=3, matrix=(128, 128))
    assert np.array_equal(phases[0].truth.array, still.truth.array)


def test_a_dilated_heart_contracts_less():
    def ejection(dilated):
        phases = make_phantom_cine(2, phases=4, dilated=dilated, slices=2, matrix=(128, 128))
        cavities = [(study.truth.array == 2).sum() for study in phases]
        return 1 - min(cavities) / cavities[0]

    assert ejection(True) < 0.4 < ejection(False)


def test_write_phantoms_writes_studies_and_a_manifest_that_points_to_them(tmp_path):
    manifest = write_phantoms(tmp_path / "new" / "set", count=2, seed=40, slices=2)
    with manifest.open(newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    assert list(rows[0]) == ["patient", "group", "dcm", "slices", "image", "mask"]
    assert [row["dcm"] for row in rows] == ["0", "1"] and [row["group"] for row in rows] == ["normal", "dilated"]
    for number, row in enumerate(rows):
        study = make_phantom(40 + number, dilated=bool(number), slices=2)
        image, mask = (read_study(manifest.parent / row[kind]).volume for kind in ("image", "mask"))
        assert np.array_equal(image.array, study.volume.array)
        assert np.array_equal(mask.array, study.truth.array)
        assert np.allclose(image.geometry.index_to_lps, study.volume.geometry.index_to_lps, atol=1e-4)
        assert int(row["slices"]) == 2


@pytest.mark.parametrize("options", [{"slices": 0}, {"seed": -1}, {"contrast": "t1"}, {"scar": "patchy"}])
def test_an_impossible_phantom_is_refused_in_words(options):
    with pytest.raises(InputError):
        make_phantom(**{"seed": 1, **options})


def test_no_studies_and_no_phases_are_refused(tmp_path):
    with pytest.raises(InputError, match="at least one"):
        write_phantoms(tmp_path, count=0)
    with pytest.raises(InputError, match="at least one"):
        make_phantom_cine(1, phases=0)


def test_the_sample_study_is_small_and_is_what_the_phantom_makes(tmp_path):
    assert SAMPLE.stat().st_size < 400_000
    shipped, made = (read_study(path) for path in (SAMPLE, write_sample(tmp_path / "sample.seq.nrrd")))
    assert np.allclose(shipped.geometry.index_to_lps, made.geometry.index_to_lps, atol=1e-4)
    assert len(shipped.phases) == len(made.phases) == 6
    for one, other in zip(shipped.phases, made.phases, strict=True):
        # the last bit of a Fourier transform differs between machines
        assert np.abs(one.array.astype(int) - other.array).max() <= 1
