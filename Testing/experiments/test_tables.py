"""Tables for reading and for programs."""

import csv

from DCMMultiTaskLib.experiments.tables import markdown, write_csv
from DCMMultiTaskLib.learning.intervals import Figure

NAN = float("nan")
HEAD = ["network", "DSC", "paper", "slices"]
ROWS = [
    ["U-Net", Figure(0.81234, 0.79, 0.83), 0.7613, 4],
    ["ours", Figure(NAN, NAN, NAN), None, 5],
    ["none", None, NAN, 6],
]


def test_markdown_shows_intervals_and_a_dash_for_what_is_missing():
    lines = markdown(HEAD, ROWS).splitlines()
    assert lines[0] == "| network | DSC | paper | slices |"
    assert lines[2] == "| U-Net | 0.812 (0.790 to 0.830) | 0.761 | 4 |"
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
