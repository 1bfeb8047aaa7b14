"""The labels of one phase as a DICOM segmentation."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import highdicom as hd
import numpy as np
from pydicom.dataset import Dataset
from pydicom.sr.codedict import codes

from DCMMultiTaskLib.errors import InputError
from DCMMultiTaskLib.export.dicom import SERIES_NUMBER, equipment
from DCMMultiTaskLib.export.sources import on_the_grid
from DCMMultiTaskLib.imaging.segments import Segment
from DCMMultiTaskLib.inference.result import Result


def algorithm(result: Result) -> hd.AlgorithmIdentificationSequence:
    """The model that made the labels."""
    facts = result.provenance
    return hd.AlgorithmIdentificationSequence(
        name=facts.model,
        family=codes.DCM.ArtificialIntelligence,
        version=facts.model_version,
        source="DCMMultiTask",
        parameters={"model SHA-256": facts.model_sha256},
    )


def segmentation(
    result: Result,
    phase: int,
    sources: Sequence[Dataset],
    segments: Sequence[Segment],
    series_uid: str,
    instance_number: int,
    tracking: Mapping[int, str],
) -> hd.seg.Segmentation:
    """The segmentation of a phase, on the study's own grid.

    Args:
        result: What was found.
        phase: Of the labels.
        sources: Headers of its images.
        segments: Which labels become segments.
        series_uid: Of all phases.
        instance_number: From 1.
        tracking: UID of each segment by its label: the same structure in every phase.
    """
    described = [
        hd.seg.SegmentDescription(
            segment_number=number,
            segment_label=segment.name,
            segmented_property_category=codes.SCT.AnatomicalStructure,
            segmented_property_type=hd.sr.CodedConcept(segment.code, "SCT", segment.meaning),
            algorithm_type=hd.seg.SegmentAlgorithmTypeValues.AUTOMATIC,
            algorithm_identification=algorithm(result),
            tracking_uid=tracking[segment.label],
            tracking_id=segment.name,
            display_color=hd.color.CIELabColor.from_rgb(*segment.colour),
        )
        for number, segment in enumerate(segments, start=1)
    ]
    labels = np.where(np.isin(result.labels[phase], [one.label for one in segments]), result.labels[phase], 0)
    volume = hd.Volume(
        labels.astype(np.uint8),
        result.geometry.index_to_lps[:, [2, 1, 0, 3]],  # highdicom counts slices, rows, columns
        coordinate_system="PATIENT",
        frame_of_reference_uid=sources[0].FrameOfReferenceUID,
    )
    same, others = on_the_grid(sources, result.geometry)
    of_cine = f", phase {phase + 1} of {len(result.study.phases)}" if len(result.study.phases) > 1 else ""
    try:
        return hd.seg.Segmentation(
            source_images=same or others,
            further_source_images=(others if same else None) or None,
            pixel_array=volume,
            segmentation_type=hd.seg.SegmentationTypeValues.BINARY,
            segment_descriptions=described,
            series_instance_uid=series_uid,
            series_number=SERIES_NUMBER,
            sop_instance_uid=hd.UID(),
            instance_number=instance_number,
            series_description="Left ventricle, research use only",
            content_label="LEFT_VENTRICLE",
            content_description=f"Myocardium and LV cavity{of_cine}",
            content_creator_name="DCMMultiTask^",
            **equipment(result),
        )
    except (ValueError, TypeError, AttributeError) as error:
        raise InputError(f"{result.name}: its images cannot carry a DICOM segmentation ({error}).") from error
