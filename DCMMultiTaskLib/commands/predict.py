"""`predict`: studies in, mask and table of each out."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from DCMMultiTaskLib.errors import InputError

if TYPE_CHECKING:
    from DCMMultiTaskLib.batch.studies import StudyPath
    from DCMMultiTaskLib.inference.predictor import Predictor

HELP = "Segment the myocardium of a study and tell its DCM-like phenotype probability. Research use only."
USAGE = "INPUT [INPUT ...] -o DIR [options]"
_OF_ONE_PATIENT = ("height_cm", "weight_kg", "septum")
SLICE_AXES = {"auto": None, "i": 0, "j": 1, "k": 2}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The command's arguments."""
    parser.add_argument(
        "inputs",
        metavar="INPUT",
        type=Path,
        nargs="+",
        help="NRRD, NIfTI, MetaImage or DICOM file, DICOM folder, or a folder of these; several are done in turn",
    )
    parser.add_argument("-o", "--output", metavar="DIR", type=Path, required=True, help="folder for the results")
    add_model_arguments(parser)
    add_study_arguments(parser)
    parser.add_argument(
        "--series", metavar="NUMBER|DESCRIPTION", help="series of a DICOM folder; the likely short axis if left out"
    )
    parser.add_argument("--height-cm", type=float, metavar="CM", help="how tall the patient is, for the body surface")
    parser.add_argument("--weight-kg", type=float, metavar="KG", help="how heavy; the DICOM header's if left out")
    parser.add_argument(
        "--septum",
        metavar="R,A,S",
        help="where the anterior wall of the right ventricle meets the septum, mm (RAS); estimated if left out",
    )
    parser.add_argument(
        "--dry-run",
        action="store_true",
        help="show what would be read and what left out, and write no more than a --name-map",
    )


def add_model_arguments(parser: argparse.ArgumentParser) -> None:
    """Which model, and where it runs."""
    parser.add_argument(
        "--model", metavar="FILE", type=Path, help="model package (.dcmmodel); the shipped one if left out"
    )
    parser.add_argument("--device", default="auto", metavar="DEVICE", help="auto (default), cpu, cuda or mps")
    parser.add_argument("--batch-size", type=int, default=16, metavar="N", help="slices at a time (default 16)")
    parser.add_argument(
        "--mixed-precision", action="store_true", help="half precision on a GPU, and on a CPU that is faster with it"
    )


def add_study_arguments(parser: argparse.ArgumentParser, *, roi: bool = True) -> None:
    """How a study is read, and what is written of it."""
    if roi:
        parser.add_argument(
            "--roi",
            metavar="R,A,S[,dR,dA,dS]",
            help="where the heart is: centre and, if wanted, edge lengths, mm (RAS)",
        )
    parser.add_argument(
        "--phase",
        default="ed",
        metavar="ed|first|N",
        help="phase of a cine: end diastole (default), the first, or its index, counted from 0",
    )
    parser.add_argument("--slice-axis", choices=list(SLICE_AXES), default="auto", help="axis of the slices")
    parser.add_argument("--threshold", type=float, metavar="T", help="DCM probability from which the class is 1")
    parser.add_argument(
        "--keep-all-components", action="store_true", help="keep all pieces of the mask, not the largest"
    )
    parser.add_argument("--no-cavity", action="store_true", help="leave out the segment of the LV cavity")
    parser.add_argument(
        "--uncertainty",
        action="store_true",
        help="also look at mirrored, turned and recontrasted slices: intervals, and a map, NAME_uncertainty.nrrd",
    )
    parser.add_argument("--cam", action="store_true", help="also write the class activation map, NAME_cam.nrrd")
    parser.add_argument("--scene", action="store_true", help="also write a Slicer scene, NAME.mrb")
    parser.add_argument(
        "--dicom",
        action="store_true",
        help="also write DICOM segmentations and a structured report that refer to the images (needs highdicom)",
    )
    parser.add_argument(
        "--keep-identifiers",
        action="store_true",
        help="leave in names and messages what identifies the patient in DICOM headers; else pseudonyms stand for it",
    )
    parser.add_argument(
        "--name-map", metavar="FILE", type=Path, help="also note which study has which pseudonym, in a CSV of yours"
    )


def make_predictor(args: argparse.Namespace) -> Predictor:
    """The model that the arguments name, on the device that they name."""
    from DCMMultiTaskLib.inference.package import load_package, shipped_model
    from DCMMultiTaskLib.inference.predictor import Predictor

    package = load_package(args.model or shipped_model())
    return Predictor(package, device=args.device, batch_size=args.batch_size, mixed_precision=args.mixed_precision)


def study_options(args: argparse.Namespace) -> dict[str, Any]:
    """The arguments of `Predictor.predict`; whatever is wrong with them is said before a study is read."""
    from DCMMultiTaskLib.imaging.roi import Roi
    from DCMMultiTaskLib.inference.predictor import check_threshold

    if args.scene:
        from DCMMultiTaskLib.scene.embedded import boot

        boot()
    check_threshold(args.threshold)
    return {
        "phase": int(args.phase) if args.phase.isdecimal() else args.phase,
        "slice_axis": SLICE_AXES[args.slice_axis],
        "roi": Roi.parse(args.roi) if args.roi else None,
        "threshold": args.threshold,
        "largest_component": not args.keep_all_components,
        "activation": args.cam,
        "uncertainty": args.uncertainty,
    }


def patient_options(args: argparse.Namespace) -> dict[str, Any]:
    """The arguments of `Predictor.predict` that are about one patient."""
    from DCMMultiTaskLib.imaging.roi import parse_point
    from DCMMultiTaskLib.measurements.volumes import check_body

    check_body(args.height_cm, args.weight_kg)
    return {
        "height_cm": args.height_cm,
        "weight_kg": args.weight_kg,
        "septum_lps": parse_point(args.septum, "septum's point") if args.septum else None,
    }


def run(args: argparse.Namespace) -> int:
    """Predict and print; of several studies, one that fails does not stop the rest."""
    from DCMMultiTaskLib.batch.one_by_one import Failure, run_studies
    from DCMMultiTaskLib.batch.studies import find_studies, write_name_map

    studies = find_studies(args.inputs, say=print, keep_identifiers=args.keep_identifiers)
    own = [f"--{name.replace('_', '-')}" for name in _OF_ONE_PATIENT if getattr(args, name) is not None]
    if own and len(studies) > 1:
        raise InputError(f"{' and '.join(own)} can be given for one study at a time; these are {len(studies)}.")
    if args.name_map:
        called = (((study.place / study.name).as_posix(), study.path, study.study_uid) for study in studies)
        write_name_map(args.name_map, called, args.output)
    do = _show(args) if args.dry_run else _predict(args)

    def tell(failure: Failure) -> None:
        shown = failure.study.shown
        print(f"{shown}: failed: {failure.reason.removeprefix(f'{shown}: ')}", file=sys.stderr)

    if len(studies) == 1:
        do(studies[0])
        return 0
    failures = run_studies(studies, do, failed=tell)
    print(f"{len(studies) - len(failures)} of {len(studies)} studies {'can be read' if args.dry_run else 'done'}.")
    return 1 if failures else 0


def _predict(args: argparse.Namespace) -> Callable[[StudyPath], None]:
    from DCMMultiTaskLib.batch.one_by_one import predict_study
    from DCMMultiTaskLib.commands.progress import ProgressBar
    from DCMMultiTaskLib.export.dicom import need_highdicom
    from DCMMultiTaskLib.inference.text import describe_result

    options = study_options(args) | patient_options(args)
    written = {"scene": args.scene, "cavity": not args.no_cavity, "series": args.series, "dicom": args.dicom}
    written["keep_identifiers"] = args.keep_identifiers
    if args.dicom:
        need_highdicom()
    predictor = make_predictor(args)

    def do(study: StudyPath) -> None:
        with ProgressBar(study.name) as bar:
            result, files = predict_study(predictor, study, args.output, options, **written, progress=bar)
        print(describe_result(result))
        print("Written: " + ", ".join(str(file) for file in files))

    return do


def _show(args: argparse.Namespace) -> Callable[[StudyPath], None]:
    from DCMMultiTaskLib.imaging.reading import describe_study, read_study, refuse_label_map

    def do(study: StudyPath) -> None:
        read = read_study(study.path, series=args.series, name=study.name, keep_identifiers=args.keep_identifiers)
        refuse_label_map(read)
        print(describe_study(read))

    return do
