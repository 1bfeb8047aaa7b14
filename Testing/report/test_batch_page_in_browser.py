"""The page of a batch in a real browser, used as a reader uses it."""

from __future__ import annotations

import csv
from pathlib import Path
from typing import Any

import pytest
from report_pages import Page
from selenium.webdriver.common.keys import Keys

from DCMMultiTaskLib.report.batch_page import write_batch_page
from DCMMultiTaskLib.report.batch_studies import BatchStudy, read_batch
from DCMMultiTaskLib.storage import write_table

HOSTILE = "</script><img src=x onerror='window.hacked=1'>\"&amp;"

# Width in pixels of the strip that the shown study's pictures are cut from.
LOADED = """
const image = new Image();
image.src = document.querySelector("#study image").getAttribute("href");
return image.decode().then(() => image.naturalWidth);
"""


@pytest.fixture(scope="session")
def report(batch_folder: Path) -> Path:
    return batch_folder / "report.html"


@pytest.fixture(scope="session")
def studies(batch_folder: Path) -> list[BatchStudy]:
    """What the page should show, in its order."""
    return read_batch(batch_folder)


@pytest.fixture
def page(browser: Any, report: Path) -> Page:
    """As a reader meets it; what the browser complained about fails the test."""
    page = Page(browser, report)
    yield page
    assert page.errors() == []


def chosen(page: Page) -> str:
    """The study that is shown beside the list."""
    return page.one("#study h2").text


def test_the_list_begins_with_the_studies_to_look_at_first(page: Page, studies: list[BatchStudy]) -> None:
    assert page.column("name") == [study.name for study in studies]
    first = sum(bool(study.look) for study in studies)
    groups = [f"Look at these first ({first})", f"The others ({len(studies) - first})"]
    assert [group.text for group in page.find("#studies .group")] == groups
    assert page.column("look") == [" ".join(kind for kind, _ in study.look) for study in studies]
    assert page.column("p")[0] == "–"
    assert chosen(page) == "empty-1"


def test_a_click_on_a_title_sorts_and_another_turns_the_order_round(page: Page, studies: list[BatchStudy]) -> None:
    known = sorted(f"{study.probability:.2f}" for study in studies if study.probability is not None)
    without = ["–"] * (len(studies) - len(known))
    page.click("th.p button")
    assert page.column("p") == known[::-1] + without  # what there is not stays at the end
    assert page.one("th.p").get_attribute("aria-sort") == "descending"
    page.click("th.p button")
    assert page.column("p") == known + without
    page.click("th.name button")
    assert page.column("name") == sorted(study.name for study in studies)


def test_search_filters_and_bars_narrow_the_list(page: Page, studies: list[BatchStudy]) -> None:
    names = [study.name for study in studies]
    page.one("#search").send_keys("HEART-2")
    assert page.column("name") == ["heart-2"]
    assert "1 of 5 studies" in page.one("#count").text
    page.press(Keys.ESCAPE)
    page.one("#search").send_keys("constant image")  # a reason of slices
    assert page.column("name") == ["blank-1"]
    page.one("#search").send_keys(" nowhere")
    assert page.one("#nothing").text.startswith("No study fits.")
    page.click("#all")
    assert page.column("name") == names
    page.click("[data-filter=look]")
    assert page.column("name") == [study.name for study in studies if study.look]
    page.click("[data-filter=below]")
    assert page.column("name") == [study.name for study in studies if not study.above and not study.undecided]
    page.click("[data-filter=all]")
    page.find("#risk-histogram button:enabled")[0].click()
    lowest = min(study.probability for study in studies if study.probability is not None)
    shown = page.column("name")
    assert shown == [
        study.name for study in studies if study.probability and study.probability < lowest // 0.05 * 0.05 + 0.05
    ]
    assert "probability " in page.one("#count").text and len(shown) < 5
    page.click("#count button")
    assert page.column("name") == names


def test_a_study_opens_with_pictures_measurements_curve_quality_and_files(page: Page, report: Path) -> None:
    next(row for row in page.find("#studies tbody tr") if row.text.startswith("cine-1")).click()
    assert chosen(page) == "cine-1"
    assert len(page.find("#study .tiles .tile-picture")) == 5
    assert len(page.find("#study .tiles .outline.myocardium")) == 5
    assert [found.text for found in page.find("#study .strip .slice")] == ["1", "2", "3", "4", "5"]
    loaded = "return new Promise(done => { const image = new Image(); image.onload = () => done(image.naturalWidth);"
    loaded += (
        "image.onerror = () => done(0); image.src = document.querySelector('#study image').getAttribute('href') })"
    )
    assert page.run(loaded) == 5 * 128
    words = page.one("#study").text
    assert "end diastole, phase 1" in words
    assert len(page.find("#study .volume circle")) == 4
    names, values = ([one.text for one in page.find(f"#study .measurements {tag}")] for tag in ("dt", "dd"))
    shown = dict(zip(names, values, strict=True))
    assert shown["Sphericity index"].count(".") == 1
    assert shown["EDV"].endswith(" ml")
    links = page.find("#study .files a")
    assert {link.text for link in links} == {path.name for path in (report.parent / "studies" / "cine-1").iterdir()}
    assert links[0].get_attribute("href") == (report.parent / "studies" / "cine-1" / links[0].text).as_uri()


def test_the_reasons_against_slices_are_told_with_their_numbers(page: Page) -> None:
    page.run("choose(STUDIES.find(study => study.name === 'blank-1').index)")
    assert "constant image in slices 2, 4" in page.one("#study").text
    assert "constant image" in page.find("#study .tile.failed figcaption")[1].text


def test_keys_lead_through_the_studies(page: Page, studies: list[BatchStudy]) -> None:
    names = [study.name for study in studies]
    page.one("body").send_keys(Keys.ARROW_DOWN)
    assert chosen(page) == names[1]
    page.press("j", "j", "k")
    assert chosen(page) == names[2]
    page.press(Keys.END)
    assert chosen(page) == names[-1]
    page.press(Keys.ARROW_DOWN)
    assert chosen(page) == names[-1]
    page.press("/")
    page.press("cine")
    assert page.column("name") == ["cine-1"]
    page.press(Keys.ENTER, Keys.HOME)
    assert chosen(page) == "cine-1"
    assert page.find("#study .outline")
    page.press("o")
    assert not page.find("#study .outline")
    small = page.find("#study .tile-picture")[0].size["width"]
    page.press("o", "l")
    assert page.find("#study .tile-picture")[0].size["width"] > 1.5 * small
    page.find("#study .tile-picture")[0].click()
    assert page.find("#study .tile-picture")[0].size["width"] == small
    page.press("n", "a note with jknol/ in it")
    assert page.one("#note").get_attribute("value") == "a note with jknol/ in it"
    page.press(Keys.ESCAPE, "s")
    assert page.one("#seen").is_selected()


def test_notes_stay_and_leave_the_browser_as_csv(page: Page, browser: Any, report: Path) -> None:
    notes = {"empty-1": '=1+1, "quoted"\nsecond line µ', "blank-1": "looked at"}
    for name, text in notes.items():
        page.run("choose(STUDIES.find(study => study.name === arguments[0]).index)", name)
        page.one("#note").send_keys(text)
    page.click("#seen")
    browser.refresh()
    shown = dict(zip(page.column("name"), page.column("note"), strict=True))
    assert shown == dict.fromkeys(shown, "") | notes | {"blank-1": "✓ looked at"}
    page.click("[data-filter=noted]")
    assert set(page.column("name")) == set(notes)
    page.click("#export")
    file = browser.downloads / "reader-notes.csv"
    page.wait(file.is_file)
    with file.open(encoding="utf-8-sig", newline="") as stream:
        rows = {row["study"]: row for row in csv.DictReader(stream)}
    assert list(rows) == ["empty-1", "blank-1"]
    # A spreadsheet must not take a note for a formula.
    assert rows["empty-1"]["note"] == "'" + notes["empty-1"]
    assert (rows["blank-1"]["note"], rows["blank-1"]["seen"], rows["empty-1"]["seen"]) == ("looked at", "1", "0")
    assert float(rows["blank-1"]["dcm_probability"]) > 0
    file.unlink()


def test_a_browser_that_keeps_nothing_says_so_and_still_exports(page: Page) -> None:
    page.run("Storage.prototype.setItem = () => { throw new DOMException('full') }")
    page.one("#note").send_keys("kept")
    assert "keeps no notes" in page.one("[role=alert]").text
    assert '"kept"' in page.run("return notesAsCsv()")


def test_dark_and_light_follow_the_system_until_the_reader_chooses(browser: Any, report: Path) -> None:
    page = Page(browser, report, dark=True)
    background = "return getComputedStyle(document.body).backgroundColor"
    assert page.run(background) == "rgb(18, 21, 26)"
    page.click("#theme")
    light = page.run(background)
    browser.refresh()
    assert page.run(background) == light == "rgb(244, 246, 248)"


def test_a_narrow_window_shows_the_study_over_the_list(browser: Any, report: Path) -> None:
    page = Page(browser, report, width=390, height=844)
    assert page.run("return document.documentElement.scrollWidth") <= 390
    assert not page.find("#study")
    page.find("#studies tbody tr:not(.group)")[2].click()
    assert chosen(page) == page.run("return STUDIES[2].name")
    assert page.run("return document.querySelector('#study').scrollWidth") <= 390
    page.press(Keys.ESCAPE)
    assert not page.find("#study")


def test_failed_and_skipped_are_told_with_their_reasons(page: Page) -> None:
    assert "broken.nrrd: the file is damaged or not complete." in page.one("#failures").text
    assert "2 a label map by its name" in page.one("#skipped").text


def test_intervals_cautions_and_further_columns_are_shown_where_they_are(browser: Any, tmp_path: Path) -> None:
    head = ["study", "dcm_probability", "dcm_class", "cannot_decide", "dcm_probability_low", "dcm_probability_high"]
    more = ["lv_cavity_volume_ml", "lv_cavity_volume_ml_low", "lv_cavity_volume_ml_high", "scanner"]
    rows = [["a", 0.6, "", "the interval spans it", 0.4, 0.7, 150, 140, 161, "one"], ["b", 0.9, 1, *[""] * 7]]
    write_table(tmp_path / "results.csv", [*head, *more], rows)
    columns = ["study", "slice", "dcm_probability", "dcm_class", "quality", "caution", "view_agreement"]
    write_table(tmp_path / "slices.csv", columns, [["a", 0, 0.6, 1, "ok", "bright scar", 0.93]])
    page = Page(browser, write_batch_page(tmp_path))
    assert page.column("name") == ["a", "b"]
    assert page.one("#study .verdict b").text == "0.60 (0.40 to 0.70)"
    assert page.one("#study ul.look").text == "cannot decide the interval spans it"
    assert page.one("#study .measurements").text.split("\n") == ["LV volume", "150 ml (140 to 161)"]
    assert page.one("#filter-none").text == "1"
    for summary in page.find("#study summary"):
        summary.click()
    assert "bright scar" in page.one("#study .wide").text and "0.93" in page.one("#study .wide").text
    assert page.one("#study .texts").text.split("\n") == ["Scanner", "one"]
    page.press(Keys.ARROW_DOWN)
    assert page.column("lv_cavity_volume_ml")[1] == "–"
    assert page.one("#study .measurements").text.split("\n") == ["LV volume", "–"]
    assert page.errors() == []


def test_hostile_texts_are_shown_and_run_nothing(browser: Any, tmp_path: Path) -> None:
    head = ["study", "dcm_probability", "dcm_class", "lv_cavity_volume_ml", HOSTILE]
    write_table(tmp_path / "results.csv", head, [[HOSTILE, 0.7, 1, 120, HOSTILE], ["__proto__", 0.2, 0, 80, ""]])
    columns = ["study", "slice", "dcm_probability", "quality", HOSTILE]
    write_table(tmp_path / "slices.csv", columns, [[HOSTILE, 0, 0.7, HOSTILE, HOSTILE]])
    write_table(tmp_path / "failures.csv", ["input", "reason"], [[HOSTILE, HOSTILE]])
    place = tmp_path / "studies" / "__proto__"
    place.mkdir(parents=True)
    picture = '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 9 9" data-slices="0" onload="window.hacked=1">'
    picture += '<script>window.hacked=1</script><image href="https://example.org/a.png"/></svg>'
    (place / "__proto___thumbnails.svg").write_text(picture)
    page = Page(browser, write_batch_page(tmp_path))
    assert page.column("name") == [HOSTILE, "__proto__"]
    assert chosen(page) == HOSTILE
    page.press(Keys.ARROW_DOWN)
    page.one("#note").send_keys("a note")
    assert '"__proto__"' in page.run("return notesAsCsv()")
    assert page.run("return window.hacked || document.querySelectorAll('img').length") == 0
    assert page.errors() == []


def test_five_hundred_studies_show_at_once_and_read_only_the_pictures_in_view(browser: Any, five_hundred: Path) -> None:
    page = Page(browser, five_hundred)
    assert page.one("#count").text == "500 of 500 studies"
    page.wait(lambda: len(page.find("#studies .small-picture svg")) > 5)
    assert page.run("return pictures.size") < 60
    page.one("#search").send_keys("cine 1-09")
    assert len(page.column("name")) == 10
    page.press(Keys.ESCAPE, Keys.END)
    page.wait(lambda: page.run("return document.querySelector('[aria-current] .small-picture svg') !== null"))
    assert chosen(page) == page.run("return shown[499].name")
    assert page.run("return pictures.size") < 120
    row = page.run("return document.querySelector('[aria-current]').getBoundingClientRect().toJSON()")
    assert 0 <= row["top"] < row["bottom"] <= 900
