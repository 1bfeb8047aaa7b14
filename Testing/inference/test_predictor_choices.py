"""What a user can choose: phases, region of interest, threshold, maps, views, cancelling."""

import math
from dataclasses import replace

import numpy as np
import pytest
from scipy import ndimage

from DCMMultiTaskLib.errors import InputError
from DCMMultiTaskLib.evaluation.metrics import dice
from DCMMultiTaskLib.imaging.roi import Roi
from DCMMultiTaskLib.imaging.study import Study
from DCMMultiTaskLib.imaging.volume import Volume
from DCMMultiTaskLib.inference.package import ModelPackage
from DCMMultiTaskLib.inference.predictor import Predictor
from DCMMultiTaskLib.inference.result import Result
from DCMMultiTaskLib.inference.segmentation import Segmentation
from DCMMultiTaskLib.phantom import PhantomStudy, make_phantom_cine


def test_the_slice_axis_can_be_chosen(predictor: Predictor, study: PhantomStudy) -> None:
    volume = Volume.of(study.volume.array[:, :24, :24].repeat(4, axis=0), study.volume.geometry.spacing)
    result = predictor.predict(volume, slice_axis=0)
    assert result.slice_axis == 0
    assert len(result.rows) == 24
    with pytest.raises(InputError):
        predictor.predict(volume, slice_axis=3)


def test_a_cine_keeps_the_phase_with_the_largest_cavity(predictor: Predictor) -> None:
    # Stored from the contracted heart on, so that the first phase is not the right one.
    cine = make_phantom_cine(5, phases=4, dilated=False, slices=3, matrix=(160, 192))
    order = [2, 3, 0, 1]
    truth = [np.count_nonzero(cine[n].truth.array == 2) for n in order]
    study = Study("cine", [cine[n].volume for n in order])
    ed = predictor.predict(study)
    assert (ed.provenance.phase, ed.provenance.phases) == (int(np.argmax(truth)), 4)
    assert ed.volume is study.phases[ed.phase]
    assert (ed.phase, list(ed.labels)) == (ed.provenance.phase, [0, 1, 2, 3])
    alone = predictor.predict(study, phase=ed.provenance.phase)
    assert dice(alone.mask, ed.mask) > 0.9
    assert (list(alone.labels), alone.heart_beat) == ([ed.phase], None)
    warned = f"Phase {ed.phase + 1} of 4 (counted from 1) alone was analysed."
    assert [note.startswith(warned) for note in alone.provenance.notes].count(True) == 1
    assert not any("alone was analysed" in note for note in ed.provenance.notes)
    assert predictor.predict(study, phase="first").provenance.phase == 0
    for wrong in (4, 99, -1, "late"):
        with pytest.raises(InputError, match="phase"):
            predictor.predict(study, phase=wrong)


def test_progress_counts_to_the_end(predictor: Predictor, two_slices: Volume) -> None:
    seen: list[tuple[int, int]] = []
    predictor.predict(two_slices, progress=lambda done, total: seen.append((done, total)))
    assert [done for done, _ in seen] == sorted({done for done, _ in seen})
    assert {total for _, total in seen} == {4}
    assert seen[-1] == (4, 4)


def test_cancelling_keeps_the_finished_slices(package: ModelPackage, study: PhantomStudy) -> None:
    predictor = Predictor(package, device="cpu", batch_size=1)
    done = 0

    def count(now: int, _total: int) -> None:
        nonlocal done
        done = now

    result = predictor.predict(study.volume, progress=count, cancelled=lambda: done >= 2 + 4)
    assert result.cancelled
    assert [row.quality == "not analysed" for row in result.rows] == [False] * 4 + [True] * 2
    assert result.mask[:4].any()
    assert not result.mask[4:].any()
    assert all(math.isnan(row.dcm_probability) and row.dcm_class == 0 for row in result.rows[4:])
    assert math.isfinite(result.dcm_probability)
    assert any("cancelled" in note for note in result.provenance.notes)


def test_cancelling_at_once_gives_an_empty_result(predictor: Predictor, study: PhantomStudy) -> None:
    result = predictor.predict(study.volume, cancelled=lambda: True)
    assert result.cancelled
    assert not result.mask.any()
    assert {row.quality for row in result.rows} == {"not analysed"}
    assert math.isnan(result.dcm_probability)
    assert result.dcm_class == 0


def test_cancelling_a_cine_keeps_the_best_finished_phase(package: ModelPackage) -> None:
    cine = Study("cine", [s.volume for s in make_phantom_cine(5, phases=3, slices=2, matrix=(160, 192))])
    done = 0

    def count(now: int, _total: int) -> None:
        nonlocal done
        done = now

    predictor = Predictor(package, device="cpu", batch_size=1)
    result = predictor.predict(cine, progress=count, cancelled=lambda: done >= 2 + 2 + 1)
    assert result.cancelled
    assert result.provenance.phase == 0
    assert "not analysed" not in {row.quality for row in result.rows}
    assert (list(result.labels), result.heart_beat) == ([0], None)  # half a heart beat has no ejection fraction


def test_a_base_that_moves_out_of_its_slice_is_told(
    predictor: Predictor, study: PhantomStudy, monkeypatch: pytest.MonkeyPatch
) -> None:
    full = study.truth.array == 1
    contracted = full.copy()
    areas = np.count_nonzero(study.truth.array == 2, axis=(1, 2))
    base = 0 if areas[:3].sum() > areas[3:].sum() else 5
    contracted[base] = False
    drawn = iter([full, contracted])
    monkeypatch.setattr(Segmentation, "source_mask", lambda *_: next(drawn).astype(np.uint8))
    result = predictor.predict(Study("cine", [study.volume] * 2, times_ms=(300.0, 20.0)))
    assert any("times of the phases do not grow" in note for note in result.provenance.notes)
    assert (result.phase, result.heart_beat.base_left) == (0, (base,))
    assert any(f"The base left slice {base + 1}" in note for note in result.provenance.notes)


def test_a_base_that_fills_while_the_ventricle_empties_is_told(
    predictor: Predictor, study: PhantomStudy, monkeypatch: pytest.MonkeyPatch
) -> None:
    full = study.truth.array == 1
    cavities = study.truth.array == 2
    areas = np.count_nonzero(cavities, axis=(1, 2))
    base = 0 if areas[:3].sum() > areas[3:].sum() else 5
    contracted = full | ndimage.binary_dilation(full, np.ones((1, 5, 5)))
    contracted[base] = full[base] & ~ndimage.binary_dilation(cavities[base], iterations=1)
    drawn = iter([full, contracted])
    monkeypatch.setattr(Segmentation, "source_mask", lambda *_: next(drawn).astype(np.uint8))
    result = predictor.predict(Study("cine", [study.volume] * 2))
    beat = result.heart_beat
    assert (result.phase, beat.base_fills) == (0, (base,))
    fraction = beat.ejection_fraction_without_percent
    assert fraction > beat.ejection_fraction_percent
    note = next(note for note in result.provenance.notes if "at the base, fills" in note)
    assert f"slice {base + 1} (counted from 1)" in note and f"ejection fraction is {fraction:.0f} %" in note


def test_an_roi_takes_the_place_of_the_first_pass(
    predictor: Predictor, study: PhantomStudy, result: Result, heart: np.ndarray
) -> None:
    steps: list[int] = []
    pointed = predictor.predict(study.volume, roi=Roi(tuple(heart)), progress=lambda _, total: steps.append(total))
    assert steps[-1] == 6
    assert pointed.provenance.localisation["method"] == "region of interest"
    assert dice(pointed.mask, result.mask) > 0.8


def test_an_roi_with_a_size_bounds_the_mask(predictor: Predictor, study: PhantomStudy, heart: np.ndarray) -> None:
    thick = 2.5 * study.volume.geometry.spacing[2]
    roi = Roi(tuple(heart), (60.0, 60.0, thick), study.volume.geometry.direction)
    inside = roi.contains(study.volume.geometry)
    result = predictor.predict(study.volume, roi=roi)
    assert result.mask.any()
    assert not result.mask[~inside].any()
    for row in result.rows:
        assert (row.quality == "outside the ROI") == (not inside[row.slice].any())
        assert math.isnan(row.dcm_probability) == (row.quality == "outside the ROI")


@pytest.mark.parametrize("size", [None, (20.0, 20.0, 20.0)])
def test_an_roi_outside_the_volume_is_told(
    predictor: Predictor, study: PhantomStudy, size: tuple[float, float, float] | None
) -> None:
    with pytest.raises(InputError, match="outside"):
        predictor.predict(study.volume, roi=Roi((2000.0, 0.0, 0.0), size))


@pytest.mark.parametrize("threshold", [-0.1, 1.1, math.nan])
def test_a_threshold_that_is_no_probability_is_refused(
    predictor: Predictor, study: PhantomStudy, threshold: float
) -> None:
    with pytest.raises(InputError, match="threshold"):
        predictor.predict(study.volume, threshold=threshold)


def test_the_threshold_decides_the_class(predictor: Predictor, two_slices: Volume) -> None:
    for threshold, expected in ((0.0, 1), (1.0, 0)):
        result = predictor.predict(two_slices, threshold=threshold)
        assert result.dcm_class == expected
        assert {row.dcm_class for row in result.rows} == {expected}
        assert result.provenance.decision.threshold == threshold


def test_only_the_largest_component_is_kept_unless_asked_otherwise(predictor: Predictor, study: PhantomStudy) -> None:
    # One heart twice in one stack, a slice without one between: two slices of it, then three.
    one = study.volume.array
    without = np.broadcast_to(np.arange(one.shape[2], dtype=one.dtype), one[:1].shape)
    twice = Volume.of(np.concatenate([one[2:4], without, one[1:4]]), study.volume.geometry.spacing)
    everything = predictor.predict(twice, largest_component=False).mask.any(axis=(1, 2))
    kept = predictor.predict(twice).mask.any(axis=(1, 2))
    assert list(everything) == [True, True, False, True, True, True]
    assert list(kept) == [False, False, False, True, True, True]


def test_the_activation_map_is_on_the_grid_from_0_to_1(study: PhantomStudy, result: Result) -> None:
    heat = result.activation
    assert heat.shape == study.volume.array.shape
    assert heat.dtype == np.float32
    assert (heat.min(), heat.max() <= 1) == (0, True)
    assert heat.max() > 0.9
    assert not heat[:, 0].any()


def test_no_activation_map_unless_asked_for(predictor: Predictor, two_slices: Volume) -> None:
    assert predictor.predict(two_slices).activation is None


def test_more_views_change_the_answer_a_little(package: ModelPackage, predictor: Predictor, two_slices: Volume) -> None:
    views = replace(package.preprocessing, flips=("none", "horizontal", "rotate90"))
    many = Predictor(replace(package, preprocessing=views), device="cpu").predict(two_slices)
    one = predictor.predict(two_slices)
    assert many.rows[0].dcm_probability != one.rows[0].dcm_probability
    assert dice(many.mask, one.mask) > 0.7


def test_calibration_is_applied(package: ModelPackage, predictor: Predictor, two_slices: Volume) -> None:
    decision = replace(package.decision, slice_scale=0.5, slice_bias=1.0)
    calibrated = Predictor(replace(package, decision=decision), device="cpu").predict(two_slices)
    for plain, changed in zip(predictor.predict(two_slices).rows, calibrated.rows, strict=True):
        logit = math.log(plain.dcm_probability / (1 - plain.dcm_probability))
        assert changed.dcm_probability == pytest.approx(1 / (1 + math.exp(-(0.5 * logit + 1))), abs=1e-6)


def test_a_higher_threshold_draws_less_and_leaves_the_certainty(
    package: ModelPackage, predictor: Predictor, two_slices: Volume
) -> None:
    strict = Predictor(replace(package, decision=replace(package.decision, mask_threshold=0.9)), device="cpu")
    all_pieces = {"largest_component": False}
    few, many = strict.predict(two_slices, **all_pieces), predictor.predict(two_slices, **all_pieces)
    assert 0 < few.mask.sum() < many.mask.sum()
    assert not (few.mask & ~many.mask).any()
    assert [own.certainty for own in few.evidence] == [other.certainty for other in many.evidence]


def test_smoothing_along_the_wall_changes_masks_and_leaves_class_and_quality(
    package: ModelPackage, predictor: Predictor, two_slices: Volume
) -> None:
    decision = replace(package.decision, smoothing_degrees=15.0)
    even, plain = (
        p.predict(two_slices) for p in (Predictor(replace(package, decision=decision), device="cpu"), predictor)
    )
    assert dice(even.mask, plain.mask) > 0.8 and (even.mask != plain.mask).any()
    np.testing.assert_equal([vars(own) for own in even.evidence], [vars(other) for other in plain.evidence])
    assert [own.quality for own in even.rows] == [other.quality for other in plain.rows]
    assert [own.dcm_probability for own in even.rows] == [other.dcm_probability for other in plain.rows]


def test_an_open_ring_is_closed_across_its_gap_and_the_result_says_so(
    predictor: Predictor, study: PhantomStudy, monkeypatch: pytest.MonkeyPatch
) -> None:
    drawn = study.truth.array == 1
    rows, columns = np.argwhere(drawn[3]).min(axis=0), np.argwhere(drawn[3]).max(axis=0)
    middle = (rows[1] + columns[1]) // 2
    drawn[3, rows[0] : (rows[0] + columns[0]) // 2, middle - 6 : middle + 7] = False  # a gap at the top
    monkeypatch.setattr(Segmentation, "source_mask", lambda *_: drawn.astype(np.uint8))
    result = predictor.predict(study.volume)
    true_mm2 = np.count_nonzero(study.truth.array[3] == 2) * np.prod(study.volume.geometry.spacing[:2])
    assert "ring open" in result.rows[3].reasons
    assert result.rows[3].cavity_area_mm2 == pytest.approx(true_mm2, rel=0.2)
    assert any("slice 4" in note and "gap" in note for note in result.provenance.notes)


def test_height_and_weight_are_the_studys_unless_they_are_given(predictor: Predictor, two_slices: Volume) -> None:
    study = Study("tall", [two_slices], height_cm=180, weight_kg=80)
    assert predictor.predict(study).measurements.body_surface_m2 == 2
    assert predictor.predict(study, weight_kg=20).measurements.body_surface_m2 == 1
    assert math.isnan(predictor.predict(replace(study, height_cm=None)).measurements.body_surface_m2)
    with pytest.raises(InputError, match="1700 cm"):
        predictor.predict(study, height_cm=1700)


def test_a_header_with_an_impossible_height_is_done_with_a_note(predictor: Predictor, two_slices: Volume) -> None:
    result = predictor.predict(Study("tall", [two_slices], height_cm=1700, weight_kg=80))
    (note,) = [note for note in result.provenance.notes if "1700 cm" in note]
    assert "header" in note and result.body is None


def test_a_septum_beside_the_slices_is_refused(predictor: Predictor, two_slices: Volume) -> None:
    with pytest.raises(InputError, match="septum's point lies outside"):
        predictor.predict(two_slices, septum_lps=(1e4, 0, 0))


def test_a_region_that_misses_the_heart_gives_no_numbers_and_says_why(
    predictor: Predictor, study: PhantomStudy
) -> None:
    corner = study.volume.geometry.index_to_lps @ [12, 12, 3, 1]
    result = predictor.predict(study.volume, roi=Roi(tuple(corner[:3]), (8.0, 8.0, 200.0)))
    assert not result.mask.any()
    assert {row.quality for row in result.rows} <= {"no myocardium found", "outside the ROI", "constant image"}
    assert math.isnan(result.dcm_probability) and math.isnan(result.measurements.cavity_diameter_mm)
    assert not result.wall_segments.rows
