"""`train` and `evaluate` as a user types them, on phantoms."""

import json
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from DCMMultiTaskLib.cli import main
from DCMMultiTaskLib.inference.package import load_package
from DCMMultiTaskLib.networks.registry import build
from DCMMultiTaskLib.phantom import write_phantoms

ROOT = Path(__file__).resolve().parents[2]
TINY = ("--folds", "2", "--epochs", "10", "--width", "2", "--batch-size", "4", "--accelerator", "cpu")


@pytest.fixture(scope="module")
def manifest(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_phantoms(tmp_path_factory.mktemp("phantoms"), count=4, seed=60, slices=3)


def test_a_fold_gives_a_package_and_the_scores_of_its_unseen_patients(manifest, tmp_path, capsys):
    arguments = ["train", "--data", str(manifest), "-o", str(tmp_path), "--name", "mine", "--fold", "1", *TINY]
    assert main(arguments) == 0
    said = capsys.readouterr()
    assert "Training on 2 patients, 2 held out (fold 1 of 2, from 0); 10 passes" in said.out and "Written: " in said.out
    assert re.search(r"^10 of 10 passes: loss \d\d\.\d{3}, DSC of the held-out", said.err, re.M)
    assert "poch" not in said.err
    package = load_package(tmp_path / "mine.dcmmodel")
    assert package.network_config.width == 2
    assert len(package.training["patients"]) == 2
    scored = {line.split(",")[0] for line in (tmp_path / "patients.csv").read_text().splitlines()[1:]}
    assert len(scored) == 2 and not scored & set(package.training["patients"])


def test_who_is_held_out_is_not_learned_from_in_another_manifest_either(manifest, tmp_path, capsys):
    arguments = ["train", "--data", str(manifest), "-o", str(tmp_path), "--fold", "1", *TINY, "--also", str(manifest)]
    assert main(arguments) == 0
    package = load_package(tmp_path / "model.dcmmodel")
    scored = {line.split(",")[0] for line in (tmp_path / "patients.csv").read_text().splitlines()[1:]}
    assert len(package.training["patients"]) == 2 and not scored & set(package.training["patients"])
    assert "Training on 2 patients, 2 held out" in capsys.readouterr().out


def test_another_network_is_trained_packaged_and_measured_the_same_way(manifest, tmp_path, capsys):
    arguments = ["train", "--data", str(manifest), "-o", str(tmp_path), "--network", "unet", "--fold", "0", *TINY]
    assert main(arguments) == 0
    package = load_package(tmp_path / "model.dcmmodel")
    assert (package.network, package.network_config.width) == ("unet", 2)
    assert "U-Net: myocardium mask per slice" in package.card
    study = manifest.parent / "images"
    arguments = ["predict", str(next(study.iterdir())), "-o", str(tmp_path / "out"), "--model"]
    assert main([*arguments, str(tmp_path / "model.dcmmodel")]) == 0
    (summary,) = (tmp_path / "out").glob("*_summary.json")
    assert json.loads(summary.read_text(encoding="utf-8"))["dcm_probability"] is None


def test_a_training_starts_from_a_model_and_takes_changes_of_the_augmentation(manifest, tmp_path, capsys):
    common = ["train", "--data", str(manifest), "--name", "mine", "--fold", "none", *TINY]
    assert main([*common, "-o", str(tmp_path / "first"), "--augment", "scar=0.1", "wrap=0"]) == 0
    first = load_package(tmp_path / "first" / "mine.dcmmodel")
    used = first.training["settings"]["augmentation"]
    assert (used["scar"], used["wrap"]) == (0.1, 0.0) and used["regions"] > 0
    start = ["--start", str(tmp_path / "first" / "mine.dcmmodel"), "--learning-rate", "1e-9"]
    assert main([*common, "-o", str(tmp_path / "second"), *start]) == 0
    second = load_package(tmp_path / "second" / "mine.dcmmodel")
    assert first.sha256 in second.training["started_from"]
    assert second.weights.keys() == first.weights.keys()
    for name, _ in build("multitask", first.network_config).named_parameters():  # what is learned, not what is counted
        assert (second.weights[name] - first.weights[name]).abs().max() < 2e-3, name


@pytest.mark.parametrize(("change", "reason"), [("scars=1", "has no 'scars'"), ("scar=much", "'much' is not a number")])
def test_an_augmentation_that_does_not_exist_is_refused(manifest, tmp_path, capsys, change, reason):
    assert main(["train", "--data", str(manifest), "-o", str(tmp_path), "--augment", change]) != 0
    assert reason in capsys.readouterr().err


def test_evaluate_prints_and_writes_the_same_figures(manifest, tiny_model, tmp_path, capsys):
    arguments = ["evaluate", "--data", str(manifest), "--model", str(tiny_model), "-o", str(tmp_path)]
    assert main(arguments) == 0
    figures = json.loads((tmp_path / "metrics.json").read_text())
    assert f"{figures['dsc_per_slice']['value']:.3f}" in capsys.readouterr().out
    assert figures["patients"] == 4 and figures["positive_patients"] == 2
    assert figures["dsc_per_patient"]["value"] > 0.5
    assert figures["agreement"]["lv_volume"]["patients"] == 4 and figures["agreement"]["mass"]["sd"] > 0
    assert (tmp_path / "agreement.png").read_bytes().startswith(b"\x89PNG")


@pytest.mark.skipif(sys.platform == "win32", reason="two CPU processes have not been tried on Windows")
def test_two_processes_train_together_and_one_writes(manifest, tmp_path):
    command = [sys.executable, "-m", "DCMMultiTaskLib", "train", "--data", str(manifest), "-o", str(tmp_path), *TINY]
    done = subprocess.run(
        [*command, "--devices", "2"], cwd=ROOT, capture_output=True, encoding="utf-8", timeout=300, check=False
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.count("Written: ") == 1
    assert "Starting with 2 processes" in done.stderr + done.stdout
    assert not re.search("Tip:|https?:", done.stderr + done.stdout)  # Lightning advertises its makers' services
    assert load_package(tmp_path / "model.dcmmodel").results["validation"]["patients"] == 2


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        (["--fold", "x"], "--fold is a number or none"),
        (["--fold", "7", "--folds", "2"], "no fold 7 of 2"),
        (["--epochs", "0"], "epochs"),
        (["--resume"], "no checkpoint to resume from"),
        (["--network", "resnet50"], "draws no mask"),
        (["--network", "nonet"], "There is no network 'nonet'"),
        (["--network", "unet", "--preset", "luo2020"], "--preset is for the multi-task network"),
        (["--batch-size", "1000"], "--batch-size 1000 is more than"),
        (["--learning-rate", "nan"], "learning_rate must be more than 0, got nan"),
        (["--precision", "foo"], "Precision 'foo' is invalid"),
        (["--workers", "-1"], "--workers is at least 0"),
        (["--width", "0"], "width and bottleneck must be positive"),
        (["--folds", "1"], "fold"),
        (["--augment", "scar=nan"], "scar is at least 0"),
        (["--name", "../elsewhere"], "no name for a file"),
        (["--resume", "--overwrite"], "not both"),
    ],
)
def test_bad_choices_are_one_sentence(manifest, tmp_path, capsys, arguments, reason):
    common = ["--accelerator", "cpu", "--folds", "2"]
    assert main(["train", "--data", str(manifest), "-o", str(tmp_path / "run"), *common, *arguments]) == 2
    error = capsys.readouterr().err
    assert reason in error and error.count("\n") == 1
    assert not (tmp_path / "run").exists()


@pytest.mark.parametrize("there", ["mine.dcmmodel", "checkpoints/last.ckpt", "patients.csv"])
def test_what_another_training_left_is_not_written_over(manifest, tmp_path, capsys, there):
    (tmp_path / there).parent.mkdir(exist_ok=True)
    (tmp_path / there).write_text("kept", encoding="utf-8")
    assert main(["train", "--data", str(manifest), "-o", str(tmp_path), "--name", "mine", *TINY]) == 2
    assert "is there already: --resume goes on with that training, --overwrite" in capsys.readouterr().err
    assert (tmp_path / there).read_text(encoding="utf-8") == "kept"


@pytest.mark.parametrize("arguments", [["--mask-offset", "nan", "0"], ["--logit-spread", "inf"]])
def test_nan_and_inf_are_no_numbers(manifest, tmp_path, capsys, arguments):
    with pytest.raises(SystemExit, match="2"):
        main(["train", "--data", str(manifest), "-o", str(tmp_path / "run"), *arguments])
    assert "invalid finite value" in capsys.readouterr().err


def test_two_phantoms_are_enough_to_try_a_training(tmp_path, capsys):
    pair = write_phantoms(tmp_path / "phantoms", count=2, slices=2)
    # All goes as by default up to the first step.
    assert main(["train", "--data", str(pair), "-o", str(tmp_path / "run"), "--batch-size", "99"]) == 2
    said = capsys.readouterr()
    assert "Too few patients to hold any out: this is a trial of 40 passes" in said.out
    assert "Training on 2 patients, none held out; 40 passes over their slices." in said.out
    assert "--batch-size 99 is more than there is to learn from at a time: 40 slices, counting 10 passes." in said.err


def test_evaluate_does_not_write_over_the_manifest(manifest, tmp_path, capsys):
    own = tmp_path / "patients.csv"
    shutil.copy(manifest, own)
    assert main(["evaluate", "--data", str(own), "-o", str(tmp_path)]) == 2
    assert "would be written over" in capsys.readouterr().err and own.read_bytes() == manifest.read_bytes()
