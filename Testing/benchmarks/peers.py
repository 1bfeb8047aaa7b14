"""What is measured: our prediction and its peers, each as a user runs it, a study's file in and result files out.

The peers' weights are random, which costs the same time. Every `prepare_*` loads a program and gives the function that
does one study: `(study's .nii.gz, folder for results)`.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

OneStudy = Callable[[Path, Path], None]
BATCH = 16
WORK = Path("out/bench")


@dataclass(frozen=True)
class Program:
    """A program of the comparison: what tables call it, and how it is loaded on a device (`cpu`, `cuda`)."""

    title: str
    prepare: Callable[[str], OneStudy]


def prepare_ours(device: str, *, mixed_precision: bool = False) -> OneStudy:
    """The shipped model by the library's own way: first look, second look, measurements, table, segmentation."""
    from DCMMultiTaskLib.imaging.reading import read_study
    from DCMMultiTaskLib.inference.files import write_result
    from DCMMultiTaskLib.inference.package import load_package, shipped_model
    from DCMMultiTaskLib.inference.predictor import Predictor

    predictor = Predictor(load_package(shipped_model()), device=device, mixed_precision=mixed_precision)
    return lambda path, out: write_result(predictor.predict(read_study(path)), out) and None


def prepare_pair(device: str, *, mask: str, dcm: str) -> OneStudy:
    """A mask network and a class network of the paper's comparison, on the crop around the image's centre as there."""
    import numpy as np
    import torch

    from DCMMultiTaskLib.imaging.grid import SliceGrid, choose_slice_axis, normalise
    from DCMMultiTaskLib.imaging.reading import read_study
    from DCMMultiTaskLib.imaging.segments import SEGMENTS
    from DCMMultiTaskLib.imaging.writing import write_segmentation
    from DCMMultiTaskLib.networks.registry import NETWORKS, build

    networks = [build(name, NETWORKS[name].config(name)).eval().to(device) for name in (mask, dcm)]

    def one(path: Path, out: Path) -> None:
        volume = read_study(path).volume
        grid = SliceGrid.around(volume.geometry, slice_axis=choose_slice_axis(volume.geometry))
        images = normalise(grid.sample(volume.array))
        masks, classes = [], []
        with torch.inference_mode():
            for start in range(0, len(images), BATCH):
                batch = torch.from_numpy(images[start : start + BATCH]).to(device)
                masks.append(torch.sigmoid(networks[0](batch).mask_logits)[:, 0].cpu().numpy())
                classes.append(torch.sigmoid(networks[1](batch).dcm_logit).cpu().numpy())
        label = grid.to_source(np.concatenate(masks), threshold=0.5)
        write_segmentation(out / "mask.seg.nrrd", volume.with_array(label), segments=SEGMENTS[:1])
        (out / "dcm.json").write_text(json.dumps(np.concatenate(classes).tolist()))

    return one


def prepare_monai(device: str) -> OneStudy:
    """MONAI: its transforms, sliding windows of its BasicUNet over every slice, its ResNet-50 on the centre."""
    import torch
    from monai.inferers import SliceInferer
    from monai.networks.nets import BasicUNet, resnet50
    from monai.transforms import (
        CenterSpatialCrop,
        Compose,
        LoadImage,
        SaveImage,
        ScaleIntensityRangePercentiles,
        Spacing,
    )

    unet = BasicUNet(spatial_dims=2, in_channels=1, out_channels=2).eval().to(device)
    resnet = resnet50(spatial_dims=2, n_input_channels=1, num_classes=1).eval().to(device)
    spacing = Spacing(pixdim=(1.0, 1.0, -1.0))
    load = Compose(
        [LoadImage(ensure_channel_first=True), spacing, ScaleIntensityRangePercentiles(0.5, 99.5, 0, 1, clip=True)]
    )
    windows = SliceInferer(roi_size=(128, 128), spatial_dim=2, sw_batch_size=BATCH, overlap=0.25)
    crop = CenterSpatialCrop((128, 128, -1))

    def one(path: Path, out: Path) -> None:
        image = load(path)
        with torch.inference_mode():
            logits = windows(image[None].to(device), unet)[0].cpu()
            slices = torch.as_tensor(crop(image)).permute(3, 0, 1, 2).to(device)
            classes = [torch.sigmoid(resnet(slices[n : n + BATCH])).cpu() for n in range(0, len(slices), BATCH)]
        label = spacing.inverse(image.clone().copy_(logits.argmax(0, keepdim=True)))
        SaveImage(out, output_postfix="mask", separate_folder=False, print_log=False)(label)
        (out / "dcm.json").write_text(json.dumps(torch.cat(classes).flatten().tolist()))

    return one


def prepare_nnunet(device: str, *, mirroring: bool) -> OneStudy:
    """nnU-Net v2: its own 2D configuration, planned for these volumes, and its own predictor."""
    base = (WORK / "nnunet").resolve()
    for name in ("raw", "preprocessed", "results"):
        os.environ[f"nnUNet_{name}"] = str(base / name)
    import torch
    from nnunetv2.imageio.simpleitk_reader_writer import SimpleITKIO
    from nnunetv2.inference.predict_from_raw_data import nnUNetPredictor
    from nnunetv2.utilities.get_network_from_plans import get_network_from_plans
    from nnunetv2.utilities.plans_handling.plans_handler import PlansManager

    plans = PlansManager(json.loads(_nnunet_plans(base).read_text()))
    facts = json.loads((base / "raw" / NNUNET_DATASET / "dataset.json").read_text())
    configuration = plans.get_configuration("2d")
    network = get_network_from_plans(
        configuration.network_arch_class_name,
        configuration.network_arch_init_kwargs,
        configuration.network_arch_init_kwargs_req_import,
        1,
        plans.get_label_manager(facts).num_segmentation_heads,
        deep_supervision=False,
    )
    predictor = nnUNetPredictor(use_mirroring=mirroring, device=torch.device(device), allow_tqdm=False)
    weights = [network.state_dict()]
    predictor.manual_initialization(network, plans, configuration, weights, facts, "nnUNetTrainer", (0, 1))

    def one(path: Path, out: Path) -> None:
        image, properties = SimpleITKIO().read_images([str(path)])
        predictor.predict_single_npy_array(image, properties, None, str(out / "mask"), False)

    return one


NNUNET_DATASET = "Dataset001_Bench"


def _nnunet_plans(base: Path) -> Path:
    """Plans by nnU-Net's own planner, from four phantoms of the measured size and spacing; made once.

    With pixels of other sizes among them it resamples the study to more than its patch, and takes four times as long.
    """
    plans = base / "preprocessed" / NNUNET_DATASET / "nnUNetPlans.json"
    if plans.is_file():
        return plans
    from nnunetv2.experiment_planning.dataset_fingerprint.fingerprint_extractor import DatasetFingerprintExtractor
    from nnunetv2.experiment_planning.experiment_planners.default_experiment_planner import ExperimentPlanner

    from DCMMultiTaskLib.imaging.volume import Volume
    from DCMMultiTaskLib.imaging.writing import write_volume
    from DCMMultiTaskLib.phantom import make_phantom

    raw = base / "raw" / NNUNET_DATASET
    spacing = make_phantom(1, slices=12, matrix=(256, 256)).volume.geometry.spacing
    for number in range(4):
        phantom = make_phantom(number, slices=12, matrix=(256, 256))
        for folder, name, volume in (
            ("imagesTr", f"case{number}_0000", phantom.volume),
            ("labelsTr", f"case{number}", phantom.truth),
        ):
            write_volume(raw / folder / f"{name}.nii.gz", Volume.of(volume.array, spacing))
    (raw / "dataset.json").write_text(
        json.dumps(
            {
                "channel_names": {"0": "MR"},
                "labels": {"background": 0, "myocardium": 1, "cavity": 2},
                "numTraining": 4,
                "file_ending": ".nii.gz",
            }
        )
    )
    plans.parent.mkdir(parents=True, exist_ok=True)
    DatasetFingerprintExtractor(NNUNET_DATASET, num_processes=1).run(overwrite_existing=True)
    ExperimentPlanner(NNUNET_DATASET).plan_experiment()
    return plans


PROGRAMS = {
    "ours": Program("DCMMultiTask", prepare_ours),
    "ours-half": Program("DCMMultiTask, --mixed-precision", lambda device: prepare_ours(device, mixed_precision=True)),
    "nnunet": Program("nnU-Net v2, 2D, without mirroring", lambda device: prepare_nnunet(device, mirroring=False)),
    "nnunet-mirrored": Program("nnU-Net v2, 2D, as it comes", lambda device: prepare_nnunet(device, mirroring=True)),
    "monai": Program("MONAI: BasicUNet + ResNet-50", prepare_monai),
    "unet-resnet101": Program(
        "U-Net + ResNet-101 (paper)", lambda device: prepare_pair(device, mask="unet", dcm="resnet101")
    ),
    "deeplabv3-attention": Program(
        "DeepLabV3 + residual attention (paper)",
        lambda device: prepare_pair(device, mask="deeplabv3", dcm="residual_attention"),
    ),
}


def peak_mb() -> float:
    """The most memory that this process has held; NaN on Windows, which tells it in another way."""
    status = Path("/proc/self/status")
    if status.is_file():  # Linux, whose `ru_maxrss` starts from what the parent held
        line = next(line for line in status.read_text().splitlines() if line.startswith("VmHWM"))
        return int(line.split()[1]) / 1024
    try:
        import resource
    except ImportError:
        return float("nan")
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / (1 << 20 if sys.platform == "darwin" else 1 << 10)


def first_result(program: str, device: str, threads: int, study: Path, out: Path) -> None:
    """One study in a process of its own; prints its peak memory in MB. Run as `python peers.py PROGRAM ...`."""
    import torch

    torch.set_num_threads(threads)
    out.mkdir(parents=True, exist_ok=True)
    PROGRAMS[program].prepare(device)(study, out)
    print(peak_mb())


if __name__ == "__main__":
    first_result(sys.argv[1], sys.argv[2], int(sys.argv[3]), Path(sys.argv[4]), Path(sys.argv[5]))
