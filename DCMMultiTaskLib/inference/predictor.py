"""Volume in, result out."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence

import numpy as np

from DCMMultiTaskLib.errors import InputError
from DCMMultiTaskLib.imaging.grid import choose_slice_axis
from DCMMultiTaskLib.imaging.measurements import clean_array
from DCMMultiTaskLib.imaging.measurements import largest_component as keep_largest_component
from DCMMultiTaskLib.imaging.roi import Roi
from DCMMultiTaskLib.imaging.volume import Volume
from DCMMultiTaskLib.inference.device import choose_device, describe
from DCMMultiTaskLib.inference.localisation import IMAGE_CENTRE, Location, locate, slices_to_look_at
from DCMMultiTaskLib.inference.package import ModelPackage
from DCMMultiTaskLib.inference.patient import patient_probability, rule_sentence
from DCMMultiTaskLib.inference.phase import end_diastole
from DCMMultiTaskLib.inference.provenance import model_and_versions
from DCMMultiTaskLib.inference.quality import OK
from DCMMultiTaskLib.inference.result import Result
from DCMMultiTaskLib.inference.rows import slice_rows
from DCMMultiTaskLib.inference.runner import Runner
from DCMMultiTaskLib.inference.segmentation import Progress, Segmentation, segment


class Predictor:
    """A model on a device, ready for any number of studies.

    Args:
        package: The trained model.
        device: `auto`, `cpu`, `cuda`, `mps`.
        batch_size: Slices of the network's grid at a time; fewer are taken where memory asks for it.
        mixed_precision: Half precision on a GPU.

    Raises:
        InputError: There is no such device.

    Example:
        >>> from pathlib import Path
        >>> from DCMMultiTaskLib.imaging.reading import read_frames
        >>> from DCMMultiTaskLib.inference.package import load_package, shipped_model
        >>> predictor = Predictor(load_package(shipped_model()))  # doctest: +SKIP
        >>> result = predictor.predict(read_frames(Path("study.nrrd")))  # doctest: +SKIP
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
        self.network = package.build_network()

    def predict(
        self,
        frames: Volume | Sequence[Volume],
        *,
        phase: str | int = "ed",
        slice_axis: int | None = None,
        roi: Roi | None = None,
        threshold: float | None = None,
        largest_component: bool = True,
        activation: bool = False,
        progress: Callable[[int, int], None] | None = None,
        cancelled: Callable[[], bool] | None = None,
    ) -> Result:
        """Segment and classify one study.

        Args:
            frames: A volume, or the phases of a cine.
            phase: Of a cine: `ed` segments every phase and keeps the end-diastolic one (`inference.phase`); `first`;
                or a number from 0.
            slice_axis: 0, 1, 2 for I, J, K; chosen by the largest spacing if None.
            roi: Where the heart is; found by a first pass of the network if None. An ROI with a size also bounds the
                mask.
            threshold: DCM probability from which the class is 1; the model's own if None.
            largest_component: Keep only the mask's largest piece.
            activation: Also give the class activation map.
            progress: Called after each batch with the slices done and the slices in all.
            cancelled: Asked before each batch; True stops, and the finished slices are kept.

        Returns:
            The result on the volume's own grid.

        Raises:
            InputError: The volume or a choice cannot be used.
        """
        began = time.perf_counter()
        study = [frames] if isinstance(frames, Volume) else list(frames)
        phases = _phases_to_segment(study, phase)
        check_threshold(threshold)
        axis = choose_slice_axis(study[phases[0]], slice_axis)
        study, replaced = _clean(study, phases)
        inside = _inside(study[phases[0]], axis, roi)
        runner = Runner(self.network, self.device, batch_size=self.batch_size, mixed_precision=self.mixed_precision)
        mixed_precision = runner.mixed_precision

        wanted = np.asarray(inside.any(axis=_in_plane(axis)))
        look_at = slices_to_look_at(len(wanted)) if roi is None else np.array([], dtype=int)
        counter = Progress(len(look_at) + int(wanted.sum()) * len(phases), progress, cancelled)
        location = self._locate(runner, study[phases[0]], axis, roi, look_at, counter)
        kept, segmentation = self._segment(runner, study, phases, axis, location, wanted, activation, counter)

        mask = segmentation.source_mask()
        if roi is not None:
            mask *= inside
        if largest_component:
            mask = keep_largest_component(mask)
        decision = {**self.package.decision, **({} if threshold is None else {"threshold": threshold})}
        rows = slice_rows(segmentation, mask, wanted, decision)
        usable = np.array([row.quality == OK for row in rows]) & np.isfinite(segmentation.dcm_logit)
        areas = np.array([row.myocardium_area_mm2 for row in rows])
        probability = patient_probability(segmentation.dcm_logit, areas, usable, decision)
        heat = segmentation.source_activation()
        return Result(
            volume=study[kept],
            mask=mask,
            slice_axis=axis,
            rows=rows,
            dcm_probability=probability,
            dcm_class=int(probability >= decision["threshold"]),
            rule=rule_sentence(int(usable.sum()), len(rows), decision),
            provenance={
                **model_and_versions(self.package),
                "device": describe(self.device),
                "mixed_precision": mixed_precision,
                "batch_size": self.batch_size,
                "notes": [*runner.notes, *_notes(replaced, location, counter)],
                "preprocessing": dict(self.package.preprocessing),
                "decision": decision,
                "localisation": {
                    "method": location.method,
                    "centre_ras_mm": [round(float(x), 2) for x in location.centre_lps * (-1, -1, 1)],
                },
                "largest_component": largest_component,
                "phase": kept,
                "phases": len(study),
                "seconds": round(time.perf_counter() - began, 3),
                "network_seconds": round(runner.seconds, 3),
            },
            activation=heat,
            cancelled=counter.stopped,
        )

    def _locate(
        self, runner: Runner, volume: Volume, axis: int, roi: Roi | None, look_at: np.ndarray, counter: Progress
    ) -> Location:
        if roi is not None:
            return Location(np.asarray(roi.centre_lps, dtype=float), "region of interest")
        return locate(
            runner,
            volume,
            slice_axis=axis,
            indices=look_at,
            preprocessing=self.package.preprocessing,
            progress=counter,
        )

    def _segment(
        self,
        runner: Runner,
        study: Sequence[Volume],
        phases: Sequence[int],
        axis: int,
        location: Location,
        wanted: np.ndarray,
        activation: bool,
        counter: Progress,
    ) -> tuple[int, Segmentation]:
        """Segment the phases; the number and segmentation of the end-diastolic one."""
        finished: dict[int, Segmentation] = {}
        for number in phases:
            segmentation = segment(
                runner,
                study[number],
                slice_axis=axis,
                centre_lps=location.centre_lps,
                wanted=wanted,
                preprocessing=self.package.preprocessing,
                activation=activation,
                progress=counter,
            )
            # A phase in which the user stopped is kept only where there is no finished one.
            if not finished or not counter.stopped:
                finished[number] = segmentation
            if counter.stopped:
                break
        if len(finished) == 1:
            return next(iter(finished.items()))
        kept = end_diastole({number: found.cavity_mm2() for number, found in finished.items()}, len(study))
        return kept, finished[kept]


def check_threshold(threshold: float | None) -> None:
    """Raise an InputError unless it is a probability, or None."""
    if threshold is not None and not 0 <= threshold <= 1:
        raise InputError(f"The threshold is a probability between 0 and 1, not {threshold:g}.")


def _phases_to_segment(study: Sequence[Volume], phase: str | int) -> list[int]:
    if not study:
        raise InputError("There is no volume to analyse.")
    if any(volume.array.shape != study[0].array.shape for volume in study):
        raise InputError(f"{study[0].name}: the phases differ in size.")
    if phase == "ed":
        return list(range(len(study)))
    number = 0 if phase == "first" else phase
    if not isinstance(number, int):
        raise InputError(f"The phase is ed, first or a number from 0, not {phase!r}.")
    if not 0 <= number < len(study):
        have = "1 phase" if len(study) == 1 else f"{len(study)} phases"
        raise InputError(f"{study[0].name} has {have}, counted from 0; there is no phase {number}.")
    return [number]


def _clean(study: Sequence[Volume], phases: Sequence[int]) -> tuple[list[Volume], int]:
    """The study with finite voxels in the phases to segment, and how many voxels were replaced there."""
    cleaned = list(study)
    replaced = 0
    for number in phases:
        cleaned[number], count = clean_array(study[number])
        replaced += count
    return cleaned, replaced


def _inside(volume: Volume, slice_axis: int, roi: Roi | None) -> np.ndarray:
    """Voxels that may be myocardium, bool; without an ROI an array that stands for all and takes no memory."""
    if roi is None:
        return np.broadcast_to(np.True_, volume.array.shape)
    index = np.linalg.solve(volume.index_to_lps, np.append(roi.centre_lps, 1))[:3]
    beyond = np.abs(index - (np.array(volume.array.shape[::-1]) - 1) / 2) > np.array(volume.array.shape[::-1]) / 2
    beyond[slice_axis] = False
    if roi.size_mm is None and beyond.any():
        raise InputError(f"{volume.name}: the region of interest lies outside the volume.")
    return roi.contains(volume)


def _in_plane(slice_axis: int) -> tuple[int, ...]:
    """The array's axes within a slice."""
    return tuple(axis for axis in range(3) if axis != 2 - slice_axis)


def _notes(replaced: int, location: Location, counter: Progress) -> list[str]:
    notes = []
    if replaced:
        notes.append(f"{replaced} voxels were not finite numbers and were replaced.")
    if location.method == IMAGE_CENTRE and not counter.stopped:
        notes.append("The first pass found no heart, so the centre of the image was analysed.")
    if counter.stopped:
        notes.append("The run was cancelled; only the finished slices have a result.")
    return notes
