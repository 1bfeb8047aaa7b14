"""Results as DICOM objects: segmentations and a structured report (highdicom, the extra `dicom`)."""
