"""`predict`: one study in, its mask and table out."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from DCMMultiTaskLib.inference.predictor import Predictor
    from DCMMultiTaskLib.inference.result import Result

NAME = "predict"
HELP = "Segment the myocardium of one study and tell its DCM-like phenotype probability. Research use only."
USAGE = "INPUT -o DIR [options]"
SLICE_AXES = {"auto": None, "i": 0, "j": 1, "k": 2}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The command's arguments."""
    parser.add_argument(
        "input", metavar="INPUT", type=Path, help="NRRD, NIfTI, MetaImage or DICOM file, or DICOM folder"
    )
    parser.add_argument("-o", "--output", metavar="DIR", type=Path, required=True, help="folder for the results")
    add_model_arguments(parser)
    add_study_arguments(parser)


def add_model_arguments(parser: argparse.ArgumentParser) -> None:
    """Which model, and where it runs."""
    parser.add_argument(
        "--model", metavar="FILE", type=Path, help="model package (.dcmmodel); the shipped one if left out"
    )
    parser.add_argument("--device", default="auto", metavar="DEVICE", help="auto (default), cpu, cuda or mps")
    parser.add_argument("--batch-size", type=int, default=16, metavar="N", help="slices at a time (default 16)")
    parser.add_argument("--mixed-precision", action="store_true", help="half precision on a GPU")


def add_study_arguments(parser: argparse.ArgumentParser) -> None:
    """How a study is read, and what is written of it."""
    parser.add_argument(
        "--roi", metavar="R,A,S[,dR,dA,dS]", help="where the heart is: centre and, if wanted, edge lengths, mm (RAS)"
    )
    parser.add_argument("--phase", default="ed", metavar="ed|first|N", help="phase of a cine (default ed)")
    parser.add_argument("--slice-axis", choices=list(SLICE_AXES), default="auto", help="axis of the slices")
    parser.add_argument("--threshold", type=float, metavar="T", help="DCM probability from which the class is 1")
    parser.add_argument(
        "--keep-all-components", action="store_true", help="keep all pieces of the mask, not the largest"
    )
    parser.add_argument("--cam", action="store_true", help="also write the class activation map, NAME_cam.nrrd")
    parser.add_argument("--scene", action="store_true", help="also write a Slicer scene, NAME.mrb")


def make_predictor(args: argparse.Namespace) -> Predictor:
    """The model that the arguments name, on the device that they name."""
    from DCMMultiTaskLib.inference.package import load_package, shipped_model
    from DCMMultiTaskLib.inference.predictor import Predictor

    package = load_package(args.model or shipped_model())
    return Predictor(package, device=args.device, batch_size=args.batch_size, mixed_precision=args.mixed_precision)


def predict_study(predictor: Predictor, study: Path, args: argparse.Namespace) -> tuple[Result, list[Path]]:
    """One study from its file to its results' files, all of them or none."""
    from DCMMultiTaskLib.commands.progress import ProgressBar
    from DCMMultiTaskLib.imaging.reading import read_frames
    from DCMMultiTaskLib.imaging.roi import Roi
    from DCMMultiTaskLib.inference.files import file_name, staged, write_result

    phase = int(args.phase) if args.phase.isdigit() else args.phase
    roi = Roi.parse(args.roi) if args.roi else None
    with staged(args.output) as folder:
        frames = read_frames(study)
        with ProgressBar(frames[0].name) as bar:
            result = predictor.predict(
                frames,
                phase=phase,
                slice_axis=SLICE_AXES[args.slice_axis],
                roi=roi,
                threshold=args.threshold,
                largest_component=not args.keep_all_components,
                activation=args.cam,
                progress=bar,
            )
        files = list(write_result(result, folder, cam=args.cam).values())
        if args.scene:
            from DCMMultiTaskLib.scene.bundle import write_bundle

            files.append(write_bundle(result, folder / f"{file_name(result.volume.name)}.mrb"))
    return result, [args.output / file.name for file in files]


def run(args: argparse.Namespace) -> int:
    """Predict and print."""
    from DCMMultiTaskLib.inference.text import describe_result

    result, files = predict_study(make_predictor(args), args.input, args)
    print(describe_result(result))
    print("Written: " + ", ".join(str(file) for file in files))
    return 0
