"""Where in the wall a pixel lies: what scars, drawn into real images, need to know."""

from __future__ import annotations

import numpy as np
from scipy import ndimage


def wall_depth(myocardium: np.ndarray, cavity: np.ndarray) -> np.ndarray:
    """0 at the endocardium and 1 at the epicardium, from the distances to both.

    Args:
        myocardium: bool `(H, W)`.
        cavity: bool `(H, W)`.

    Returns:
        float32 `(H, W)`: 0 in the cavity, 1 outside the heart. Where a slice has no cavity (an apical cap), the place
        farthest from the epicardium counts as the endocardium.
    """
    depth = np.where(cavity, 0.0, 1.0).astype(np.float32)
    if not myocardium.any():
        return depth
    # Only the heart's box: distances over whole slices would cost ten times as much.
    box = tuple(
        slice(max(found.start - 1, 0), found.stop + 1)
        for found in ndimage.find_objects((myocardium | cavity).astype(np.uint8))[0]
    )
    wall = myocardium[box]
    # The pixels' own halves lie between their centres and the outline.
    outwards = np.pad(wall | cavity[box], 1)
    to_epicardium = ndimage.distance_transform_edt(outwards)[1:-1, 1:-1] - 0.5
    if cavity.any():
        from_endocardium = ndimage.distance_transform_edt(~cavity[box]) - 0.5
    else:
        from_endocardium = to_epicardium.max() - to_epicardium
    total = np.maximum(from_endocardium + to_epicardium, 1e-3)
    depth[box][wall] = np.clip(from_endocardium / total, 0, 1)[wall]
    return depth
