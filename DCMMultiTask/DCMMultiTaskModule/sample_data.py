"""The study that comes with the extension."""

from __future__ import annotations

from pathlib import Path

import slicer

import DCMMultiTaskLib

# Slicer keeps its sources by this key, which therefore is not translated.
CATEGORY = "DCM Multi-Task"
SAMPLE_NAME = "DCMPhantom"
SAMPLE_FILE = Path(DCMMultiTaskLib.__file__).resolve().parents[1] / "Resources" / "SampleData" / f"{SAMPLE_NAME}.nrrd"
SAMPLE_SHA256 = "3db0f91273598db20ba8812865c78692ed42c463b0bb5b0a21b9189bff4865b4"
THUMBNAIL = Path(__file__).resolve().parents[1] / "Resources" / "Icons" / f"{SAMPLE_NAME}.png"


def registerSampleData() -> None:
    """List the study, a synthetic heart, in Slicer's Sample Data; its file is local, so it works offline."""
    import SampleData

    SampleData.SampleDataLogic.registerCustomSampleDataSource(
        category=CATEGORY,
        sampleName=SAMPLE_NAME,
        thumbnailFileName=str(THUMBNAIL),
        uris=SAMPLE_FILE.as_uri(),
        fileNames=SAMPLE_FILE.name,
        nodeNames=SAMPLE_NAME,
        checksums=f"SHA256:{SAMPLE_SHA256}",
    )


def sampleVolume():
    """The study through Slicer's Sample Data, or from its file where that module is missing; once in a scene."""
    for node in slicer.util.getNodesByClass("vtkMRMLScalarVolumeNode"):
        if node.GetName() == SAMPLE_NAME:
            return node
    try:
        import SampleData
    except ImportError:
        return slicer.util.loadVolume(str(SAMPLE_FILE))
    registerSampleData()
    return SampleData.downloadSample(SAMPLE_NAME)
