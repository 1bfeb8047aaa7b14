"""The study that comes with the extension."""

from __future__ import annotations

from pathlib import Path

from slicer.i18n import tr as _

import DCMMultiTaskLib

SAMPLE_NAME = "DCMPhantom"
SAMPLE_FILE = Path(DCMMultiTaskLib.__file__).resolve().parents[1] / "Resources" / "SampleData" / f"{SAMPLE_NAME}.nrrd"
SAMPLE_SHA256 = "3db0f91273598db20ba8812865c78692ed42c463b0bb5b0a21b9189bff4865b4"
THUMBNAIL = Path(__file__).resolve().parents[1] / "Resources" / "Icons" / f"{SAMPLE_NAME}.png"


def registerSampleData() -> None:
    """List the study, a synthetic heart, in Slicer's Sample Data; its file is local, so it works offline."""
    import SampleData

    SampleData.SampleDataLogic.registerCustomSampleDataSource(
        category=_("DCM Multi-Task"),
        sampleName=SAMPLE_NAME,
        thumbnailFileName=str(THUMBNAIL),
        uris=SAMPLE_FILE.as_uri(),
        fileNames=SAMPLE_FILE.name,
        nodeNames=SAMPLE_NAME,
        checksums=f"SHA256:{SAMPLE_SHA256}",
    )
