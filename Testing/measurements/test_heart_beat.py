"""The heart beat of drawn cines whose volumes are known."""

import math

import numpy as np
import pytest
from imaging.geometry import stored_as

from DCMMultiTaskLib.imaging.volume import Geometry, Volume
from DCMMultiTaskLib.measurements.heart_beat import HeartBeat, end_systole, measure_heart_beat, smoothed

SPACING = (1.25, 1.25, 8.0)
GEOMETRY = Geometry((96, 96, 5), SPACING)
VOXEL_ML = float(np.prod(SPACING)) / 1000
# Full at the R wave, empty at 40 % of the beat; radius in pixels.
RADII = 18 + 6 * np.cos(np.minimum(np.arange(20) / 8, 1 + (np.arange(20) - 8) / 12) * np.pi)
TIMES = tuple(50.0 * number for number in range(20))


def drawn_phase(radius: float, slices: int = 5) -> np.ndarray:
    """Discs of cavity, 1 pixel smaller from slice to slice, in rings of 6 pixels: the base is slice 0."""
    y, x = np.indices((96, 96)) - 48
    labels = np.zeros((slices, 96, 96), np.uint8)
    for k in range(slices):
        labels[k][np.hypot(x, y) <= radius - k + 6] = 1
        labels[k][np.hypot(x, y) <= radius - k] = 2
    return labels


def drawn_cine() -> list[np.ndarray]:
    return [drawn_phase(radius) for radius in RADII]


def measured(labels: list[np.ndarray], **options) -> HeartBeat:
    return measure_heart_beat(labels, GEOMETRY, 2, **options)


def test_a_beating_heart_has_the_volumes_that_were_drawn() -> None:
    cine = drawn_cine()
    beat = measured(cine)
    volumes = [(labels == 2).sum() * VOXEL_ML for labels in cine]
    assert (beat.ed_phase, beat.es_phase) == (0, 8)
    assert [phase.lv_cavity_ml for phase in beat.phases] == pytest.approx(volumes)
    assert [phase.myocardium_ml for phase in beat.phases] == pytest.approx([(p == 1).sum() * VOXEL_ML for p in cine])
    assert (beat.edv_ml, beat.esv_ml) == pytest.approx((volumes[0], volumes[8]))
    assert beat.stroke_volume_ml == pytest.approx(volumes[0] - volumes[8])
    assert beat.ejection_fraction_percent == pytest.approx(100 * (1 - volumes[8] / volumes[0]))
    assert [phase.phase for phase in beat.phases if phase.is_ed] == [0]
    assert [phase.phase for phase in beat.phases if phase.is_es] == [8]
    assert not beat.base_left and not beat.ring_lost and not beat.base_fills
    assert math.isnan(beat.ejection_fraction_without_percent)


def test_the_beat_may_start_at_any_phase() -> None:
    cine = drawn_cine()
    assert measured(cine[5:] + cine[:5]).es_phase == 3
    assert measured(cine[10:] + cine[:10]).es_phase == 18


def test_one_bad_phase_is_not_taken_for_end_systole() -> None:
    cine = drawn_cine()
    cine[13] = drawn_phase(RADII[8] - 0.5)  # a failure on the way up, a little smaller than the smallest heart
    assert measured(cine).es_phase == 8


@pytest.mark.parametrize("start", range(6))
def test_end_systole_of_a_ventricle_that_hardly_changes_is_its_first_minimum(start) -> None:
    curve = np.array([97.0, 80.0, 50.4, 50.9, 50.0, 90.0])
    assert end_systole(np.roll(curve, start), start) == (2 + start) % 6
    curve[2] = 52.0  # this one can be told from the smallest
    assert end_systole(np.roll(curve, start), start) == (4 + start) % 6


def test_a_coarse_cine_is_not_smoothed() -> None:
    np.testing.assert_allclose(smoothed([100, 80, 50, 70, 100]), [100, 80, 50, 70, 100], rtol=1e-6)
    fine = smoothed(np.eye(20)[0])
    assert fine[1] == pytest.approx(fine[19]) and fine[0] < 0.8  # the last phase is a neighbour of the first


def test_a_given_end_diastole_is_kept() -> None:
    beat = measured(drawn_cine(), ed_phase=19)
    assert beat.ed_phase == 19 and beat.edv_ml == beat.phases[19].lv_cavity_ml


def test_rates_are_the_steepest_parts_of_the_curve() -> None:
    beat = measured(drawn_cine(), times_ms=TIMES)
    curve = smoothed([phase.lv_cavity_ml for phase in beat.phases])
    slopes = np.diff(curve) / 0.05
    assert beat.timed
    assert beat.peak_ejection_rate_ml_s == pytest.approx(-slopes.min())
    assert beat.peak_filling_rate_ml_s == pytest.approx(slopes.max())
    assert beat.peak_ejection_rate_ml_s > beat.peak_filling_rate_ml_s > 0  # it empties in 8 phases and fills in 12
    half = measured(drawn_cine(), times_ms=[2 * time for time in TIMES])
    assert half.peak_ejection_rate_ml_s == pytest.approx(beat.peak_ejection_rate_ml_s / 2)


@pytest.mark.parametrize("times_ms", [None, TIMES[::-1], (0.0,) * 20])
def test_without_times_that_grow_there_are_no_rates(times_ms) -> None:
    beat = measured(drawn_cine(), times_ms=times_ms)
    assert not beat.timed
    assert math.isnan(beat.peak_ejection_rate_ml_s) and math.isnan(beat.peak_filling_rate_ml_s)
    assert beat.ejection_fraction_percent > 0


@pytest.mark.parametrize("base_first", [True, False])
def test_slices_that_the_base_leaves_are_counted_and_their_volume_is_told(base_first) -> None:
    cine = drawn_cine()
    for number in range(6, 11):
        cine[number][:2] = 0
    there_ml = float((cine[0][:2] == 2).sum() * VOXEL_ML)
    if not base_first:
        cine = [labels[::-1] for labels in cine]
    beat = measured(cine)
    assert beat.base_left == ((0, 1) if base_first else (3, 4))
    assert beat.base_left_ml == pytest.approx(there_ml) and there_ml < beat.stroke_volume_ml
    assert beat.ring_lost == ()


@pytest.mark.parametrize("base_first", [True, False])
def test_slices_that_fill_at_the_base_are_told_with_the_ejection_fraction_without_them(base_first) -> None:
    cine = drawn_cine()
    for labels in cine[1:]:
        labels[4][labels[4] == 1] = 2  # an apex that seems to fill is another matter
    contracting = measured([np.where(np.arange(5)[:, None, None] < 2, 0, labels) for labels in cine], ed_phase=0)
    for labels in cine[1:]:
        labels[:2] = drawn_phase(25)[:2]  # 24 and 23 pixels at end diastole
    beat = measured(cine if base_first else [labels[::-1] for labels in cine], ed_phase=0)
    assert (beat.es_phase, beat.base_left, beat.ring_lost) == (8, (), ())
    assert beat.base_fills == ((0, 1) if base_first else (3, 4))
    assert beat.ejection_fraction_without_percent == pytest.approx(contracting.ejection_fraction_percent)
    assert beat.ejection_fraction_without_percent > beat.ejection_fraction_percent


def test_a_slice_lost_elsewhere_is_told_apart_from_the_base() -> None:
    cine = drawn_cine()
    cine[8][[2, 4]] = 0
    cine[7][[2, 4]] = 0
    beat = measured(cine)
    assert (beat.es_phase in (7, 8), beat.base_left, beat.ring_lost) == (True, (), (2, 4))


def test_an_apex_that_closes_is_contraction_and_no_loss() -> None:
    cine = drawn_cine()
    cine[8][4][cine[8][4] == 2] = 1
    beat = measured(cine)
    assert beat.ring_lost == () and beat.base_left == ()


def test_a_heart_that_was_not_found_has_no_ejection_fraction() -> None:
    beat = measured([np.zeros((5, 96, 96), np.uint8)] * 4, times_ms=TIMES[:4])
    assert beat.edv_ml == 0 and math.isnan(beat.ejection_fraction_percent)


@pytest.mark.parametrize(("order", "flips"), [((2, 0, 1), (True, False, True)), ((1, 2, 0), (False, True, False))])
def test_the_beat_does_not_depend_on_how_the_phases_are_stored(order, flips) -> None:
    expected = measured(drawn_cine(), times_ms=TIMES)
    stored = [stored_as(Volume(labels, GEOMETRY), order, flips) for labels in drawn_cine()]
    beat = measure_heart_beat([s.array for s in stored], stored[0].geometry, order.index(2), times_ms=TIMES)
    for name in ("ed_phase", "es_phase", "edv_ml", "esv_ml", "ejection_fraction_percent", "peak_filling_rate_ml_s"):
        assert getattr(beat, name) == pytest.approx(getattr(expected, name), rel=1e-9)
