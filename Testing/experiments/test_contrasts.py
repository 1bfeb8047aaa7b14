"""The rendered conditions: repeatable, of the truth's geometry, and told in one table."""

import numpy as np
import pytest
from inference.conftest import *  # noqa: F403

from DCMMultiTaskLib.experiments.contrasts import conditions, contrast_table, measure
from DCMMultiTaskLib.experiments.rendered import SMALL, TRANSMURAL, at_pixel_size, late_enhancement, turned
from DCMMultiTaskLib.imaging.phantom import make_phantom
from DCMMultiTaskLib.imaging.volume import Volume
