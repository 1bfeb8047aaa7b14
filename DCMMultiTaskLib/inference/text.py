"""A result and a model in words, for a terminal."""

from __future__ import annotations

import math

from DCMMultiTaskLib.imaging.dicom_stacks import count
from DCMMultiTaskLib.inference.package import ModelPackage
from DCMMultiTaskLib.inference.result import Result, SliceRow
from DCMMultiTaskLib.measurements.heart_beat import HeartBeat

HEADER = "slice  position mm  DCM probability  class  myocardium mm²  cavity mm²  quality"


def describe_result(result: Result) -> str:
    """The slices as a table, the patient's line, and every note."""
    facts = result.provenance
    # People count from 1; the option and the column of slices count from 0.
    cine = f", phase {facts.phase + 1} of {facts.phases} (--phase {facts.phase})" if facts.phases > 1 else ""
    numbered = ", numbered from 0," if len(result.rows) > 1 else ""
    title = f"{result.name}: {count(len(result.rows), 'slice')}{numbered} along {'IJK'[result.slice_axis]}{cine}"
    model = f"model {facts.model} {facts.model_version}, SHA-256 {facts.model_sha256[:12]}, on {facts.device}"
    lines = [title, model, "", HEADER, *(_row(row) for row in result.rows), "", _patient(result), result.rule]
    lines.append(_measurements(result))
    if result.heart_beat:
        lines.append(_heart_beat(result.heart_beat))
    return "\n".join([*lines, *(f"Note: {note}" for note in facts.notes)])


def describe_package(package: ModelPackage) -> str:
    """Name, version, licence and SHA-256."""
    return (
        f"Model: {package.name} {package.version}, {package.network_config.name} network of width "
        f"{package.network_config.width}, licence {package.licence or 'not stated'}, SHA-256 {package.sha256}"
    )


def _row(row: SliceRow) -> str:
    known = math.isfinite(row.dcm_probability)
    probability, dcm_class = (f"{row.dcm_probability:.3f}", str(row.dcm_class)) if known else ("-", "-")
    return (
        f"{row.slice:5d}  {row.position_mm:11.1f}  {probability:>15}  {dcm_class:>5}  {row.myocardium_area_mm2:14.0f}"
        f"  {row.cavity_area_mm2:10.0f}  {row.quality}"
    )


def _measurements(result: Result) -> str:
    ventricle = result.measurements
    return f"LV volume {ventricle.lv_cavity_volume_ml:.0f} ml, myocardial mass {ventricle.myocardium_mass_g:.0f} g"


def _heart_beat(beat: HeartBeat) -> str:
    rates = ""
    if math.isfinite(beat.peak_ejection_rate_ml_s):
        rates = (
            f", peak ejection rate {beat.peak_ejection_rate_ml_s:.0f} ml/s"
            f", peak filling rate {beat.peak_filling_rate_ml_s:.0f} ml/s"
        )
    return (
        f"End diastole is phase {beat.ed_phase}, end systole phase {beat.es_phase} of {len(beat.phases)} (counted from "
        f"0): EDV {beat.edv_ml:.0f} ml, ESV {beat.esv_ml:.0f} ml, stroke volume {beat.stroke_volume_ml:.0f} ml, "
        f"ejection fraction {beat.ejection_fraction_percent:.0f} %{rates}"
    )


def _patient(result: Result) -> str:
    use = "(research use only)"
    if not math.isfinite(result.dcm_probability):
        return f"Patient: no DCM-like phenotype probability {use}"
    threshold = result.provenance.decision.threshold
    side = "at or above" if result.dcm_class else "below"
    probability = f"{result.dcm_probability:.3f}, {side} the threshold {threshold:g}"
    return f"Patient: DCM-like phenotype probability {probability} {use}"
