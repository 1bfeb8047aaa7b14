"""Training on phantoms: it learns, repeats itself, resumes, and leaves a package that can be loaded."""

import csv
import errno
import math
import shutil
from dataclasses import replace
from pathlib import Path
from typing import ClassVar

import pytest
import torch
from lightning.pytorch import Callback

from DCMMultiTaskLib.datasets.manifest import read_manifest
from DCMMultiTaskLib.errors import InputError
from DCMMultiTaskLib.learning.augmentation import NO_AUGMENTATION
from DCMMultiTaskLib.learning.settings import TrainingSettings, paper_settings, passes_at_a_time
from DCMMultiTaskLib.learning.slices import SliceDataset, collate
from DCMMultiTaskLib.learning.training import train_network
from DCMMultiTaskLib.networks.config import preset
from DCMMultiTaskLib.phantom import write_phantoms

TINY = TrainingSettings(network=preset("default", width=2), epochs=4, repeats=1, batch_size=4)
CPU = {"accelerator": "cpu", "progress": False}


class Killed(Exception):
    pass


class KillAfterTwoEpochs(Callback):
    def on_train_epoch_start(self, trainer, module):
        if trainer.current_epoch == 2:
            raise Killed


@pytest.fixture(scope="session")
def phantoms(tmp_path_factory):
    return read_manifest(write_phantoms(tmp_path_factory.mktemp("phantoms"), count=4, seed=5, slices=3))


def logged(directory, column, start=0):
    with (directory / "logs" / f"version_{start}" / "metrics.csv").open(newline="", encoding="utf-8") as stream:
        return [float(row[column]) for row in csv.DictReader(stream) if row[column]]


def test_slices_carry_truth_spacing_and_label(phantoms):
    data = SliceDataset(phantoms, repeats=3)
    assert len(data) == 3 * 4 * 3
    first = data[0]
    assert first.image.shape == first.mask.shape
    assert set(first.mask.ravel()) == {0, 1}
    assert min(first.pixel_mm) >= 1 and max(first.pixel_mm) < 2
    batch = collate([data[i] for i in range(12)])
    assert batch.dcm.tolist() == [float(p.dcm) for p in phantoms for _ in range(3)]
    rows, columns = torch.nonzero(batch.mask[0, 0], as_tuple=True)
    assert batch.centre[0].tolist() == pytest.approx(
        [rows.float().mean().item(), columns.float().mean().item()], abs=0.1
    )


def test_other_patients_make_up_their_share_whatever_their_number(phantoms):
    data = SliceDataset(phantoms[:3], repeats=4, also=phantoms[3:], also_share=0.25)
    assert len(data) == 3 * 3 * 4 * 4 // 3
    others = [data[i] for i in range(3 * 3 * 4, len(data))]
    assert {s.patient for s in others} == {phantoms[3].patient}
    assert len({id(s) for s in others}) == 3
    assert len(SliceDataset(phantoms[:3], also=phantoms[3:])) == 4 * 3


def test_few_draws_of_other_slices_still_reach_all_their_studies(phantoms):
    data = SliceDataset(phantoms[:1], repeats=2, also=phantoms[1:], also_share=0.4)
    assert {data[i].patient for i in range(6, len(data))} == {p.patient for p in phantoms[1:]}


def test_the_loss_falls_and_the_same_seed_repeats_it(phantoms, tmp_path):
    settings = replace(
        TINY, epochs=24, learning_rate=1e-2, network=preset("default", width=4), augmentation=NO_AUGMENTATION
    )
    first, _ = train_network(phantoms, [], tmp_path / "a", settings, **CPU)
    again, _ = train_network(phantoms, [], tmp_path / "b", settings, **CPU)
    losses = logged(tmp_path / "a", "loss")
    assert losses[-1] < 0.9 * losses[0]
    assert losses == logged(tmp_path / "b", "loss")
    for one, other in zip(first.parameters(), again.parameters(), strict=True):
        assert torch.equal(one, other)


def test_a_killed_run_resumes_where_it_was(phantoms, tmp_path):
    with pytest.raises(Killed):
        train_network(phantoms, [], tmp_path, TINY, callbacks=[KillAfterTwoEpochs()], **CPU)
    train_network(phantoms, [], tmp_path, TINY, resume=True, **CPU)
    assert logged(tmp_path, "epoch") == [0, 1]
    assert logged(tmp_path, "epoch", start=1) == [2, 3]
    # The rate goes on along its one cycle: it would start over, low, if the optimiser's state had been lost.
    assert logged(tmp_path, "step", start=1)[0] > logged(tmp_path, "step")[-1]


@pytest.fixture(scope="module")
def finished(phantoms, tmp_path_factory):
    """A finished training with a patient held out: its network and its folder."""
    folder = tmp_path_factory.mktemp("finished")
    return train_network(phantoms[:3], phantoms[3:], folder, TINY, **CPU)[0], folder


def test_resuming_a_finished_run_gives_its_weights_again(finished, phantoms, tmp_path):
    first, folder = finished
    shutil.copytree(folder, tmp_path / "copy")
    again, _ = train_network(phantoms[:3], phantoms[3:], tmp_path / "copy", TINY, resume=True, **CPU)
    for one, other in zip(first.parameters(), again.parameters(), strict=True):
        assert torch.equal(one, other)


def test_a_finished_run_goes_on_with_more_passes_also_in_another_folder(finished, phantoms, tmp_path):
    copy = tmp_path / "copy"
    shutil.copytree(finished[1], copy)
    (finished[1] / "checkpoints" / "best.ckpt").rename(finished[1] / "checkpoints" / "away.ckpt")
    try:
        _, metrics = train_network(
            phantoms[:3], phantoms[3:], copy, replace(TINY, epochs=6), resume=True, callbacks=[Rates()], **CPU
        )
    finally:
        (finished[1] / "checkpoints" / "away.ckpt").rename(finished[1] / "checkpoints" / "best.ckpt")
    assert logged(copy, "epoch", start=1)[-1] == 5 and len(logged(copy, "val_dsc", start=1)) == 2
    # What was found before counts, and the rate is where a cycle of six passes has it, not at the end of one of four.
    assert metrics["best_val_dsc"] == pytest.approx(max(logged(copy, "val_dsc") + logged(copy, "val_dsc", start=1)))
    assert max(Rates.seen) > 1e-4


class Rates(Callback):
    seen: ClassVar[list[float]] = []

    def on_train_batch_start(self, trainer, module, batch, index):
        self.seen.append(trainer.optimizers[0].param_groups[0]["lr"])


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"settings": replace(TINY, network=preset("default", width=4))}, "width 2, now 4"),
        ({"settings": replace(TINY, alpha=2.0)}, "alpha 100.0, now 2.0"),
        ({"settings": replace(TINY, epochs=2)}, "4 passes done"),
        ({"train": 2}, "other patients or files to learn from"),
        ({"cut": 1000}, "damaged, not complete"),
        ({"cut": 0}, "damaged, not complete"),
    ],
)
def test_only_the_same_training_is_gone_on_with(finished, phantoms, tmp_path, changes, reason):
    copy = tmp_path / "copy"
    shutil.copytree(finished[1], copy)
    last = copy / "checkpoints" / "last.ckpt"
    if "cut" in changes:
        last.write_bytes(last.read_bytes()[: changes["cut"]])
    before = {path: path.read_bytes() for path in copy.rglob("*") if path.is_file()}
    train = phantoms[: changes.get("train", 3)]
    with pytest.raises(InputError, match=reason):
        train_network(train, phantoms[3:], copy, changes.get("settings", TINY), resume=True, **CPU)
    assert {path: path.read_bytes() for path in copy.rglob("*") if path.is_file()} == before


@pytest.mark.parametrize(
    ("settings", "options", "reason"),
    [
        (replace(TINY, batch_size=1000), {}, "--batch-size 1000 is more than .* 12 slices, counting 1 pass"),
        (TINY, {"precision": "foo"}, "Precision 'foo' is invalid"),
        (TINY, {"strategy": "foo"}, "strategy"),
        (TINY, {"devices": 0}, "devices"),
        (TINY, {"nodes": 0}, "nodes"),
        (TINY, {"workers": -1}, "--workers is at least 0, not -1"),
    ],
)
def test_what_cannot_be_trained_with_is_said_before_anything_is_written(phantoms, tmp_path, settings, options, reason):
    with pytest.raises(InputError, match=reason):
        train_network(phantoms, [], tmp_path / "run", settings, **{**CPU, **options})
    assert not (tmp_path / "run").exists()


@pytest.mark.skipif(torch.cuda.is_available(), reason="there is a GPU")
def test_a_gpu_that_is_not_there_is_said_before_anything_is_written(phantoms, tmp_path):
    with pytest.raises(InputError, match="gpu"):
        train_network(phantoms, [], tmp_path / "run", TINY, accelerator="gpu", progress=False)
    assert not (tmp_path / "run").exists()


def test_a_full_disk_is_one_sentence_and_leaves_nothing_but_a_whole_checkpoint(phantoms, tmp_path, monkeypatch):
    write, left = Path.write_bytes, [0]

    def full(path, content):
        if path.suffix == ".ckpt" and left[0] == 0:
            write(path, bytes(content)[:100])
            raise OSError(errno.ENOSPC, "No space left on device")
        left[0] -= 1
        return write(path, content)

    monkeypatch.setattr(Path, "write_bytes", full)
    with pytest.raises(InputError, match="No space left on device"):
        train_network(phantoms[:3], phantoms[3:], tmp_path / "new" / "run", TINY, **CPU)
    assert list(tmp_path.iterdir()) == []
    left[0] = 2  # the best and the last checkpoint of the first epoch
    with pytest.raises(InputError, match="No space left on device"):
        train_network(phantoms[:3], phantoms[3:], tmp_path / "run", TINY, **CPU)
    assert {path.name for path in (tmp_path / "run" / "checkpoints").iterdir()} == {"best.ckpt", "last.ckpt"}
    monkeypatch.undo()
    train_network(phantoms[:3], phantoms[3:], tmp_path / "run", TINY, resume=True, **CPU)
    assert logged(tmp_path / "run", "epoch", start=1)[0] == 1


def test_weights_that_grow_without_bounds_are_no_network(phantoms, tmp_path):
    settings = replace(TINY, epochs=2, learning_rate=1e30, average=0.0)
    with pytest.raises(InputError, match="smaller --learning-rate"):
        train_network(phantoms, [], tmp_path, settings, **CPU)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        *(("learning_rate", math.nan), ("learning_rate", 0.0), ("alpha", -1.0), ("alpha", math.inf), ("seed", -1)),
        *(("patience", -1), ("epochs", 0), ("average", 1.0), ("also_share", math.nan)),
    ],
)
def test_settings_out_of_range_are_refused(name, value):
    with pytest.raises(ValueError, match=f"{name} must be"):
        replace(TINY, **{name: value})


@pytest.mark.parametrize(("epochs", "at_a_time"), [(400, 10), (30, 10), (25, 5), (7, 7), (11, 1), (1, 1)])
def test_as_many_passes_are_made_as_were_asked_for(epochs, at_a_time):
    assert passes_at_a_time(epochs, 10) == at_a_time


def test_validation_is_watched_and_the_best_weights_come_back(phantoms, tmp_path):
    network, metrics = train_network(phantoms[:3], phantoms[3:], tmp_path, TINY, **CPU)
    scores = logged(tmp_path, "val_dsc")
    assert len(scores) == 4
    assert metrics["best_val_dsc"] == pytest.approx(max(scores), abs=1e-4)
    assert not network.training


def test_stops_early_when_validation_does_not_improve(phantoms, tmp_path):
    settings = replace(TINY, epochs=30, learning_rate=1e-12, average=0.0, patience=2)
    train_network(phantoms[:3], phantoms[3:], tmp_path, settings, **CPU)
    assert len(logged(tmp_path, "val_dsc")) == 3


def test_the_papers_recipe_is_what_it_prints():
    settings = paper_settings()
    assert (settings.network.name, settings.optimiser, settings.learning_rate) == ("luo2020", "adam", 1e-4)
    assert (settings.epochs, settings.alpha) == (40, 3.0)


def test_nothing_to_resume_from(phantoms, tmp_path):
    with pytest.raises(InputError, match="no checkpoint to resume from"):
        train_network(phantoms, [], tmp_path, TINY, resume=True, **CPU)
