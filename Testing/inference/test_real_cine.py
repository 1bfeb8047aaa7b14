"""The shipped model on a real cine, against an expert's contours."""

import os
from pathlib import Path

import numpy as np
import pytest
import SimpleITK as sitk

from DCMMultiTaskLib.datasets.contours import polygon_mask, read_contour
from DCMMultiTaskLib.imaging.reading import read_study
from DCMMultiTaskLib.inference.package import load_package, shipped_model
from DCMMultiTaskLib.inference.predictor import Predictor

SUNNYBROOK = Path(os.environ.get("DCM_DATA", Path(__file__).parents[2] / ".." / "shared" / "data" / "sunnybrook"))
PATIENT, PHASES = "SC-HF-I-04", 20
# Columns and rows that Sunnybrook's contours lie off their images (Testing/benchmarks/measure_mask_offset.py).
OFFSET = (0.73, 0.43)


@pytest.mark.real_data
@pytest.mark.skipif(not (SUNNYBROOK / "dicom" / PATIENT).is_dir(), reason="needs the Sunnybrook data (DCM_DATA)")
def test_the_myocardium_of_a_real_cine() -> None:
    pytest.importorskip("matplotlib", reason="fills the contours, and is not there where the oldest releases are tried")
    result = Predictor(load_package(shipped_model())).predict(read_study(SUNNYBROOK / "dicom" / PATIENT))
    assert result.provenance.phases == PHASES
    # The contours are those of the last phase of the heart beat; its neighbours differ by a millimetre.
    assert (result.provenance.phase + 3) % PHASES <= 4

    both = either = 0
    for outer in sorted((SUNNYBROOK / "contours" / PATIENT / "IRCCI-expert").glob("*-ocontour-manual.txt")):
        frame = SUNNYBROOK / "dicom" / PATIENT / f"{int(outer.name.split('-')[2])}.dcm"
        corner = sitk.ReadImage(str(frame)).GetOrigin()
        place = np.linalg.solve(result.geometry.index_to_lps, np.append(corner, 1))[:3]
        assert np.allclose(place[:2], 0, atol=1e-3)
        mask = result.mask[round(place[2])]
        inner = outer.with_name(outer.name.replace("ocontour", "icontour"))
        drawn = [polygon_mask(read_contour(path) - OFFSET, mask.shape) for path in (outer, inner)]
        truth = drawn[0] & ~drawn[1]
        both += np.count_nonzero(mask & truth)
        either += np.count_nonzero(mask) + np.count_nonzero(truth)
    assert 2 * both / either >= 0.86

    # The expert's contours give 233.9 and 183.5 ml, 21.5 %.
    beat = result.heart_beat
    assert beat is not None
    assert (beat.ed_phase, beat.es_phase) == (19, 6)
    assert abs(beat.edv_ml / 233.9 - 1) < 0.1
    assert abs(beat.ejection_fraction_percent - 21.5) < 8
