"""A mask that was edited is measured again without the network."""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import replace

import numpy as np
import pytest

from DCMMultiTaskLib.errors import InputError
from DCMMultiTaskLib.inference.edited import EDITED, measure_edited
from DCMMultiTaskLib.inference.files import summary
from DCMMultiTaskLib.inference.provenance import Provenance
from DCMMultiTaskLib.inference.result import Result


def again(result: Result, labels: np.ndarray) -> Result:
    return measure_edited(result.study, {result.phase: labels}, result.slice_axis, result.rows, result.provenance)


def test_a_mask_that_was_not_edited_gives_the_same_numbers(result: Result) -> None:
    same = again(result, result.label_map)
    assert same.dcm_probability == pytest.approx(result.dcm_probability, rel=1e-9)
    for new, old in zip(same.rows, result.rows, strict=True):
        assert replace(new, dcm_probability=0.0) == replace(old, dcm_probability=0.0)
        assert new.dcm_probability == pytest.approx(old.dcm_probability, rel=1e-12)
    assert same.rule == result.rule
    assert not summary(same)["mask_edited"]


def test_what_was_edited_counts_and_the_networks_hash_stays(result: Result) -> None:
    edited = result.label_map.copy()
    middle = len(edited) // 2
    edited[middle] = 0
    new = again(result, edited)
    assert new.rows[middle].quality != "ok" and new.rows[middle].myocardium_area_mm2 == 0
    assert new.rows[middle - 1] == again(result, result.label_map).rows[middle - 1]
    assert new.dcm_probability != result.dcm_probability
    assert new.measurements.lv_cavity_volume_ml < result.measurements.lv_cavity_volume_ml
    facts = summary(new)
    assert facts["mask_edited"] is True
    assert facts["network_masks_sha256"] == summary(result)["masks_sha256"] != facts["masks_sha256"]
    assert again(new, edited).provenance.notes.count(EDITED) == 1


def test_what_was_said_of_a_slice_that_nobody_edited_stays(result: Result) -> None:
    """Of the network's own mask more is known than of what is in the scene: as it was before the smoothing."""
    said = "uneven outline; not in line with the slices beside it"
    first, second = [row.slice for row in result.rows if row.quality == "ok"][:2]
    rows = tuple(replace(row, quality=said) if row.slice in (first, second) else row for row in result.rows)
    edited = result.label_map.copy()
    edited[(first, *np.argwhere(edited[first] == 1)[0])] = 0
    new = again(replace(result, rows=rows), edited)
    assert (new.rows[first].quality, new.rows[second].quality) == ("ok", "uneven outline")


def test_an_open_ring_at_the_base_stays_a_caution(result: Result) -> None:
    drawn = [row for row in result.rows if row.myocardium_area_mm2]
    base = max(drawn[0], drawn[-1], key=lambda row: row.cavity_area_mm2)
    rows = tuple(replace(row, caution="ring open at the base") if row is base else row for row in result.rows)
    new = again(replace(result, rows=rows), result.label_map)
    assert (new.rows[base.slice].quality, new.rows[base.slice].caution) == ("ok", "ring open at the base")


def test_a_provenance_comes_back_from_json(result: Result) -> None:
    assert Provenance.from_dict(json.loads(json.dumps(summary(result)))) == result.provenance


def test_a_flat_calibration_is_refused_in_words(result: Result) -> None:
    flat = replace(result.provenance, decision=replace(result.provenance.decision, slice_scale=0.0))
    with pytest.raises(InputError, match="cannot be weighed again"):
        again(replace(result, provenance=flat), result.label_map)


def test_no_pytorch_is_needed() -> None:
    code = "import sys, DCMMultiTaskLib.inference.edited; raise SystemExit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
