"""`reproduce` as a user types it: the rehearsal on phantoms, going on with it, and a network of one's own."""

import csv
from pathlib import Path

import pytest

from DCMMultiTaskLib.cli import main

OWN_NETWORK = '''
import torch
from torch import nn
from DCMMultiTaskLib.networks.output import NetworkOutput
from DCMMultiTaskLib.networks.registry import Entry


class OneConvolution(nn.Module):
    """Draws a mask with one convolution."""

    def __init__(self, config):
        super().__init__()
        self.convolution = nn.Conv2d(1, 1, 3, padding=1)

    def forward(self, image):
        return NetworkOutput(self.convolution(image / 127.5 - 1), None, None)


NETWORK = Entry(OneConvolution, "One convolution", tasks=("mask",), width=1)
'''

VARIANTS = ("single-task", "ablation", "own-ablation")


def rows(path: Path) -> list[dict[str, str]]:
    with path.open(newline="", encoding="utf-8") as stream:
        return list(csv.DictReader(stream))


def numbers(row: dict[str, str]) -> list[float]:
    """All cells but the network's name; NaN for an empty one."""
    return [float(cell or "nan") for name, cell in row.items() if name != "network"]


@pytest.fixture(scope="module")
def rehearsal(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("reproduce")
    own = folder / "one_convolution.py"
    own.write_text(OWN_NETWORK, encoding="utf-8")
    output = folder / "out"
    assert main(["reproduce", "--quick", "-o", str(output), "--jobs", "2", "--networks", str(own)]) == 0
    return output


def test_the_rehearsal_makes_every_table_and_figure(rehearsal):
    page = (rehearsal / "index.html").read_text(encoding="utf-8")
    for name in ("4-network", "5-loss-weight", "6-dsc", "7-psnr", "8-masks", "9-activation"):
        assert f'src="figure-{name}.png"' in page and (rehearsal / f"figure-{name}.png").stat().st_size > 10_000
    for name in ("table-2", "table-2-more", "table-3", "table-3-more", "differences", *VARIANTS):
        assert (rehearsal / f"{name}.md").read_text(encoding="utf-8") in (rehearsal / "README.md").read_text("utf-8")
        assert rows(rehearsal / f"{name}.csv")
    assert "Not finished" not in page


def test_all_networks_stand_on_the_same_folds(rehearsal):
    folds = rows(rehearsal / "folds.csv")
    assert {row["network"] for row in folds} >= {"luo2020", "default", "unet", "resnet101", "luo2020-mask"}
    held_out: dict[str, dict[tuple[str, str], str]] = {}
    for row in rows(rehearsal / "slices.csv"):
        held_out.setdefault(f"{row['part']} {row['network']}", {})[row["patient"], row["slice"]] = row["fold"]
    assert len({tuple(sorted(places.items())) for places in held_out.values()}) == 1
    assert {len(places) for places in held_out.values()} == {32}


def test_a_network_of_ones_own_stands_in_the_tables(rehearsal):
    assert "One convolution" in [row["network"] for row in rows(rehearsal / "table-2.csv")]
    assert "One convolution" not in [row["network"] for row in rows(rehearsal / "table-3.csv")]


def test_classifiers_stand_beside_the_baseline(rehearsal):
    for name in ("table-3", "table-3-more", "loss-weight", *VARIANTS):
        baseline = rows(rehearsal / f"{name}.csv")[-2 if name == "table-3" else -1]
        assert baseline["network"].startswith("baseline") and float(baseline["AUC"]) > 0.5


def test_going_on_trains_nothing_again(rehearsal, capsys):
    records = {path: path.stat().st_mtime_ns for path in rehearsal.glob("*/*/fold-*/run.json")}
    assert len(records) > 40
    before = (rehearsal / "table-2.csv").read_bytes()
    arguments = ["reproduce", "--quick", "-o", str(rehearsal), "--resume", "--parts", "tables"]
    assert main(arguments) == 0
    assert "18 trainings, 18 of them done before." in capsys.readouterr().out
    assert {path: path.stat().st_mtime_ns for path in records} == records
    assert [row["DSC"] for row in rows(rehearsal / "table-2.csv")] == [
        line["DSC"] for line in csv.DictReader(before.decode().splitlines()) if line["network"] != "One convolution"
    ]


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        ([], "either --data MANIFEST.csv or --quick"),
        (["--quick", "--data", "x.csv"], "either --data MANIFEST.csv or --quick"),
        (["--data", "none.csv"], "no such manifest"),
        (["--quick", "--networks", "nonet"], "There is no network 'nonet'"),
        (["--quick", "--networks", "gone.py"], "gone.py"),
        (["--quick", "--report-only"], "no finished training"),
        (["--quick", "--jobs", "0"], "--jobs is at least 1"),
        (["--quick", "--folds", "9"], "9 folds need at least 9 patients"),
    ],
)
def test_bad_choices_are_one_sentence(tmp_path, capsys, arguments, reason):
    assert main(["reproduce", "-o", str(tmp_path / "out"), *arguments]) == 2
    error = capsys.readouterr().err
    assert reason in error and error.count("\n") == 1


def test_the_page_is_made_again_from_its_own_tables_and_examples_alone(rehearsal, tmp_path, capsys):
    again = tmp_path / "again"
    quick = ["reproduce", "--quick", "-o", str(again), "--parts", "tables"]
    assert main([*quick, "--report-only", "--finished", str(rehearsal)]) == 0
    assert "18 trainings taken over" in capsys.readouterr().out
    own = "One convolution"
    for name in ("table-2", "table-2-more", "table-3", "table-3-more", "confusion", "differences"):
        expected = [row for row in rows(rehearsal / f"{name}.csv") if row["network"] != own]
        for row, same in zip(rows(again / f"{name}.csv"), expected, strict=True):
            assert row.keys() == same.keys() and row["network"] == same["network"]
            assert numbers(row) == pytest.approx(numbers(same), rel=1e-3, abs=1e-4, nan_ok=True)
    page = (again / "index.html").read_text(encoding="utf-8")
    assert all(name in page for name in ("figure-6-dsc.png", "figure-8-masks.png", "Activation maps of negatives"))
    maps = "figure-9-activation.png"
    assert maps in page and (again / maps).read_bytes() == (rehearsal / maps).read_bytes()
    assert not list(again.glob("runs/*/fold-*/predictions.npz")) and (again / "examples.npz").is_file()
    assert main([*quick, "--resume"]) == 0
    assert "18 trainings, 18 of them done before." in capsys.readouterr().out


def test_trainings_of_other_settings_are_not_taken_over(rehearsal, tmp_path, capsys):
    quick = ["reproduce", "--quick", "-o", str(tmp_path / "other"), "--report-only", "--parts", "tables"]
    assert main([*quick, "--learning-rate", "1e-3", "--finished", str(rehearsal)]) == 2
    told = capsys.readouterr()
    assert "0 trainings taken over" in told.out and "18 trainings of other patients, settings or networks" in told.out
    assert "no finished training" in told.err
    assert main([*quick, "--finished", str(tmp_path)]) == 2
    assert "folds.csv: no such file" in capsys.readouterr().err


def test_results_are_not_written_over(tmp_path, capsys):
    (tmp_path / "mine.txt").write_text("mine", encoding="utf-8")
    assert main(["reproduce", "--quick", "-o", str(tmp_path)]) == 2
    assert "--resume" in capsys.readouterr().err
    assert [path.name for path in tmp_path.iterdir()] == ["mine.txt"]


def test_a_file_is_no_place_for_results(tmp_path, capsys):
    (tmp_path / "mine.txt").write_text("mine", encoding="utf-8")
    assert main(["reproduce", "--quick", "-o", str(tmp_path / "mine.txt")]) == 2
    assert capsys.readouterr().err.endswith("mine.txt: this is a file; a folder is needed.\n")


def test_results_of_another_plan_are_refused(rehearsal, capsys):
    arguments = ["reproduce", "--quick", "-o", str(rehearsal), "--report-only", "--epochs", "3", "--parts", "tables"]
    assert main(arguments) == 2
    assert "other data or settings" in capsys.readouterr().err
