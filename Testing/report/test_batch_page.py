"""The page of a batch, without a browser: what it says, what it may not hold, and what it does without."""

from __future__ import annotations

import json
import re
from html.parser import HTMLParser
from pathlib import Path
from xml.etree import ElementTree

import numpy as np
import pytest
from drawn_studies import drawn_study
from report_helpers import awkward_studies

from DCMMultiTaskLib.errors import InputError
from DCMMultiTaskLib.imaging.orientation import SliceOrientation
from DCMMultiTaskLib.report.batch_page import write_batch_page
from DCMMultiTaskLib.report.batch_studies import CLOSE, QUALITY, UNDECIDED, read_batch, title_and_unit
from DCMMultiTaskLib.report.thumbnails import STEPS, study_thumbnails
from DCMMultiTaskLib.storage import write_table

SVG = "{http://www.w3.org/2000/svg}"
HOSTILE = "</script><script>alert(1)</script><img src=x onerror=alert(2)> \"'&amp;"


class Reader(HTMLParser):
    """The tags of a page, and what its data scripts hold."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict]] = []
        self.data: dict[str, object] = {}
        self._script = ""
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list) -> None:
        self.tags.append((tag, dict(attrs)))
        self._script = dict(attrs).get("id", "") if tag == "script" else ""

    def handle_data(self, data: str) -> None:
        if self._script:
            self.data[self._script] = json.loads(data)
            self._script = ""


def data_of(page: Path) -> dict:
    """What the page's script shows."""
    return Reader(page.read_text("utf-8")).data["data"]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A small batch of rows alone: no study's files."""
    head = ["study", "dcm_probability", "dcm_class", "lv_cavity_volume_ml", "threshold"]
    rows = [["a", 0.9, 1, 200, 0.5], ["b", "", "", "", ""], ["c", 0.2, 0, 101.4, 0.5], ["d", 0.97, 1, 250.6, 0.5]]
    rows.append(["e", 0.47, 0, 120, 0.5])
    write_table(tmp_path / "results.csv", head, rows)
    slices = [[name, at, 0.5, "ok" if at else "ring open; several pieces", 900] for name in "abcde" for at in range(4)]
    slices += [["c", at, 0.5, "ring open", 700] for at in range(4, 7)]
    columns = ["study", "slice", "dcm_probability", "quality", "myocardium_area_mm2"]
    write_table(tmp_path / "slices.csv", columns, slices)
    return tmp_path


def test_thumbnails_show_every_slice_with_the_outlines_where_the_labels_are() -> None:
    result = drawn_study(slices=6)
    root = ElementTree.fromstring(study_thumbnails(result))
    assert root.get("data-slices") == "0 1 2 3 4 5"
    assert root.get("viewBox") == f"0 0 {6 * STEPS} {STEPS}"
    paths = {(int(p.get("data-slice")), int(p.get("data-label"))): p.get("d") for p in root.iter(f"{SVG}path")}
    assert set(paths) == {(at, label) for at in range(6) for label in (1, 2)}
    mm = float(root.get("data-mm")) / STEPS
    pixel = float(np.prod(SliceOrientation.of(result.geometry, result.slice_axis).pixel_mm(result.geometry)))
    for at in range(6):
        inside = sum(map(_area, paths[at, 2].split("z")[:-1])) * mm**2
        assert inside == pytest.approx((result.label_map[at] == 2).sum() * pixel, rel=0.1)
        first = float(re.match(r"M(-?\d+)", paths[at, 1])[1])
        assert at * STEPS < first < (at + 1) * STEPS


def _area(loop: str) -> float:
    """Of a closed loop `Mx yl...`, by the shoelace formula."""
    start, steps = loop[1:].split("l")
    points = np.cumsum(np.array(re.findall(r"-?\d+", start + " " + steps), float).reshape(-1, 2), axis=0)
    x, y = points.T
    return abs(float(np.dot(x, np.roll(y, 1)) - np.dot(y, np.roll(x, 1)))) / 2


@pytest.mark.parametrize("kind", awkward_studies())
def test_thumbnails_of_awkward_studies_are_small(kind: str) -> None:
    result = awkward_studies()[kind]
    picture = study_thumbnails(result)
    assert len(ElementTree.fromstring(picture).get("data-slices").split()) == len(result.rows)
    assert len(picture) < 40_000


def test_five_hundred_studies_take_less_than_15_megabytes(five_hundred: Path) -> None:
    assert len(data_of(five_hundred)["studies"]) == 500
    assert five_hundred.stat().st_size < 15_000_000


def test_studies_to_look_at_first_are_on_top_with_the_reason(folder: Path) -> None:
    assert {study.name: study.look for study in read_batch(folder)} == {
        "b": [(UNDECIDED, "there is no probability")],
        # More than a third of the slices of the ventricle.
        "c": [(QUALITY, "4 of 7 slices did not pass the checks")],
        "e": [(CLOSE, "0.47 is near the threshold 0.50")],
        "d": [],
        "a": [],
    }
    assert [study.name for study in read_batch(folder)] == ["b", "c", "e", "d", "a"]


def test_an_image_without_a_heart_and_one_with_blank_slices_fail(batch_folder: Path) -> None:
    looks = {study.name: study.look for study in read_batch(batch_folder)}
    assert [kind for kind, _ in looks["empty-1"]] == [UNDECIDED, QUALITY]
    assert looks["empty-1"][1][1] == "no myocardium found"
    assert looks["blank-1"][-1] == (QUALITY, "2 of 5 slices did not pass the checks")


def test_what_cannot_be_decided_comes_before_all_with_its_reason_and_has_no_side(folder: Path) -> None:
    place = folder / "studies" / "a"
    place.mkdir(parents=True)
    intervals = {"dcm_probability": [0.31, 0.95], "lv_cavity_volume_ml": [180.2, 220.9], "edv_ml": [None, None]}
    reason = "the probability is 0.31 to 0.95, on both sides of the threshold 0.5."
    summary = {"cannot_decide": f"Cannot decide: {reason}", "uncertainty": {"views": 7, "intervals": intervals}}
    (place / "a_summary.json").write_text(json.dumps({**summary, "decision": {"threshold": 0.5}}))
    study = read_batch(folder)[1]
    assert (study.name, study.look) == ("a", [(UNDECIDED, reason)])
    assert (study.values["lv_cavity_volume_ml_low"], study.values["lv_cavity_volume_ml_high"]) == (180.2, 220.9)
    shown = data_of(write_batch_page(folder))["studies"][1]
    assert (shown["undecided"], shown["values"]["dcm_probability_low"]) == (reason, 0.31)


def test_the_page_holds_the_measurements_the_curve_and_the_files(batch_folder: Path) -> None:
    folder = batch_folder
    data = data_of(folder / "report.html")
    cine = next(study for study in data["studies"] if study["name"] == "cine-1")
    assert data["columns"]["ejection_fraction_percent"] == ["Ejection fraction", "%", 0]
    summary = json.loads((folder / "studies" / "cine-1" / "cine-1_summary.json").read_text())
    assert cine["values"]["edv_ml"] == summary["heart_beat"]["edv_ml"]
    assert cine["values"]["sphericity_index"] == summary["sphericity_index"]
    assert len(cine["phases"]) == 4
    assert "body_surface_m2" not in data["columns"]  # no study has one
    for _, link in cine["files"]:
        assert (folder / link).is_file()


def test_the_page_asks_for_nothing_from_outside_and_tells_no_folder(batch_folder: Path) -> None:
    text = (batch_folder / "report.html").read_text("utf-8")
    page = Reader(text)
    assert [tag for tag, _ in page.tags if tag in ("link", "img", "iframe", "object")] == []
    assert [attributes for _, attributes in page.tags if "src" in attributes] == []
    assert str(batch_folder.parent) not in text


def test_hostile_texts_of_the_tables_stay_texts(tmp_path: Path) -> None:
    head = ["study", "dcm_probability", HOSTILE]
    write_table(tmp_path / "results.csv", head, [[HOSTILE, 0.7, HOSTILE], ["../../up", 0.1, "=1+1"]])
    write_table(tmp_path / "slices.csv", ["study", "slice", "quality"], [[HOSTILE, 0, HOSTILE]])
    write_table(tmp_path / "failures.csv", ["input", "reason"], [[HOSTILE, HOSTILE]])
    write_table(tmp_path / "skipped.csv", [HOSTILE, "reason"], [[HOSTILE, HOSTILE], ["", HOSTILE]])
    page = Reader(write_batch_page(tmp_path).read_text("utf-8"))
    assert [tag for tag, _ in page.tags if tag == "script"] == ["script", "script"]
    assert not [tag for tag, attributes in page.tags if tag == "img" or "onerror" in attributes]
    study = next(study for study in page.data["data"]["studies"] if study["name"] == HOSTILE)
    assert study["values"][HOSTILE] == HOSTILE
    assert page.data["data"]["studies"][0]["files"] == []  # above the folder nothing is looked at


def test_files_that_are_missing_or_cut_leave_their_place_empty(folder: Path) -> None:
    place = folder / "studies" / "a"
    place.mkdir(parents=True)
    (place / "a_summary.json").write_text('{"cut')
    (place / "a_thumbnails.svg").write_text("x" * 300_000)
    page = Reader(write_batch_page(folder).read_text("utf-8"))
    assert list(page.data) == ["data"]  # and no picture
    unknown = next(study for study in page.data["data"]["studies"] if study["name"] == "b")
    assert (unknown["p"], unknown["values"]) == (None, {"lv_cavity_volume_ml": None})


def test_a_folder_without_results_is_refused_in_words(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"results\.csv"):
        write_batch_page(tmp_path)
    write_table(tmp_path / "results.csv", ["name"], [["a"]])
    with pytest.raises(InputError, match="column study is missing"):
        write_batch_page(tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["results.csv"]


def test_columns_become_titles_with_units() -> None:
    assert title_and_unit("lv_cavity_volume_ml") == ("LV volume", "ml", 0)
    assert title_and_unit("lv_cavity_volume_ml_m2") == ("LV volume", "ml/m²", 0)
    assert title_and_unit("wall_thickness_sd_mm") == ("Wall thickness sd", "mm", 1)
    assert title_and_unit("something_new") == ("Something new", "", 2)
