"""Volumes, mass and shape of the left ventricle in one phase, from its labels and their geometry."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from DCMMultiTaskLib.errors import InputError
from DCMMultiTaskLib.imaging.segments import LV_CAVITY, MYOCARDIUM
from DCMMultiTaskLib.imaging.volume import Geometry
from DCMMultiTaskLib.measurements.masks import areas_mm2

MYOCARDIUM_G_PER_ML = 1.05
"""Density of the myocardium: Vinnakota and Bassingthwaighte, Am J Physiol Heart Circ Physiol 2004;286:H1742."""
PLAUSIBLE_HEIGHT_CM = (30.0, 260.0)
PLAUSIBLE_WEIGHT_KG = (1.0, 400.0)


@dataclass(frozen=True)
class Body:
    """How tall and heavy the patient is.

    Attributes:
        height_cm: Height.
        weight_kg: Weight.

    Raises:
        InputError: No human being is that tall or heavy.
    """

    height_cm: float
    weight_kg: float

    def __post_init__(self) -> None:
        check_body(self.height_cm, self.weight_kg)

    @property
    def surface_m2(self) -> float:
        """Body surface area: sqrt(height in cm x weight in kg / 3600) (Mosteller, N Engl J Med 1987;317:1098).

        Example:
            >>> Body(height_cm=180, weight_kg=80).surface_m2
            2.0
        """
        return math.sqrt(self.height_cm * self.weight_kg / 3600)


def check_body(height_cm: float | None, weight_kg: float | None) -> None:
    """Raise an InputError for a height or a weight, where it is known, that no human being has."""
    for what, value, unit, (least, most) in (
        ("height", height_cm, "cm", PLAUSIBLE_HEIGHT_CM),
        ("weight", weight_kg, "kg", PLAUSIBLE_WEIGHT_KG),
    ):
        if value is not None and not least <= value <= most:
            raise InputError(f"A {what} of {value:g} {unit} is not between {least:g} and {most:g} {unit}.")


@dataclass(frozen=True)
class Ventricle:
    """The left ventricle of one phase; a number that there is not is NaN.

    Attributes:
        lv_cavity_volume_ml: Sum of the slices' cavity areas times the distance of the slices (`summation_ml`).
        myocardium_volume_ml: The same of the myocardium.
        myocardium_mass_g: Its volume times 1.05 g/ml.
        cavity_diameter_mm: Of the circle that has the area of the largest cavity of a slice: 2 sqrt(area / pi).
        sphericity_index: Volume of the cavity over that of the sphere whose diameter is the cavity's length along the
            slice normal; 1 for a sphere, less for a long ventricle (Mannaerts et al., Eur Heart J 2004;25:680, with the
            length of the stack in the place of the long axis of a long-axis view).
        body_surface_m2: Body surface area.
        lv_cavity_volume_ml_m2: Volume of the cavity for each square metre of body surface.
        myocardium_mass_g_m2: Mass for each square metre of body surface.
    """

    lv_cavity_volume_ml: float
    myocardium_volume_ml: float
    myocardium_mass_g: float
    cavity_diameter_mm: float
    sphericity_index: float
    body_surface_m2: float = math.nan
    lv_cavity_volume_ml_m2: float = math.nan
    myocardium_mass_g_m2: float = math.nan


def summation_ml(areas_mm2: np.ndarray, distance_mm: float) -> float:
    """Volume by summation of slices: sum of areas x distance of the slices' middles (the method of discs).

    The distance is thickness and gap together, so that what lies in a gap is counted as the slices beside it. Each
    slice stands for half a distance to either side, the first and last as well: nothing is added beyond the ends, and
    nothing is taken away where the base or the apex cuts through a slice.

    Example:
        >>> summation_ml(np.array([1000.0, 1500.0]), 10.0)
        25.0
    """
    return float(np.sum(areas_mm2, dtype=np.float64)) * distance_mm / 1000


def measure_ventricle(
    labels: np.ndarray, geometry: Geometry, slice_axis: int, *, body: Body | None = None
) -> Ventricle:
    """Measure the labels of one phase; every slice with a label counts.

    Args:
        labels: `(K, J, I)`, 1 myocardium, 2 LV cavity.
        geometry: Their grid; its spacing along the slice axis is the distance of the slices, gap included.
        slice_axis: 0, 1, 2 for I, J, K.
        body: For the numbers for each square metre of body surface; these are NaN if None.
    """
    distance_mm = geometry.spacing[slice_axis]
    cavity_mm2 = areas_mm2(labels == LV_CAVITY.label, geometry, slice_axis)
    cavity_ml = summation_ml(cavity_mm2, distance_mm)
    myocardium_ml = summation_ml(areas_mm2(labels == MYOCARDIUM.label, geometry, slice_axis), distance_mm)
    mass_g = MYOCARDIUM_G_PER_ML * myocardium_ml
    with_cavity = np.flatnonzero(cavity_mm2)
    diameter_mm = sphericity = math.nan
    if len(with_cavity):
        diameter_mm = 2 * math.sqrt(float(cavity_mm2.max()) / math.pi)
        length_mm = (with_cavity[-1] - with_cavity[0] + 1) * distance_mm
        sphericity = cavity_ml * 1000 / (math.pi / 6 * float(length_mm) ** 3)
    surface_m2 = body.surface_m2 if body else math.nan
    return Ventricle(
        lv_cavity_volume_ml=cavity_ml,
        myocardium_volume_ml=myocardium_ml,
        myocardium_mass_g=mass_g,
        cavity_diameter_mm=diameter_mm,
        sphericity_index=sphericity,
        body_surface_m2=surface_m2,
        lv_cavity_volume_ml_m2=cavity_ml / surface_m2,
        myocardium_mass_g_m2=mass_g / surface_m2,
    )
