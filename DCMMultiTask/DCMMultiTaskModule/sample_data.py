"""The study that comes with the extension."""

from __future__ import annotations

import hashlib
from pathlib import Path

import slicer
from slicer.i18n import tr as _

import DCMMultiTaskLib
from DCMMultiTaskLib.errors import InputError
from DCMMultiTaskModule import cine

# Slicer keeps its sources by this key, which therefore is not translated.
CATEGORY = "DCM Multi-Task"
SAMPLE_NAME = "DCMPhantom"
SAMPLE_FILE = (
    Path(DCMMultiTaskLib.__file__).resolve().parents[1] / "Resources" / "SampleData" / f"{SAMPLE_NAME}.seq.nrrd"
)
SAMPLE_SHA256 = "676cc11f284b24a2169fb57a22bc8482a1cf07dfbca6323518d778b0eb731481"
THUMBNAIL = Path(__file__).resolve().parents[1] / "Resources" / "Icons" / f"{SAMPLE_NAME}.png"


def registerSampleData() -> None:
    """List the study, a synthetic heart that beats, in Slicer's Sample Data; its file is local, so it works offline."""
    import SampleData

    SampleData.SampleDataLogic.registerCustomSampleDataSource(
        category=CATEGORY,
        sampleName=SAMPLE_NAME,
        thumbnailFileName=str(THUMBNAIL),
        uris=SAMPLE_FILE.as_uri(),
        fileNames=SAMPLE_FILE.name,
        nodeNames=SAMPLE_NAME,
        checksums=f"SHA256:{SAMPLE_SHA256}",
        customDownloader=loadSample,
    )


def loadSample(_source=None) -> list:
    """Add the study to the scene; Sample Data calls this with what was registered.

    Raises:
        InputError: The file is not the one that came with the extension.
    """
    if not SAMPLE_FILE.is_file() or hashlib.sha256(SAMPLE_FILE.read_bytes()).hexdigest() != SAMPLE_SHA256:
        raise InputError(_("The sample study {path} is damaged: install the extension again.").format(path=SAMPLE_FILE))
    return [cine.addStudy(cine.reading(str(SAMPLE_FILE))(None))]


def sampleVolume():
    """The study's volume; it comes once into a scene."""
    for node in slicer.util.getNodesByClass("vtkMRMLScalarVolumeNode"):
        if node.GetName() == SAMPLE_NAME:
            return node
    return loadSample()[0]
