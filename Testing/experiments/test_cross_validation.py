"""A fold is trained once, without a look at the held-out patients, and goes on after a stop."""

import json
import shutil
import zipfile
from dataclasses import asdict, replace
from pathlib import Path

import numpy as np
import pytest
from torch import nn

from DCMMultiTaskLib.datasets.manifest import Patient, read_manifest
from DCMMultiTaskLib.errors import InputError
from DCMMultiTaskLib.experiments.cross_validation import FoldRun, read_record, run_all, run_fold
from DCMMultiTaskLib.experiments.plan import Plan, collect
from DCMMultiTaskLib.experiments.predictions import Predictions, grid_slices, predict_slices
from DCMMultiTaskLib.experiments.protocol import OURS, OURS_AT_OWN_ALPHA, PAPER, Protocol
from DCMMultiTaskLib.experiments.scores import fold_scores, truth_table
from DCMMultiTaskLib.learning.settings import TrainingSettings
from DCMMultiTaskLib.learning.training import train_network
from DCMMultiTaskLib.networks.output import NetworkOutput
from DCMMultiTaskLib.networks.registry import NETWORKS, Entry
from DCMMultiTaskLib.phantom import write_phantoms

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


def test_a_setting_that_came_later_and_is_off_leaves_a_finished_fold_done(finished, tmp_path):
    run = paper_runs(finished)[0]
    copy = replace(run, directory=tmp_path / "copy")
    shutil.copytree(run.directory, copy.directory)
    record = json.loads((copy.directory / "run.json").read_text(encoding="utf-8"))
    assert record["settings"]["augmentation"].pop("systole") == 0
    (copy.directory / "run.json").write_text(json.dumps(record), encoding="utf-8")
    assert copy.done
    del record["settings"]["batch_size"]
    (copy.directory / "run.json").write_text(json.dumps(record), encoding="utf-8")
    assert not copy.done


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


def test_a_training_whose_identity_is_damaged_starts_anew(patients, tmp_path):
    run = paper_runs(plan(patients, tmp_path))[0]
    (run.directory / "checkpoints").mkdir(parents=True)
    (run.directory / "unfinished.json").write_text('{"fold": ', encoding="utf-8")
    with zipfile.ZipFile(run.directory / "checkpoints" / "last.ckpt", "w") as checkpoint:
        checkpoint.writestr("data", "ours")
    run_fold(run, accelerator="cpu")
    record = read_record(run.directory)
    assert record is not None and not record["resumed"]


def test_a_damaged_record_is_named(finished, tmp_path):
    run = replace(paper_runs(finished)[0], directory=tmp_path / "fold-0")
    shutil.copytree(paper_runs(finished)[0].directory, run.directory)
    (run.directory / "run.json").write_text('{"fold": ', encoding="utf-8")
    with pytest.raises(InputError, match=r"run\.json: the file is damaged"):
        run_all([run])


def test_finished_folds_are_passed_over(finished):
    said: list[str] = []
    before = [(run.directory / "run.json").stat().st_mtime_ns for run in paper_runs(finished)]
    run_all(paper_runs(finished), say=said.append)
    assert said == ["2 trainings, 2 of them done before."]
    assert [(run.directory / "run.json").stat().st_mtime_ns for run in paper_runs(finished)] == before


def test_a_fold_that_fails_says_why_and_leaves_no_result(finished, patients, tmp_path):
    run = paper_runs(plan(patients, tmp_path))[0]
    there = paper_runs(finished)[0]
    before = {path: path.read_bytes() for path in there.directory.iterdir() if path.is_file()}
    broken = replace(run, test=[replace(run.test[0], mask=tmp_path / "gone.nrrd")])
    with pytest.raises(InputError, match="gone"):
        run_all([there, broken], accelerator="cpu", say=lambda text: None)
    assert read_record(broken.directory) is None and not broken.done
    assert there.done and {path: path.read_bytes() for path in before} == before


def test_a_result_of_other_settings_is_not_written_over(finished, patients):
    other = paper_runs(plan(patients, finished.directory, replace(SMALL, epochs=3)))
    before = (other[0].directory / "run.json").read_bytes()
    with pytest.raises(InputError, match="other data or settings"):
        run_all(other, say=lambda text: None)
    assert (other[0].directory / "run.json").read_bytes() == before


def test_corrected_data_are_other_data(finished):
    run = paper_runs(finished)[0]
    assert run.done
    assert not replace(run, test=[replace(p, dcm=1 - p.dcm) for p in run.test]).done
    assert not replace(run, test=[replace(p, mask=p.image) for p in run.test]).done


@pytest.mark.parametrize("epochs", [2, 7, 40])
def test_as_many_passes_are_made_as_were_asked_for(epochs):
    settings = replace(SMALL, epochs=epochs).network(PAPER).settings
    assert settings.epochs % settings.repeats == 0


def test_a_network_that_is_named_twice_stands_in_the_tables_once():
    keys = [experiment.key for experiment in SMALL.tables(["unet", "fcn8s", "fcn8s"])]
    assert len(keys) == len(set(keys)) == 10


def test_ours_stands_in_the_tables_at_the_papers_loss_weight_and_at_its_own():
    alphas = {e.key: e.settings.alpha for e in SMALL.tables() if e.settings.network.name == OURS}
    assert alphas == {OURS: 3, OURS_AT_OWN_ALPHA: TrainingSettings().alpha}


def test_the_same_seed_gives_the_same_answers(finished, tmp_path):
    first = paper_runs(finished)[0]
    again = replace(first, directory=tmp_path / "again")
    run_fold(again, accelerator="cpu")
    one, two = (Predictions.load(run.directory / "predictions.npz") for run in (first, again))
    np.testing.assert_allclose(two.dcm_logit, one.dcm_logit, atol=1e-5)


def test_scores_stand_beside_the_truth_of_their_own_slice(finished):
    for run in paper_runs(finished):
        slices = grid_slices(run.test)
        scores, truth = fold_scores(run, slices), truth_table(run.test, slices)
        assert len(scores) == len(truth.cavity_mm2) == 6
        label_of = {p.patient: p.dcm for p in run.test}
        assert [s.dcm for s in scores] == [label_of[s.patient] for s in scores]
        assert [s.true_positive + s.false_negative for s in scores] == slices.mask.sum(axis=(1, 2)).tolist()
        assert {s.fold for s in scores} == {run.fold}


def test_the_last_weights_count_and_the_held_out_truth_is_not_looked_at(finished, tmp_path):
    run = paper_runs(finished)[0]
    network, _ = train_network(
        run.train, [], tmp_path / "alone", run.experiment.settings, accelerator="cpu", progress=False
    )
    alone = predict_slices(network, grid_slices(run.test))
    there = Predictions.load(run.directory / "predictions.npz")
    np.testing.assert_allclose(there.dcm_logit, alone.dcm_logit, atol=1e-5)
    np.testing.assert_allclose(there.mask_logits, alone.mask_logits, atol=2e-3)

    wrong = [replace(p, dcm=1 - p.dcm, mask_offset=(9.0, -9.0)) for p in run.test]
    other = replace(run, test=wrong, directory=tmp_path / "wrong truth")
    run_fold(other, accelerator="cpu")
    same = Predictions.load(other.directory / "predictions.npz")
    np.testing.assert_allclose(same.dcm_logit, there.dcm_logit, atol=1e-5)
    head = (run.directory / "logs" / "version_0" / "metrics.csv").read_text(encoding="utf-8").splitlines()[0]
    assert "loss" in head and "val" not in head


class Failing(nn.Module):
    """Draws a mask with one convolution; the power is cut in the fourth training step while the file `cut` is there."""

    cut: Path

    def __init__(self, config) -> None:
        super().__init__()
        self.convolution = nn.Conv2d(1, 1, 1)
        self.steps = 0

    def forward(self, image):
        self.steps += self.training
        if self.steps == 4 and self.cut.exists():
            raise RuntimeError("the power was cut")
        return NetworkOutput(self.convolution(image / 255), None, None)


def test_a_training_that_is_cut_off_goes_on_where_it_was(patients, tmp_path, monkeypatch):
    monkeypatch.setitem(NETWORKS, "failing", Entry(Failing, "Failing", tasks=("mask",), width=1))
    monkeypatch.setattr(Failing, "cut", tmp_path / "cut", raising=False)
    Failing.cut.touch()
    # Two patients of three slices, five passes an epoch: three steps in each of two epochs.
    protocol = Protocol(epochs=10, batch_size=10)
    run = FoldRun(protocol.network("failing"), 0, patients[:2], patients[2:], tmp_path / "fold-0")
    with pytest.raises(RuntimeError, match="the power was cut"):
        run_fold(run, accelerator="cpu")
    assert not run.done and (run.directory / "checkpoints" / "last.ckpt").is_file()
    Failing.cut.unlink()
    run_fold(run, accelerator="cpu")
    record = read_record(run.directory)
    assert run.done and record is not None and record["resumed"]
    metrics = (run.directory / "logs" / "version_1" / "metrics.csv").read_text(encoding="utf-8").splitlines()
    assert len(metrics) == 2, "the second start trained the second epoch alone"
    assert {path.name for path in run.directory.iterdir()} == {"logs", "predictions.npz", "run.json"}


def test_a_fold_is_not_done_without_its_answers_or_for_another_name_or_place(finished, tmp_path):
    run = paper_runs(finished)[0]
    assert not replace(run, fold=1).done
    assert not replace(run, test=run.test[::-1]).done
    assert not replace(run, experiment=replace(run.experiment, key="other")).done
    assert replace(run, experiment=replace(run.experiment, title="Other words"), command="another").done
    shutil.copytree(run.directory, tmp_path / "copy")
    copy = replace(run, directory=tmp_path / "copy")
    assert copy.done
    scores = fold_scores(copy, grid_slices(copy.test))
    (copy.directory / "predictions.npz").unlink()
    assert copy.done and fold_scores(copy, grid_slices(copy.test)) == scores, "the scores are what tables are made of"
    (copy.directory / "slices.csv").unlink()
    assert not copy.done and read_record(copy.directory) is None
    assert not replace(run, directory=tmp_path / "nothing").done


def test_every_training_is_planned_once_and_the_first_folds_come_first(patients, tmp_path):
    everything = Plan(patients, tmp_path, SMALL, folds=2)
    runs = everything.runs()
    assert len({run.directory for run in runs}) == len(runs)
    assert [run.fold for run in runs] == sorted(run.fold for run in runs)
    # The tables and Fig. 5 share the paper's network; the ablations have their own.
    places = [run.directory.relative_to(tmp_path).parts for run in runs if run.experiment.key == PAPER]
    assert places == [(folder, PAPER, f"fold-{fold}") for fold in (0, 1) for folder in ("runs", "ablation")]


def test_our_own_ablation_undoes_each_choice_that_ours_has_taken():
    ours, *undone = SMALL.own_ablation()
    printed, taken = SMALL.network(PAPER).settings.network, SMALL.network(OURS).settings.network
    assert ours.settings.network == taken and {e.settings.alpha for e in (ours, *undone)} == {100.0}
    fields = [f for f in asdict(taken) if f not in ("name", "width")]
    changed = {e.key: {f for f in fields if getattr(e.settings.network, f) != getattr(taken, f)} for e in undone}
    assert all(len(names) == 1 for names in changed.values())
    for experiment in undone:
        (name,) = changed[experiment.key]
        assert getattr(experiment.settings.network, name) == getattr(printed, name)
    assert set.union(*changed.values()) == {f for f in fields if getattr(printed, f) != getattr(taken, f)}


def test_the_ablation_looks_at_the_split_for_training_alone(patients, tmp_path):
    divided = [replace(p, split="train" if n < 3 else "online") for n, p in enumerate(patients)]
    assert Plan(divided, tmp_path, SMALL).tuning_patients == divided[:3]
    unnamed = [replace(p, split="") for p in patients]
    assert Plan(unnamed, tmp_path, SMALL).tuning_patients == unnamed
