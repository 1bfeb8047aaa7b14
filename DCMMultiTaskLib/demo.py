"""`make demo`: the whole way once, from an image to pictures that a person can look at."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from DCMMultiTaskLib.errors import InputError, exit_code
from DCMMultiTaskLib.imaging.study import Study
from DCMMultiTaskLib.inference.result import Result

OUTPUT = Path("out") / "demo"
SUNNYBROOK_PATIENT = "SC-HF-I-04"
SAMPLE = Path(__file__).resolve().parents[1] / "Resources" / "SampleData" / "DCMPhantom.seq.nrrd"


@dataclass(frozen=True)
class DemoInput:
    """What the demo runs on.

    Attributes:
        description: Says what it is and why it was chosen.
        study: What to predict.
    """

    description: str
    study: Study


def choose_input(environment: dict[str, str], project: Path) -> DemoInput:
    """The study of `DEMO_INPUT`; else one of the Sunnybrook data where they are; else the phantom that comes along.

    Args:
        environment: `DEMO_INPUT` names a file or DICOM folder, `DCM_DATA` the folder of the Sunnybrook data.
        project: Root of the checkout; `shared/data/sunnybrook` beside it is looked at too.
    """
    from DCMMultiTaskLib.imaging.reading import read_study

    if environment.get("DEMO_INPUT"):
        study = read_study(Path(environment["DEMO_INPUT"]))
        return DemoInput(f"{study.name}, from DEMO_INPUT", study)
    folders = [Path(environment["DCM_DATA"])] if environment.get("DCM_DATA") else []
    for folder in [*folders, project.parent / "shared" / "data" / "sunnybrook"]:
        for dicom in (folder / "dicom", folder / "sunnybrook" / "dicom"):
            if (dicom / SUNNYBROOK_PATIENT).is_dir():
                study = read_study(dicom / SUNNYBROOK_PATIENT)
                return DemoInput(f"patient {SUNNYBROOK_PATIENT} of the Sunnybrook Cardiac Data, as DICOM", study)
    study = read_study(SAMPLE)
    return DemoInput("a phantom: a synthetic cine that beats, its apex lost in noise; not a patient", study)


def draw_pictures(result: Result, folder: Path, name: str, say: Callable[[str], None]) -> list[Path]:
    """Contact sheet, charts, activation maps and 3D view, as far as the result and this machine allow."""
    from DCMMultiTaskLib.report.bulls_eye import bulls_eye_chart
    from DCMMultiTaskLib.report.chart import probability_chart
    from DCMMultiTaskLib.report.contact_sheet import contact_sheet
    from DCMMultiTaskLib.report.curve import volume_curve
    from DCMMultiTaskLib.scene.view_3d import view_3d

    files = [
        contact_sheet(result).save(folder / f"{name}_slices.png"),
        probability_chart(result).save(folder / f"{name}_chart.png"),
    ]
    if np.isfinite(list(result.wall_segments.mean_mm.values())).any():
        files.append(bulls_eye_chart(result).save(folder / f"{name}_segments.png"))
    if result.heart_beat:
        files.append(volume_curve(result).save(folder / f"{name}_curve.png"))
    if result.activation is not None:
        files.append(contact_sheet(result, activation=True).save(folder / f"{name}_activation.png"))
    if result.mask.any():
        try:
            files.append(view_3d(result, folder / f"{name}_3d.png"))
        except InputError as error:
            say(f"No 3D picture: {error}")
    return files


def run(
    chosen: DemoInput, *, output: Path = OUTPUT, model: Path | None = None, say: Callable[[str], None] = print
) -> Result:
    """Predict, print the table, and write files, scene and pictures.

    Args:
        chosen: What to run on.
        output: Folder for everything that is written.
        model: Model package; the shipped one if None.
        say: Prints a line.

    Returns:
        The result. Where this machine has no OpenGL the 3D picture is missing, which is said.

    Raises:
        InputError: The study or the model cannot be used.
    """
    from DCMMultiTaskLib.commands.progress import ProgressBar
    from DCMMultiTaskLib.inference.files import file_name, write_result
    from DCMMultiTaskLib.inference.package import load_package, shipped_model
    from DCMMultiTaskLib.inference.predictor import Predictor
    from DCMMultiTaskLib.inference.text import describe_result
    from DCMMultiTaskLib.scene.views import write_bundle

    began = time.perf_counter()
    say(f"Input: {chosen.description}")
    predictor = Predictor(load_package(model or shipped_model()))
    with ProgressBar(chosen.study.name) as bar:
        result = predictor.predict(chosen.study, activation=True, progress=bar)
    say("")
    say(describe_result(result))
    say("")
    if result.name in predictor.package.training.get("patients", ()):
        say("The model learned from this patient: a good mask here says nothing about new ones.")
        say("")
    name = file_name(result.name)
    files = list(write_result(result, output, cam=True).values())
    files.append(write_bundle(result, output / f"{name}.mrb"))
    pictures = draw_pictures(result, output, name, say)
    say("Written:")
    for file in [*pictures, *files]:
        say(f"  {file}")
    look = f"Look at {pictures[0].resolve()}, and open {(output / name).resolve()}.mrb in 3D Slicer."
    say(f"Done in {time.perf_counter() - began:.0f} s. {look}")
    return result


def main() -> int:
    """Run with what the environment names."""
    project = Path(__file__).resolve().parents[1]

    def demo() -> None:
        run(choose_input(dict(os.environ), project))

    return exit_code(demo, "demo")


if __name__ == "__main__":
    raise SystemExit(main())
