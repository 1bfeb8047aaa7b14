"""A result and a model in words."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

from DCMMultiTaskLib.errors import count
from DCMMultiTaskLib.inference.package import ModelPackage
from DCMMultiTaskLib.inference.result import NO_PROBABILITY, Result, SliceRow
from DCMMultiTaskLib.measurements.heart_beat import HeartBeat

HEADER = "slice  position mm  DCM probability  class  myocardium mm²  cavity mm²  quality"


def first_sentence(facts: Mapping[str, Any], rows: Sequence[SliceRow]) -> str:
    """What a radiologist reads first: probability, volume, mass and function, how many slices count, what is wrong.

    Args:
        facts: As in `NAME_summary.json` (`inference.files.summary`); a number that there is not is None or NaN.
        rows: A row per slice.
    """
    wrong: dict[str, list[str]] = {}
    for row in rows:
        if row.reasons:
            wrong.setdefault(", ".join(row.reasons), []).append(str(row.slice + 1))
    named = [
        f"slice{'s' if len(numbers) > 1 else ''} {', '.join(numbers)} ({reason})" for reason, numbers in wrong.items()
    ]
    amiss = f"; not counted: {'; '.join(named)}" if named else ""
    if not _known(facts["dcm_probability"]):
        return f"{NO_PROBABILITY}{amiss}."
    between = _interval(facts, "dcm_probability", ".2f")
    parts = [f"Probability of a DCM-like phenotype {facts['dcm_probability']:.2f}{between}"]
    beat = facts.get("heart_beat")
    if beat and _known(beat["ejection_fraction_percent"]):
        volume = f"LV volume {beat['edv_ml']:.0f} ml at end diastole and {beat['esv_ml']:.0f} ml at end systole"
        between = _interval(facts, "ejection_fraction_percent", ".0f")
        parts += [volume, f"ejection fraction {beat['ejection_fraction_percent']:.0f} %{between}"]
    elif _known(facts.get("lv_cavity_volume_ml")):
        between = _interval(facts, "lv_cavity_volume_ml", ".0f")
        parts.append(f"LV volume {facts['lv_cavity_volume_ml']:.0f} ml{between}")
    if _known(facts.get("myocardium_mass_g")):
        parts.append(f"myocardial mass {facts['myocardium_mass_g']:.0f} g")
    good, counted = sum(not row.reasons for row in rows), count(len(rows), "slice")
    undecided = f" {facts['cannot_decide']}" if facts.get("cannot_decide") else ""
    return f"{', '.join(parts)}; from {good} of {counted}{amiss}.{undecided}"


def phase_sentence(facts: Mapping[str, Any]) -> str:
    """Which phase of a cine the slices are of; empty for a single volume. Phases count from 1."""
    phase, phases, beat = facts["phase"] + 1, facts["phases"], facts.get("heart_beat")
    if phases == 1:
        return ""
    if beat:
        return f"Slices of phase {phase} of {phases}, end diastole; end systole is phase {beat['es_phase'] + 1}."
    return f"Slices of phase {phase} of {phases}."


def _interval(facts: Mapping[str, Any], name: str, form: str) -> str:
    """The interval of a number in brackets, where the facts have one and know its ends."""
    ends = ((facts.get("uncertainty") or {}).get("intervals") or {}).get(name)
    return f" ({ends[0]:{form}} to {ends[1]:{form}})" if ends and all(map(_known, ends)) else ""


def _known(number: float | None) -> bool:
    return number is not None and math.isfinite(number)


def describe_result(result: Result) -> str:
    """The slices as a table, the patient's line, and every note."""
    facts = result.provenance
    # People count from 1; the option of phases, and the columns of the files, count from 0.
    cine = f", phase {facts.phase + 1} of {facts.phases} (--phase {facts.phase})" if facts.phases > 1 else ""
    numbered = ", counted from 1 (in the files from 0)," if len(result.rows) > 1 else ""
    title = f"{result.name}: {count(len(result.rows), 'slice')}{numbered} along {'IJK'[result.slice_axis]}{cine}"
    model = f"model {facts.model} {facts.model_version}, SHA-256 {facts.model_sha256[:12]}, on {facts.device}"
    lines = [title, model, "", HEADER, *(_row(row) for row in result.rows), "", _patient(result), result.rule]
    lines += [_measurements(result), *_wall(result)]
    if result.heart_beat:
        lines.append(_heart_beat(result.heart_beat))
        if interval := _ends(result, "ejection_fraction_percent", ".0f"):
            lines.append(f"Interval of the ejection fraction, in %:{interval}")
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
        f"{row.slice + 1:5d}  {row.position_mm:11.1f}  {probability:>15}  {dcm_class:>5}"
        f"  {row.myocardium_area_mm2:14.0f}  {row.cavity_area_mm2:10.0f}  {row.verdict}"
    )


def _measurements(result: Result) -> str:
    ventricle = result.measurements
    volume, mass = (_ends(result, name, ".0f") for name in ("lv_cavity_volume_ml", "myocardium_mass_g"))
    return (
        f"LV volume {ventricle.lv_cavity_volume_ml:.0f} ml{volume}, "
        f"myocardial mass {ventricle.myocardium_mass_g:.0f} g{mass}"
    )


def _ends(result: Result, name: str, form: str) -> str:
    """A number's interval in brackets; nothing where uncertainty was not asked for."""
    ends = result.uncertainty.intervals.get(name) if result.uncertainty else None
    return f" ({ends.low:{form}} to {ends.high:{form}})" if ends and math.isfinite(ends.low) else ""


def _wall(result: Result) -> list[str]:
    wall = result.wall_segments
    known = sorted((mean, wall.names[number]) for number, mean in wall.mean_mm.items() if math.isfinite(mean))
    if not known:
        return []
    thin, thick = (f"{name} {mean:.1f} mm" for mean, name in (known[0], known[-1]))
    return [f"Wall thickness by segments: thinnest {thin}, thickest {thick}. {wall.septum}"]


def _heart_beat(beat: HeartBeat) -> str:
    rates = ""
    if math.isfinite(beat.peak_ejection_rate_ml_s):
        rates = (
            f", peak ejection rate {beat.peak_ejection_rate_ml_s:.0f} ml/s"
            f", peak filling rate {beat.peak_filling_rate_ml_s:.0f} ml/s"
        )
    return (
        f"End diastole is phase {beat.ed_phase + 1}, end systole phase {beat.es_phase + 1} of {len(beat.phases)} "
        f"(counted from 1): EDV {beat.edv_ml:.0f} ml, ESV {beat.esv_ml:.0f} ml, "
        f"stroke volume {beat.stroke_volume_ml:.0f} ml, ejection fraction {beat.ejection_fraction_percent:.0f} %{rates}"
    )


def _patient(result: Result) -> str:
    use = "(research use only)"
    if not math.isfinite(result.dcm_probability):
        return f"Patient: no DCM-like phenotype probability {use}"
    number = f"{result.dcm_probability:.3f}{_ends(result, 'dcm_probability', '.3f')}"
    if result.cannot_decide:
        return f"Patient: DCM-like phenotype probability {number} {use}. {result.cannot_decide}"
    threshold = result.provenance.decision.threshold
    side = "at or above" if result.dcm_class else "below"
    probability = f"{number}, {side} the threshold {threshold:g}"
    return f"Patient: DCM-like phenotype probability {probability} {use}"
