"""Study in, result out."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial

import numpy as np
import torch

from DCMMultiTaskLib.errors import InputError, about
from DCMMultiTaskLib.imaging.grid import choose_slice_axis
from DCMMultiTaskLib.imaging.roi import Roi
from DCMMultiTaskLib.imaging.segments import LV_CAVITY, MYOCARDIUM
from DCMMultiTaskLib.imaging.study import Study
from DCMMultiTaskLib.imaging.volume import Volume
from DCMMultiTaskLib.inference import inputs
from DCMMultiTaskLib.inference.device import choose_device, describe
from DCMMultiTaskLib.inference.localisation import Location, locate, slices_to_look_at
from DCMMultiTaskLib.inference.notes import beat_notes, mask_notes, run_notes
from DCMMultiTaskLib.inference.package import ModelPackage
from DCMMultiTaskLib.inference.patient import patient_probability, rule_sentence
from DCMMultiTaskLib.inference.provenance import Provenance, masks_sha256, versions
from DCMMultiTaskLib.inference.result import Result
from DCMMultiTaskLib.inference.rows import slice_rows
from DCMMultiTaskLib.inference.runner import ACTIVATIONS, Runner
from DCMMultiTaskLib.inference.segmentation import Progress, Segmentation, segment
from DCMMultiTaskLib.inference.uncertainty import VIEWS, View, agreement, look_again, phases_to_look_at, weigh
from DCMMultiTaskLib.inference.uncertainty import with_intervals as rows_with_intervals
from DCMMultiTaskLib.measurements import masks
from DCMMultiTaskLib.measurements.heart_beat import cavity_ml, end_diastole
from DCMMultiTaskLib.measurements.quality import NOT_ANALYSED, OK
from DCMMultiTaskLib.measurements.volumes import check_body


class Predictor:
    """A model on a device, ready for any number of studies.

    Args:
        package: The trained model.
        device: `auto`, `cpu`, `cuda`, `mps`.
        batch_size: Slices of the network's grid at a time; fewer are taken where memory asks for it.
        mixed_precision: Half precision on a GPU, and on a CPU that is measured to be faster with it.

    Raises:
        InputError: There is no such device.

    Example:
        >>> from pathlib import Path
        >>> from DCMMultiTaskLib import Predictor, load_package, read_study, shipped_model
        >>> predictor = Predictor(load_package(shipped_model()))  # doctest: +SKIP
        >>> result = predictor.predict(read_study(Path("study.nrrd")))  # doctest: +SKIP
    """

    def __init__(
        self, package: ModelPackage, *, device: str = "auto", batch_size: int = 16, mixed_precision: bool = False
    ) -> None:
        if batch_size < 1:
            raise InputError(f"The batch size is at least 1, not {batch_size}.")
        self.package = package
        self.device = choose_device(device)
        self.batch_size = batch_size
        self.mixed_precision = mixed_precision
        self.network = package.build_network().to(memory_format=torch.channels_last)  # type: ignore[call-overload]

    def predict(
        self,
        study: Study | Volume,
        *,
        phase: str | int = "ed",
        slice_axis: int | None = None,
        roi: Roi | None = None,
        threshold: float | None = None,
        largest_component: bool = True,
        activation: bool | str = False,
        height_cm: float | None = None,
        weight_kg: float | None = None,
        septum_lps: tuple[float, float, float] | None = None,
        uncertainty: bool = False,
        progress: Callable[[int, int], None] | None = None,
        cancelled: Callable[[], bool] | None = None,
    ) -> Result:
        """Segment and classify one study.

        Args:
            study: What to analyse; a volume alone is a study of one phase.
            phase: Of a cine: `ed` segments every phase, keeps the labels of all and is about the end-diastolic one
                (`measurements.heart_beat`); `first` or a number from 0 segments that phase alone.
            slice_axis: 0, 1, 2 for I, J, K; chosen by the largest spacing if None.
            roi: Where the heart is; found by a first look of the network if None. An ROI with a size also bounds the
                mask.
            threshold: DCM probability from which the class is 1; the model's own if None.
            largest_component: Keep only the mask's largest piece, and in a slice no specks beside its largest one.
            activation: Also give a map of where the network looks: True or `class` for the class activation map,
                `attention-1` and `attention-2` for the masks M of the Attention Modules (Eq. 1).
            height_cm: How tall the patient is, for volume and mass for each square metre of body surface; what the
                study says if None.
            weight_kg: How heavy; see there.
            septum_lps: Where the anterior wall of the right ventricle meets the septum, mm (LPS), for the segments of
                the wall; estimated if None (`measurements.wall_segments`).
            uncertainty: Also look at the slices mirrored, turned and in other contrasts, of a cine at end diastole and
                end systole: gives intervals, a map and a slice's `view_agreement` (`inference.uncertainty`).
            progress: Called after each batch with the slices done and the slices in all.
            cancelled: Asked before each batch; True stops, and the finished slices are kept.

        Returns:
            The result on the study's own grid.

        Raises:
            InputError: The study or a choice cannot be used.
        """
        began = time.perf_counter()
        if isinstance(study, Volume):
            study = Study("volume", [study])
        check_threshold(threshold)
        activation = "class" if activation is True else activation or ""
        if activation and activation not in ACTIVATIONS:
            raise InputError(f"The map is one of {', '.join(ACTIVATIONS)}, not {activation!r}.")
        check_body(height_cm, weight_kg)
        with about(study.name):
            phases = inputs.phases_to_segment(study, phase)
            axis = choose_slice_axis(study.geometry, slice_axis)
            study, replaced = inputs.cleaned(study, phases)
            inside = inputs.inside(study.geometry, axis, roi)
            if septum_lps is not None and inputs.beyond_slices(study.geometry, axis, septum_lps):
                raise InputError("the septum's point lies outside the volume.")
        body, body_notes = inputs.body(study, height_cm, weight_kg)
        runner = Runner(self.network, self.device, batch_size=self.batch_size, mixed_precision=self.mixed_precision)
        mixed_precision = runner.mixed_precision

        wanted = np.asarray(inside.any(axis=tuple(n for n in range(3) if n != 2 - axis)))
        look_at = slices_to_look_at(len(wanted), len(phases))
        again = len(VIEWS) * min(len(phases), 2) if uncertainty else 0
        total = (len(look_at) if roi is None else 0) + int(wanted.sum()) * (len(phases) + again)
        counter = Progress(total, progress, cancelled)
        preprocessing = self.package.preprocessing
        if roi is not None:
            location = Location(np.asarray(roi.centre_lps, dtype=float), "region of interest")
        else:
            location = locate(
                runner,
                study.phases[phases[0]],
                slice_axis=axis,
                indices=look_at,
                preprocessing=preprocessing,
                progress=counter,
            )
        centre = location.centre_lps
        look = partial(segment, runner, slice_axis=axis, centre_lps=centre, wanted=wanted, progress=counter)
        decision = self.package.decision
        draw = partial(
            _drawn,
            threshold=decision.mask_threshold,
            inside=None if roi is None else inside,
            largest_component=largest_component,
        )
        degrees = decision.smoothing_degrees
        volumes = [study.phases[number] for number in phases]
        segmentations = look(volumes, preprocessing=preprocessing, activation=activation)
        finished: dict[int, _Phase] = {}
        for number, segmentation in zip(phases, segmentations, strict=False):
            # A phase in which the user stopped is kept only where there is no finished one.
            if not finished or (segmentation.analysed | ~segmentation.shown)[wanted].all():
                finished[number] = _Phase(segmentation, *draw(segmentation, degrees))
        final = {number: found.labels for number, found in finished.items()}
        cavities = {number: cavity_ml(found.labels, study.geometry, axis) for number, found in finished.items()}
        kept = end_diastole(cavities, len(study.phases))
        segmentation, labels, gaps = finished[kept].segmentation, finished[kept].labels, finished[kept].gaps
        # The smoothing hides what a mask's quality is judged by.
        judged = draw(segmentation, 0.0) if degrees else (labels, gaps)

        def see(number: int, flip: str, exponent: float) -> Segmentation:
            view = replace(preprocessing, flips=(flip,))
            return next(look([study.phases[number]], preprocessing=view, exponent=exponent, activation=""))

        numbers = phases_to_look_at(cavities, kept) if uncertainty and not counter.stopped else []
        looks = look_again(numbers, see, lambda seen: draw(seen, degrees)[0])
        looks = {} if counter.stopped else looks
        if threshold is not None:
            decision = replace(decision, threshold=threshold)
        agree = agreement(labels, looks[kept].views, axis) if looks else None
        pixel_mm = segmentation.grid.orientation.pixel_mm(study.geometry)
        rows, evidence = slice_rows(segmentation, study.phases[kept].array, labels, judged, wanted, decision, agree)
        usable = np.array([row.quality == OK for row in rows]) & np.isfinite(segmentation.dcm_logit)
        areas = np.array([row.myocardium_area_mm2 for row in rows])
        # Of a ventricle that was not seen to its ends there is no volume.
        seen = not any(NOT_ANALYSED in row.reasons for row in rows)
        volume_ml = cavities[kept] if seen else float("nan")
        probability = patient_probability(segmentation.dcm_logit, areas, usable, volume_ml, decision, body=body)
        if agree is not None:
            rows = rows_with_intervals(rows, segmentation.dcm_logit, looks[kept].views, agree, decision)
        result = Result(
            study=study,
            labels=final,
            phase=kept,
            slice_axis=axis,
            rows=rows,
            dcm_probability=probability,
            dcm_class=int(probability >= decision.threshold),
            rule="",
            provenance=Provenance(
                model=self.package.name,
                model_version=self.package.version,
                model_sha256=self.package.sha256,
                versions=versions(),
                device=describe(self.device),
                mixed_precision=mixed_precision,
                batch_size=self.batch_size,
                notes=(
                    *(*study.notes, *runner.notes),
                    *(*run_notes(replaced, location, gaps, pixel_mm, counter), *body_notes),
                ),
                preprocessing=self.package.preprocessing,
                decision=decision,
                localisation={
                    "method": location.method,
                    "centre_ras_mm": [round(float(x), 2) for x in location.centre_lps * (-1, -1, 1)],
                },
                largest_component=largest_component,
                phase=kept,
                phases=len(study.phases),
                seconds=round(time.perf_counter() - began, 3),
                network_seconds=round(runner.seconds, 3),
                network_masks_sha256=masks_sha256(final),
            ),
            activation=segmentation.source_activation(),
            activation_kind=activation,
            cancelled=counter.stopped,
            body=body,
            septum_lps=septum_lps,
            evidence=evidence,
        )
        if septum_lps is not None:
            with about(study.name):
                result.wall_segments  # noqa: B018 (refuses a point that gives no direction)
        if looks:

            def in_view(view: View) -> float:
                mm2 = masks.areas_mm2(view.labels == MYOCARDIUM.label, study.geometry, axis)
                ml = cavity_ml(view.labels, study.geometry, axis)
                return patient_probability(view.dcm_logit, mm2, usable, ml, decision, body=body)

            result = replace(result, uncertainty=weigh(result, looks, in_view))
        beat = result.heart_beat
        ejection_fraction = beat.ejection_fraction_percent if beat else float("nan")
        rule = rule_sentence(int(usable.sum()), len(rows), volume_ml, decision, ejection_fraction=ejection_fraction)
        return replace(_with_notes(result, [*mask_notes(result), *beat_notes(result)]), rule=rule)


@dataclass(frozen=True, eq=False)
class _Phase:
    """A segmented phase: what the network said, its final labels, and the slices whose ring is open, `(N,)` bool."""

    segmentation: Segmentation
    labels: np.ndarray
    gaps: np.ndarray


def _drawn(
    segmentation: Segmentation, degrees: float, *, threshold: float, inside: np.ndarray | None, largest_component: bool
) -> tuple[np.ndarray, np.ndarray]:
    """Labels from that probability on, smoothed along the wall by so many degrees, and the slices whose ring is open.

    `inside` says which voxels may be myocardium, None stands for all.
    """
    axis = segmentation.grid.orientation.slice_axis
    mask = segmentation.source_mask(threshold, degrees)
    if inside is not None:
        mask *= inside
    if largest_component:
        mask = masks.without_specks(masks.largest_component(mask, axis, segmentation.shown), axis)
    cavity, gaps = masks.lv_cavity(mask, axis)
    return np.where(mask, np.uint8(MYOCARDIUM.label), cavity * np.uint8(LV_CAVITY.label)), gaps


def check_threshold(threshold: float | None) -> None:
    """Raise an InputError unless it is a probability, or None."""
    if threshold is not None and not 0 <= threshold <= 1:
        raise InputError(f"The threshold is a probability between 0 and 1, not {threshold:g}.")


def _with_notes(result: Result, notes: Sequence[str]) -> Result:
    return replace(result, provenance=replace(result.provenance, notes=(*result.provenance.notes, *notes)))
