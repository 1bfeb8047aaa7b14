"""Synthetic short-axis cardiac MR with its truth, for tests, the demo and augmentation."""

from __future__ import annotations

import gzip
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from DCMMultiTaskLib.errors import InputError
from DCMMultiTaskLib.imaging.volume import Volume
from DCMMultiTaskLib.imaging.writing import write_volume
from DCMMultiTaskLib.phantom.body import Body
from DCMMultiTaskLib.phantom.canvas import Canvas
from DCMMultiTaskLib.phantom.heart import draw_heart
from DCMMultiTaskLib.phantom.signal import draw_coil_shading, draw_sampling, draw_tissues
from DCMMultiTaskLib.storage import atomic_path, write_table

SAMPLE_SEED = 11
MATRICES = ((192, 256), (224, 256), (256, 256))


@dataclass(frozen=True, eq=False)
class PhantomStudy:
    """A synthetic study and what is true of it.

    Attributes:
        name: What the study is called.
        volume: The image, int16, shape `(slices, rows, columns)`; slices run from apex to base, as a DICOM reader
            sorts them.
        truth: uint8 on the same grid: 0, 1 left ventricular myocardium, 2 left ventricular cavity (with the
            papillary muscles, as experts contour it).
        dcm: 1 for a dilated heart, 0 for a normal one.
    """

    name: str
    volume: Volume
    truth: Volume
    dcm: int


def make_phantom(
    seed: int,
    *,
    dilated: bool | None = None,
    slices: int = 10,
    contrast: str = "lge",
    scar: str = "random",
    open_base: bool = False,
    matrix: tuple[int, int] | None = None,
) -> PhantomStudy:
    """A synthetic late gadolinium enhancement study with its truth; the same seed gives the same study.

    Args:
        seed: Number of the patient.
        dilated: Dilated, thin-walled and round, or normal heart; drawn if None.
        slices: How many short-axis slices; ten cover the left ventricle, more run past it, where the truth is empty.
        contrast: `lge`, `cine` (balanced steady state free precession), `random` (anywhere between) or `any` (each
            tissue as it comes).
        scar: `none`, `subendocardial`, `mid_wall`, `large` or `random`.
        open_base: The outflow tract opens the rings at the base.
        matrix: Rows and columns; drawn from the usual ones if None.

    Returns:
        The study, named `phantom-` and the seed.

    Raises:
        InputError: For a contrast or scar that does not exist, fewer than one slice or a negative seed.

    Example:
        >>> study = make_phantom(7, dilated=True)
        >>> study.volume.array.shape == study.truth.array.shape
        True
    """
    return _make(
        seed,
        contractions=[0.0],
        dilated=dilated,
        slices=slices,
        contrast=contrast,
        scar=scar,
        open_base=open_base,
        matrix=matrix,
    )[0]


def make_phantom_cine(
    seed: int,
    *,
    phases: int = 8,
    dilated: bool | None = None,
    slices: int = 10,
    contrast: str = "cine",
    scar: str = "none",
    matrix: tuple[int, int] | None = None,
) -> list[PhantomStudy]:
    """A synthetic cine: the same slices of a beating heart, end diastole first.

    Args:
        phases: How many phases cover the heart beat.
        seed, dilated, slices, contrast, scar, matrix: See `make_phantom`.

    Returns:
        A study per phase.
    """
    if phases < 1:
        raise InputError("A cine phantom needs at least one phase.")
    contractions = [float(np.sin(np.pi * (t / phases) ** 0.8)) ** 2 for t in range(phases)]
    return _make(
        seed, contractions=contractions, dilated=dilated, slices=slices, contrast=contrast, scar=scar, matrix=matrix
    )


def _make(
    seed: int,
    *,
    contractions: Sequence[float],
    dilated: bool | None,
    slices: int,
    contrast: str,
    scar: str,
    matrix: tuple[int, int] | None,
    open_base: bool = False,
) -> list[PhantomStudy]:
    if slices < 1:
        raise InputError("A phantom needs at least one slice.")
    if seed < 0:
        raise InputError("The phantom's seed must not be negative.")
    # A stream of its own for each part, so that an option changes nothing but what it names.
    streams = [np.random.default_rng([seed, part]) for part in range(5)]
    choices, heart_rng, body_rng, signal_rng, noise_rng = streams
    drawn_matrix = MATRICES[choices.integers(len(MATRICES))]
    drawn_dilated = bool(choices.integers(2))
    shape = drawn_matrix if matrix is None else matrix
    dilated = drawn_dilated if dilated is None else dilated

    heart = draw_heart(heart_rng, dilated=dilated, scar=scar, open_base=open_base)
    tissues = draw_tissues(signal_rng, contrast)
    sampling = draw_sampling(signal_rng)
    pixel = float(np.round(choices.uniform(1.2, 1.6), 4))
    gap = float(np.round(np.clip(0.84 * heart.length / max(slices - 1, 1), 8.0, 10.0), 2))
    thickness = 6.0
    origin = (float(choices.normal(-5.0, 9.0)), float(choices.normal(-18.0, 7.0)))
    angle = float(choices.normal(0.0, 0.1))
    direction, corner = _short_axis_grid(choices, shape, pixel, gap, slices, angle)
    levels = 0.455 + (np.arange(slices) - (slices - 1) / 2) * gap / heart.length + choices.normal(0.0, 0.01)
    breathing = choices.normal(0.0, 0.9, (slices, 2))

    body = Body(body_rng, shape, pixel, heart.cavity_radius + heart.wall)
    unshifted = Canvas(shape, pixel, origin=origin, angle=angle)
    shading = draw_coil_shading(signal_rng, unshifted.x, unshifted.y)
    images = np.zeros((len(contractions), slices, *shape), np.int16)
    truths = np.zeros(images.shape, np.uint8)
    for number, level in enumerate(levels.tolist()):
        shifted = (origin[0] + breathing[number, 0], origin[1] + breathing[number, 1])
        canvas = Canvas(shape, pixel, origin=shifted, angle=angle)
        body.paint(canvas, level, heart.outer_radius_at(level), tissues)
        around, factor = canvas.signal, body.mottle(level) * shading
        for phase, contraction in enumerate(contractions):
            canvas.signal = around.copy()
            truth = heart.beating(contraction).paint(canvas, level, 0.5 * thickness / heart.length, tissues)
            truths[phase, -1 - number] = truth
            images[phase, -1 - number] = sampling.acquire(canvas.signal * factor, noise_rng)
    studies = []
    for phase in range(len(contractions)):
        name = f"phantom-{seed:04d}" + (f"-phase-{phase:02d}" if len(contractions) > 1 else "")
        volume = Volume.of(images[phase], (pixel, pixel, gap), corner, direction)
        studies.append(PhantomStudy(name, volume, volume.with_array(truths[phase]), int(dilated)))
    return studies


def _short_axis_grid(
    rng: np.random.Generator, shape: tuple[int, int], pixel: float, gap: float, slices: int, angle: float
) -> tuple[np.ndarray, tuple[float, float, float]]:
    """Direction matrix and origin (LPS) of an oblique short-axis stack in which the anatomy is turned by `angle`."""
    to_base = -np.array([0.66, -0.55, -0.50]) + rng.normal(0.0, 0.08, 3)  # the apex points left, forward and down
    to_base /= np.linalg.norm(to_base)
    down = np.array([0.0, 0.0, -1.0])
    down -= to_base * (down @ to_base)
    down /= np.linalg.norm(down)
    across = np.cross(down, to_base)
    cosine, sine = np.cos(angle), np.sin(angle)
    direction = np.stack([cosine * across - sine * down, sine * across + cosine * down, to_base], axis=1)
    middle = np.array([45.0, -20.0, 10.0]) + rng.normal(0.0, 15.0, 3)
    extent = np.array([(shape[1] - 1) * pixel, (shape[0] - 1) * pixel, (slices - 1) * gap])
    corner = middle - direction @ (extent / 2)
    return direction, (float(corner[0]), float(corner[1]), float(corner[2]))


def write_phantoms(
    directory: Path,
    *,
    count: int,
    seed: int = 0,
    slices: int = 10,
    contrast: str = "lge",
    scar: str = "random",
    open_base: bool = False,
) -> Path:
    """Writes synthetic studies, every other one with a dilated heart, and their manifest.

    Args:
        directory: Where; made if it is not there. Gets `manifest.csv`, `images/` and `masks/`.
        count: How many studies.
        seed: Seed of the first; the others follow.
        slices, contrast, scar, open_base: See `make_phantom`.

    Raises:
        InputError: No study is asked for, or they cannot be written.

    Returns:
        The manifest: a row per study with `patient,group,dcm,slices,image,mask`, paths relative to it.
    """
    if count < 1:
        raise InputError("Ask for at least one phantom study.")
    rows = []
    for number in range(count):
        study = make_phantom(
            seed + number,
            dilated=number % 2 == 1,
            slices=slices,
            contrast=contrast,
            scar=scar,
            open_base=open_base,
        )
        patient = study.name
        image, mask = f"images/{patient}.nrrd", f"masks/{patient}.nrrd"
        write_volume(directory / image, study.volume)
        write_volume(directory / mask, study.truth)
        rows.append([patient, "dilated" if study.dcm else "normal", study.dcm, slices, image, mask])
    manifest = directory / "manifest.csv"
    write_table(manifest, ("patient", "group", "dcm", "slices", "image", "mask"), rows)
    return manifest


def write_sample(path: Path) -> Path:
    """Writes the sample study of the Slicer extension: a cine of a dilated heart that beats weakly.

    The slice at the apex shows noise alone, as when a patient breathed while it was acquired. Few grey levels keep the
    file small.

    Args:
        path: A volume sequence of Slicer, `.seq.nrrd`.
    """
    phases, levels = 6, 23
    moments = [0.6 * float(np.sin(np.pi * (t / phases) ** 0.8)) ** 2 for t in range(phases)]
    cine = _make(
        SAMPLE_SEED,
        contractions=moments,
        dilated=True,
        slices=12,
        contrast="cine",
        scar="none",
        matrix=(112, 112),
        open_base=True,
    )
    images = np.stack([phase.volume.array for phase in cine]).astype(np.float64)
    images *= levels / np.percentile(images, 99.8)
    images[:, 0] = np.random.default_rng(0).rayleigh(0.04 * levels, images[:, 0].shape)
    geometry = cine[0].volume.geometry
    steps = (geometry.direction * np.asarray(geometry.spacing)).T
    header = [
        "NRRD0004",
        "type: uchar",
        "dimension: 4",
        "space: left-posterior-superior",
        f"sizes: {' '.join(map(str, images.shape[::-1]))}",
        f"space directions: {' '.join(map(_vector, steps))} none",
        "kinds: domain domain domain list",
        'labels: "" "" "" "time"',
        'units: "" "" "" "ms"',
        "encoding: gzip",
        f"space origin: {_vector(geometry.origin)}",
        "DataNodeClassName:=vtkMRMLScalarVolumeNode",
        "axis 3 index type:=numeric",
        f"axis 3 index values:={' '.join(str(150 * t) for t in range(phases))}",
    ]
    voxels = np.clip(np.round(images), 0, levels).astype(np.uint8)
    content = "\n".join(header).encode() + b"\n\n" + gzip.compress(voxels.tobytes(), 9, mtime=0)
    with atomic_path(path) as temporary:
        temporary.write_bytes(content)
    return path


def _vector(numbers: Sequence[float] | np.ndarray) -> str:
    return f"({','.join(repr(float(number)) for number in numbers)})"
