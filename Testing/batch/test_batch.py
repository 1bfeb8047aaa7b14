"""A batch: its folders and tables, what fails alone, and how it goes on."""

from __future__ import annotations

import csv
import json
import multiprocessing
import os
import threading
from pathlib import Path

import pytest
from batch.hospital import contents, heart, hospital
from imaging.hospital_files import make, save

from DCMMultiTaskLib.batch.discovery import FoundStudy, discover
from DCMMultiTaskLib.batch.options import BatchOptions, BatchReport, Outcome, StopBatch, StudyOptions
from DCMMultiTaskLib.batch.run import run_batch
from DCMMultiTaskLib.batch.work import Job, Worker
from DCMMultiTaskLib.batch.workers import in_processes
from DCMMultiTaskLib.errors import InputError
from DCMMultiTaskLib.imaging.reading import read_study
from DCMMultiTaskLib.inference.package import load_package
from DCMMultiTaskLib.inference.predictor import Predictor


def table(path: Path) -> list[dict[str, str]]:
    with path.open(newline="", encoding="utf-8") as stream:
        return list(csv.DictReader(stream))


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return hospital(tmp_path_factory.mktemp("hospital") / "in")


@pytest.fixture(scope="module")
def undisturbed(folder: Path, tiny_model: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, BatchReport]:
    output = tmp_path_factory.mktemp("results") / "out"
    return output, run_batch(BatchOptions(folder, output, model=tiny_model))


def test_the_tables_have_every_study_once(undisturbed: tuple[Path, BatchReport]) -> None:
    output, report = undisturbed
    done = [row["study"] for row in table(output / "results.csv")]
    assert done == sorted(done) and len(done) == 4 and {"one", "two"} < set(done)
    assert [row["reason"] for row in table(output / "failures.csv")] == [
        "broken.nrrd: the file is damaged or not complete."
    ]
    skipped = {row["input"]: row["reason"] for row in table(output / "skipped.csv")}
    assert skipped["long axis"].startswith("long axis by its name: cine_4ch: ")
    assert skipped["drawn.nrrd"] == "this is a label map (its values are 0, 1), not an image."
    assert any(reason.endswith("scout: 1 slice x 1 phase, localizer by its name") for reason in skipped.values())
    assert not report.stopped and len(report.outcomes) == report.studies == 7


def test_each_study_has_the_files_and_numbers_of_predict(
    undisturbed: tuple[Path, BatchReport], folder: Path, tiny_model: Path
) -> None:
    output, _ = undisturbed
    names = {"one.seg.nrrd", "one_batch.json", "one_risk.csv", "one_summary.json", "one_thumbnails.svg"}
    assert names <= {path.name for path in (output / "studies" / "one").iterdir()}
    assert "one" in (output / "report.html").read_text(encoding="utf-8")
    result = Predictor(load_package(tiny_model)).predict(read_study(folder / "ward" / "one.nrrd"))
    (row,) = [row for row in table(output / "results.csv") if row["study"] == "one"]
    assert float(row["dcm_probability"]) == pytest.approx(result.dcm_probability, abs=1e-6)
    assert float(row["myocardium_mass_g"]) == pytest.approx(result.measurements.myocardium_mass_g, abs=1e-3)
    assert row["input"] == "ward/one.nrrd"
    slices = [row for row in table(output / "slices.csv") if row["study"] == "one"]
    assert [row["quality"] for row in slices] == [row.quality for row in result.rows]


def test_going_on_keeps_what_is_done_and_redoes_the_rest(
    undisturbed: tuple[Path, BatchReport], folder: Path, tiny_model: Path, tmp_path: Path
) -> None:
    options = BatchOptions(folder, tmp_path / "out", model=tiny_model)
    with pytest.raises(RuntimeError, match="power failure"):
        run_batch(options, progress=interrupted)
    assert len(list((tmp_path / "out" / "studies").iterdir())) < 4
    resumed = run_batch(BatchOptions(folder, tmp_path / "out", model=tiny_model, resume=True))
    assert len(resumed.having("kept")) > 0 and len(resumed.having("done", "kept")) == 4
    assert contents(tmp_path / "out") == contents(undisturbed[0])
    again = run_batch(BatchOptions(folder, tmp_path / "out", model=tiny_model, resume=True))
    assert len(again.having("kept")) == 4
    assert contents(tmp_path / "out") == contents(undisturbed[0])


def interrupted(done: int, total: int, outcome: Outcome) -> None:
    if outcome.state == "done":
        raise RuntimeError("power failure")


def test_what_was_made_from_other_content_options_or_files_is_redone(tiny_model: Path, tmp_path: Path) -> None:
    study = heart(tmp_path / "in" / "a.nrrd", 60)
    heart(tmp_path / "in" / "b.nrrd", 61)
    output = tmp_path / "out"

    def states(**options: object) -> list[str]:
        report = run_batch(
            BatchOptions(study.parent, output, StudyOptions(**options), tiny_model, resume=True)  # type: ignore[arg-type]
        )
        return [outcome.state for outcome in report.outcomes]

    assert states() == ["done", "done"]
    assert states() == ["kept", "kept"]
    assert states(threshold=0.25) == ["done", "done"]
    heart(study, 62)
    assert states(threshold=0.25) == ["done", "kept"]
    (output / "studies" / "b" / "b.seg.nrrd").unlink()
    assert states(threshold=0.25) == ["kept", "done"]
    study.write_text("NRRD0004\n")
    assert states(threshold=0.25) == ["failed", "kept"]
    assert [path.name for path in (output / "studies").iterdir()] == ["b"]


def test_results_stay_where_their_study_cannot_be_read(tiny_model: Path, tmp_path: Path) -> None:
    study = heart(tmp_path / "in" / "a.nrrd", 60)
    archive = tmp_path / "in" / "archive"
    save(make(phases=1), archive)
    output = tmp_path / "out"
    run_batch(BatchOptions(study.parent, output, model=tiny_model))
    before = contents(output / "studies")
    found, _ = discover(study.parent)
    # A worker on a machine that has not mounted the input.
    job = Job(tmp_path / "away", output, tiny_model, load_package(tiny_model).sha256, "cpu", 16, StudyOptions())
    for one in found:
        assert isinstance(outcome := Worker(job).read(one), Outcome) and outcome.state == "failed"
        assert Worker(job).lost(one, "It ended.").state == "failed"
    assert len(found) == 2 and contents(output / "studies") == before


def test_a_process_that_ends_after_its_results_were_written_has_done_its_study(
    tiny_model: Path, tmp_path: Path
) -> None:
    study, output = heart(tmp_path / "in" / "a.nrrd", 60), tmp_path / "out"
    run_batch(BatchOptions(study.parent, output, model=tiny_model))
    (found,), _ = discover(study.parent)
    job = Job(study.parent, output, tiny_model, load_package(tiny_model).sha256, "cpu", 16, StudyOptions())
    assert Worker(job).lost(found, "It ended.").state == "done"
    heart(study, 61)
    assert Worker(job).lost(found, "It ended.").reason == "It ended."
    assert list((output / "studies").iterdir()) == []


def test_a_folder_with_results_is_not_written_into_unless_asked(
    undisturbed: tuple[Path, BatchReport], folder: Path, tiny_model: Path
) -> None:
    before = contents(undisturbed[0])
    with pytest.raises(InputError, match="--resume goes on"):
        run_batch(BatchOptions(folder, undisturbed[0], model=tiny_model))
    assert contents(undisturbed[0]) == before


def test_a_second_batch_in_one_folder_is_refused(tiny_model: Path, tmp_path: Path) -> None:
    heart(tmp_path / "in" / "a.nrrd")
    options = BatchOptions(tmp_path / "in", tmp_path / "out", model=tiny_model, resume=True)
    refused = []

    def second(done: int, total: int, outcome: Outcome) -> None:
        with pytest.raises(InputError, match="another batch is at work in this folder") as error:
            run_batch(options)
        refused.append(error)

    assert run_batch(options, progress=second).having("done") and len(refused) == 1


def test_a_stop_finishes_what_is_in_work_and_writes_the_tables(
    undisturbed: tuple[Path, BatchReport], folder: Path, tiny_model: Path, tmp_path: Path
) -> None:
    seen: list[Outcome] = []
    report = run_batch(
        BatchOptions(folder, tmp_path, model=tiny_model),
        progress=lambda done, total, outcome: seen.append(outcome),
        cancelled=lambda: any(outcome.state == "done" for outcome in seen),
    )
    assert report.stopped
    rows = table(tmp_path / "results.csv")
    assert [row["study"] for row in rows] == [outcome.study for outcome in report.having("done")]
    assert sorted(path.name for path in (tmp_path / "studies").iterdir()) == [row["study"] for row in rows]


def test_a_full_disk_stops_the_batch_with_one_sentence_and_loses_nothing(
    folder: Path, tiny_model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from DCMMultiTaskLib.inference import files

    written = []
    write_risk = files.write_risk

    def full(path: Path, *args: object, **options: object) -> None:
        written.append(path)
        if len(written) == 2:
            raise OSError(28, "No space left on device")
        write_risk(path, *args, **options)  # type: ignore[arg-type]

    monkeypatch.setattr(files, "write_risk", full)
    with pytest.raises(StopBatch, match=r"out cannot be written to: No space left on device\.$"):
        run_batch(BatchOptions(folder, tmp_path / "out", model=tiny_model))
    (done,) = (tmp_path / "out" / "studies").iterdir()
    assert json.loads((done / f"{done.name}_summary.json").read_text(encoding="utf-8"))["name"] == done.name
    monkeypatch.undo()
    report = run_batch(BatchOptions(folder, tmp_path / "out", model=tiny_model, resume=True))
    assert [outcome.study for outcome in report.having("kept")] == [done.name] and len(report.having("done")) == 3


def test_a_mistake_of_the_program_fails_its_study_alone(
    folder: Path, tiny_model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    predict = Predictor.predict

    def wrong(self: Predictor, study: object, **options: object) -> object:
        if study.name == "one":  # type: ignore[attr-defined]
            raise KeyError("secret")
        return predict(self, study, **options)  # type: ignore[arg-type]

    monkeypatch.setattr(Predictor, "predict", wrong)
    report = run_batch(BatchOptions(folder, tmp_path, model=tiny_model))
    reasons = {outcome.study: outcome.reason for outcome in report.having("failed")}
    assert reasons["one"].startswith("A mistake of the program: KeyError in test_batch.py:")
    assert len(report.having("done")) == 3


@pytest.mark.skipif(os.name == "nt", reason="Windows has no such pipes")
def test_a_second_stop_ends_the_processes_in_the_middle_of_their_work(tiny_model: Path, tmp_path: Path) -> None:
    pipes = [tmp_path / name for name in "abcd"]
    for pipe in pipes:
        os.mkfifo(pipe)  # reading one waits for a writer

    def stop() -> bool:
        if multiprocessing.active_children():
            raise KeyboardInterrupt
        return False

    job = Job(tmp_path, tmp_path / "out", tiny_model, "", "cpu", 16, StudyOptions())
    too_late = threading.Timer(60, lambda: [process.kill() for process in multiprocessing.active_children()])
    too_late.start()
    with pytest.raises(KeyboardInterrupt):
        list(in_processes([FoundStudy(pipe.name, pipe.name, (pipe.name,)) for pipe in pipes], job, stop, count=2))
    assert too_late.is_alive(), "the studies in work were waited for"
    too_late.cancel()


def test_two_processes_give_the_same_results_though_one_of_them_is_killed(
    undisturbed: tuple[Path, BatchReport], folder: Path, tiny_model: Path, tmp_path: Path
) -> None:
    seen: list[str] = []

    def kill_one(done: int, total: int, outcome: Outcome) -> None:
        if not seen:
            multiprocessing.active_children()[0].kill()
        seen.append(outcome.study)

    run_batch(BatchOptions(folder, tmp_path / "out", model=tiny_model, workers=2), progress=kill_one)
    found, expected = contents(tmp_path / "out"), contents(undisturbed[0])
    assert len(seen) == len(set(seen)) == 7
    assert set(found) == set(expected)
    same = [name for name in expected if name.endswith((".seg.nrrd", "_risk.csv", "failures.csv", "skipped.csv"))]
    assert {name: found[name] for name in same} == {name: expected[name] for name in same}
