r"""Self-training: studies that nobody has drawn in, with the masks that models draw, to learn from beside an expert's.

    python -m DCMMultiTaskLib.experiments.self_labelled STUDY... --models A.dcmmodel B.dcmmodel --dcm 0 -o DIR
    dcm-multitask train ... --also DIR/manifest.csv --also-share 0.4

The models draw together (`contrasts.Together`), and what several networks agree on is nearer to the truth than what the
next one would make of it alone. Of a cine all phases are drawn in, and stacked to one volume of all slices in which a
heart was found. A study keeps its name, so that `train` leaves it out of a fold in which its patient is held out; the
models must not have learned from that patient either, if the fold is to be judged.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np

from DCMMultiTaskLib.errors import InputError, about, count, exit_code
from DCMMultiTaskLib.experiments.contrasts import together
from DCMMultiTaskLib.imaging.grid import choose_slice_axis
from DCMMultiTaskLib.imaging.reading import read_study
from DCMMultiTaskLib.imaging.segments import MYOCARDIUM
from DCMMultiTaskLib.imaging.study import Study
from DCMMultiTaskLib.imaging.volume import Volume, slices_first
from DCMMultiTaskLib.imaging.writing import write_volume
from DCMMultiTaskLib.inference.package import load_package
from DCMMultiTaskLib.inference.predictor import Predictor
from DCMMultiTaskLib.storage import write_table

MANIFEST = "manifest.csv"


def labelled(predictor: Predictor, study: Study) -> tuple[Volume, Volume]:
    """The slices of all phases in which a heart is found, one after the other, and their labels.

    Raises:
        InputError: No heart is found, or the study cannot be used.
    """
    result = predictor.predict(study)
    axis = 2 - result.slice_axis
    images, masks = [], []
    for number, labels in sorted(result.labels.items()):
        hearts = slices_first(labels == MYOCARDIUM.label, result.slice_axis).any(axis=(1, 2))
        images.append(np.compress(hearts, result.study.phases[number].array, axis=axis))
        masks.append(np.compress(hearts, labels, axis=axis))
    image, mask = (np.concatenate(stack, axis=axis) for stack in (images, masks))
    if not image.size:
        raise InputError(f"{study.name}: no heart is found in it.")
    place = study.geometry
    stacked = Volume.of(array=image, spacing=place.spacing, origin=place.origin, direction=place.direction)
    return stacked, stacked.with_array(mask)


def main() -> None:
    """The command line of this file."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("studies", type=Path, nargs="+", metavar="STUDY")
    parser.add_argument("--models", type=Path, nargs="+", required=True)
    parser.add_argument("--dcm", type=int, choices=(0, 1), required=True, help="the label of these patients")
    parser.add_argument("-o", "--output", type=Path, required=True)
    args = parser.parse_args()
    manifest = args.output / MANIFEST
    if manifest.exists():
        raise InputError(f"{args.output} holds another manifest; choose another folder.")
    predictor = together([load_package(model) for model in args.models])
    drawn: dict[str, tuple[Volume, Volume]] = {}
    for path in args.studies:
        study = read_study(path)
        if study.name in drawn:
            raise InputError(f"Two of the studies are called {study.name}.")
        with about(study.name):
            image, _ = drawn[study.name] = labelled(predictor, study)
        slices = image.geometry.size[choose_slice_axis(image.geometry)]
        print(f"{study.name}: {count(slices, 'slice')} of {count(len(study.phases), 'phase')}")
    rows = []
    for name, volumes in drawn.items():
        files = f"{name}.nrrd", f"{name}_mask.nrrd"
        for file, volume in zip(files, volumes, strict=True):
            write_volume(args.output / file, volume)
        rows.append((name, *files, args.dcm))
    write_table(manifest, ("patient", "image", "mask", "dcm"), rows)
    print(f"Written: {manifest}")


if __name__ == "__main__":
    raise SystemExit(exit_code(main))
