"""Volumes, mass and shape of drawn ventricles whose numbers are known."""

import math

import numpy as np
import pytest
from drawn_studies import rotation
from imaging.geometry import stored_as

from DCMMultiTaskLib.errors import InputError
from DCMMultiTaskLib.imaging.volume import Volume
from DCMMultiTaskLib.measurements.volumes import Body, Ventricle, measure_ventricle, summation_ml

SPACING = (1.5, 1.25, 9.0)


def drawn_ventricle(slices: int = 5, size: int = 64) -> Volume:
    """Discs of cavity in rings of myocardium, smaller from slice to slice; no slice at either end of the stack."""
    labels = np.zeros((slices + 2, size, size), np.uint8)
    y, x = np.indices((size, size))
    radius = np.hypot((x - 30) * SPACING[0], (y - 34) * SPACING[1])
    for k in range(slices):
        labels[k + 1][radius < 32 - 3 * k] = 1
        labels[k + 1][radius < 24 - 3 * k] = 2
    return Volume.of(labels, SPACING, (3.0, -8.0, 15.0), rotation((20, -35, 50)))


def measured(volume: Volume, slice_axis: int = 2, **options) -> Ventricle:
    return measure_ventricle(volume.array, volume.geometry, slice_axis, **options)


def test_volumes_are_counted_voxels_times_distance_of_the_slices() -> None:
    volume = drawn_ventricle()
    voxel_ml = 1.5 * 1.25 * 9.0 / 1000
    ventricle = measured(volume)
    assert ventricle.lv_cavity_volume_ml == pytest.approx((volume.array == 2).sum() * voxel_ml, rel=1e-12)
    assert ventricle.myocardium_volume_ml == pytest.approx((volume.array == 1).sum() * voxel_ml, rel=1e-12)
    assert ventricle.myocardium_mass_g == pytest.approx(1.05 * ventricle.myocardium_volume_ml, rel=1e-12)


def test_the_volume_of_a_cylinder_is_that_of_the_formula() -> None:
    y, x = np.indices((128, 128)) - 63.5
    labels = np.repeat(np.where(np.hypot(x, y) <= 40, 2, 0).astype(np.uint8)[None], 4, axis=0)
    ventricle = measured(Volume.of(labels, (0.5, 0.5, 10.0)))
    assert ventricle.lv_cavity_volume_ml == pytest.approx(math.pi * 20**2 * 40 / 1000, rel=0.01)
    assert ventricle.cavity_diameter_mm == pytest.approx(40, abs=0.3)
    # A cylinder as high as it is wide has 3/2 of the volume of the sphere in it.
    assert ventricle.sphericity_index == pytest.approx(1.5, rel=0.02)


def test_a_sphere_has_a_sphericity_of_one_and_a_long_ventricle_less() -> None:
    z, y, x = np.indices((41, 41, 41)) - 20
    ball = np.where(x**2 + y**2 + z**2 <= 20.5**2, 2, 0).astype(np.uint8)
    assert measured(Volume.of(ball)).sphericity_index == pytest.approx(1, rel=0.02)
    assert measured(Volume.of(ball, (1.0, 1.0, 2.0))).sphericity_index == pytest.approx(0.25, rel=0.02)


def test_a_gap_between_slices_counts_with_the_slices_beside_it() -> None:
    # Slices of 8 mm every 10 mm: the geometry's spacing is the distance.
    assert summation_ml(np.array([0.0, 1200.0, 800.0, 0.0]), 10.0) == 20.0


@pytest.mark.parametrize("order", [(0, 1, 2), (2, 0, 1), (1, 2, 0), (2, 1, 0)])
@pytest.mark.parametrize("flips", [(False, False, False), (True, False, True)])
def test_the_numbers_do_not_depend_on_how_the_labels_are_stored(order, flips) -> None:
    volume = drawn_ventricle()
    stored = stored_as(volume, order, flips)
    numbers = [vars(measured(v, axis)) for v, axis in ((volume, 2), (stored, order.index(2)))]
    assert numbers[1] == pytest.approx(numbers[0], rel=1e-12, nan_ok=True)


def test_an_empty_phase_has_no_volume_and_no_shape() -> None:
    ventricle = measured(Volume.of(np.zeros((3, 20, 20), np.uint8)))
    assert ventricle.lv_cavity_volume_ml == ventricle.myocardium_mass_g == 0
    assert math.isnan(ventricle.cavity_diameter_mm) and math.isnan(ventricle.sphericity_index)


def test_indexed_numbers_are_for_each_square_metre_of_body_surface() -> None:
    plain, indexed = measured(drawn_ventricle()), measured(drawn_ventricle(), body=Body(180, 80))
    assert math.isnan(plain.lv_cavity_volume_ml_m2) and math.isnan(plain.body_surface_m2)
    assert indexed.body_surface_m2 == pytest.approx(2.0)
    assert indexed.lv_cavity_volume_ml_m2 == pytest.approx(plain.lv_cavity_volume_ml / 2)
    assert indexed.myocardium_mass_g_m2 == pytest.approx(plain.myocardium_mass_g / 2)


@pytest.mark.parametrize(
    ("height", "weight", "words"),
    [(1700, 80, "height of 1700 cm"), (1.8, 80, "height"), (180, 0, "weight"), (180, math.nan, "weight")],
)
def test_an_impossible_body_is_refused_in_one_sentence(height, weight, words) -> None:
    with pytest.raises(InputError, match=words):
        Body(height, weight)
