"""A fold is trained once, without a look at the held-out patients, and goes on after a stop."""

import json
import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from DCMMultiTaskLib.errors import InputError
from DCMMultiTaskLib.experiments.cross_validation import FoldRun, read_record, run_all, run_fold
from DCMMultiTaskLib.experiments.plan import Plan, collect
from DCMMultiTaskLib.experiments.predictions import Predictions, grid_slices
from DCMMultiTaskLib.experiments.protocol import PAPER, Protocol
from DCMMultiTaskLib.experiments.scores import fold_scores
from DCMMultiTaskLib.imaging.phantom import write_phantoms
from DCMMultiTaskLib.learning.manifest import Patient, read_manifest
from DCMMultiTaskLib.learning.training import train_network

SMALL = Protocol(width=2, epochs=2, batch_size=4)


@pytest.fixture(scope="module")
def patients(tmp_path_factory: pytest.TempPathFactory) -> list[Patient]:
    return read_manifest(write_phantoms(tmp_path_factory.mktemp("phantoms"), count=4, seed=60, slices=3))


def plan(patients: list[Patient], folder: Path, protocol: Protocol = SMALL) -> Plan:
    return Plan(patients, folder, protocol, ("tables",), (), 2, "the command")


def paper_runs(plan: Plan) -> list[FoldRun]:
    return [run for run in plan.runs() if run.experiment.key == PAPER]


@pytest.fixture(scope="module")
def finished(patients, tmp_path_factory: pytest.TempPathFactory) -> Plan:
    made = plan(patients, tmp_path_factory.mktemp("out"))
    for run in paper_runs(made):
        run_fold(run, accelerator="cpu")
    return made


def test_the_held_out_patients_are_predicted_and_no_others(finished):
    for run in paper_runs(finished):
        predictions = Predictions.load(run.directory / "predictions.npz")
        assert list(dict.fromkeys(predictions.patient)) == [p.patient for p in run.test]
        assert not set(predictions.patient) & {p.patient for p in run.train}
        assert list(predictions.number) == [0, 1, 2] * len(run.test)
        scores = fold_scores(run, grid_slices(run.test))
        read_back = fold_scores(run, grid_slices(run.test))
        assert [s.patient for s in read_back] == list(predictions.patient)
        assert [s.dsc for s in read_back] == pytest.approx([s.dsc for s in scores], abs=1e-5)


def test_the_record_tells_how_it_was_made_and_no_checkpoint_stays(finished):
    for run in paper_runs(finished):
        record = read_record(run.directory)
        assert record is not None
        assert (record["command"], record["seed"], record["resumed"]) == ("the command", 0, False)
        assert record["multiply_adds"] > 1e5 and record["parameters"] > 1e5
        assert {path.name for path in run.directory.iterdir()} <= {"logs", "predictions.npz", "run.json", "slices.csv"}


def test_a_fold_is_done_for_its_own_settings_and_patients_alone(finished, patients):
    run = paper_runs(finished)[0]
    assert run.done
    assert not replace(run, train=run.train[:1]).done
    assert not replace(run, test=[replace(p, mask_offset=(1.0, 0.0)) for p in run.test]).done
    other = paper_runs(plan(patients, finished.directory, replace(SMALL, epochs=3)))[0]
    assert other.directory == run.directory and not other.done


def test_results_are_collected_fold_by_fold(finished, tmp_path):
    (result,) = collect(finished, "tables")
    assert [s.fold for s in result.scores] == [0] * 6 + [1] * 6
    half = replace(finished, directory=tmp_path)
    shutil.copytree(finished.directory / "runs" / PAPER / "fold-1", tmp_path / "runs" / PAPER / "fold-1")
    (part,) = collect(half, "tables")
    assert {s.fold for s in part.scores} == {1} and part.planned_folds == 2


def test_a_result_of_other_settings_is_refused(finished):
    with pytest.raises(InputError, match="other data or settings"):
        collect(replace(finished, protocol=replace(SMALL, seed=1)), "tables")


def test_a_training_that_was_stopped_goes_on_from_its_checkpoint(patients, tmp_path):
    protocol = Protocol(width=2, epochs=10, batch_size=4)
    run = paper_runs(plan(patients, tmp_path, protocol))[0]
    run.directory.mkdir(parents=True)
    (run.directory / "unfinished.json").write_text(json.dumps(run.identity()), encoding="utf-8")
    # What a stop after half of the passes leaves behind.
    half = replace(run.experiment.settings, epochs=5)
    train_network(run.train, [], run.directory, half, accelerator="cpu", progress=False)
    run_fold(run, accelerator="cpu")
    record = read_record(run.directory)
    assert record is not None and record["resumed"]
    metrics = (run.directory / "logs" / "version_1" / "metrics.csv").read_text(encoding="utf-8").splitlines()
    assert len(metrics) == 2, "the second start trained the second half alone"


def test_the_checkpoint_of_another_training_is_not_taken_up(patients, tmp_path):
    run = paper_runs(plan(patients, tmp_path))[0]
    run.directory.mkdir(parents=True)
    other = {**run.identity(), "fold": 1}
    (run.directory / "unfinished.json").write_text(json.dumps(other), encoding="utf-8")
    (run.directory / "checkpoints").mkdir()
    (run.directory / "checkpoints" / "last.ckpt").write_bytes(b"not ours")
    run_fold(run, accelerator="cpu")
    record = read_record(run.directory)
    assert record is not None and not record["resumed"]


def test_finished_folds_are_passed_over(finished):
    said: list[str] = []
    before = [(run.directory / "run.json").stat().st_mtime_ns for run in paper_runs(finished)]
    run_all(paper_runs(finished), say=said.append)
    assert said == ["2 trainings, 2 of them done before."]
    assert [(run.directory / "run.json").stat().st_mtime_ns for run in paper_runs(finished)] == before


def test_a_fold_that_fails_says_why_and_leaves_no_result(patients, tmp_path):
    run = paper_runs(plan(patients, tmp_path))[0]
    broken = replace(run, test=[replace(run.test[0], mask=tmp_path / "gone.nrrd")])
    with pytest.raises(InputError, match="gone"):
        run_all([broken], accelerator="cpu", say=lambda text: None)
    assert read_record(broken.directory) is None


def test_the_same_seed_gives_the_same_answers(finished, tmp_path):
    first = paper_runs(finished)[0]
    again = replace(first, directory=tmp_path / "again")
    run_fold(again, accelerator="cpu")
    one, two = (Predictions.load(run.directory / "predictions.npz") for run in (first, again))
    np.testing.assert_allclose(two.dcm_logit, one.dcm_logit, atol=1e-5)
