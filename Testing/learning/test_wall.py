"""Where in the wall a pixel lies."""

import numpy as np

from DCMMultiTaskLib.datasets.truth import true_cavity
from DCMMultiTaskLib.learning.wall import wall_depth

ROWS, COLUMNS = np.mgrid[:80, :90]
DISTANCE = np.hypot(ROWS - 40, COLUMNS - 45)


def test_depth_grows_evenly_from_the_endocardium_to_the_epicardium():
    depth = wall_depth((DISTANCE >= 12) & (DISTANCE < 22), DISTANCE < 12)
    wall = (DISTANCE >= 12) & (DISTANCE < 22)
    assert np.abs(depth - (DISTANCE - 11.5) / 10)[wall].max() < 0.13
    assert (depth[DISTANCE < 11] == 0).all() and (depth[DISTANCE > 23] == 1).all()


def test_a_cap_without_a_cavity_is_deepest_at_its_rim():
    cap = DISTANCE < 10
    depth = wall_depth(cap, np.zeros_like(cap))
    assert depth[40, 45] < 0.1 and depth[40, 54] > 0.8
    assert (wall_depth(np.zeros_like(cap), np.zeros_like(cap)) == 1).all()


def test_a_ring_at_the_images_edge_is_measured_to_the_edge():
    near = np.roll(DISTANCE, -25, axis=0)
    wall, cavity = (near >= 8) & (near < 16), near < 8
    depth = wall_depth(wall, cavity)
    assert depth[0, 45] > 0.9 and np.isfinite(depth).all()


def test_the_cavity_is_label_2_or_what_a_ring_encloses():
    wall = ((DISTANCE >= 12) & (DISTANCE < 22)).astype(np.uint8)
    labelled = wall + 2 * (DISTANCE < 12).astype(np.uint8)
    assert (true_cavity(np.stack([wall, labelled]), 2) == (DISTANCE < 12)).all()
