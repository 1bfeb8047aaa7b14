"""Tables for reading and for programs."""

import csv

from DCMMultiTaskLib.evaluation.bootstrap import Estimate
from DCMMultiTaskLib.report.tables import markdown, write_csv

NAN = float("nan")
HEAD = ["network", "DSC", "paper", "slices"]
ROWS = [
    ["U-Net", Estimate(0.81234, 0.79, 0.83), 0.7613, 4],
    ["ours", Estimate(NAN, NAN, NAN), None, 5],
    ["none", None, NAN, 6],
]


def test_markdown_shows_intervals_and_a_dash_for_what_is_missing():
    lines = markdown(HEAD, ROWS).splitlines()
    assert lines[0] == "| network | DSC | paper | slices |"
    assert lines[2] == "| U-Net | 0.812 (0.790\u00a0to\u00a00.830) | 0.761 | 4 |"
    assert lines[3] == "| ours | – | – | 5 |"
    assert lines[4] == "| none | – | – | 6 |"


def test_csv_has_a_column_for_each_end_of_an_interval(tmp_path):
    write_csv(tmp_path / "table.csv", HEAD, ROWS)
    with (tmp_path / "table.csv").open(newline="", encoding="utf-8") as stream:
        first, second, third = csv.DictReader(stream)
    assert first == {
        "network": "U-Net",
        "DSC": "0.81234",
        "DSC_low": "0.79",
        "DSC_high": "0.83",
        "paper": "0.7613",
        "slices": "4",
    }
    assert second["DSC"] == second["DSC_low"] == third["DSC"] == third["paper"] == ""


def test_digits_are_chosen_by_column():
    row = [0.123456, Estimate(0.5, 0.25, 0.75), 7, "0.123456"]
    (line,) = markdown(["a", "b", "c", "d"], [row], digits={0: 1, 1: 2, 3: 1}).splitlines()[2:]
    assert line == "| 0.1 | 0.50 (0.25\u00a0to\u00a00.75) | 7 | 0.123456 |"


def test_a_table_without_rows_has_its_head(tmp_path):
    assert markdown(["a", "b"], []) == "| a | b |\n|---|---|"
    write_csv(tmp_path / "table.csv", ["a", "b"], [])
    assert (tmp_path / "table.csv").read_text(encoding="utf-8").split() == ["a,b"]


def test_csv_rows_are_as_long_as_their_head(tmp_path):
    rows = [["plain", 0.5, 123456], ["figure", Estimate(0.1234567, 0.0, 1.0), 2], ['a "title", quoted', None, None]]
    write_csv(tmp_path / "table.csv", ["name", "value", "count"], rows)
    with (tmp_path / "table.csv").open(newline="", encoding="utf-8") as stream:
        read = list(csv.reader(stream))
    assert read == [
        ["name", "value", "value_low", "value_high", "count"],
        ["plain", "0.5", "", "", "123456"],
        ["figure", "0.12346", "0", "1", "2"],
        ['a "title", quoted', "", "", "", ""],
    ]
