"""Myocardium segmentation and DCM-like phenotype probability on short-axis cardiac MR (Luo et al. 2020).

Importing the package costs nothing: torch, slicer and the other heavy packages are imported where they are used.
Research use only.
"""

__version__ = "0.1.0"
