"""Training on phantoms: it learns, repeats itself, resumes, and leaves a package that can be loaded."""

import csv
from dataclasses import replace

import pytest
import torch
from lightning.pytorch import Callback

from DCMMultiTaskLib.datasets.manifest import read_manifest
from DCMMultiTaskLib.errors import InputError
from DCMMultiTaskLib.learning.augmentation import NO_AUGMENTATION
from DCMMultiTaskLib.learning.settings import TrainingSettings, paper_settings
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


def test_resuming_a_finished_run_gives_its_weights_again(phantoms, tmp_path):
    first, _ = train_network(phantoms, [], tmp_path, TINY, **CPU)
    again, _ = train_network(phantoms, [], tmp_path, TINY, resume=True, **CPU)
    for one, other in zip(first.parameters(), again.parameters(), strict=True):
        assert torch.equal(one, other)


def test_validation_is_watched_and_the_best_weights_come_back(phantoms, tmp_path):
    network, metrics = train_network(phantoms[:3], phantoms[3:], tmp_path, TINY, **CPU)
    scores = logged(tmp_path, "val_dsc")
    assert len(scores) == 4
    assert metrics["best_val_dsc"] == pytest.approx(max(scores), abs=1e-4)
    assert not network.training


def test_stops_early_when_validation_does_not_improve(phantoms, tmp_path):
    settings = replace(TINY, epochs=30, learning_rate=0.0, average=0.0, patience=2)
    train_network(phantoms[:3], phantoms[3:], tmp_path, settings, **CPU)
    assert len(logged(tmp_path, "val_dsc")) == 3


def test_the_papers_recipe_is_what_it_prints():
    settings = paper_settings()
    assert (settings.network.name, settings.optimiser, settings.learning_rate) == ("luo2020", "adam", 1e-4)
    assert (settings.epochs, settings.alpha) == (40, 3.0)


def test_nothing_to_resume_from(phantoms, tmp_path):
    with pytest.raises(InputError, match="no checkpoint to resume from"):
        train_network(phantoms, [], tmp_path, TINY, resume=True, **CPU)
