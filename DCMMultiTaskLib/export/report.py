"""The measurements as a DICOM structured report, template TID 1500."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import highdicom as hd
from pydicom.dataset import Dataset
from pydicom.sr.codedict import codes

from DCMMultiTaskLib.export.dicom import MANUFACTURER, SERIES_NUMBER, equipment
from DCMMultiTaskLib.imaging.segments import LV_CAVITY, MYOCARDIUM, Segment
from DCMMultiTaskLib.inference.files import summary
from DCMMultiTaskLib.inference.result import Result

ML = hd.sr.CodedConcept("ml", "UCUM", "milliliter")
GRAM = hd.sr.CodedConcept("g", "UCUM", "gram")
OWN_CODES = "99DCMMULTITASK"
PROBABILITY = hd.sr.CodedConcept("DCMP", OWN_CODES, "Probability of a DCM-like phenotype, research use only")
SPHERICITY = hd.sr.CodedConcept("SPHI", OWN_CODES, "Sphericity index of the left ventricle")


def measurement_report(
    result: Result,
    sources: Mapping[int, Sequence[Dataset]],
    segmentation: hd.seg.Segmentation,
    segments: Sequence[Segment],
    tracking: Mapping[int, str],
) -> hd.sr.Comprehensive3DSR:
    """Volumes, mass, wall thickness by segments, the heart beat of a cine and the patient's probability.

    Args:
        result: What was found.
        sources: Headers of the images of each phase that was kept.
        segmentation: Of the phase that the result is about; what is measured of a segment refers to it.
        segments: In the order of the segmentation.
        tracking: UID of each segment by its label, as in the segmentation.
    """
    groups: list[Any] = [
        hd.sr.VolumetricROIMeasurementsAndQualitativeEvaluations(
            tracking_identifier=hd.sr.TrackingIdentifier(uid=tracking[segment.label], identifier=segment.name),
            referenced_segment=hd.sr.ReferencedSegment.from_segmentation(segmentation, segment_number=number),
            finding_category=codes.SCT.AnatomicalStructure,
            finding_type=hd.sr.CodedConcept(segment.code, "SCT", segment.meaning),
            algorithm_id=_algorithm(result),
            measurements=measurements,
        )
        for number, segment in enumerate(segments, start=1)
        if (result.label_map == segment.label).any() and (measurements := _of_segment(result, segment))
    ]
    # A report has at least one measurement: where nothing was found, a cavity of 0 ml.
    whole = _of_patient(result) or ([] if groups else _of_segment(result, LV_CAVITY))
    if whole:
        groups.append(
            hd.sr.MeasurementsAndQualitativeEvaluations(
                tracking_identifier=hd.sr.TrackingIdentifier(uid=hd.UID(), identifier="Left ventricle"),
                algorithm_id=_algorithm(result),
                measurements=whole,
            )
        )
    device = hd.sr.DeviceObserverIdentifyingAttributes(
        uid=hd.UID(),
        name="DCMMultiTask",
        manufacturer_name=MANUFACTURER,
        model_name=result.provenance.model,
    )
    content = hd.sr.MeasurementReport(
        observation_context=hd.sr.ObservationContext(
            observer_device_context=hd.sr.ObserverContext(codes.DCM.Device, device)
        ),
        procedure_reported=codes.SCT.CardiacMRI,
        imaging_measurements=groups,
        title=codes.DCM.ImagingMeasurementReport,
    )
    evidence = [source for phase in sources.values() for source in phase]
    distinct = {source.SOPInstanceUID: source for source in evidence}  # an enhanced file holds many phases
    return hd.sr.Comprehensive3DSR(
        evidence=[*distinct.values(), segmentation],
        content=content[0],
        series_instance_uid=hd.UID(),
        series_number=SERIES_NUMBER + 1,
        sop_instance_uid=hd.UID(),
        instance_number=1,
        series_description="Left ventricle measurements, research use only",
        **equipment(result),
    )


def _algorithm(result: Result) -> hd.sr.AlgorithmIdentification:
    facts = result.provenance
    return hd.sr.AlgorithmIdentification(
        name=facts.model, version=facts.model_version, parameters=[f"model SHA-256 {facts.model_sha256}"]
    )


def _of_segment(result: Result, segment: Segment) -> list[hd.sr.Measurement]:
    ventricle = result.measurements
    if segment is LV_CAVITY:
        return _measurements(
            [
                (codes.SCT.Volume, ventricle.lv_cavity_volume_ml, ML),
                (codes.SCT.Diameter, ventricle.cavity_diameter_mm, codes.UCUM.Millimeter),
                (SPHERICITY, ventricle.sphericity_index, codes.UCUM.NoUnits),
            ]
        )
    assert segment is MYOCARDIUM
    thickness, wall = summary(result), result.wall_segments
    found = _measurements(
        [
            (codes.SCT.Volume, ventricle.myocardium_volume_ml, ML),
            (codes.LN.LeftVentricleMass, ventricle.myocardium_mass_g, GRAM),
        ]
    )
    for derivation, name in ((codes.SCT.Mean, "mean"), (codes.SCT.Minimum, "min"), (codes.SCT.Maximum, "max")):
        number = thickness[f"wall_thickness_{name}_mm"]
        found += _measurements([(codes.DCM.WallThickness, number, codes.UCUM.Millimeter)], derivation=derivation)
    for number, mean in wall.mean_mm.items() if wall.named else ():
        words = "".join(word.capitalize() for word in wall.names[number].split())
        site = getattr(codes.SCT, f"LeftVentricle{words}Segment", None)
        if site is not None:  # the apex has no thickness
            sites = [hd.sr.FindingSite(site)]
            found += _measurements(
                [(codes.DCM.WallThickness, mean, codes.UCUM.Millimeter)],
                derivation=codes.SCT.Mean,
                finding_sites=sites,
            )
    return found


def _of_patient(result: Result) -> list[hd.sr.Measurement]:
    beat = result.heart_beat
    rate = codes.UCUM.MilliliterPerSecond
    numbers: list[tuple[object, float, object]] = [(PROBABILITY, result.dcm_probability, codes.UCUM.NoUnits)]
    if beat:
        numbers += [
            (codes.LN.LeftVentricularEndDiastolicVolume, beat.edv_ml, ML),
            (codes.LN.LeftVentricularEndSystolicVolume, beat.esv_ml, ML),
            (codes.SCT.StrokeVolume, beat.stroke_volume_ml, ML),
            (codes.LN.LeftVentricularEjectionFractionByMR, beat.ejection_fraction_percent, codes.UCUM.Percent),
            (codes.DCM.PeakEjectionRate, beat.peak_ejection_rate_ml_s, rate),
            (codes.DCM.PeakFillingRate, beat.peak_filling_rate_ml_s, rate),
        ]
    return _measurements(numbers)


def _measurements(numbers: Iterable[tuple[object, float, object]], **more: object) -> list[hd.sr.Measurement]:
    """Those that there are; as many digits as the summary has."""
    return [
        hd.sr.Measurement(name=name, value=round(float(value), 3), unit=unit, **more)  # type: ignore[arg-type]
        for name, value, unit in numbers
        if value is not None and math.isfinite(value)
    ]
