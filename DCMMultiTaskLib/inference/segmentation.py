"""The network's second look: every slice of every phase around the heart, on the network's grid."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from DCMMultiTaskLib.imaging.grid import SliceGrid, normalise
from DCMMultiTaskLib.imaging.volume import Volume
from DCMMultiTaskLib.inference.settings import Preprocessing
from DCMMultiTaskLib.measurements.evidence import graininess
from DCMMultiTaskLib.measurements.quality import CONSTANT, NOISE, NOISE_ABOVE

if TYPE_CHECKING:
    from DCMMultiTaskLib.inference.runner import Runner


class Progress:
    """Counts slices, tells how many are done and asks whether to stop."""

    def __init__(
        self, total: int, tell: Callable[[int, int], None] | None, cancelled: Callable[[], bool] | None
    ) -> None:
        self.total = total
        self.done = 0
        self.stopped = False
        self._tell = tell
        self._cancelled = cancelled

    def go_on(self, slices: int = 0) -> bool:
        """Note that so many more slices are done; False where the user wants no more."""
        self.done += slices
        if slices and self._tell:
            self._tell(self.done, self.total)
        if self._cancelled and self._cancelled():
            self.stopped = True
        return not self.stopped


@dataclass(frozen=True, eq=False)
class Segmentation:
    """What the network says of one phase, on its grid of N slices of H x W pixels.

    Attributes:
        grid: Where the maps lie.
        empty: `(N,)` why a slice shows nothing and has no mask, as `measurements.quality` says it; "" where it shows
            something.
        analysed: `(N,)` bool: slices that the network has seen.
        myocardium: Probabilities, float32 `(N, H, W)`, 0 where not analysed.
        certainty: `(N,)` mean probability of the pixels that are rather myocardium than not, whatever the model's
            threshold, so that it means the same of every model; NaN where there are none.
        dcm_logit: `(N,)`, NaN where not analysed.
        activation: `(N, H / 16, W / 16)`, 0 where not analysed; None unless asked for.
    """

    grid: SliceGrid
    empty: np.ndarray
    analysed: np.ndarray
    myocardium: np.ndarray
    certainty: np.ndarray
    dcm_logit: np.ndarray
    activation: np.ndarray | None

    @property
    def shown(self) -> np.ndarray:
        """`(N,)` bool: slices that show something."""
        return np.asarray(self.empty == "")

    def source_mask(self, threshold: float, smoothing_degrees: float = 0.0) -> np.ndarray:
        """Myocardium on the source's own voxels, from that probability on, smoothed along the wall or not, uint8."""
        # Here, so that an edited mask can be measured where PyTorch is missing.
        from DCMMultiTaskLib.inference.smoothing import smooth_along_wall

        smooth = smooth_along_wall(self.myocardium, smoothing_degrees, self.grid.spacing_mm)
        return self.grid.to_source(smooth, threshold=threshold)

    def source_activation(self) -> np.ndarray | None:
        """Activation on the source's own voxels, 0 to 1 over the study, float32; 0 outside the network's grid."""
        if self.activation is None:
            return None
        # Here, so that an edited mask can be measured where PyTorch is missing.
        import torch.nn.functional as F

        from DCMMultiTaskLib.inference.tensors import array_of, tensor_of

        scaled = np.zeros_like(self.activation)
        if self.analysed.any():
            values = self.activation[self.analysed]
            low, high = values.min(), values.max()
            scaled[self.analysed] = (values - low) / max(high - low, np.finfo(np.float32).tiny)
        coarse = tensor_of(scaled)[:, None]
        fine = F.interpolate(coarse, self.grid.size, mode="bilinear", align_corners=False)[:, 0]
        return np.clip(self.grid.to_source(array_of(fine)), 0, 1)


def segment(
    runner: Runner,
    phases: Sequence[Volume],
    *,
    slice_axis: int,
    centre_lps: np.ndarray,
    wanted: np.ndarray,
    preprocessing: Preprocessing,
    exponent: float = 1.0,
    activation: str,
    progress: Progress,
) -> Iterator[Segmentation]:
    """Run the wanted slices of every phase, batch by batch, until done or stopped; batches run on across phases.

    Args:
        runner: The network.
        phases: Images on one grid.
        slice_axis: 0, 1, 2 for I, J, K.
        centre_lps: Where to look, mm (LPS).
        wanted: `(N,)` bool: slices to analyse.
        preprocessing: As in the model package.
        exponent: Of the grey levels (0 to 1): another contrast where it is not 1.
        activation: Also keep this map of `runner.ACTIVATIONS`; empty for none.
        progress: Told after each batch, asked before each.

    Yields:
        The phases in order, each as soon as it is done; where it was stopped, the last one is unfinished.
    """
    height, width = preprocessing.size
    grid = SliceGrid.around(
        phases[0].geometry,
        slice_axis=slice_axis,
        centre_lps=centre_lps,
        size=preprocessing.size,
        spacing_mm=preprocessing.spacing_mm,
    )
    slices = len(wanted)

    def empty() -> Segmentation:
        return Segmentation(
            grid=grid,
            empty=np.full(slices, "", dtype=object),
            analysed=np.zeros(slices, dtype=bool),
            myocardium=np.zeros((slices, height, width), dtype=np.float32),
            certainty=np.full(slices, np.nan),
            dcm_logit=np.full(slices, np.nan),
            activation=np.zeros((slices, height // 16, width // 16), dtype=np.float32) if activation else None,
        )

    current = empty()
    taken = np.flatnonzero(wanted)
    # Every phase's slices one after the other, as pairs of phase and slice.
    todo = np.stack([np.repeat(np.arange(len(phases)), len(taken)), np.tile(taken, len(phases))], axis=1)
    while len(todo) and progress.go_on():
        now, todo = np.split(todo, [runner.slices_per_batch(height, width)])
        parts = [now[now[:, 0] == phase] for phase in np.unique(now[:, 0])]
        images = np.concatenate([grid.sample(phases[part[0, 0]].array, part[:, 1]) for part in parts])
        whole = [grid.orientation.view(phases[phase].array)[index] for phase, index in now]
        why = _why_empty(images, whole)
        shown = why == ""
        maps = None
        if shown.any():
            scaled = normalise(images[shown], preprocessing.percentiles)
            if exponent != 1:
                scaled = 255 * (scaled / 255) ** exponent
            maps = runner(scaled, flips=preprocessing.flips, activation=activation)
        progress.go_on(len(now))
        for part in parts:
            own = now[:, 0] == part[0, 0]
            current.empty[part[:, 1]] = why[own]
            seen = part[shown[own], 1]
            if maps is not None and len(seen):
                found = own[shown]
                current.myocardium[seen] = maps.myocardium[found]
                current.certainty[seen] = [_certainty(map_) for map_ in maps.myocardium[found]]
                current.dcm_logit[seen] = maps.dcm_logit[found]
                if current.activation is not None and maps.activation is not None:
                    current.activation[seen] = maps.activation[found]
                current.analysed[seen] = True
            if part[-1, 1] == taken[-1]:
                yield current
                current = empty()
    if len(todo) or not len(taken):
        yield current


def _certainty(probabilities: np.ndarray) -> float:
    inside = probabilities[probabilities >= 0.5]
    return float(inside.mean()) if len(inside) else float("nan")


def _why_empty(images: np.ndarray, whole: Sequence[np.ndarray]) -> np.ndarray:
    """Why each of the images `(B, 1, H, W)` shows nothing, "" where it does not; `whole` are the slices they are of."""
    low, high = images.min(axis=(1, 2, 3)), images.max(axis=(1, 2, 3))
    # Interpolation leaves rounding errors in an image that is constant.
    constant = high - low <= 1e-5 * np.maximum(np.abs(low), np.abs(high))
    noise = [graininess(slice_) > NOISE_ABOVE for slice_ in whole]
    return np.where(constant, CONSTANT, np.where(noise, NOISE, "")).astype(object)
