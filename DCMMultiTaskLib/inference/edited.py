"""A result measured again on a mask that was edited by hand, without the network."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

import numpy as np

from DCMMultiTaskLib.errors import InputError
from DCMMultiTaskLib.imaging.grid import SliceGrid
from DCMMultiTaskLib.imaging.segments import LV_CAVITY, MYOCARDIUM
from DCMMultiTaskLib.imaging.study import Study
from DCMMultiTaskLib.inference import inputs
from DCMMultiTaskLib.inference.patient import patient_probability, rule_sentence
from DCMMultiTaskLib.inference.provenance import Provenance
from DCMMultiTaskLib.inference.result import Result, SliceRow
from DCMMultiTaskLib.inference.rows import slice_rows
from DCMMultiTaskLib.inference.segmentation import Segmentation
from DCMMultiTaskLib.measurements import masks
from DCMMultiTaskLib.measurements.heart_beat import cavity_ml
from DCMMultiTaskLib.measurements.quality import EMPTY, NOT_ANALYSED, OK, OUTSIDE_ROI, reasons_that_stay

EDITED = "The mask was edited by hand; the other notes are about the network's own mask."


def measure_edited(
    study: Study,
    labels: Mapping[int, np.ndarray],
    slice_axis: int,
    rows: Sequence[SliceRow],
    provenance: Provenance,
    *,
    cancelled: bool = False,
) -> Result:
    """Measure edited labels: areas, volumes, quality, and what the patient's probability makes of them.

    The slices keep the probabilities that the network gave them, and those whose mask is as large as before what was
    said of it, for which more was known than is left. The patient's probability weighs the slices by the edited mask,
    and counts those whose quality is now ok.

    Args:
        study: What was segmented.
        labels: The edited labels of each phase that has some, uint8 `(K, J, I)`.
        slice_axis: 0, 1, 2 for I, J, K.
        rows: Those of the result that was edited.
        provenance: That of the result that was edited; its hashes stay those of the network's own masks.
        cancelled: Whether the run of that result was stopped.

    Raises:
        InputError: The model's calibration is flat, so that a slice's probability does not tell its evidence.
    """
    decision = provenance.decision
    body, _ = inputs.body(study, None, None)
    if decision.slice_scale == 0:
        raise InputError("the model's probabilities do not depend on the slice, so they cannot be weighed again.")
    probabilities = np.array([row.dcm_probability for row in rows])
    with np.errstate(divide="ignore"):
        logit = (np.log(probabilities / (1 - probabilities)) - decision.slice_bias) / decision.slice_scale
    of_phase = labels[provenance.phase]
    _, gaps = masks.lv_cavity(of_phase == MYOCARDIUM.label, slice_axis)
    said = [row.reasons for row in rows]
    segmentation = Segmentation(
        grid=SliceGrid.around(
            study.geometry,
            slice_axis=slice_axis,
            centre_lps=np.array(provenance.localisation["centre_ras_mm"]) * (-1, -1, 1),
            size=provenance.preprocessing.size,
            spacing_mm=provenance.preprocessing.spacing_mm,
        ),
        empty=np.array([next((reason for reason in reasons if reason in EMPTY), "") for reasons in said]),
        analysed=np.isfinite(probabilities),
        myocardium=np.empty(0, dtype=np.float32),
        certainty=np.full(len(rows), np.nan),
        dcm_logit=logit,
        activation=None,
    )
    wanted = np.array([OUTSIDE_ROI not in reasons for reasons in said])
    image = study.phases[provenance.phase].array
    same = _as_large_as_before(of_phase, study, slice_axis, rows)
    held = {row.slice: reasons_that_stay(row.reasons, row.cautions) for row in same}
    new, evidence = slice_rows(segmentation, image, of_phase, (of_phase, gaps), wanted, decision, said=held)
    usable = np.array([row.quality == OK for row in new]) & np.isfinite(logit)
    areas = np.array([row.myocardium_area_mm2 for row in new])
    # Of a ventricle that was not seen to its ends there is no volume.
    seen = not any(NOT_ANALYSED in row.reasons for row in new)
    volume_ml = cavity_ml(of_phase, study.geometry, slice_axis) if seen else float("nan")
    probability = patient_probability(logit, areas, usable, volume_ml, decision, body=body)
    notes = tuple(note for note in provenance.notes if note != EDITED)
    result = Result(
        study=study,
        labels=labels,
        phase=provenance.phase,
        slice_axis=slice_axis,
        rows=new,
        dcm_probability=probability,
        dcm_class=int(probability >= decision.threshold),
        rule="",
        provenance=replace(provenance, notes=(EDITED, *notes)),
        cancelled=cancelled,
        body=body,
        evidence=evidence,
    )
    fraction = result.heart_beat.ejection_fraction_percent if result.heart_beat else float("nan")
    rule = rule_sentence(int(usable.sum()), len(new), volume_ml, decision, ejection_fraction=fraction)
    return replace(result, rule=rule)


def _as_large_as_before(
    labels: np.ndarray, study: Study, slice_axis: int, rows: Sequence[SliceRow]
) -> Iterator[SliceRow]:
    """The rows of slices in which wall and cavity have as many pixels as the table says: nobody has edited them."""
    walls, cavities = (
        masks.areas_mm2(labels == segment.label, study.geometry, slice_axis) for segment in (MYOCARDIUM, LV_CAVITY)
    )
    for row, wall, cavity in zip(rows, walls, cavities, strict=True):
        if np.allclose((wall, cavity), (row.myocardium_area_mm2, row.cavity_area_mm2), rtol=1e-6):
            yield row
